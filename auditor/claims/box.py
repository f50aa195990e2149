"""Boxes: for each variable the languages its value must lie in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.claims.grammar import Slot, Term, Variable
from auditor.claims.languages.language import Language
from auditor.claims.languages.value_set import ValueSet, exact_texts

Box = frozenset[tuple[Variable, Language]]
"""Constraints that hold together; the empty box admits every value of every variable."""

BOX_BUDGET = 5_000
"""Ways to split one pattern that are tried. `*a*b*c*` against a term of six variables has 330."""

WAYS_PER_TEST = 6
"""How many of them cost as much as one test of a search (see `work`)."""


@dataclass(frozen=True, slots=True)
class Split:
    """The boxes, or None past the budget (so that giving up is remembered as well); and the ways that were tried."""

    boxes: tuple[Box, ...] | None
    ways: int = 1

    @property
    def cost(self) -> int:
        """What finding them costs, in tests (see `work`)."""
        return 1 + self.ways // WAYS_PER_TEST


def joined(term: Term, boxes: Iterable[Box]) -> tuple[Box, ...]:
    """The same, those that differ in one exact value joined.

    Two thousand listed subjects of one organisation become one box whose `repo` is one of two thousand names.
    """
    found = tuple(boxes)
    if len(found) < 2:
        return found
    current = [dict(box) for box in found if len({v for v, _ in box}) == len(box)]
    twice = [box for box in found if len({v for v, _ in box}) != len(box)]
    for variable in dict.fromkeys(part.variable for part in term if isinstance(part, Slot)):
        current = _joined(current, variable)
    return (*(frozenset(box.items()) for box in current), *twice)


def _joined(boxes: list[dict[Variable, Language]], variable: Variable) -> list[dict[Variable, Language]]:
    groups: dict[object, list[dict[Variable, Language]]] = {}
    texts: dict[object, set[str]] = {}
    for place, box in enumerate(boxes):
        exact = exact_texts(box.get(variable))
        key: object = place
        if exact is not None:
            key = frozenset((v, language) for v, language in box.items() if v is not variable), exact[1]
            texts.setdefault(key, set()).update(exact[0])
        groups.setdefault(key, []).append(box)
    joined: list[dict[Variable, Language]] = []
    for key, group in groups.items():
        if len(group) > 1 and isinstance(key, tuple):
            group[0][variable] = ValueSet(texts[key], ignore_case=key[1])
        joined.append(group[0])
    return joined
