from __future__ import annotations

import pytest

from auditor.claims import templates
from auditor.claims.grammar import Slot, fill
from auditor.claims.predicate import Predicate, conjunction, disjunction, equals, negation
from auditor.claims.solver import solve
from auditor.claims.templates import customised, solve_templated
from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.claims.work import Work
from auditor.issuers import identify
from tests.claims import naive
from tests.claims.queries import GITHUB
from tests.claims.trusts import sub

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
