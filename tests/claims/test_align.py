"""Claims compared with each other, and with texts put together from claims."""

from __future__ import annotations

import itertools
from random import Random

import pytest

from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Term, Variable
from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import Match, Not, Part, Predicate, SameText, conjunction, equals, evaluate
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Rejected, Undecided
from tests.claims.queries import GITHUB
from tests.claims.trusts import sub

REPOSITORY = Part("repository")


def text(literal: str) -> Part:
    return Part(literal, literal=True)


MAIN = SameText("sub", (text("repo:"), REPOSITORY, text(":ref:refs/heads/main")))
OWN = SameText("sub", (text("repo:"), REPOSITORY, text(":")), begins=True)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (MAIN, Accepted),
        (conjunction((MAIN, Not(sub("*:ref:refs/heads/main")))), Rejected),
        (conjunction((MAIN, equals("ref", "refs/heads/dev"))), Rejected),
        (conjunction((MAIN, equals("repository", "acme/app"), Not(sub("repo:acme/app:*")))), Rejected),
        (OWN, Accepted),
        (conjunction((OWN, equals("repository", "acme/app"), sub("repo:acme/*"))), Accepted),
        (conjunction((OWN, equals("repository", "acme/app"), Not(sub("repo:acme/app:*")))), Rejected),
        # The immutable subject writes ids behind the names: it does not begin with the plain repository.
        (conjunction((OWN, sub("repo:acme@*"))), Rejected),
        (SameText("job_workflow_ref", (Part("repository"), text("/")), begins=True), Accepted),
        (
            conjunction((SameText("workflow_ref", (Part("repository"), text("/")), begins=True), Not(MAIN))),
            Accepted,
        ),
        (SameText("repository_owner", "actor"), Accepted),
        (conjunction((SameText("repository_owner", "actor"), equals("actor", "a[bot]"))), Rejected),
        (SameText("sub", "no_such_claim"), Rejected),
    ],
)
def test_who_gets_in(condition: Predicate, expected: type) -> None:
    verdict = solve(condition, GITHUB.grammar)
    assert isinstance(verdict, expected), verdict
    if isinstance(verdict, Accepted):
        assert evaluate(condition, verdict.witness) is True


# --- every token of small worlds --------------------------------------------------------------------------------------

A = Variable("a", CharSet("x"), values=("x", "y", "x/y"), hints=("x",))
B = Variable("b", CharSet("xy"), minimum=1, maximum=2, hints=("x", "y"))
WORDS = {A: ("x", "y", "x/y"), B: tuple("".join(p) for n in (1, 2) for p in itertools.product("xy", repeat=n))}
PIECES: tuple[str | Slot, ...] = (Slot(A), Slot(B), "/", "x", "y", "x/")


def random_term(rng: Random) -> Term:
    return tuple(rng.choice(PIECES) for _ in range(rng.randint(1, 3)))


def spelled(term: Term, values: dict[Variable, str]) -> str:
    return "".join(piece if isinstance(piece, str) else values[piece.variable] for piece in term)


@pytest.mark.parametrize("seed", range(600))
def test_decided_as_every_token_says_or_not_at_all(seed: int) -> None:
    rng = Random(seed)
    claims = {name: random_term(rng) for name in ("p", "q", "r")}
    shape = Shape(name="only", run="run", claims=claims)
    grammar = Grammar({v.name: v for v in (A, B)}, (shape,))
    right = tuple(rng.choice((Part("q"), Part("r"), text("/"), text("x"))) for _ in range(rng.randint(1, 3)))
    condition: Predicate = SameText("p", right, begins=rng.random() < 0.5)
    if rng.random() < 0.5:
        condition = Not(condition)
    condition = conjunction((condition, Match("q", Pattern.glob(rng.choice(("*", "x*", "*y", "*/*"))))))
    tokens = [
        {name: spelled(term, {A: a, B: b}) for name, term in claims.items()}
        for a, b in itertools.product(WORDS[A], WORDS[B])
    ]
    let_in = [token for token in tokens if evaluate(condition, token)]
    verdict = solve(condition, grammar)
    if isinstance(verdict, Accepted):
        assert verdict.witness in let_in
    elif isinstance(verdict, Rejected):
        assert not let_in
    else:
        assert isinstance(verdict, Undecided)


def test_most_of_them_are_decided() -> None:
    rng = Random(7)
    undecided = 0
    for _ in range(400):
        claims = {name: random_term(rng) for name in ("p", "q", "r")}
        grammar = Grammar({v.name: v for v in (A, B)}, (Shape(name="only", run="run", claims=claims),))
        undecided += isinstance(solve(SameText("p", (Part("q"), text("/"), Part("r"))), grammar), Undecided)
    assert undecided < 100  # terms without a separator between their variables
