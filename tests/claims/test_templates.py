from __future__ import annotations

from itertools import takewhile

import pytest

from auditor.claims import templates
from auditor.claims.grammar import Slot, fill
from auditor.claims.predicate import Predicate, conjunction, disjunction, equals, negation
from auditor.claims.solver import solve
from auditor.claims.templates import customised, printed_first, segment, solve_templated
from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.claims.work import Work
from auditor.config import Ours
from auditor.issuers import identify
from tests.claims import checks, naive
from tests.claims.queries import GITHUB
from tests.claims.trusts import accepted_classes, decided, sub, word

GRAMMAR = GITHUB.grammar

STRANGER = negation(equals("repository_owner", "acme"))


@pytest.mark.parametrize(
    ("predicate", "open_to_strangers"),
    [
        (sub("repo:acme/app:environment:prod"), False),
        (sub("repo:acme/app:ref:refs/heads/main"), False),
        (sub("repo:acme/*"), False),
        (sub("job_workflow_ref:acme/shared/.github/workflows/deploy.yml@*"), True),
        (sub("job_workflow_ref:acme/shared/.github/workflows/deploy.yml@refs/heads/main"), True),
        (sub("*:job_workflow_ref:acme/shared/*"), True),
        (sub("*:workflow:deploy"), True),
        (sub("*:environment:prod"), True),
        (sub("environment:prod"), True),
        (sub("actor:mallory"), True),
        (sub("repository_owner:acme:*"), False),
        (sub("repository_owner:acme"), False),
        (sub("repository_owner_id:66600001"), True),
        (sub("repository:acme/app:*"), False),
        (sub("repository_visibility:public:*"), True),
        (sub("workflow:x:repo:acme/app:ref:refs/heads/main"), False),
        (sub("workflow:x:repo:*:ref:refs/heads/main"), True),
        (sub("repo:acme/app:workflow:*"), False),
        # `base_ref:acme/app:…`: a branch of the stranger's may bear any name.
        (sub("*:acme/app:*"), True),
        # A colon in a value is printed as %3A, so a value cannot pretend to be the next segment.
        (sub("workflow:repo:acme/app:*"), False),
        (sub("workflow:repo%3Aacme/app*"), True),
        (sub("actor:nobody:actor:nobody"), False),
        (sub("nonsense:x"), False),
    ],
)
def test_a_stranger_may_print_what_is_asked_for(predicate: Predicate, open_to_strangers: bool) -> None:
    asked = conjunction((predicate, STRANGER))
    verdict = solve(asked, GRAMMAR)
    if isinstance(verdict, Rejected):
        verdict = solve_templated(asked, GRAMMAR)
    assert isinstance(verdict, Accepted if open_to_strangers else Rejected), verdict
    if isinstance(verdict, Accepted):
        assert naive.holds(asked, verdict.witness) == (True, True)


def test_the_witness_names_the_template_and_is_printed_by_it() -> None:
    verdict = solve_templated(conjunction((sub("environment:prod:actor:mallory"), STRANGER)), GRAMMAR)
    assert isinstance(verdict, Accepted)
    assert verdict.template == ("environment", "actor")
    assert (verdict.witness["sub"], verdict.witness["repository_owner"]) == (
        "environment:prod:actor:mallory",
        "evil-org",
    )
    shapes = customised(GRAMMAR, verdict.template)
    assert any(naive.minted(shape, verdict.witness) for shape in shapes)


def test_a_template_prints_its_keys_in_order() -> None:
    shape = customised(GRAMMAR, ("repository_owner", "context"))[0]
    values = {slot.variable: "v" for slot in shape.claims["sub"] if isinstance(slot, Slot)}
    assert fill(shape.claims["sub"], values) == "repository_owner:v:ref:refs/heads/v"


def test_an_open_end_covers_every_longer_template() -> None:
    longer = disjunction((sub("repository_owner:evil-org:actor:mallory"), sub("repository_owner:evil-org")))
    shapes = customised(GRAMMAR, ("repository_owner",), end=templates.ANYTHING)
    assert isinstance(solve(longer, GRAMMAR, shapes), Accepted)


def test_issuers_without_templates_and_conditions_without_subject_are_not_searched() -> None:
    enough = equals("repository_owner", "evil-org")
    assert solve_templated(enough, GRAMMAR) == Rejected()
    assert solve_templated(sub("*"), identify("https://nowhere.example").grammar) == Rejected()


