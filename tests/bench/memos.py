"""What the solver remembers, and how to make it forget."""

from __future__ import annotations

import sys
from collections.abc import Callable


def memos() -> list[Callable[[], None]]:
    """What empties each memo of the claim model, as far as its modules are loaded."""
    modules = [module for name, module in sys.modules.items() if name.startswith("auditor.claims")]
    found = (getattr(value, "cache_clear", None) for module in modules for value in vars(module).values())
    return list(dict.fromkeys(memo for memo in found if memo is not None))


def forget() -> None:
    """Empty every memo of the solver."""
    for memo in memos():
        memo()
