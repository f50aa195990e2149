"""What an issuer can mint, as data: variables, and shapes that build every claim of a token from them.

`repository = {owner}/{repo}` and `sub = repo:{owner}/{repo}:…` share the variables `owner` and `repo`, so claims that
are correlated in real tokens stay correlated in every answer. Grammars are loaded from `auditor/issuers/*.toml`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import NamedTuple

from auditor.claims.languages.language import Language, units
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import ELEMENT, TRUE, Match, Predicate


class CharSet:
    """A finite set of characters, or the complement of one."""

    __slots__ = ("chars", "negated")

    def __init__(self, chars: Iterable[str], *, negated: bool = False) -> None:
        self.chars = frozenset(chars)
        self.negated = negated

    @classmethod
    def parse(cls, text: str) -> CharSet:
        """`A-Za-z0-9_-` or `^…` for the complement; ranges by `-`, a leading or trailing `-` is itself.

        Raises ValueError for a range that runs backwards.
        """
        negated, body = text.startswith("^"), text.removeprefix("^")
        chars: set[str] = set()
        position = 0
        while position < len(body):
            first = body[position]
            if body[position + 1 : position + 2] == "-" and position + 2 < len(body):
                last = body[position + 2]
                if last < first:
                    raise ValueError(f"the range {first}-{last} runs backwards")
                chars.update(map(chr, range(ord(first), ord(last) + 1)))
                position += 3
            else:
                chars.add(first)
                position += 1
        return cls(chars, negated=negated)

    def __contains__(self, char: str) -> bool:
        return (char in self.chars) is not self.negated

    def spells(self, text: str) -> bool:
        """Whether all characters of `text` belong to the set."""
        return self.chars.isdisjoint(text) if self.negated else self.chars.issuperset(text)


@dataclass(frozen=True, eq=False)
class Variable:
    """A part of a token that varies on its own. Compared by identity: two issuers never share one."""

    name: str
    characters: CharSet
    minimum: int = 1
    maximum: int = 255
    exclusions: tuple[Pattern, ...] = ()
    """Shapes no value has, e.g. git's `*..*`."""
    values: tuple[str, ...] | None = None
    """All values, where there are finitely many; then nothing above applies."""
    hints: tuple[str, ...] = ("x",)
    """Values a person believes at sight, best first; the first one fills an unconstrained variable."""
    ignore_case: bool = False
    """Whether the issuer's platform compares such names ignoring case (two spellings are one owner)."""
    dimension: str = "other"
    """What a person would call it: tenant, project, branch, environment, …"""
    controller: str = "platform"
    """Who chooses the value: platform, tenant_admin, branch_writer, job_code, fork_pr or anyone."""

    @cached_property
    def natural(self) -> str | None:
        """The value that reads best, if nothing else is asked of it; None when no hint is one."""
        return next((text for text in self.values or self.hints if self.contains(text)), None)

    def excludes(self, language: Language) -> bool:
        """A quick look: whether each text of the language holds a piece that no value holds (git's `..`)."""
        if not isinstance(language, Pattern) or language.ignore_case or language.encoded:
            return False
        return any(piece in part for part in language.pieces for piece in self._never)

    @cached_property
    def _never(self) -> tuple[str, ...]:
        return tuple(
            shape.pieces[1] for shape in self.exclusions if len(shape.pieces) == 3 and not any(shape.pieces[::2])
        )

    def contains(self, text: str) -> bool:
        """Whether the issuer can mint this value."""
        if self.values is not None:
            return text in self.values
        return self.minimum <= len(text) <= self.maximum and _minted(self, text)


@lru_cache(maxsize=1 << 14)
def _minted(variable: Variable, text: str) -> bool:
    return variable.characters.spells(text) and not any(shape.matches(text) for shape in variable.exclusions)


def presence(claim: str) -> Variable:
    """The variable that tells whether a token carries an optional claim."""
    return Variable(f"{claim}?", CharSet(""), values=("absent", "present"), dimension="presence")


