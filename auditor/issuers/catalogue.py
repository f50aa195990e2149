"""Finds the table of an issuer by its URL and builds its grammar.

An issuer no table knows gets the widest sound reading: an opaque subject anyone might hold, any audience.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Variable
from auditor.issuers.loader import build
from auditor.model import Issuer

Table = Mapping[str, Any]


@cache
def tables() -> tuple[Table, ...]:
    """All built-in issuer tables, sorted by id."""
    folder = resources.files("auditor.issuers")
    texts = (entry.read_text("utf-8") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    return tuple(sorted((tomllib.loads(text) for text in texts), key=lambda table: str(table["id"])))


def kinds() -> tuple[str, ...]:
    """The ids of all issuers there are tables for, as `[ours]` of the configuration names them."""
    return tuple(str(table["id"]) for table in tables())


def table_of(kind: str) -> Table | None:
    """The table of an issuer kind; None for `unknown`."""
    return next((table for table in tables() if table["id"] == kind), None)


@lru_cache(maxsize=4096)
def identify(url: str, subjects: tuple[str, ...] = ()) -> Issuer:
    """The issuer behind an `iss` URL. Never raises.

    `subjects` are texts a policy compares the subject with. They tell two products behind one URL apart (a row's
    `subject`), and a self-managed installation, whose host says nothing, by the form of its subjects (a table's
    `subject_hint`). Rows are tried before such guesses, `generic` ones (a telling word in the host) after all others.
    """
    rows = [(table, row) for table in tables() for row in table["issuers"]]
    for table, row in sorted(rows, key=lambda pair: ("subject" not in pair[1], pair[1].get("generic", False))):
        match = re.fullmatch(row["url"], url)
        if match is not None and ("subject" not in row or _all_begin(row["subject"], subjects)):
            return _issuer(url, table, row, match.groupdict())
    for table in tables():
        if "subject_hint" in table and _all_begin(table["subject_hint"], subjects):
            return _issuer(url, table, table["self_managed"], {})
    return Issuer(url=url, kind="unknown", name=url.removeprefix("https://"), grammar=opaque())


def _all_begin(form: str, subjects: tuple[str, ...]) -> bool:
    return bool(subjects) and all(re.match(form, subject) for subject in subjects)


def _issuer(url: str, table: Table, row: Table, names: Mapping[str, str | None]) -> Issuer:
    given = {name: value for name, value in names.items() if value is not None}
    grammar = _grammar(
        str(table["id"]), tuple(row.get("without", ())), tuple(sorted(given.items())), row.get("tenancy")
    )
    return Issuer(url, table["id"], row.get("name", table["name"]), _at(grammar, url), table.get("nouns", {}))


@lru_cache(maxsize=4096)
def _grammar(kind: str, without: tuple[str, ...], given: tuple[tuple[str, str], ...], tenancy: str | None) -> Grammar:
    table = table_of(kind)
    assert table is not None
    grammar = build(table, without=without, given=dict(given))
    return replace(grammar, single_tenant=tenancy == "single")


def _at(grammar: Grammar, url: str) -> Grammar:
    """`grammar` with the `iss` claim filled in."""
    placed = {replace(shape, claims={"iss": (url,), **shape.claims}): shape for shape in grammar.shapes}
    fragments = {new: grammar.fragments.get(old, {}) for new, old in placed.items()}
    return replace(grammar, shapes=tuple(placed), fragments=fragments)


_ANY_TEXT = CharSet.parse("^\x00-\x1f\x7f")


def opaque(claims: Iterable[str] = ()) -> Grammar:
    """Any token at all: free `sub` and `aud`, perhaps `azp`, `amr`, `email` and the further `claims`."""
    sub = Variable("sub", _ANY_TEXT, hints=("any-subject", "x"), dimension="subject", controller="anyone")
    aud = Variable("aud", _ANY_TEXT, hints=("any-audience",), dimension="audience", controller="anyone")
    free = [Variable(name, _ANY_TEXT, dimension=name) for name in dict.fromkeys(("azp", "email", *claims))]
    amr = Variable("amr", _ANY_TEXT, hints=("pwd",), dimension="amr")
    absent = ("absent", "present")
    optional = {v.name: Variable(f"{v.name}?", _ANY_TEXT, values=absent, dimension="presence") for v in (*free, amr)}
    shape = Shape(
        name="token",
        run="token",
        claims={
            "sub": (Slot(sub),),
            "aud": (Slot(aud),),
            **{v.name: (Slot(v),) for v in free},
        },
        lists={"amr": amr},
        optional=optional,
    )
    variables = {v.name: v for v in (sub, aud, *free, amr)}
    return Grammar(variables, (shape,))
