"""How much one question may cost: counted in tests, not in seconds, so that it always ends the same way."""

from __future__ import annotations

from collections.abc import Hashable

from auditor.errors import BudgetExceeded

WORK_BUDGET = 100_000
"""Tests one question may examine: about 0.5 s. Realistic questions examine fewer than 300."""


class Work:
    """How much is left. Costs are the same whether an answer was computed or remembered."""

    __slots__ = ("_charged", "left")

    def __init__(self, allowance: int = WORK_BUDGET) -> None:
        self.left = allowance
        self._charged: set[Hashable] = set()

    def spend_once(self, what: Hashable, amount: int) -> None:
        """The same for a cost that this question pays only the first time."""
        if what not in self._charged:
            self._charged.add(what)
            self.spend(amount)

    def spend(self, amount: int) -> None:
        """Raises `BudgetExceeded` once everything is spent."""
        self.left -= amount
        if self.left < 0:
            raise BudgetExceeded("the question has too many cases to look at")