def test_a_known_end_covers_the_templates_that_end_so_and_no_others() -> None:
    shapes = customised(GRAMMAR, ("repository_owner",), end="actor")
    possible = [
        isinstance(solve(sub(text), GRAMMAR, shapes), Accepted)
        for text in (
            "repository_owner:evil-org:actor:mallory",
            "repository_owner:evil-org:environment:prod:actor:mallory",
            "repository_owner:evil-org:environment:prod",
        )
    ]
    assert possible == [True, True, False]


def test_too_many_possible_templates_are_admitted_as_such() -> None:
    asked = conjunction((sub("repository_owner:acme:*"), STRANGER))
    assert solve_templated(asked, GRAMMAR) == Rejected()
    assert solve_templated(asked, GRAMMAR, Work(100)) == Undecided(
        "budget: too many customised subject templates could match"
    )


def test_longer_templates_than_are_searched_are_admitted_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = conjunction((sub("environment:prod:actor:mallory:workflow:x"), STRANGER))
    assert isinstance(solve_templated(asked, GRAMMAR), Accepted)
    monkeypatch.setattr(templates, "MAX_SEGMENTS", 2)
    assert solve_templated(asked, GRAMMAR) == Undecided("customised subjects of more than 2 segments were not searched")


WHY: dict[str, tuple[bool, str]] = {
    "repo:acme/app:pull_request": (False, "the key that prints `repo:` prints the stranger's own repository"),
    "repo:acme/app:environment:prod:actor:dora": (False, "no longer template changes what `repo` prints"),
    "repo:acme@1/*": (False, "ids are printed by the same key"),
    "repo:*:environment:prod": (True, "no template is needed"),
    "repo:*:job_workflow_ref:acme/shared/.github/workflows/x.yml@*": (True, "repo and job_workflow_ref"),
    "repo:acme/app:ref:refs/heads/main:job_workflow_ref:acme/shared/*": (False, "the repository stays the stranger's"),
    "environment:prod:repo:acme/app": (False, "also when it does not come first"),
    "environment:prod:repo:*": (True, "an environment of the stranger's own may bear any name"),
    "REPO:acme/app:*": (False, "keys are printed as they are"),
    "repository:acme/*": (False, "a claim of the stranger's own repository"),
    "repository_owner:acme-*": (True, "a stranger's name may begin so"),
    "repository_owner:acme:repository_owner:*": (False, "each key at most once"),
    "repository_id:123:repository_owner:acme": (False, "one pinned segment is enough"),
    "ref:refs/heads/main:repository_owner:acme": (False, "the owner is pinned at the end as well"),
    "*:repository_owner:acme": (False, "a value cannot hold the colon in front of the key"),
    "*repository_owner:acme*": (True, "without that colon `repository_owner:acme-evil` is printed too"),
    "ref:refs/heads/main": (True, "everybody has a main branch"),
    "ref:refs/heads/*:environment:prod": (True, "and environments"),
    "event_name:push:ref:refs/heads/main": (True, "and pushes to it"),
    "event_name:pull_request:ref:refs/pull/17/merge": (True, "and pull requests"),
    "event_name:pull_request:ref:refs/heads/main": (False, "no pull request runs on a branch"),
    "event_name:push:head_ref:main": (False, "only pull requests have a head"),
    "head_ref::base_ref:": (True, "all other runs have an empty one"),
    "ref_type:tag:ref:refs/heads/main": (False, "a branch is no tag"),
    "context:pull_request": (False, "`context` prints no key"),
    "pull_request": (True, "a template of `context` alone prints just that"),
    "workflow_ref:acme/app/*": (False, "the workflow of a run stands in its own repository"),
    "job_workflow_ref:acme/shared/.github/workflows/deploy.yml@refs/tags/v1": (True, "a reusable one may be anybody's"),
    "job_workflow_ref:acme/shared/.github/workflows/deploy.yml@refs/heads/main:repository_owner:acme": (
        False,
        "the caller's owner is pinned",
    ),
    "repo_property_team:payments": (True, "whoever has a custom property of that name and value"),
    "environment:prod%3Aeu": (True, "a colon of the name is printed so"),
    "environment:prod:eu": (False, "and not as it is"),
    "repository_visibility:secret": (False, "there is no such visibility"),
    "runner_environment:self-hosted:actor:*": (True, "anybody may host a runner"),
}


