"""The attacker classes, judged by their own definition: who a witness is, and that a refused class stays shut."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from auditor.claims.grammar import Shape
from auditor.claims.predicate import Token
from auditor.claims.templates import customised
from auditor.claims.verdict import Accepted, Rejected
from auditor.config import Ours
from auditor.decide import decide
from auditor.model import Decision
from tests.claims import naive, near, queries
from tests.claims.proof import for_random_cases
from tests.claims.trusts import trust

GRAMMAR = queries.GITHUB.grammar
FRESH = "z8z7z8z7z8z7z9"
"""A name of letters that no generated condition uses."""


def text(token: Token, claim: str) -> str:
    value = token.get(claim, "")
    return value if isinstance(value, str) else ""


IDS = ("repository_owner_id", "repository_id")


def is_stranger(token: Token, decision: Decision) -> bool:
    return text(token, "repository_owner").lower() not in {name.lower() for name in decision.tenants}


def is_other_project(token: Token, decision: Decision) -> bool:
    return text(token, "repository").lower() not in {name.lower() for name in decision.projects}


def is_ungated(token: Token) -> bool:
    return "environment" not in token


MEMBERS: dict[str, Callable[[Token, Decision], bool]] = {
    "any-tenant": is_stranger,
    "any-project": is_other_project,
    "any-branch": lambda token, _: text(token, "ref").startswith("refs/heads/") and is_ungated(token),
    "any-tag": lambda token, _: text(token, "ref").startswith("refs/tags/") and is_ungated(token),
    "any-environment": lambda token, _: not is_ungated(token),
    "pull-request": lambda token, _: text(token, "event_name").startswith("pull_request") and is_ungated(token),
    "unchecked-audience": lambda token, _: text(token, "aud") != "sts.amazonaws.com",
}


@for_random_cases(60)
def test_the_witness_of_a_class_is_a_member_of_it_and_gets_in(rng: Random) -> None:
    condition = queries.query(rng)
    decision = decide(trust(condition, client_ids=("sts.amazonaws.com", "other")), Ours())
    for name, verdict in decision.classes.items():
        if isinstance(verdict, Accepted):
            predicate = decision.trust.predicate
            assert naive.holds(predicate, verdict.witness) == (True, True), (name, condition, verdict)
            assert MEMBERS[name](verdict.witness, decision), (name, condition, verdict.witness, decision.tenants)
            shapes = customised(GRAMMAR, verdict.template) if verdict.template else GRAMMAR.shapes
            assert any(naive.minted(shape, verdict.witness) for shape in shapes if shape.certain), (name, verdict)
            assert isinstance(decision.reachable, Accepted)


@for_random_cases(40)
def test_what_is_refused_to_strangers_refuses_near_misses_of_strangers(rng: Random) -> None:
    condition = queries.query(rng)
    decision = decide(trust(condition), Ours())
    if not isinstance(decision.classes["any-tenant"], Rejected):
        return
    for shapes in (GRAMMAR.shapes, random_template(rng)):
        for miss in near.near_misses(rng, condition, GRAMMAR, 300, shapes=shapes):
            named_by_id = any(text(miss.token, claim) in repr(condition) for claim in IDS)
            if is_stranger(miss.token, decision) and not named_by_id:
                assert naive.holds(condition, miss.token) == (False, False), (condition, miss)


def random_template(rng: Random) -> tuple[Shape, ...]:
    """Subjects as one template prints them that GitHub lets an owner write; short ones, as conditions ask for them."""
    template = GRAMMAR.template
    assert template is not None
    first = rng.choice(template.first)
    others = [key for key in template.keys if key != first]
    return customised(GRAMMAR, (first, *rng.sample(others, rng.choice((0, 1, 1, 2)))))


SHUT: dict[str, tuple[str, Callable[[Shape], bool]]] = {
    "any-branch": ("branch", lambda shape: "environment" not in shape.claims and not shape.fixed),
    "any-tag": ("tag", lambda shape: "environment" not in shape.claims),
    "any-environment": ("environment", lambda shape: "environment" in shape.claims),
}


@for_random_cases(40)
def test_what_is_refused_to_fresh_names_refuses_near_misses_with_one(rng: Random) -> None:
    condition = queries.query(rng)
    decision = decide(trust(condition), Ours())
    for name, (variable, fitting) in SHUT.items():
        shapes = [s for s in GRAMMAR.shapes if s.certain and variable in s.variables and fitting(s)]
        if isinstance(decision.classes[name], Rejected):
            for miss in near.near_misses(rng, condition, GRAMMAR, 100, shapes=shapes, bound={variable: FRESH}):
                assert naive.holds(condition, miss.token) == (False, False), (name, condition, miss)
