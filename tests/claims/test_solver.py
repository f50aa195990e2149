from __future__ import annotations

import re
from random import Random

import pytest

from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Variable
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import (
    ELEMENT,
    FALSE,
    TRUE,
    AllValues,
    AnyValue,
    Exists,
    Match,
    Not,
    Predicate,
    SameText,
    Unknown,
    conjunction,
    disjunction,
    equals,
    negation,
)
from auditor.claims.solver import reasons, solve
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from tests.claims import checks, naive, near, queries
from tests.claims.proof import for_random_cases

ORG = Variable("org", CharSet.parse("a-z-"), hints=("evil", "x"))
BRANCH = Variable("branch", CharSet.parse("a-z/"), hints=("main", "x"))
ENV = Variable("env", CharSet.parse("^"), hints=("prod", "x"))
METHOD = Variable("method", CharSet.parse("a-z"), hints=("pwd", "x"))
EVENT = Variable("event", CharSet(""), values=("push", "schedule"))
PRESENCE = Variable("env?", CharSet(""), values=("absent", "present"))

RUN = Shape(
    name="run",
    run="branch",
    claims={
        "sub": (Slot(ORG), ":", Slot(BRANCH)),
        "org": (Slot(ORG),),
        "ref": ("refs/heads/", Slot(BRANCH)),
        "event": (Slot(EVENT),),
        "kind": ("branch",),
        "env": (Slot(ENV),),
    },
    lists={"amr": METHOD},
    optional={"env": PRESENCE},
    constants={"exp": 1},
)
DOUBTFUL = Shape(
    "doubtful", "tag", {"sub": (Slot(ORG), "!"), "org": (Slot(ORG),)}, certain=False, note="not documented"
)
GRAMMAR = Grammar({v.name: v for v in (ORG, BRANCH, ENV, METHOD, EVENT)}, (RUN, DOUBTFUL))

DEFAULT = {
    "sub": "evil:main",
    "org": "evil",
    "ref": "refs/heads/main",
    "event": "push",
    "kind": "branch",
    "amr": ("pwd",),
    "exp": 1,
}


def glob(claim: str, text: str) -> Predicate:
    return Match(claim, Pattern.glob(text))


