"""What the solver remembers, and how to make it forget."""

from __future__ import annotations

import sys
from collections.abc import Callable

OF_ISSUERS = frozenset((
    "_carried", "_distinct", "_edges", "_literals", "_spelling", "arbitrary_shapes",
    "customised", "facts_of", "longest", "printed_first", "room_of", "_seen_by", "showing",
))  # fmt: skip
"""Memos that hold facts about an issuer's tokens, such as which forms a set of claims can tell apart. They are filled
once per process, whatever is asked; they stay when questions are to be answered as if for the first time."""


def memos(*, of_issuers: bool = True) -> list[Callable[[], None]]:
    """What empties each memo of the claim model, as far as its modules are loaded."""
    modules = [module for name, module in sys.modules.items() if name.startswith("auditor.claims")]
    found = (
        getattr(value, "cache_clear", None)
        for module in modules
        for name, value in vars(module).items()
        if of_issuers or name not in OF_ISSUERS
    )
    return list(dict.fromkeys(memo for memo in found if memo is not None))


def forget() -> None:
    """Empty every memo of the solver."""
    for memo in memos():
        memo()
