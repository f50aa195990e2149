"""Property 7: what is remembered of a trust that differs in names only is what would have been decided about this one.

Whatever memo `decide` uses, it must not show: a trust decided in a fresh memory and one decided after a hundred trusts
of the same form, with other names, get the same verdicts, witnesses, breadth and sentence. The names are chosen to
collide: equal ignoring case, one inside the other, a name that is also a word of the subject, a branch, a hint of the
witness, a name at the limit of its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random

import pytest

from auditor.claims.canonical import canonical
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import Match, Predicate, SameText, conjunction, disjunction, equals, negation
from auditor.config import Ours, Owned
from auditor.decide import case_of, decide
from auditor.judgement import Judgement, judged, remembered
from auditor.model import Decision, Trust
from tests.claims import checks, naive, queries
from tests.claims.proof import for_random_cases, forget
from tests.claims.trusts import glob, sub, trust, word

Names = tuple[str, str, str, str]
"""Two owners and two repositories."""

OWNERS = (
    "acme", "Acme", "acme-corp", "umbrella", "app", "x", "evil-org", "evil", "repo", "ref", "main", "a" * 39, "b" * 40,
    "environment", "123", "a--b", "hooli", "initech", "hooli-labs",
)  # fmt: skip
REPOS = (
    "app", "App", "app-infra", "infra", "acme", "x", "evil-repo", "main", "ref", ".github", "a" * 100, "b" * 101, "..",
    "app.lock", "repo", "456", "web", "api", "web-api",
)  # fmt: skip

FORMS: dict[str, Callable[[Names], Predicate]] = {
    "one repository": lambda n: sub(f"repo:{n[0]}/{n[2]}:*"),
    "one branch": lambda n: sub(f"repo:{n[0]}/{n[2]}:ref:refs/heads/main"),
    "a branch called like the owner": lambda n: sub(f"repo:{n[0]}/{n[2]}:ref:refs/heads/{n[0]}"),
    "an environment called like a repository": lambda n: sub(f"repo:{n[0]}/{n[2]}:environment:{n[3]}"),
    "two repositories": lambda n: disjunction((sub(f"repo:{n[0]}/{n[2]}:*"), sub(f"repo:{n[1]}/{n[3]}:*"))),
    "all but one repository": lambda n: conjunction((sub(f"repo:{n[0]}/*"), negation(sub(f"repo:{n[1]}/{n[3]}:*")))),
    "an owner and whoever is called alike": lambda n: sub(f"repo:{n[0]}*"),
    "any owner": lambda n: sub(f"repo:*/{n[2]}:ref:refs/heads/main"),
    "an unanchored name": lambda n: sub(f"*{n[0]}/{n[2]}*"),
    "a customised subject": lambda n: sub(f"repository_owner:{n[0]}:*"),
    "owner and repository apart": lambda n: conjunction(
        (equals("repository_owner", n[0]), glob("sub", f"repo:*/{n[2]}:*"))
    ),
    "two claims about two owners": lambda n: conjunction((sub(f"repo:{n[0]}/*"), glob("repository", f"{n[1]}/{n[2]}"))),
    "any case": lambda n: Match("sub", Pattern(f"repo:{n[0]}/{n[2]}:ref:refs/heads/main", ignore_case=True)),
    "any case against one case": lambda n: conjunction(
        (Match("repository_owner", Pattern.exactly(n[0], ignore_case=True)), sub(f"repo:{n[1]}/*"))
    ),
    "a reusable workflow": lambda n: conjunction(
        (
            equals("repository_owner", n[0]),
            glob("job_workflow_ref", f"{n[1]}/{n[3]}/.github/workflows/deploy.yml@refs/heads/*"),
        )
    ),
    "a workflow and no owner": lambda n: sub(f"job_workflow_ref:{n[0]}/{n[2]}/*"),
    "a list and a refusal": lambda n: conjunction(
        (
            Match("repository", ValueSet((f"{n[0]}/{n[2]}", f"{n[0]}/{n[3]}", f"{n[1]}/{n[2]}"))),
            negation(Match("repository_owner", ValueSet((n[1],), ignore_case=True))),
        )
    ),
    "whoever acts is the owner": lambda n: conjunction((SameText("actor", "repository_owner"), sub(f"repo:{n[0]}*"))),
    "a part of a name": lambda n: conjunction((sub(f"repo:{n[0][:-1]}?/{n[2]}:*"), negation(sub(f"repo:{n[1]}/*")))),
    "a name and its beginning": lambda n: conjunction((sub(f"repo:{n[0]}/{n[2]}:*"), sub(f"repo:{n[0][:3]}*"))),
    "a name and its end": lambda n: conjunction((sub(f"repo:{n[0]}/{n[2]}:*"), sub(f"*{n[2][-2:]}:ref:*"))),
    "ids": lambda n: sub(f"repo:{n[0]}@123/{n[2]}@456:*"),
}


def as_told(decision: Decision) -> tuple[object, ...]:
    classes = list(decision.classes.items())
    breadth = [sorted(entry.items()) for entry in decision.breadth]
    return decision.reachable, classes, breadth, decision.breadth_complete, decision.tenants, decision.statement


def ours_of(names: Names, rng: Random) -> Ours:
    if rng.random() < 0.6:
        return Ours()
    owned = tuple(Owned(name) for name in rng.sample(names[:2], rng.choice((1, 2))))
    return Ours(tenants={"github": owned}, declared=True)


def draw(rng: Random) -> Names:
    return rng.choice(OWNERS), rng.choice(OWNERS), rng.choice(REPOS), rng.choice(REPOS)


def built(form: str, names: Names) -> Trust:
    return trust((equals("aud", "sts.amazonaws.com"), FORMS[form](names)))


def check_memory(rng: Random) -> None:
    """Property 7 for five trusts of one form."""
    form = rng.choice(list(FORMS))
    cases = [(names, ours_of(names, rng)) for names in (draw(rng) for _ in range(5))]
    forget()
    warm = [decide(built(form, names), ours) for names, ours in cases]
    again = [decide(built(form, names), ours) for names, ours in reversed(cases)]
    for (names, ours), first, second in zip(cases, warm, reversed(again), strict=True):
        forget()
        direct = decide(built(form, names), ours)
        assert as_told(first) == as_told(direct), (form, names, ours)
        assert as_told(second) == as_told(direct), (form, names, ours)


def check_canonical(rng: Random) -> None:
    """Property 7 proper: the verdicts of the canonical form are those of the condition as it is written."""
    names = draw(rng)
    condition = FORMS[rng.choice(list(FORMS))](names) if rng.random() < 0.6 else queries.query(rng)
    case = case_of(trust((equals("aud", "sts.amazonaws.com"), condition)), ours_of(names, rng))
    told, direct = remembered(case), judged(case)
    assert kinds(told) == kinds(direct), (condition, kinds(told), kinds(direct))
    assert told.breadth == direct.breadth, condition  # their order is by placeholder
    assert (told.tenants, told.projects) == (direct.tenants, direct.projects), condition
    for verdict in told.verdicts:
        checks.check_witness_of(verdict, case.predicate, case.grammar)


def kinds(judgement: Judgement) -> list[object]:
    return [word(judgement.reachable), *((name, word(verdict)) for name, verdict in judgement.classes.items())]


@for_random_cases(150)
def test_the_canonical_verdict_is_the_direct_verdict(rng: Random) -> None:
    check_canonical(rng)


@pytest.mark.parametrize(
    ("text", "renamed"),
    [
        ("repo:hooli/web:*", {"hooli", "web"}),
        ("repo:hooli/hooli:ref:refs/heads/hooli", {"hooli"}),
        ("repo:hooli/*:environment:staging", {"hooli", "staging"}),
        # A wildcard looks into the name beside it, and into every name that it may be a part of.
        ("repo:hooli*", set()),
        ("repo:hooli/web-*", {"hooli"}),
        ("repo:hooli/*web:ref:refs/heads/web", {"hooli"}),
        ("repo:hooli/h*", set()),
        ("repo:hooli/*oo*", set()),
        # Words of the issuer's own, of its hints and of the placeholders mean something by themselves.
        ("repo:evil/web:*", {"web"}),
        ("repo:repo/web:ref:refs/heads/main", {"web"}),
        ("repo:name0/web:*", set()),
        # Names that may be told apart otherwise: by case, by a code, by a length limit or a dot.
        ("repo:Hooli/hooli:*", set()),
        ("repo:hooli/web:environment:a%3Ab", set()),
        ("repo:" + "h" * 39 + "/web:*", {"web"}),
        ("repo:hooli/web.lock:*", {"hooli"}),
    ],
)
def test_which_names_may_be_renamed(text: str, renamed: set[str]) -> None:
    case = case_of(trust(sub(text)), Ours())
    _, renaming = canonical(case.predicate, case.grammar, case.shapes)
    assert set(renaming.names.values()) & {*re.findall(r"[a-z0-9.-]+", text)} == renamed


@for_random_cases(60)
def test_other_trusts_decided_before_change_nothing(rng: Random) -> None:
    check_memory(rng)


@pytest.mark.parametrize("form", FORMS)
def test_a_witness_found_for_other_names_still_gets_in(form: str) -> None:
    rng = Random(form)
    forget()
    for _ in range(12):
        decision = decide(built(form, draw(rng)), Ours())
        for verdict in (decision.reachable, *decision.classes.values()):
            checks.check_witness_of(verdict, decision.trust.predicate, decision.trust.issuer.grammar)
        assert naive.holds(decision.trust.predicate, {}) == (False, False)


@pytest.mark.parametrize("seed", [100366, 100616, 102170, 102578, 106128])
def test_what_once_went_wrong_stays_right(seed: int) -> None:
    """A placeholder behind a colon in code (`%3A`) was left in a witness; exclusions came before what they are from."""
    check_canonical(Random(seed))


def test_what_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of two lines, of which nobody has looked into what a line's end is beside a name; and too many names."""
    grammar = queries.GITHUB.grammar
    names = disjunction(equals("sub", f"repo:acme/app-{letter}:pull_request") for letter in "abc")
    lines = disjunction((names, equals("sub", "repo:acme/app:environment:one\ntwo")))
    assert len(canonical(names, grammar, grammar.shapes)[1].names) == 4
    assert canonical(lines, grammar, grammar.shapes)[0] == lines
    monkeypatch.setattr("auditor.claims.canonical.MOST", 3)
    assert canonical(names, grammar, grammar.shapes)[0] == names


def test_a_tenant_of_ours_that_is_called_like_a_placeholder_is_no_placeholder() -> None:
    ours = Ours(tenants={"github": (Owned("name0"),)}, declared=True)
    case = case_of(trust((equals("aud", "sts.amazonaws.com"), sub("repo:acme/app:*"))), ours)
    predicate, renaming = canonical(case.predicate, case.grammar, case.shapes, frozenset(("name0",)))
    assert (predicate, renaming.names) == (case.predicate, {})
    told, direct = remembered(case), judged(case)
    assert kinds(told) == kinds(direct)


def test_an_audience_that_is_called_like_a_placeholder_is_no_placeholder() -> None:
    case = replace(
        case_of(trust((sub("repo:acme/app:*"),), client_ids=("client-a",)), Ours()),
        audiences=frozenset(("name0",)),
    )
    assert remembered(case) == judged(case)
