"""From boxes to what people read: the extent of each dimension, and one plain sentence per trust."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from auditor.claims.grammar import Grammar, Variable
from auditor.claims.regions import Region, describe, exact_values
from auditor.claims.search import Constraint
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
    return tuple(_joined(_merged(entries)))


def _entry(region: Region, grammar: Grammar) -> Entry:
    run = region.shape.run
    entry: Entry = {}
    for variable in grammar.variables.values():
        here = region.shape.variables.get(variable.name)
        if here is None or variable.dimension in _HIDDEN:
            continue
        constraint = region.constraints.get(here)
        wanted = variable.dimension in _ALWAYS or (variable.dimension in _RUNS and variable.dimension == _dash(run))
        if constraint is not None or (wanted and variable.dimension not in entry):
            entry[variable.dimension] = ANY if constraint is None else _extent(here, constraint)
    if region.shape.template:
        entry["subject-template"] = Extent("exact", (", ".join(region.shape.template),))
    entry["run"] = Extent("exact", (run,))
    return entry


def _dash(run: str) -> str:
    return run.replace(" ", "-")


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
    if len(group) == 1:
        return group[0]
    values = tuple(sorted({value for entry in group for value in entry[dimension].values}))
    return {**group[0], dimension: Extent("exact" if len(values) == 1 else "list", values)}


def _joined(entries: list[Entry]) -> list[Entry]:
    """Entries for different kinds of run that say the same of everything else become one."""
    groups: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        common = tuple(sorted((k, v.label, v.values) for k, v in entry.items() if k not in (*_RUNS, "run")))
        own = {k: v for k, v in entry.items() if k in _RUNS}
        for turn in range(len(entries) + 1):
            joined = groups.setdefault((common, turn), {})
            if all(joined[k] == v for k, v in own.items() if k in joined):
                runs = sorted({*(joined["run"].values if joined else ()), *entry["run"].values})
                joined.update(entry)
                joined["run"] = Extent("exact" if len(runs) == 1 else "list", tuple(runs))
                break
    order = [*_ALWAYS, "run", *_RUNS]
    tidy = (
        {k: entry[k] for k in sorted(entry, key=lambda k: (order.index(k) if k in order else len(order), k))}
        for entry in groups.values()
        if entry
    )
    return sorted(tidy, key=lambda entry: [(k, v.label, v.values) for k, v in entry.items()])


def sentence(breadth: Breadth, issuer: Issuer, identity: str, complete: bool) -> str:
    """Who may become what, in one sentence; `identity` is the identity's short name."""
    if not breadth:
        if complete:
            return f"No token of {issuer.name} can become {identity}."
        return f"Which tokens of {issuer.name} can become {identity} is not known."
    shown = [_phrase(entry, issuer.nouns) for entry in breadth[:3]]
    more = len(breadth) - len(shown)
    who = "; ".join(dict.fromkeys(shown)) + (f"; and {more} more" if more else "")
    tail = "" if complete else " (at most: something about it is not known)"
    return f"{who[0].upper()}{who[1:]} on {issuer.name} may become {identity}{tail}."


def _phrase(entry: Mapping[str, Extent], nouns: Mapping[str, str]) -> str:
    if "subject" in entry:
        return _named(entry["subject"], "any subject", "subject")
    where = _where(entry, nouns)
    runs = entry["run"].values
    extents = {run: entry.get(_dash(run), ANY) for run in runs}
    free = [run for run, extent in extents.items() if extent.label == "any"]
    parts = [f"any {_list(tuple(free), most=len(free))}"] if free else []
    parts += [_named(extent, run, run) for run, extent in extents.items() if run not in free]
    what = _list(tuple(parts), most=len(parts))
    also = [
        f"{k.replace('-', ' ')} {_list(v.values)}"
        for k, v in entry.items()
        if k not in ("tenant", "project", "run", "audience", *_RUNS)
    ]
    through = f" with {', '.join(also)}" if also else ""
    return f"{what} of {where}{through}"


def _where(entry: Mapping[str, Extent], nouns: Mapping[str, str]) -> str:
    tenant, project = entry.get("tenant", ANY), entry.get("project", ANY)
    tenant_noun, project_noun = nouns.get("tenant", "tenant"), nouns.get("project", "project")
    if tenant.label == "exact" and project.label in ("exact", "list"):
        return _list(tuple(f"{tenant.values[0]}/{name}" for name in project.values))
    whose = f"any {tenant_noun}" if tenant.label == "any" else _named(tenant, tenant_noun, tenant_noun)
    if tenant.label == "exact":
        whose = tenant.values[0]
    if "project" not in entry:
        return whose
    what = f"any {project_noun}" if project.label == "any" else _named(project, project_noun, project_noun)
    return f"{what} of {whose}" if "tenant" in entry else what


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
