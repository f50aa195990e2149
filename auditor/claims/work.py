"""How much one question may cost: counted in tests, not in seconds, so that it always ends the same way."""

from __future__ import annotations

from auditor.errors import BudgetExceeded

WORK_BUDGET = 100_000
"""Tests one question may examine: about 0.5 s. Realistic questions examine fewer than 300."""


class Work:
    """How much is left. Costs are the same whether an answer was computed or remembered."""

    __slots__ = ("left",)

    def __init__(self, allowance: int = WORK_BUDGET) -> None:
        self.left = allowance

    def spend(self, amount: int) -> None:
        """Raises `BudgetExceeded` once everything is spent."""
        self.left -= amount
        if self.left < 0:
            raise BudgetExceeded("the question has too many cases to look at")
