"""From boxes to what people read: the extent of each dimension, and one plain sentence per trust."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from auditor.claims.grammar import Grammar, Shape, Variable
from auditor.claims.regions import Region, describe, exact_values
from auditor.claims.state import Constraint
from auditor.model import Breadth, Extent, Issuer

ANY = Extent("any")

Entry = dict[str, Extent]

_ALWAYS = ("tenant", "project", "subject")
"""Dimensions every entry names, also when nothing restricts them."""

_RUNS = ("branch", "tag", "pull-request", "environment")
"""Dimensions that belong to one kind of run."""

_HIDDEN = frozenset(("presence", "other"))


def breadth_of(found: Sequence[Region], grammar: Grammar) -> Breadth:
    """The boxes of a trust as `dimension → extent`, lists merged and equal kinds of run joined."""
    entries = [_entry(region, grammar) for region in found]
    return in_order(_joined(_merged(entries)))


def _entry(region: Region, grammar: Grammar) -> Entry:
    run = region.shape.run
    entry: Entry = {}
    for variable in grammar.variables.values():
        here = region.shape.variables.get(variable.name)
        if here is None or variable.dimension in _HIDDEN:
            continue
        constraint = region.constraints.get(here)
        name = _names(region.shape)[here]
        wanted = here.dimension in _ALWAYS or (here.dimension in _RUNS and here.dimension == _dash(run))
        if constraint is not None:
            entry[name] = _extent(here, constraint)
        elif here.values is not None and len(here.values) == 1 and wanted:
            entry[name] = Extent("exact", here.values)  # the issuer's URL says so
        elif wanted and name not in entry and not (grammar.single_tenant and here.dimension == "tenant"):
            entry[name] = ANY
    if region.shape.template:
        entry["subject-template"] = Extent("exact", (", ".join(region.shape.template),))
    entry["run"] = Extent("exact", (run,))
    return entry


@lru_cache(maxsize=1024)
def _names(shape: Shape) -> Mapping[Variable, str]:
    """Variable → its dimension, or its own name where a shape has several (a workspace of a project, ids)."""
    dimensions = Counter(variable.dimension for variable in shape.variables.values())
    return {
        v: _dash(v.name) if v.dimension in ("project", "tenant-id") and dimensions[v.dimension] > 1 else v.dimension
        for v in shape.variables.values()
    }


def project_parts(shape: Shape) -> tuple[str, ...]:
    """The parts a project's name is made of in this shape, as breadth names them."""
    names = tuple(_dash(v.name) for v in shape.variables.values() if v.dimension == "project")
    return names if len(names) > 1 else ("project",) * len(names)


@lru_cache(maxsize=1024)
def _all_parts(grammar: Grammar) -> tuple[str, ...]:
    """The parts of a project's name in any shape."""
    return tuple(dict.fromkeys(name for shape in grammar.shapes for name in project_parts(shape)))


@lru_cache(maxsize=4096)
def _dash(name: str) -> str:
    return name.replace(" ", "-").replace("_", "-")


def _extent(variable: Variable, constraint: Constraint) -> Extent:
    values = exact_values(variable, constraint)
    if values is None:
        return Extent("pattern", describe(constraint))
    return Extent("exact" if len(values) == 1 else "list", values)


def _merged(entries: Iterable[Entry]) -> list[Entry]:
    """Entries that differ in one exactly listed dimension become one entry with the longer list."""
    current = list(entries)
    for dimension in sorted({name for entry in current for name in entry}):
        groups: dict[tuple[object, ...], list[Entry]] = {}
        for entry in current:
            listed = entry.get(dimension)
            rest = tuple(sorted((k, v.label, v.values) for k, v in entry.items() if k != dimension))
            mergeable = listed is not None and listed.label in ("exact", "list") and dimension != "run"
            key = (rest, mergeable, None if mergeable or listed is None else (listed.label, listed.values))
            groups.setdefault(key, []).append(entry)
        current = [_union(group, dimension) for group in groups.values()]
    return current


def _union(group: list[Entry], dimension: str) -> Entry:
    first = group[0].get(dimension)
    if len(group) == 1 or first is None or first.label not in ("exact", "list"):
        return group[0]  # the others say the same
    values = tuple(sorted({value for entry in group for value in entry[dimension].values}))
    return {**group[0], dimension: Extent("exact" if len(values) == 1 else "list", values)}