def accepted(**claims: object) -> Accepted:
    """The default token with these claims instead; None takes a claim away."""
    return Accepted({name: value for name, value in {**DEFAULT, **claims}.items() if value is not None})  # type: ignore[misc]  # the values are claim values


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (TRUE, accepted()),
        (FALSE, Rejected()),
        (glob("sub", "acme:*"), accepted(sub="acme:main", org="acme")),
        (equals("sub", "acme:dev"), accepted(sub="acme:dev", org="acme", ref="refs/heads/dev")),
        # Correlated claims stay correlated.
        (conjunction((equals("org", "acme"), glob("sub", "evil:*"))), Rejected()),
        (
            conjunction((equals("ref", "refs/heads/dev"), glob("sub", "a*"))),
            accepted(sub="a-x:dev", org="a-x", ref="refs/heads/dev"),
        ),
        (conjunction((glob("sub", "*:dev"), Not(equals("ref", "refs/heads/dev")))), Rejected()),
        # A claim that no token carries.
        (equals("nobody", "x"), Rejected()),
        (Not(equals("nobody", "x")), accepted()),
        (Exists("nobody"), Rejected()),
        (Exists("kind"), accepted()),
        (Exists("amr"), accepted()),
        (Exists("exp"), accepted()),
        (equals("exp", "1"), Rejected()),
        # A claim that may be missing.
        (Exists("env"), accepted(env="prod")),
        (equals("env", "dev"), accepted(env="dev")),
        (Not(Exists("env")), accepted()),
        (conjunction((Not(Exists("env")), equals("env", "dev"))), Rejected()),
        (conjunction((Exists("env"), Not(equals("env", "prod")))), accepted(env="x")),
        # Finite variables, fixed texts.
        (Match("event", ValueSet(["schedule", "other"])), accepted(event="schedule")),
        (conjunction((Exists("event"), Not(Match("event", ValueSet(["push", "schedule"]))))), Rejected()),
        (equals("kind", "tag"), Rejected()),
        (SameText("org", "org"), accepted()),
        (SameText("kind", "org"), accepted(sub="branch:main", org="branch")),
        (conjunction((Exists("kind"), Not(SameText("kind", "kind")))), Rejected()),
        (SameText("nobody", "org"), Rejected()),
        # Lists.
        (AnyValue("amr", equals(ELEMENT, "mfa")), accepted(amr=("mfa",))),
        (
            conjunction((AnyValue("amr", equals(ELEMENT, "mfa")), AnyValue("amr", equals(ELEMENT, "otp")))),
            accepted(amr=("mfa", "otp")),
        ),
        (
            conjunction((AnyValue("amr", equals(ELEMENT, "mfa")), AllValues("amr", equals(ELEMENT, "otp")))),
            Rejected(),
        ),
        (AllValues("amr", equals(ELEMENT, "otp")), accepted(amr=("otp",))),
        (AllValues("amr", FALSE), accepted(amr=())),
        (Not(AllValues("amr", equals(ELEMENT, "pwd"))), accepted(amr=("x",))),
        (AnyValue("org", equals(ELEMENT, "acme")), accepted(sub="acme:main", org="acme")),
        (AllValues("nobody", TRUE), Rejected()),
        (AnyValue("amr", Unknown("mfa?")), Undecided("mfa?")),
        # What is not known.
        (Unknown("a tag"), Undecided("a tag")),
        (Not(Unknown("a tag")), Undecided("a tag")),
        (conjunction((Unknown("a tag"), FALSE)), Rejected()),
        (conjunction((Unknown("a tag"), equals("kind", "tag"))), Rejected()),
        (disjunction((Unknown("a tag"), equals("org", "acme"))), accepted(sub="acme:main", org="acme")),
        (conjunction((Unknown("a tag"), Unknown("an address"), Unknown("a tag"))), Undecided("a tag; an address")),
        (equals("sub", "acme!"), Undecided("not documented")),
    ],
)
def test_worked_examples(predicate: Predicate, expected: Verdict) -> None:
    assert solve(predicate, GRAMMAR) == expected


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("sub", "ref", Rejected()),  # no branch holds the colon of a subject
        ("org", "kind", accepted(sub="branch:main", org="branch")),
        ("sub", "env", Undecided("whether the claims sub and env can be equal was not decided")),
    ],
)
def test_two_different_claims_compared_with_each_other(left: str, right: str, expected: Verdict) -> None:
    assert solve(SameText(left, right), GRAMMAR, (RUN,)) == expected


def test_only_the_shapes_asked_for_count() -> None:
    assert solve(equals("sub", "acme!"), GRAMMAR, (RUN,)) == Rejected()
    assert solve(TRUE, GRAMMAR, ()) == Rejected()


def test_reasons_are_listed_once_in_order() -> None:
    assert reasons(conjunction((Unknown("b"), Not(Unknown("a")), AnyValue("amr", Unknown("b"))))) == ("b", "a")


