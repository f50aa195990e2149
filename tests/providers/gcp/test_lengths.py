"""Bounds on concatenations: what is said for certain is so, and nearly everything is."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from auditor.claims.predicate import FALSE, TRUE, evaluate
from auditor.claims.texts import Claim, Joined, Literal
from auditor.providers.gcp.lengths import joined_within

A, B, C = Claim("a"), Claim("b"), Claim("c")


@pytest.mark.parametrize("text", [Joined((A, B)), Joined((A, Literal(":"), B)), Joined((A, Joined((B, C))))])
def test_certain_answers_are_right(text: Joined) -> None:
    random = Random(3)
    predicate = joined_within(text, 20)
    seen: Counter[str] = Counter()
    for _ in range(2000):
        token = {name: random.choice("xé") * random.choice((0, 1, 3, 6, 9, 12, 21)) for name in "abc"}
        whole = "".join(token["abc"[i]] for i in range(3 if text.parts[-1] == Joined((B, C)) else 2))
        whole += ":" * (Literal(":") in text.parts)
        right = 0 < len(whole.encode()) <= 20
        answer = evaluate(predicate, token)
        assert answer is None or answer is right, (token, answer)
        seen[f"{right} {answer}"] += 1
    assert seen["True True"] >= 0.5 * (seen["True True"] + seen["True None"]), seen
    assert seen["False False"] > 100, seen


def test_missing_parts_and_constants() -> None:
    assert evaluate(joined_within(Joined((A, B)), 20), {"a": "x"}) is False
    assert evaluate(joined_within(Joined((A, B)), 20), {"a": "", "b": ""}) is False
    assert joined_within(Joined((Literal("x" * 21), A)), 20) == FALSE
    assert joined_within(Joined((Literal("x"), Literal("y"))), 20) == TRUE
    assert joined_within(Joined((Literal(""),)), 20) == FALSE
    assert evaluate(joined_within(Joined((Literal("x"), A)), 20), {"a": "y" * 19}) is True
    assert evaluate(joined_within(Joined((Literal("x"), A)), 20), {"a": "y" * 20}) is False
