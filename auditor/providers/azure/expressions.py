"""Flexible expressions → tests, with exact places; and back.

Grammar, from Microsoft's page "Flexible federated identity credentials" in Microsoft Entra Workload ID:

    expression = test { " and " test }
    test       = "claims['" name "'] " ( "eq" | "matches" ) " '" comparand "'"

There is no `or`, no `not` and no parenthesis. Nothing else is documented, so nothing else is read: other blanks, `AND`,
double quotes and comparands without quotes are errors here, and unknown conditions to whoever asked. Two quotes in a
row within a comparand are read as one, which the caller has to doubt.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import NoReturn

from auditor.errors import AuditorError

MAX_LENGTH = 4_096
"""Characters of an expression that are read; those of the documentation have up to 250."""


class ExpressionError(AuditorError):
    """The text is no flexible expression of the documented form. Never reaches the user as it is."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(f"{message} (at character {offset + 1})")
        self.offset = offset
        """Where, in characters from 0."""


class Operator(enum.StrEnum):
    """How a claim is compared."""

    EQ = "eq"
    MATCHES = "matches"


Span = tuple[int, int]
"""Offset and length in characters."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One test. Equal when claim, operator and comparand are, wherever they stand."""

    claim: str
    operator: Operator
    comparand: str
    """What stands between the quotes, two quotes in a row read as one."""
    span: Span = field(default=(0, 0), compare=False)
    """Where the whole test stands."""
    inner: Span = field(default=(0, 0), compare=False)
    """Where the comparand stands, without its quotes."""

    def __str__(self) -> str:
        doubled = self.comparand.replace("'", "''")
        return f"claims['{self.claim}'] {self.operator} '{doubled}'"


@dataclass(frozen=True, slots=True)
class Expression:
    """Tests, all of which must hold."""

    tests: tuple[Comparison, ...]

    def __str__(self) -> str:
        return _AND.join(map(str, self.tests))


_AND = " and "
_OPENING, _CLOSING = "claims['", "'] "


def parse(source: str) -> Expression:
    """The expression `source` spells, letter by letter. Raises `ExpressionError`, and nothing else."""
    if len(source) > MAX_LENGTH:
        raise ExpressionError(f"an expression of more than {MAX_LENGTH:,} characters", MAX_LENGTH)
    reader = _Reader(source)
    tests = [reader.test()]
    while reader.place < len(source):
        reader.expect(_AND)
        tests.append(reader.test())
    return Expression(tuple(tests))


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.place = 0

    def refuse(self, wanted: str) -> NoReturn:
        found = self.source[self.place : self.place + 12]
        raise ExpressionError(f"{ascii(found) if found else 'the end'} where {wanted} was expected", self.place)

    def expect(self, text: str) -> None:
        if not self.source.startswith(text, self.place):
            self.refuse(ascii(text))
        self.place += len(text)

    def test(self) -> Comparison:
        begin = self.place
        self.expect(_OPENING)
        claim = self.name()
        self.expect(_CLOSING)
        operator = self.operator()
        self.expect(" '")
        inside = self.place
        comparand = self.comparand()
        return Comparison(claim, operator, comparand, (begin, self.place - begin), (inside, self.place - 1 - inside))

    def name(self) -> str:
        end = self.source.find("'", self.place)
        if end <= self.place:
            self.refuse("the name of a claim")
        name, self.place = self.source[self.place : end], end
        return name

    def operator(self) -> Operator:
        found = next((one for one in Operator if self.source.startswith(one.value, self.place)), None)
        if found is None:
            self.refuse("eq or matches")
        self.place += len(found.value)
        return found

    def comparand(self) -> str:
        """What follows an opening quote, which is passed already; the closing one is passed as well."""
        parts: list[str] = []
        while True:
            end = self.source.find("'", self.place)
            if end < 0:
                self.place = len(self.source)
                self.refuse("a closing quote")
            parts.append(self.source[self.place : end])
            self.place = end + 1
            if not self.source.startswith("'", self.place):
                return "".join(parts)
            parts.append("'")
            self.place += 1
