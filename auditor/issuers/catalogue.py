"""Finds the table of an issuer by its URL and builds its grammar.

An issuer no table knows gets the widest sound reading: an opaque subject anyone might hold, any audience.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from importlib import resources
from typing import Any
from weakref import WeakValueDictionary

from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Variable, presence
from auditor.errors import ConfigError
from auditor.issuers.loader import build
from auditor.issuers.schema import TableError, check, check_like
from auditor.model import Issuer
from auditor.toml_lines import Written

Table = Mapping[str, Any]

UNKNOWN = "unknown"
"""The kind of issuers that nobody described."""

NOWHERE = -1
"""The place of issuers that no row describes."""

_Row = tuple[str, Table]
"""The kind of issuer a URL belongs to, and the row of its table that says so."""

_Key = tuple[str, int, tuple[str, ...]]
"""URL, number of the row, claims besides those of the tables: what makes an issuer."""

REMEMBERED = 1 << 10
"""Issuers that are kept though nobody holds them: estates have one for each of their clusters."""


class Catalogue:
    """All the issuer tables of one audit: the built-in ones and those of the configuration.

    A value: equal contents are one object (see `catalogue_of`), and an issuer is the same object as long as somebody
    holds it, since grammars compare by identity. It and they can be sent to other processes.
    """

    def __init__(self, own: tuple[Written, ...]) -> None:
        """Use `catalogue_of`. Raises `ConfigError`, naming file and line, for a table that is not well formed."""
        self.own = own
        tables = {str(table["id"]): table for table in built_in_tables()}
        first: list[_Row] = []
        for written in own:
            table = _checked(written, tables)
            tables.setdefault(kind := str(table.get("like", table.get("id"))), table)
            first.extend((kind, row) for row in table["issuers"])
        self._tables = dict(sorted(tables.items()))
        rows = [(kind, row) for kind, table in self._tables.items() for row in table["issuers"]]
        built_in = [pair for pair in rows if not any(pair[1] is row for _, row in first)]
        built_in.sort(key=lambda pair: ("subject" not in pair[1], pair[1].get("generic", False)))
        self._rows = (*first, *built_in)
        self._guesses = tuple((k, t["self_managed"]) for k, t in self._tables.items() if "self_managed" in t)
        self._rows_for: Callable[[str], list[int]] = lru_cache(REMEMBERED)(self._fitting)
        self._lately: Callable[[_Key], Issuer] = lru_cache(REMEMBERED)(self._issuer)
        self._issuers: WeakValueDictionary[_Key, Issuer] = WeakValueDictionary()
        self._grammars: Callable[..., Grammar] = lru_cache(REMEMBERED)(self._grammar)

    def __reduce__(self) -> tuple[object, ...]:
        return catalogue_of, (self.own,)

    @property
    def tables(self) -> tuple[Table, ...]:
        """All tables, sorted by id. They have passed `schema.check`."""
        return tuple(self._tables.values())

    def kinds(self) -> tuple[str, ...]:
        """The ids of all issuers there are tables for, sorted, as `[ours]` of the configuration names them."""
        return tuple(self._tables)

    def table_of(self, kind: str) -> Table | None:
        """The table of an issuer kind; None for `unknown`."""
        return self._tables.get(kind)

    def identify(self, url: str, subjects: tuple[str, ...] = (), claims: Iterable[str] = ()) -> Issuer:
        """The issuer behind an `iss` URL. Never raises.

        `subjects` are texts a policy compares the subject with. They tell two products behind one URL apart (a row's
        `subject`), and a self-managed installation, whose host says nothing, by the form of its subjects (a table's
        `subject_hint`). The user's own rows are tried first, then the built-in ones, then `generic` ones (a telling
        word in the host), then such guesses. `claims` are the claims a policy reads: an issuer nobody described may
        mint any of them, the others those of their `families`.
        """
        for place in self._rows_for(url):
            form = self._rows[place][1].get("subject")
            if form is None or _all_begin(form, subjects):
                return self.issuer(url, place, tuple(sorted(set(claims))))
        for place, (kind, _) in enumerate(self._guesses, start=len(self._rows)):
            if _all_begin(self._tables[kind]["subject_hint"], subjects):
                return self.issuer(url, place, tuple(sorted(set(claims))))
        return self.issuer(url, NOWHERE, tuple(sorted(set(claims))))

    def told_by_url(self, url: str) -> bool:
        """Whether the URL alone tells the issuer, so that `identify` needs no subjects."""
        return any("subject" not in self._rows[place][1] for place in self._rows_for(url)[:1])

    def _fitting(self, url: str) -> list[int]:
        return [i for i, (_, row) in enumerate(self._rows) if re.fullmatch(row["url"], url)]

    def issuer(self, url: str, place: int, claims: tuple[str, ...]) -> Issuer:
        """The issuer of the row number `place`; the same object every time. For `identify` and for other processes."""
        if place != NOWHERE:
            kind, _ = (*self._rows, *self._guesses)[place]
            claims = tuple(c for c in claims if c.startswith(tuple(self._tables[kind].get("families", ()))))
        return self._lately((url, place, claims))

    def _issuer(self, key: _Key) -> Issuer:
        url, place, claims = key
        found = self._issuers.get(key)
        if found is None:
            recipe = (self.issuer, key)
            if place == NOWHERE:
                found = Issuer(url, UNKNOWN, url.removeprefix("https://"), _at(opaque(claims), url), recipe=recipe)
            else:
                kind, row = (*self._rows, *self._guesses)[place]
                table = self._tables[kind]
                named = re.fullmatch(row["url"], url) if "url" in row else None
                given = {} if named is None else named.groupdict()
                names = tuple((name, value) for name, value in sorted(given.items()) if value is not None)
                grammar = _at(self._grammars(kind, tuple(row.get("without", ())), row["tenancy"], names, claims), url)
                found = Issuer(url, kind, row.get("name", table["name"]), grammar, table.get("nouns", {}), recipe)
            self._issuers[key] = found
        return found

    def _grammar(
        self,
        kind: str,
        without: tuple[str, ...],
        tenancy: str,
        names: tuple[tuple[str, str], ...],
        claims: tuple[str, ...],
    ) -> Grammar:
        grammar = build(self._tables[kind], without=without, given=dict(names))
        return replace(grammar, single_tenant=tenancy == "single").asked(claims)


def catalogue_of(own: tuple[Written, ...] = ()) -> Catalogue:
    """The built-in tables and a user's `own`, which are asked first. Raises `ConfigError` for one not well formed."""
    return _catalogue(own)


