"""Regular expressions of RE2's dialect (CEL `matches`, Google's conditions) as languages of texts.

`regex("refs/heads/main")` matches `refs/heads/main-evil` too: a search is the default, as in CEL.
"""

from __future__ import annotations

from functools import lru_cache

from auditor.claims.languages.automaton import Automaton
from auditor.claims.languages.globs import Globs, globs
from auditor.claims.languages.language import State
from auditor.claims.languages.program import compiled
from auditor.claims.languages.syntax import parse
from auditor.errors import AuditorError, BudgetExceededError, RegexSyntaxError, UnsupportedRegexError

SOURCE_BUDGET = 20_000
"""Characters of an expression that are read."""


class Regex:
    """The texts in which `source` matches somewhere (`search`) or as a whole. Equal when source and mode are.

    Raises `RegexSyntaxError`, `UnsupportedRegexError` or `BudgetExceededError`; use `regex`, which remembers.
    """

    __slots__ = ("automaton", "globs", "search", "source")

    source: str
    search: bool
    automaton: Automaton
    globs: Globs | None
    """The expression as a few globs, where it is no more than that."""

    def __init__(self, source: str, *, search: bool = True) -> None:
        if len(source) > SOURCE_BUDGET:
            raise BudgetExceededError(f"a regular expression of {len(source):,} characters")
        self.source = source
        self.search = search
        tree = parse(source)
        self.automaton = compiled(tree, search=search)
        self.globs = globs(tree, search=search)

    @property
    def start(self) -> State:
        return self.automaton.start

    def step(self, state: State, char: str, /) -> State:
        return self.automaton.step(state, char)

    def accepts(self, state: State, /) -> bool:
        return self.automaton.accepts(state)

    def matches(self, text: str, /) -> bool:
        return self.automaton.matches(text)

    @property
    def letters(self) -> frozenset[str]:
        return self.automaton.letters

    @property
    def order(self) -> str:
        return f"{self.source}\x00/r{'s' * self.search}"

    @property
    def literal(self) -> str | None:
        return self.automaton.literal

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Regex) and (self.source, self.search) == (other.source, other.search)

    def __hash__(self) -> int:
        return hash((self.source, self.search))

    def __reduce__(self) -> tuple[object, ...]:
        return _unpickle, (self.source, self.search)

    def __str__(self) -> str:
        return f"/{self.source}/" if self.search else f"/^(?:{self.source})$/"

    def __repr__(self) -> str:
        return f"Regex({self.source!r}{'' if self.search else ', search=False'})"


def regex(source: str, *, search: bool = True) -> Regex:
    """The language of an expression. Raises `RegexSyntaxError`, `UnsupportedRegexError` or `BudgetExceededError`.

    The first means that RE2 refuses the expression, the others that we cannot say what it matches.
    """
    found = _remembered(source, search)
    if isinstance(found, AuditorError):
        raise found
    return found


@lru_cache(maxsize=1 << 12)
def _remembered(source: str, search: bool) -> Regex | AuditorError:
    try:
        return Regex(source, search=search)
    except (RegexSyntaxError, UnsupportedRegexError, BudgetExceededError) as error:
        return type(error)(str(error))  # a new one: the old holds on to everything it passed through


def _unpickle(source: str, search: bool) -> Regex:
    return regex(source, search=search)
