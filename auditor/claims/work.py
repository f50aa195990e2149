"""How much one question may cost: counted in tests, not in seconds, so that it always ends the same way."""

from __future__ import annotations

from collections.abc import Hashable

from auditor.errors import BudgetExceededError

WORK_BUDGET = 200_000
"""Tests one question may examine: about 0.7 s. Realistic questions examine fewer than 300."""

DECISION_BUDGET = 230_000
"""Tests that all questions about one trust may examine together: about 1 s."""


class Work:
    """How much is left. Costs are the same whether an answer was computed or remembered."""

    __slots__ = ("_charged", "_parent", "left")

    def __init__(self, allowance: int = WORK_BUDGET, parent: Work | None = None) -> None:
        self.left = allowance
        self._parent = parent
        self._charged: set[Hashable] = set()

    def spend(self, amount: int) -> None:
        """Raises `BudgetExceededError` once everything is spent, by this question or by all of the trust."""
        self.left -= amount
        if self._parent is not None:
            self._parent.spend(amount)
        if self.left < 0:
            raise BudgetExceededError("there are too many cases to look at")

    def spend_once(self, what: Hashable, amount: int) -> None:
        """The same for a cost that a trust's questions pay only the first time, whichever of them comes first."""
        charged = self._charged if self._parent is None else self._parent._charged  # noqa: SLF001 - one of its own kind
        if what not in charged:
            charged.add(what)
            self.spend(amount)