@pytest.mark.parametrize(
    ("predicate", "subject"),
    [
        (glob("sub", "repo:acme/app:*"), "repo:acme/app:ref:refs/heads/main"),
        (glob("sub", "repo:acme/*:pull_request"), "repo:acme/evil-repo:pull_request"),
        (glob("sub", "repo:acme*"), "repo:acme-evil/evil-repo:ref:refs/heads/main"),
        (glob("sub", "repo:*/app:ref:refs/heads/main"), "repo:evil-org/app:ref:refs/heads/main"),
        # A stranger's branch name may hold the slash.
        (glob("sub", "repo:*/app@*"), "repo:evil-org/evil-repo:ref:refs/heads/any-branch/app@any-branch"),
        (glob("sub", "repo:acme@1/app@2:*"), "repo:acme@1/app@2:ref:refs/heads/main"),
        (glob("sub", "repo:acme/app:environment:a%3Ab"), "repo:acme/app:environment:a%3Ab"),
        (
            conjunction((equals("environment", "a:b"), glob("sub", "repo:acme/*"))),
            "repo:acme/evil-repo:environment:a%3Ab",
        ),
        (glob("sub", "repo:acme/app:environment:a:b"), None),
        (glob("sub", "repo:acme/app"), None),
        (glob("sub", "repo:acme/app:ref:refs/heads/a..b"), None),
        (glob("sub", "repo:ac_me_x/*"), None),
        (Match("sub", Pattern.exactly("repo:acme/app:*")), None),
        (conjunction((glob("sub", "repo:acme/*"), equals("repository", "evil/app"))), None),
        (conjunction((glob("sub", "repo:acme/*"), equals("repository_owner", "Acme"))), None),
        # No pull request runs on a branch, but an environment may be called like one.
        (
            conjunction((glob("sub", "*:pull_request"), glob("ref", "refs/heads/*"))),
            "repo:evil-org/evil-repo:environment:pull_request",
        ),
        (
            conjunction((glob("sub", "*:pull_request"), glob("ref", "refs/heads/*"), Not(Exists("environment")))),
            None,
        ),
        (conjunction((glob("sub", "*:environment:*"), negation(Exists("environment")))), None),
        (
            conjunction((glob("job_workflow_ref", "acme/shared/*"), Not(glob("sub", "repo:acme/*")))),
            "repo:evil-org/evil-repo:ref:refs/heads/main",
        ),
    ],
)
def test_github(predicate: Predicate, subject: str | None) -> None:
    grammar = queries.GITHUB.grammar
    certain = [shape for shape in grammar.shapes if shape.certain]
    verdict = solve(predicate, grammar, certain)
    checks.check_witness(verdict, predicate, grammar)
    if subject is None:
        assert verdict == Rejected()
    else:
        assert isinstance(verdict, Accepted)
        assert verdict.witness["sub"] == subject


@for_random_cases(900)
def test_the_verdict_is_exact_where_every_token_can_be_tried(rng: Random) -> None:
    checks.check_solve(rng)


@for_random_cases(200)
def test_evaluation_agrees_with_the_naive_reading(rng: Random) -> None:
    checks.check_evaluate(rng)


@for_random_cases(400)
def test_something_unknown_never_turns_a_verdict_into_its_opposite(rng: Random) -> None:
    checks.check_unknown(rng)


@for_random_cases(60)
def test_a_rejected_condition_refuses_three_hundred_near_misses(rng: Random) -> None:
    checks.check_realistic(rng)


def test_near_misses_are_near() -> None:
    """Of the conditions that let somebody in, most are met by some token that was only meant to come close."""
    met: list[bool] = []
    for seed in range(60):
        rng = Random(seed)
        asked = queries.query(rng)
        if isinstance(solve(asked, queries.GITHUB.grammar), Accepted):
            tokens = near.near_misses(rng, asked, queries.GITHUB.grammar, 300)
            met.append(any(naive.holds(asked, miss.token)[0] for miss in tokens))
    assert sum(met) > len(met) * 0.85 > 30, (sum(met), len(met))


def test_near_misses_try_every_form_of_token_and_every_change() -> None:
    grammar = queries.GITHUB.grammar
    condition = conjunction((glob("sub", "repo:acme/app:environment:prod%3Aeu"), equals("event_name", "push")))
    found = list(near.near_misses(Random(1), condition, grammar, 600, shapes=grammar.shapes))
    assert len({tuple(miss.token.items()) for miss in found}) == len(found) == 600
    assert {miss.shape for miss in found} == set(grammar.shapes)
    assert {miss.change for miss in found} == set(near.CHANGES)
    assert all(naive.minted(miss.shape, miss.token) for miss in found[:60])
    subjects = {str(miss.token["sub"]) for miss in found}
    wanted = "repo:acme/app:environment:prod%3Aeu"
    assert {subject for subject in subjects if subject.lower() == wanted.lower()} > {wanted}
    close = {subject for subject in subjects if re.search("acme|:app|/app|prod%3Aeu", subject, re.IGNORECASE)}
    assert len(close) > len(subjects) / 4, sorted(subjects)
