"""One measured number, and the number it is held against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Figure:
    """`bound` says on which side of `target` the value must lie; without a target it is there to be read."""

    value: float
    unit: str
    target: float | None = None
    bound: Literal["at most", "at least"] = "at most"

    @property
    def holds(self) -> bool | None:
        if self.target is None:
            return None
        return self.value <= self.target if self.bound == "at most" else self.value >= self.target

    @property
    def record(self) -> dict[str, object]:
        return {"value": self.value, "unit": self.unit, "target": self.target_shown or None, "holds": self.holds}

    @property
    def shown(self) -> str:
        return f"{self.value:,.0f}" if abs(self.value) >= 100 or self.value == int(self.value) else f"{self.value:.3g}"

    @property
    def target_shown(self) -> str:
        return "" if self.target is None else f"{self.bound} {self.target:,g}"

    @property
    def verdict(self) -> str:
        return {None: "", True: "holds", False: "MISSED"}[self.holds]


Figures = dict[str, Figure]
"""What was measured → the number."""

Scale = Callable[[int], int]
"""How many of so many things to measure with: all, or a tenth of them."""