class Slot(NamedTuple):
    """A variable's place in a term; `encoded` writes its colons as `%3A`."""

    variable: Variable
    encoded: bool = False


Term = tuple[str | Slot, ...]
"""A claim's text: literals and slots, concatenated."""


def fill(term: Term, values: Mapping[Variable, str]) -> str:
    """The text of `term` under an assignment of all its variables."""
    parts: list[str] = []
    for part in term:
        if isinstance(part, str):
            parts.append(part)
        else:
            value = values[part.variable]
            parts.append(value.replace(":", "%3A") if part.encoded else value)
    return "".join(parts)


@dataclass(frozen=True, eq=False)
class Shape:
    """One form of token: every claim as a term over shared variables."""

    name: str
    run: str
    """What kind of run mints it, in words: `branch`, `tag`, `pull request`, `environment`."""
    claims: Mapping[str, Term]
    lists: Mapping[str, Variable] = field(default_factory=dict)
    """Claims that are lists, with the variable every element is drawn from."""
    optional: Mapping[str, Variable] = field(default_factory=dict)
    """Claims that may be missing, with the presence variable (`present` or `absent`) that tells."""
    constants: Mapping[str, int | bool] = field(default_factory=dict)
    certain: bool = True
    """False where the issuer's documents do not settle whether such a token exists: it can never prove a way in."""
    note: str = ""
    """Why it is not certain."""
    unmerged: Predicate | None = None
    """Which of these tokens run code nobody has merged, over `$variable` claims; None for none."""
    fresh_unmerged: str | None = None
    """The variable that must be arbitrary for a token to count as unmerged code (a merge request's own branch)."""
    template: tuple[str, ...] = ()
    """The keys of the customised subject, if it is one."""
    only: Predicate = TRUE
    """Whose tokens have this shape, over `$variable` claims (a subject template that one tenant declared)."""
    narrower: bool = False
    """Whether another shape mints all of these tokens too; it is kept because its witnesses read better."""
    fixed: frozenset[str] = frozenset()
    """Variables that such a run cannot take arbitrarily (a schedule runs on the default branch only)."""

    @cached_property
    def variables(self) -> Mapping[str, Variable]:
        """Every variable of the shape by name."""
        slots = (part.variable for term in self.claims.values() for part in term if isinstance(part, Slot))
        return {v.name: v for v in (*slots, *self.lists.values(), *self.optional.values())}

    def term(self, claim: str) -> Term | None:
        """The term of a text claim; `$name` reads the variable itself. None when this shape has no such claim."""
        if claim.startswith("$"):
            variable = self.variables.get(claim[1:])
            return None if variable is None else (Slot(variable),)
        return self.claims.get(claim)

    def restricted(self, claims: frozenset[str]) -> tuple[object, ...]:
        """What of this shape a predicate over `claims` can see: shapes alike in it are one question."""
        visible = sorted(claims)
        return (
            tuple(
                (name, self.term(name), self.lists.get(name), self.optional.get(name), name in self.constants)
                for name in visible
            ),
            self.certain,
            self.only,
        )


@dataclass(frozen=True, slots=True)
class Template:
    """How a tenant may compose the claim of its own tokens out of others (GitHub's customised subjects).

    The claim becomes `key:value` segments joined by `joiner`, in any order, each key at most once.
    """

    claim: str
    joiner: str
    keys: tuple[str, ...]
    """Claims whose `name:value` may be a segment (a shape that lacks the claim lacks the segment)."""
    first: tuple[str, ...]
    """Those of `keys` that may come first."""
    special: Mapping[str, str]
    """Keys that print something else, as the name of a fragment every shape carries under `fragment <name>`."""
    rest: Variable
    """Any text: stands for segments not yet chosen."""


