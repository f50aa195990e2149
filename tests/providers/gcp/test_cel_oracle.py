"""The evaluator and the compiler against the official CEL runtime, on random conditions and tokens.

Where one of ours says something definite, the runtime must say the same; and most of the time it must be definite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from auditor.claims.payload import flatten
from auditor.claims.predicate import evaluate as predicate_holds
from auditor.providers.gcp.cel import parse
from auditor.providers.gcp.cel_compile import Environment, compile_condition
from auditor.providers.gcp.cel_evaluate import evaluate
from auditor.providers.gcp.cel_evaluate_values import CelError, CelMap, JsonNumber, Outcome, TypeName, Unsure
from auditor.providers.gcp.cel_syntax import Uint
from auditor.providers.gcp.cel_values import Rails
from tests.providers.gcp.cel_oracle import ERROR, Program
from tests.providers.gcp.cel_strategies import TEXTS, make_condition, make_mapping, make_token

CONDITIONS = 3_000
TOKENS = 5

UNDECIDED = {
    "reverse",
    "lastIndexOf",
    "lastIndexOf to",
    "indexOf from",
    "order",
    "number",
    "flag",
    "type",
    "arithmetic",
}
"""What the compiler does not model at all, or only between constants."""


def as_doubles(value: Any) -> Any:
    """The same JSON, its whole numbers held as doubles: nobody knows which way Google does it."""
    match value:
        case bool():
            return value
        case int():
            return float(value)
        case list():
            return [as_doubles(element) for element in value]
        case dict():
            return {key: as_doubles(inner) for key, inner in value.items()}
        case _:
            return value


def plain(outcome: Outcome) -> Any:
    """A value as the runtime's Python binding writes it."""
    match outcome:
        case CelError():
            return ERROR
        case Uint(number) | JsonNumber(number):
            return number
        case bytes():
            return bytearray(outcome)
        case tuple():
            return [plain(element) for element in outcome]
        case CelMap(entries=entries):
            return {plain(key): plain(value) for key, value in entries}
        case TypeName():
            raise AssertionError("no condition ends in a type")
        case _:
            return outcome


def test_the_evaluator_agrees_with_the_runtime() -> None:
    seen: Counter[str] = Counter()
    for seed in range(CONDITIONS):
        random = Random(seed)
        source, used = make_condition(random)
        program, expr = Program(source), parse(source)
        if program.refused:
            seen["refused"] += 1
            continue
        for _ in range(TOKENS):
            token = make_token(random, wild=True)
            ours = evaluate(expr, {"assertion": token, "google": {}, "attribute": {}})
            seen["pairs"] += 1
            if isinstance(ours, Unsure):
                seen["unsure"] += 1
                continue
            for asked in (token, as_doubles(token)):
                assert plain(ours) == program.value(asked), f"{source}\n{asked}\n{ours!r}"
            seen.update(used)
            seen["true" if ours is True else "false" if ours is False else "error"] += 1
    assert seen["pairs"] - seen["unsure"] > 12_000
    assert seen["unsure"] < seen["pairs"] * 0.04
    assert seen["refused"] < CONDITIONS * 0.05
    assert min(seen["true"], seen["false"], seen["error"]) > 2_000
    del seen["unsure"], seen["refused"]
    assert min(seen.values()) >= 200, seen.most_common()[-5:]


def agrees(rails: Rails, token: Mapping[str, Any], truth: bool | None) -> bool | None:
    """Whether both rails are right about a token; None where they leave room for the truth and for something else."""
    flat = flatten(token)
    found = predicate_holds(rails.true, flat), predicate_holds(rails.false, flat)
    wanted = truth is True, truth is False
    if any(one is not None and one is not want for one, want in zip(found, wanted, strict=True)):
        return False
    return None if None in found else True


def test_the_compiler_agrees_with_the_runtime() -> None:
    seen: Counter[str] = Counter()
    unclear: Counter[str] = Counter()
    for seed in range(CONDITIONS):
        random = Random(seed + 1_000_000)
        source, used = make_condition(random)
        program = Program(source)
        if program.refused:
            continue
        environment = Environment(texts=frozenset(TEXTS if seed % 2 else ()))
        rails = compile_condition(parse(source), environment)
        for _ in range(TOKENS):
            token = make_token(random)
            truth = program.truth(token)
            right = agrees(rails, token, truth)
            assert right is not False, f"{source}\n{token}\n{rails}\n{truth}"
            seen["pairs"] += 1
            seen[str(truth)] += bool(right)
            if not used & UNDECIDED:
                seen["decidable"] += 1
                seen["decided"] += bool(right)
            (seen if right else unclear).update(used)
    assert seen["pairs"] > 12_000
    assert min(seen["True"], seen["False"], seen["None"]) > 1_500
    assert seen["decided"] > seen["decidable"] * 0.85
    rarely = {name for name in unclear | seen if seen[name] < 60}
    assert not rarely, rarely


