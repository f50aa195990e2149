"""Turns an issuer table (TOML) into a `Grammar`.

A table names variables, then builds shapes as the product of its *axes*: one option is taken from each axis, options
bring fragments (`<name>`), claims and properties, and claims are texts with `{variable}` or `{variable:encoded}` slots.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Any

from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Template, Term, Variable, presence
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import TRUE, Match, Predicate, disjunction
from auditor.issuers.schema import FRAGMENT, SLOT, Place, TableError

Table = Mapping[str, Any]

MAX_NESTED = 40
"""Fragments within fragments; more is a circle."""


def build(table: Table, *, without: Iterable[str] = (), given: Mapping[str, str] | None = None) -> Grammar:
    """The grammar of one issuer of the table's kind; the table has passed `schema.check`.

    `without` names axis options this issuer does not have; `given` fixes variables by name (an issuer URL that names
    its tenant). Raises `TableError` for what only the product of the axes shows to be wrong.
    """
    variables = {name: _variable(name, row) for name, row in table["variables"].items()}
    for name, value in (given or {}).items():
        old = variables[name]
        variables[name] = Variable(
            name, old.characters, values=(value,), hints=(value,), ignore_case=old.ignore_case,
            dimension=old.dimension, controller=old.controller,
        )  # fmt: skip
    presences = {f"{claim}?": presence(claim) for claim in _optional_claims(table)}
    removed = frozenset(without)
    axes = [[option for option in axis if option["name"] not in removed] for axis in table.get("axes", {}).values()]
    shapes: dict[tuple[object, ...], Shape] = {}
    fragments: dict[Shape, Mapping[str, Term]] = {}
    for options in itertools.product(*axes):
        shape, parts = _shape(table, options, variables, presences)
        key = (
            *(tuple(part.items()) for part in (shape.claims, shape.lists, shape.optional, shape.constants)),
            shape.fresh_unmerged,
        )
        if key not in shapes or (shape.certain and not shapes[key].certain):
            shapes[key] = shape
            fragments[shape] = parts
    return Grammar(
        variables=variables,
        shapes=tuple(shapes.values()),
        template=_template(table["template"]) if "template" in table else None,
        fragments=fragments,
        families={prefix: variables[name] for prefix, name in table.get("families", {}).items()},
    )


def _variable(name: str, row: Table) -> Variable:
    place: Place = ("variables", name)
    values = tuple(row["values"]) if "values" in row else None
    minimum, maximum = row.get("length", (1, 255))
    variable = Variable(
        name=name,
        characters=_characters((*place, "characters"), row.get("characters", "^\x00-\x1f\x7f")),
        minimum=minimum,
        maximum=maximum,
        exclusions=tuple(Pattern.glob(shape) for shape in row.get("never", ())),
        values=values,
        hints=tuple(row.get("hints", values or ("x",))),
        ignore_case=row.get("ignore_case", False),
        dimension=row.get("dimension", name.replace("_", "-")),
        controller=row.get("by", "platform"),
    )
    for hint in variable.hints:
        if not variable.contains(hint):
            where: Place = (*place, "hints") if "hints" in row else place
            raise TableError(where, f"variable {name}: the hint {hint!r} is not one of its values")
    return variable


def _characters(place: Place, text: str) -> CharSet:
    try:
        return CharSet.parse(text)
    except ValueError as error:
        raise TableError(place, str(error)) from error


def _optional_claims(table: Table) -> set[str]:
    options = (option for axis in table.get("axes", {}).values() for option in axis)
    return set(table.get("optional", ())).union(*(option.get("optional", ()) for option in options))


def _shape(
    table: Table, options: tuple[Table, ...], variables: Mapping[str, Variable], presences: Mapping[str, Variable]
) -> tuple[Shape, Mapping[str, Term]]:
    texts: dict[str, str] = dict(table.get("fragments", {}))
    claims: dict[str, str] = dict(table["claims"])
    optional: list[str] = list(table.get("optional", ()))
    unmerged: list[Predicate] = []
    run = fresh = note = ""
    certain, narrower = True, False
    constants: dict[str, int | bool] = dict(table.get("constants", {}))
    fixed: set[str] = set()
    for option in options:
        texts.update(option.get("fragments", {}))
        claims.update(option.get("claims", {}))
        constants.update(option.get("constants", {}))
        optional.extend(option.get("optional", ()))
        run = option.get("run", run)
        fresh = option.get("fresh_unmerged", fresh)
        note = option.get("note", note)
        certain = certain and option.get("certain", True)
        narrower = narrower or option.get("narrower", False)
        fixed.update(option.get("fixed", ()))
        unmerged.extend(_unmerged(option.get("unmerged", False)))
    lists = {name: variables[value[1:-1]] for name, value in claims.items() if value.startswith("[")}
    terms = {name: _term(text, texts, variables) for name, text in claims.items() if not text.startswith("[")}
    parts = {name: _term(text, texts, variables) for name, text in texts.items()}
    shape = Shape(
        name=" ".join(option["name"] for option in options) or "token",
        run=run,
        claims=terms,
        lists=lists,
        optional={claim: presences[f"{claim}?"] for claim in dict.fromkeys(optional)},
        constants=constants,
        certain=certain,
        note=note,
        unmerged=disjunction(unmerged) if unmerged else None,
        fresh_unmerged=fresh or None,
        narrower=narrower,
        fixed=frozenset(fixed),
    )
    return shape, parts


def _unmerged(value: bool | Table) -> list[Predicate]:
    if isinstance(value, bool):
        return [TRUE] if value else []
    return [Match(f"${name}", ValueSet(values)) for name, values in value.items()]


def _term(text: str, fragments: Mapping[str, str], variables: Mapping[str, Variable]) -> Term:
    for _ in range(MAX_NESTED):
        match = FRAGMENT.search(text)
        if match is None:
            break
        if match[1] not in fragments:
            raise TableError((), f"no fragment <{match[1]}> for {text!r}")
        text = text[: match.start()] + fragments[match[1]] + text[match.end() :]
    else:
        raise TableError((), f"fragments refer to each other in a circle, or too deeply: {text[:60]!r}")
    parts: list[str | Slot] = []
    end = 0
    for match in SLOT.finditer(text):
        if match.start() > end:
            parts.append(text[end : match.start()])
        parts.append(Slot(variables[match[1]], encoded=bool(match[2])))
        end = match.end()
    if end < len(text) or not parts:
        parts.append(text[end:])
    return tuple(parts)


def _template(row: Table) -> Template:
    rest = Variable("rest", CharSet("", negated=True), minimum=0, maximum=4096, hints=("x",))
    first = tuple(row.get("first", row["keys"]))
    return Template(row["claim"], row["joiner"], tuple(row["keys"]), first, dict(row.get("special", {})), rest)