@dataclass(frozen=True, eq=False)
class Grammar:
    """All shapes of one issuer."""

    variables: Mapping[str, Variable]
    shapes: tuple[Shape, ...]
    template: Template | None = None
    fragments: Mapping[Shape, Mapping[str, Term]] = field(default_factory=dict)
    """The named parts each shape was built from, for templates."""
    single_tenant: bool = False
    """Whether the issuer mints for one tenant only, so that its URL pins the tenant."""
    families: Mapping[str, Variable] = field(default_factory=dict)
    """Beginnings of claim names → what such claims hold. A tenant may make up any number of them."""

    @cached_property
    def claims(self) -> frozenset[str]:
        """The names of all claims some shape has. What is not among them, nobody said that this issuer mints."""
        return frozenset(claim for s in self.shapes for claim in (*s.claims, *s.lists, *s.constants))

    def of_dimension(self, dimension: str) -> tuple[Variable, ...]:
        """The variables of one dimension, in declaration order."""
        return tuple(v for v in self.variables.values() if v.dimension == dimension)

    def extended(self, claims: Mapping[str, Variable]) -> Grammar:
        """This grammar with further free claims in every shape, for facts of a request that no issuer mints."""
        if not claims:
            return self
        terms: dict[str, Term] = {name: (Slot(variable),) for name, variable in claims.items()}
        pairs = [(replace(shape, claims={**shape.claims, **terms}), shape) for shape in self.shapes]
        return replace(
            self,
            variables={**self.variables, **{v.name: v for v in claims.values()}},
            shapes=tuple(new for new, _ in pairs),
            fragments={new: self.fragments.get(old, {}) for new, old in pairs},
        )

    def asked(self, claims: Iterable[str]) -> Grammar:
        """This grammar with those of `claims` that belong to a family, each free and perhaps missing."""
        found = {
            claim: variable
            for claim in sorted(claims)
            for prefix, variable in self.families.items()
            if claim.startswith(prefix) and claim != prefix
        }
        if not found:
            return self
        own = {claim: replace(variable, name=claim) for claim, variable in found.items()}
        perhaps = {claim: presence(claim) for claim in own}
        whole = self.extended(own)
        pairs = [(replace(new, optional={**new.optional, **perhaps}), new) for new in whole.shapes]
        fragments = {new: whole.fragments[old] for new, old in pairs}
        return replace(whole, shapes=tuple(new for new, _ in pairs), fragments=fragments)

    def distinct(self, shapes: Iterable[Shape], claims: frozenset[str], *, by_run: bool = False) -> tuple[Shape, ...]:
        """`shapes` without those that a predicate over `claims` cannot tell from an earlier one (of the same run)."""
        return _distinct(tuple(shapes), claims, by_run)[0]

    def representative(self, shape: Shape, shapes: tuple[Shape, ...], claims: frozenset[str]) -> Shape:
        """The first of `shapes` that a predicate over `claims` cannot tell from `shape`."""
        return _distinct(shapes, claims, False)[1].get(shape, shape)


@lru_cache(maxsize=1 << 10)  # what is remembered keeps forms of token alive
def _distinct(
    shapes: tuple[Shape, ...], claims: frozenset[str], by_run: bool
) -> tuple[tuple[Shape, ...], Mapping[Shape, Shape]]:
    seen: dict[tuple[object, ...], Shape] = {}
    alike: dict[Shape, Shape] = {}
    for shape in shapes:
        key = shape.restricted(claims)
        alike[shape] = seen.setdefault((*key, shape.run) if by_run else key, shape)
    return tuple(seen.values()), alike


def variable_in(variable: Variable, values: Iterable[str]) -> Predicate:
    """The variable has one of `values`, compared as the platform compares such names."""
    return Match(f"${variable.name}", ValueSet(values, ignore_case=variable.ignore_case))


def element_shape(variable: Variable) -> Shape:
    """A shape of one text claim `ELEMENT`, for questions about one element of a list."""
    return Shape(name="element", run="", claims={ELEMENT: (Slot(variable),)})


def exclusion(text: str) -> Pattern:
    """A glob no value of a variable matches."""
    return Pattern.glob(units(text))