@lru_cache(maxsize=64)
def _catalogue(own: tuple[Written, ...]) -> Catalogue:
    return Catalogue(own)


@cache
def built_in_tables() -> tuple[Table, ...]:
    """All built-in issuer tables, sorted by id."""
    folder = resources.files("auditor.issuers")
    texts = (entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(sorted((tomllib.loads(text) for text in texts), key=lambda table: str(table["id"])))


def tables() -> tuple[Table, ...]:
    """All built-in issuer tables, sorted by id."""
    return built_in_tables()


def kinds() -> tuple[str, ...]:
    """The ids of the built-in tables."""
    return catalogue_of().kinds()


def table_of(kind: str) -> Table | None:
    """The built-in table of an issuer kind; None for `unknown`."""
    return catalogue_of().table_of(kind)


def identify(url: str, subjects: tuple[str, ...] = (), claims: Iterable[str] = ()) -> Issuer:
    """`Catalogue.identify` of the built-in tables alone."""
    return catalogue_of().identify(url, subjects, claims)


def format_of(table: Table, shape: Shape) -> Table | None:
    """The row of `formats` a shape of the table belongs to: the first whose options it has, with one of `any_of`."""
    has = set(shape.name.split())
    for row in table.get("formats", ()):
        if has.issuperset(row.get("options", ())) and ("any_of" not in row or has.intersection(row["any_of"])):
            return dict(row)
    return None


def _checked(written: Written, known: Mapping[str, Table]) -> Table:
    table: Any = written.value
    try:
        if isinstance(table, dict) and "like" in table:
            check_like(table, known)
        else:
            check(table, taken=(*known, UNKNOWN))
            for row in table["issuers"]:
                build(table, without=row.get("without", ()))
    except TableError as error:
        raise ConfigError(f"{written.where(error.place)}: {error}") from error
    return dict(table)


def _all_begin(form: str, subjects: tuple[str, ...]) -> bool:
    return bool(subjects) and all(re.match(form, subject) for subject in subjects)


def _at(grammar: Grammar, url: str) -> Grammar:
    """`grammar` with the `iss` claim filled in."""
    placed = {replace(shape, claims={"iss": (url,), **shape.claims}): shape for shape in grammar.shapes}
    fragments = {new: grammar.fragments.get(old, {}) for new, old in placed.items()}
    return replace(grammar, shapes=tuple(placed), fragments=fragments)


_ANY_TEXT = CharSet.parse("^\x00-\x1f\x7f")


@lru_cache(maxsize=1024)
def opaque(claims: tuple[str, ...] = ()) -> Grammar:
    """Any token at all: free `sub` and `aud`, perhaps `azp`, `amr`, `email` and the further `claims`."""
    sub = Variable("sub", _ANY_TEXT, hints=("any-subject", "x"), dimension="subject", controller="anyone")
    aud = Variable("aud", _ANY_TEXT, hints=("any-audience",), dimension="audience", controller="anyone")
    names = dict.fromkeys(("azp", "email", *claims))
    free = [Variable(name, _ANY_TEXT, dimension=name) for name in names if name not in ("iss", "sub", "aud", "amr")]
    amr = Variable("amr", _ANY_TEXT, hints=("pwd",), dimension="amr")
    shape = Shape(
        name="token",
        run="token",
        claims={
            "sub": (Slot(sub),),
            "aud": (Slot(aud),),
            **{v.name: (Slot(v),) for v in free},
        },
        lists={"amr": amr},
        optional={v.name: presence(v.name) for v in (*free, amr)},
    )
    variables = {v.name: v for v in (sub, aud, *free, amr)}
    return Grammar(variables, (shape,))
