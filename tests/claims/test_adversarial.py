"""Hostile conditions: whatever they are, the answer comes within seconds and is exact or an admitted `Undecided`."""

from __future__ import annotations

import string
import time
from collections.abc import Callable

import pytest

from auditor.claims.pattern import Pattern
from auditor.claims.predicate import And, AnyValue, Match, Not, Or, Predicate, disjunction, equals, negation
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.config import Ours
from auditor.decide import decide
from tests.claims.queries import GITHUB
from tests.claims.trusts import accepted_classes, decided, sub, trust, word

SECONDS = 15
"""Generous, for a busy machine of two cores; what is guarded against takes minutes or for ever."""

MANY = 2_000


def subjects(count: int = MANY, start: int = 0) -> tuple[Predicate, ...]:
    return tuple(sub(f"repo:acme/app-{number}:*") for number in range(start, start + count))


def names(count: int = MANY, *, ignore_case: bool = False) -> Predicate:
    texts = (f"repo:acme/app-{number}:ref:refs/heads/main" for number in range(count))
    return Or(tuple(Match("sub", Pattern.exactly(text, ignore_case=ignore_case)) for text in texts))


def nested(depth: int) -> Predicate:
    condition: Predicate = sub("repo:acme/app:*")
    for level in range(depth):
        other = sub(f"repo:acme/app:ref:refs/heads/b{level}")
        condition = Not(Or((condition, other))) if level % 2 else Not(And((condition, negation(other))))
    return condition


def long_patterns() -> Predicate:
    """About 64 KB of patterns full of stars."""
    return Or(tuple(sub(f"repo:acme/*{number}" + "*ab*:ref:*/a*b" * 10) for number in range(400)))


CASES: dict[str, tuple[Callable[[], Predicate], set[str]]] = {
    "200 stars": (lambda: sub("repo:" + "*a" * 200), {"accepted", "unknown"}),
    "200 stars, another letter behind each": (
        lambda: sub("repo:acme/" + "*".join("abcdefghij" * 20) + "*"),
        {"accepted", "unknown"},
    ),
    "200 stars that no name is long enough for": (
        lambda: Match("repository_owner", Pattern.glob("*a" * 200)),
        {"rejected"},
    ),
    "200 stars against 200 stars": (
        lambda: And((sub("repo:" + "*a" * 200 + "*"), Not(sub("repo:" + "*b" * 200 + "*")))),
        {"accepted", "unknown"},
    ),
    "only question marks": (lambda: sub("?" * 2_000), {"accepted", "rejected", "unknown"}),
    "question marks and stars": (lambda: sub("?*" * 300), {"accepted", "unknown"}),
    "2,000 patterns": (lambda: Or(subjects()), {"accepted"}),
    "2,000 exact subjects": (names, {"accepted"}),
    "2,000 subjects in any case": (lambda: names(ignore_case=True), {"accepted", "unknown"}),
    "2,000 refusals": (lambda: And((sub("repo:acme/*"), Not(Or(subjects())))), {"accepted"}),
    "2,000 refusals one by one": (lambda: And((sub("repo:acme/*"), *map(Not, subjects()))), {"accepted"}),
    "2,000 patterns, all refused": (lambda: And((Or(subjects()), Not(Or(subjects())))), {"rejected"}),
    "2,000 patterns, all but one refused": (
        lambda: And((Or(subjects()), Not(Or(subjects(MANY - 1))))),
        {"accepted", "unknown"},
    ),
    "2,000 refusals of any piece": (
        lambda: And((sub("repo:acme/*a*b*c*"), Not(Or(tuple(sub(f"*{number}*") for number in range(MANY)))))),
        {"accepted", "unknown"},
    ),
    "2,000 values of a set operator": (
        lambda: AnyValue("sub", Or(tuple(Match("", Pattern.glob(f"repo:acme/app-{n}:*")) for n in range(MANY)))),
        {"accepted"},
    ),
    "2,000 pairs of claims": (
        lambda: Or(tuple(And((sub(f"repo:acme/app-{n}:*"), equals("ref", f"refs/heads/b{n}"))) for n in range(MANY))),
        {"accepted", "unknown"},
    ),
    "nested negations": (lambda: nested(60), {"accepted", "rejected", "unknown"}),
    "64 KB of patterns": (long_patterns, {"rejected", "unknown"}),  # a subject holds no ten colons
    "a pattern of 64 KB": (lambda: sub("repo:acme/" + "a" * 65_000), {"rejected"}),
    "a pattern of 64 KB of stars and letters": (lambda: sub("repo:acme/" + "*a" * 32_000), {"rejected", "unknown"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_one_question_ends(name: str) -> None:
    build, possible = CASES[name]
    condition = build()
    started = time.perf_counter()
    verdict = solve(condition, GITHUB.grammar)
    assert time.perf_counter() - started < SECONDS
    assert word(verdict) in possible, verdict
    if isinstance(verdict, Undecided):
        assert len(verdict.reason) < 300, "a reason is a sentence, not the pattern it is about"


DECIDED = (
    "200 stars", "200 stars against 200 stars", "only question marks", "2,000 patterns", "2,000 subjects in any case",
    "2,000 refusals one by one", "2,000 patterns, all refused", "2,000 pairs of claims", "nested negations",
    "64 KB of patterns",
)  # fmt: skip
"""A decision asks some twenty questions: those whose cost lies in more than the first one."""


@pytest.mark.parametrize("name", DECIDED)
def test_a_whole_decision_ends(name: str) -> None:
    condition = trust((equals("aud", "sts.amazonaws.com"), CASES[name][0]()))
    started = time.perf_counter()
    decision = decide(condition, Ours())
    assert time.perf_counter() - started < SECONDS
    if name == "2,000 patterns, all refused":
        assert {word(verdict) for verdict in decision.classes.values()} <= {"rejected", "unknown"}


def test_long_lists_are_decided_exactly() -> None:
    listed = decided(names(300))
    assert len(listed.projects) == 300
    assert {name: word(verdict) for name, verdict in listed.classes.items()} == dict.fromkeys(
        listed.classes, "rejected"
    )
    refused = decided(Or(subjects(300)), denied=(disjunction(subjects(299)),))
    assert accepted_classes(refused) == {"any-branch", "any-tag", "any-environment", "pull-request"}
    assert refused.projects == ("acme/app-299",)


def test_a_refusal_of_everything_is_certain_however_it_is_written() -> None:
    pieces = tuple(sub(f"repo:{letter}*") for letter in string.ascii_letters + string.digits)
    assert solve(Not(disjunction(pieces)), GITHUB.grammar) == Rejected()
    assert isinstance(solve(Not(disjunction(pieces[1:])), GITHUB.grammar), Accepted)
