"""How property tests run: on reproducible random cases, the same on every machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st


def for_random_cases(examples: int) -> Callable[[Callable[[Random], None]], Callable[[], None]]:
    """Runs a test on `examples` sources of randomness.

    True randoms (seeded by hypothesis) rather than drawn bit by bit: measured on 900 small worlds they give 793
    different predicates instead of 210. They do not shrink; the checks print worlds small enough to read.
    """

    def decorate(test: Callable[[Random], None]) -> Callable[[], None]:
        cases = given(st.randoms(use_true_random=True))
        return settings(max_examples=examples, derandomize=True, deadline=None)(cases(test))

    return decorate


def forget() -> None:
    """Empty every memo of the program, as in a process that just started."""
    for name, module in list(sys.modules.items()):
        if name.startswith("auditor"):
            for value in vars(module).values():
                clear = getattr(value, "cache_clear", None)
                if callable(clear):
                    clear()