@pytest.mark.parametrize("text", WHY)
def test_what_a_stranger_can_print_and_why(text: str) -> None:
    possible, why = WHY[text]
    asked = conjunction((sub(text), STRANGER))
    verdict = solve(asked, GRAMMAR)
    if isinstance(verdict, Rejected):
        verdict = solve_templated(asked, GRAMMAR)
    assert isinstance(verdict, Accepted if possible else Rejected), (why, verdict)
    checks.check_witness_of(verdict, asked, GRAMMAR)


VICTIMS: dict[str, tuple[dict[str, tuple[str, ...]], str, str, set[str], str]] = {
    "declared": (
        {"github:acme": ("repo", "context", "job_workflow_ref")},
        "repo:acme/app:environment:prod:job_workflow_ref:acme/shared/*",
        "accepted",
        set(),
        "acme's own tokens look like that",
    ),
    "not declared": (
        {},
        "repo:acme/app:environment:prod:job_workflow_ref:acme/shared/*",
        "rejected",
        set(),
        "with the default subject nobody's do",
    ),
    "another owner's": (
        {"github:umbrella": ("repo", "context", "job_workflow_ref")},
        "repo:acme/app:environment:prod:job_workflow_ref:acme/shared/*",
        "rejected",
        set(),
        "what umbrella declares says nothing about acme",
    ),
    "in another order": (
        {"github:acme": ("job_workflow_ref", "repo", "context")},
        "repo:acme/app:environment:prod:job_workflow_ref:acme/shared/*",
        "rejected",
        set(),
        "segments come in the order that was declared",
    ),
    "of one repository": (
        {"github:acme/app": ("repo", "context", "actor")},
        "repo:acme/app:ref:refs/heads/main:actor:dora",
        "accepted",
        set(),
        "that repository's",
    ),
    "of another repository": (
        {"github:acme/app": ("repo", "context", "actor")},
        "repo:acme/web:ref:refs/heads/main:actor:dora",
        "rejected",
        set(),
        "its neighbours keep the default",
    ),
    "the owner only": (
        {"github:acme": ("repository_owner",)},
        "repository_owner:acme",
        "accepted",
        {"any-project", "any-branch", "any-tag", "any-environment", "pull-request"},
        "every run of every repository of acme prints the same",
    ),
    "owner and environment": (
        {"github:acme": ("repository_owner", "environment")},
        "repository_owner:acme:environment:prod",
        "accepted",
        {"any-project"},
        "any repository, gated by its environment",
    ),
    "owner and ref": (
        {"github:acme": ("repository_owner", "ref")},
        "repository_owner:acme:ref:refs/heads/main",
        "accepted",
        {"any-project", "any-environment"},
        "only main, of any repository, through whatever environment",
    ),
    "a reusable workflow only": (
        {"github:acme": ("job_workflow_ref",)},
        "job_workflow_ref:acme/shared/*",
        "accepted",
        {"any-tenant", "any-project", "any-branch", "any-tag", "any-environment", "pull-request"},
        "whoever calls the workflow may choose the same template",
    ),
    "declared and unused": (
        {"github:acme": ("repository_owner",)},
        "repo:acme/app:environment:prod",
        "accepted",
        set(),
        "a repository may keep the default subject all the same",
    ),
}


@pytest.mark.parametrize("name", VICTIMS)
def test_victims_who_customise_their_subject(name: str) -> None:
    templates_of, subject, reachable, classes, why = VICTIMS[name]
    decision = decided(sub(subject), ours=Ours(subject_templates=templates_of))
    assert word(decision.reachable) == reachable, (why, decision.reachable)
    assert accepted_classes(decision) == classes, why
    if reachable == "rejected":
        assert isinstance(decision.reachable, Rejected)
        assert decision.reachable.reason is not None
        assert "[ours.subject-templates]" in decision.reachable.reason


def test_every_segment_begins_as_it_is_said_to() -> None:
    template = GRAMMAR.template
    assert template is not None
    printed = 0
    for key in template.keys:
        starts = printed_first(GRAMMAR, key)
        for shape in GRAMMAR.shapes:
            term = segment(GRAMMAR, shape, template, key) if shape.certain else None
            if term is not None:
                lead = "".join(str(part) for part in takewhile(lambda part: isinstance(part, str), term))
                assert any(lead.lower().startswith(start) for start in starts), (key, shape.name)
                printed += 1
    assert printed > 100
    assert printed_first(GRAMMAR, "repo") == {"repo:"}
    assert printed_first(GRAMMAR, "context") >= {"environment:", "pull_request"}
