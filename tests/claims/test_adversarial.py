"""Property 11: whatever a condition says, the answer comes within a second, exact or an admitted `Undecided`."""

from __future__ import annotations

import gc
import string
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from auditor.claims.predicate import FALSE, Not, Or, disjunction, equals
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.config import Ours
from auditor.decide import decide
from auditor.model import Decision
from tests.claims import hostile_policies
from tests.claims.hostile import CASES, LISTS, globs, names
from tests.claims.proof import forget
from tests.claims.queries import GITHUB
from tests.claims.trusts import accepted_classes, decided, sub, trust, word

SECONDS = 1.0
"""What one decision may take on an idle core."""

NOISE = 2.0
"""What a busy machine adds to that: shared caches and hyper-threads slow a process down on its own clock as well."""

LONGEST_REASON = 300
"""A reason is a sentence for people, not the policy it is about."""

EXACT = ("2,000 exact subjects:", "2,000 values of one set:", "2,000 exact, refused in any case:")
"""Long lists that are decided exactly in all classes; a decision on the others may run out of its allowance."""

Answer = TypeVar("Answer")


@pytest.fixture(autouse=True)
def _cold() -> Iterator[None]:
    forget()
    gc.collect()
    gc.disable()  # as an audit does
    yield
    gc.enable()
    forget()


def timed(ask: Callable[[], Answer]) -> Answer:
    started = time.process_time()
    answer = ask()
    took = time.process_time() - started
    assert took <= SECONDS * NOISE, f"{took:.1f} s"
    return answer


def admitted(verdict: Verdict) -> bool:
    """Whether an undecided verdict says in a few words that it gave up, or what is not known."""
    return not isinstance(verdict, Undecided) or 0 < len(verdict.reason) < LONGEST_REASON


@pytest.mark.parametrize("name", CASES)
def test_one_question_ends(name: str) -> None:
    condition = CASES[name].condition()
    verdict = timed(lambda: solve(condition, GITHUB.grammar))
    exact = name not in LISTS or name.startswith(EXACT)
    assert word(verdict) in (CASES[name].possible if exact else {*CASES[name].possible, "unknown"}), verdict
    assert admitted(verdict), verdict


@pytest.mark.parametrize("name", CASES)
def test_a_whole_decision_ends(name: str) -> None:
    case = CASES[name]
    denied = tuple(predicate for predicate in (case.denied(),) if predicate != FALSE)
    condition = trust((equals("aud", "sts.amazonaws.com"), case.allowed()), denied=denied)
    decision = timed(lambda: decide(condition, Ours()))
    exact = name in LISTS and name.startswith(EXACT)
    assert word(decision.reachable) in (case.possible if exact else {*case.possible, "unknown"}), decision.reachable
    _sound(decision)
    if exact:
        _exact(name, decision)


def _sound(decision: Decision) -> None:
    verdicts = [decision.reachable, *decision.classes.values()]
    assert all(map(admitted, verdicts)), verdicts
    if isinstance(decision.reachable, Rejected):
        assert {word(verdict) for verdict in decision.classes.values()} <= {"rejected"}


def _exact(name: str, decision: Decision) -> None:
    """Long lists of names are what people write: nothing about them may be left open."""
    assert "unknown" not in {word(verdict) for verdict in decision.classes.values()}, decision.classes
    assert word(decision.classes["any-tenant"]) == "rejected"
    assert decision.breadth_complete
    if ": none refused" in name:
        assert len(decision.projects) == 2_000
    if ": all refused" in name:
        assert (decision.projects, decision.breadth) == ((), ())


POSSIBLE = {
    "one list of patterns": {"accepted"},
    "one list of subjects in any case": {"accepted"},
    "a list allowed, the same list denied": {"rejected", "unknown"},
    "subjects apart allowed, the same denied in any case": {"rejected"},
    "a statement for each subject": {"accepted"},
    "a denial for each subject": {"accepted"},
    "one pattern of stars": {"rejected"},
    "one pattern of question marks": {"rejected"},
}


@pytest.mark.parametrize("name", hostile_policies.POLICIES)
def test_a_policy_of_64_kilobytes_is_compiled_and_decided(name: str) -> None:
    statements = hostile_policies.POLICIES[name]()
    trusts = timed(lambda: hostile_policies.trusts_of(statements))
    assert trusts
    for compiled in trusts:
        decision = timed(lambda compiled=compiled: decide(compiled, Ours()))  # type: ignore[misc]  # bound at once
        assert word(decision.reachable) in POSSIBLE.get(name, {"accepted", "rejected", "unknown"}), decision.reachable
        _sound(decision)


def test_long_lists_are_decided_exactly() -> None:
    listed = decided(names(range(300)))
    assert len(listed.projects) == 300
    assert {name: word(verdict) for name, verdict in listed.classes.items()} == dict.fromkeys(
        listed.classes, "rejected"
    )
    refused = decided(globs(range(300)), denied=(globs(range(299)),))
    assert accepted_classes(refused) == {"any-branch", "any-tag", "any-environment", "pull-request"}
    assert refused.projects == ("acme/app-299",)


def test_a_refusal_of_everything_is_certain_however_it_is_written() -> None:
    pieces = tuple(sub(f"repo:{letter}*") for letter in string.ascii_letters + string.digits)
    assert solve(Not(disjunction(pieces)), GITHUB.grammar) == Rejected()
    assert isinstance(solve(Not(Or(pieces[1:])), GITHUB.grammar), Accepted)