def _joined(entries: list[Entry]) -> list[Entry]:
    """Entries for different kinds of run that say the same of everything else become one."""
    groups: dict[tuple[object, int], Entry] = {}
    places: dict[object, int] = {}  # what an entry says of its run → the group that says so; its dimensions → the next
    for entry in entries:
        common = tuple(sorted((k, v.label, v.values) for k, v in entry.items() if k not in (*_RUNS, "run")))
        own = {k: v for k, v in entry.items() if k in _RUNS}
        said, dimensions = (common, tuple(own.items())), (common, tuple(own))
        turn = places.get(said, places.get(dimensions, 0))
        while not all(groups.get((common, turn), {}).get(k, v) == v for k, v in own.items()):
            turn += 1
        places[dimensions] = max(turn, places.get(dimensions, 0))
        places[said] = turn
        joined = groups.setdefault((common, turn), {})
        runs = sorted({*(joined["run"].values if joined else ()), *entry["run"].values})
        joined.update(entry)
        joined["run"] = Extent("exact" if len(runs) == 1 else "list", tuple(runs))
    order = [*_ALWAYS, "run", *_RUNS]
    return [
        {k: entry[k] for k in sorted(entry, key=lambda k: (order.index(k) if k in order else len(order), k))}
        for entry in groups.values()
        if entry
    ]


def with_values(extent: Extent, values: Iterable[str]) -> Extent:
    """An extent with other names for its values."""
    # What is admitted comes first, what is excluded from it behind (`regions.describe`).
    told = tuple(sorted(values, key=lambda text: (text.startswith("not "), text)))
    return extent if told == extent.values else Extent(extent.label, told)


def in_order(entries: Iterable[Mapping[str, Extent]]) -> Breadth:
    """Entries in the order in which reports show them."""
    return tuple(sorted(entries, key=lambda entry: [(k, v.label, v.values) for k, v in entry.items()]))


def sentence(breadth: Breadth, issuer: Issuer, gained: str, complete: bool) -> str:
    """Who may become what, in one sentence; `gained` is what they get, e.g. `become deploy`."""
    if not breadth:
        if complete:
            return f"No token of {issuer.name} can {gained}."
        return f"Which tokens of {issuer.name} can {gained} is not known."
    parts = _all_parts(issuer.grammar)
    nouns = dict(issuer.nouns)
    if len(parts) > 1:  # each part of a project's name has a name of its own
        nouns.pop("project", None)
    shown = [_phrase(entry, nouns, tuple(dict.fromkeys(("project", *parts)))) for entry in breadth[:3]]
    more = len(breadth) - len(shown)
    who = "; ".join(dict.fromkeys(shown)) + (f"; and {more} more" if more else "")
    tail = "" if complete else " (at most: something about it is not known)"
    return f"{who[0].upper()}{who[1:]} on {issuer.name} may {gained}{tail}."


def _phrase(entry: Mapping[str, Extent], nouns: Mapping[str, str], parts: tuple[str, ...]) -> str:
    if "subject" in entry:
        return _named(entry["subject"], "any subject", "subject")
    runs = entry["run"].values
    extents = {nouns.get(_dash(run), run): entry.get(_dash(run), ANY) if _dash(run) in _RUNS else ANY for run in runs}
    free = [run for run, extent in extents.items() if extent.label == "any"]
    named = [f"any {_list(tuple(free), most=len(free))}"] if free else []
    named += [_named(extent, run, run) for run, extent in extents.items() if run not in free]
    where = _where(entry, nouns, [part for part in parts if part in entry])
    told = {"tenant", "run", "audience", *parts, *map(_dash, runs)}
    also = [
        f"{name.replace('-', ' ')} {_list(extent.values)}"
        for name, extent in entry.items()
        if name not in told and extent.label != "any"
    ]
    through = f" with {', '.join(also)}" if also else ""
    return f"{_list(tuple(named), most=len(named))}{f' of {where}' if where else ''}{through}"


def _where(entry: Mapping[str, Extent], nouns: Mapping[str, str], parts: list[str]) -> str:
    """`acme/app`, or `any repository of owner matching acme*`: the innermost part of the project's name first."""
    owner = [entry["tenant"]] if "tenant" in entry else []
    whole = [*owner, *(entry[part] for part in parts)]
    if parts and all(extent.label == "exact" for extent in whole[:-1]) and whole[-1].label in ("exact", "list"):
        prefix = "/".join(extent.values[0] for extent in whole[:-1])
        return _list(tuple(f"{prefix}/{name}" if prefix else name for name in whole[-1].values))
    said = [_of_noun(entry[part], nouns.get(part, part.replace("-", " "))) for part in reversed(parts)]
    if owner:
        exact = owner[0].label == "exact"
        said.append(owner[0].values[0] if exact else _of_noun(owner[0], nouns.get("tenant", "tenant")))
    return " of ".join(said)


def _of_noun(extent: Extent, noun: str) -> str:
    return _named(extent, f"any {noun}", noun)


def _named(extent: Extent, anything: str, noun: str) -> str:
    match extent.label:
        case "any":
            return anything
        case "exact":
            return f"{noun} {extent.values[0]}"
        case "list":
            return f"{noun} {_list(extent.values)}"
        case "pattern":
            return f"{noun} matching {_list(extent.values, 'and')}"


def _list(values: tuple[str, ...], last: str = "or", *, most: int = 4) -> str:
    shown = list(values[:most])
    if len(values) > most:
        return f"{', '.join(shown)} {last} {len(values) - most} more"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {last} {shown[-1]}" if shown else ""