CORNERS: tuple[tuple[str, Any], ...] = (
    ("'a' in assertion.c.split('aa')", "aaaa"),
    ("'a' in assertion.c.split('aa')", "aaa"),
    ("size(assertion.c.split('aa')) == 3", "aaaa"),
    ("assertion.c.split(':', 2).join('/') == 'a/b:c'", "a:b:c"),
    ("assertion.c.split(':', 1).join('/') == 'a:b:c'", "a:b:c"),
    ("assertion.c.matches('main$')", "main\n"),
    ("assertion.c.matches('(?m)main$')", "main\n"),
    ("assertion.c.lastIndexOf('a', 2) == 2", "xxa"),
    ("assertion.c.lastIndexOf('ab', 2) == 2", "xxab"),
    ("assertion.c.lastIndexOf('a', 2) == 0", "axxa"),
    ("[assertion.c, 'b'].exists_one(x, x == 'a')", "a"),
    ("!['a', 'a', 'b'].exists_one(x, x == 'b' ? assertion.missing == 'y' : x == assertion.c)", "a"),
    ("{'a': 'x', 'b': assertion.missing}[assertion.c] == 'x'", "a"),
    ("{'a': 'x', 'b': assertion.d}[assertion.c] == 'x'", "a"),
    ("{'a': 'x', 'b': assertion.c.split('/')[5]}[assertion.c] == 'x'", "a"),
    ("string(assertion.missing == 'x') == 'false'", "a"),
    ("string(assertion.c == 'x') == 'false'", "a"),
    ("assertion.c.startsWith('re' + assertion.d)", "repo:x"),
    ("assertion.c == 're' + assertion.d + ':x'", "repo:x"),
    ("'re' + assertion.d == assertion.c + assertion.e", "repo"),
    ("assertion.c.startsWith(assertion.missing + 'x')", "repo"),
)


@pytest.mark.parametrize(("source", "claim"), CORNERS)
def test_corners(source: str, claim: str) -> None:
    """What random conditions seldom come to."""
    for token in ({"c": claim, "d": "po", "e": ""}, {"c": claim}, {"c": [claim]}, {"c": claim + "x", "d": 7}):
        truth = Program(source).truth(token)
        found = evaluate(parse(source), {"assertion": token})
        assert isinstance(found, Unsure) or (found if isinstance(found, bool) else None) is truth
        rails = compile_condition(parse(source), Environment())
        assert agrees(rails, token, truth) is not False, token


def test_mapped_names_mean_what_the_runtime_makes_of_their_expressions() -> None:
    seen: Counter[str] = Counter()
    names = ("google.subject", "attribute.one", "attribute.two", "attribute.unmapped")
    for seed in range(1_000):
        random = Random(seed)
        mapping = make_mapping(random)
        source, _ = make_condition(random, (*names, *(("google.groups[0]",) if "google.groups" in mapping else ())))
        if "google.groups" in mapping:
            source = f'({source}) && !("acme" in google.groups)'
        program, programs = Program(source), {name: Program(text) for name, text in mapping.items()}
        if program.refused or any(one.refused for one in programs.values()):
            continue
        environment = Environment({name: parse(text) for name, text in mapping.items()})
        rails = compile_condition(parse(source), environment)
        for _ in range(TOKENS):
            token = make_token(random)
            values = {name: one.value(token) for name, one in programs.items()}
            # What is no text, or fails, is not settled for Google: see the reference on open points.
            fine = all(
                value is not ERROR and isinstance(value, list if "groups" in name else str)
                for name, value in values.items()
            )
            scopes: dict[str, dict[str, Any]] = {"google": {}, "attribute": {}}
            for name, value in values.items():
                scope, _, own = name.partition(".")
                if value is not ERROR:
                    scopes[scope][own] = value
            truth = program.truth(token, **scopes)
            right = agrees(rails, token, truth)
            if not fine:
                seen["not settled"] += 1
                continue
            assert right is not False, f"{mapping}\n{source}\n{token}\n{truth}"
            seen[str(right)] += 1
            seen[f"is {truth}"] += 1
    assert seen["True"] > 1_000
    assert seen["None"] < seen["True"]
    assert min(seen["is True"], seen["is False"], seen["is None"]) > 150
