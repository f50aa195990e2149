"""Whom the tokens of one tenant or project become, in every cloud, and who can get at one identity."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from auditor.claims.grammar import Shape, Variable, variable_in
from auditor.claims.predicate import TRUE, conjunction
from auditor.claims.solver import Admitted
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.claims.work import DECISION_BUDGET, Work
from auditor.config import Ours
from auditor.decide import case_of
from auditor.errors import UsageError
from auditor.graph import Standing, Way
from auditor.issuers.catalogue import Catalogue
from auditor.model import Decision, Finding, Identity, Trust
from auditor.snapshot import Coverage, Status

ALIASES = {"repo": "github", "project_path": "gitlab", "organization": "terraform-cloud"}
"""What subjects begin with, where people know it better than the issuer's id."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where tokens come from: a tenant of a kind of issuer, or a project of it."""

    kind: str
    """The id of the issuer's table, e.g. `github`."""
    name: str
    """What people call the issuer."""
    tenant: str
    """Empty where that is no notion of the issuer: an own cluster."""
    tenant_id: str | None
    """The platform's id of the tenant, where it was given as `NAME@ID`."""
    project: tuple[str, ...]
    """The parts of the project's name; what is left out at the end is free."""

    @property
    def text(self) -> str:
        tenant = (self.tenant,) if self.tenant else ()
        return "/".join((*tenant, *self.project))


def origin_of(text: str, catalogue: Catalogue) -> Origin:
    """`repo:my-org/my-app`, `gitlab:group/project`, `kubernetes:namespace/account` …: the tokens that are meant.

    The first part names the issuer by its id in `auditor issuers`. Raises `UsageError` when it is none of those, or
    when nothing is named.
    """
    before, colon, path = text.partition(":")
    kind = ALIASES.get(before, before)
    table = catalogue.table_of(kind)
    parts = tuple(path.split("/"))
    if not colon or not all(parts):
        raise UsageError(f"{text!r} is not ISSUER:TENANT[/PROJECT], for example repo:my-org/my-app")
    if table is None:
        known = ", ".join((*ALIASES, *catalogue.kinds()))
        raise UsageError(f"there is no issuer {before!r}; known: {known}")
    tenanted = any(v.get("dimension", name) == "tenant" for name, v in table["variables"].items())
    tenant, project = (parts[0], parts[1:]) if tenanted else ("", parts)
    name, at, number = tenant.rpartition("@")
    return Origin(
        kind=kind,
        name=str(table["name"]),
        tenant=name if at else tenant,
        tenant_id=number if at else None,
        project=project,
    )


def runs_admitted(trust: Trust, origin: Origin, ours: Ours) -> Mapping[str, Verdict]:
    """Kind of run → whether a token of `origin` from such a run gets in; only those that may, empty when none does.

    Of a trust that could not be read nobody knows whose tokens it lets in: any run may, of any issuer.
    """
    if trust.issuer.kind != origin.kind:
        unread = trust.notes.get("policy-unread")
        return {} if unread is None else {"any": Undecided(str(unread))}
    case = case_of(trust, ours)
    shapes = tuple(_narrowed(case.shapes, origin))
    admitted = Admitted(case.predicate, case.grammar, shapes, Work(DECISION_BUDGET))
    found: dict[str, Verdict] = {}
    for run in dict.fromkeys(shape.run for shape in shapes):
        alike = tuple(shape for shape in shapes if shape.run == run)
        verdict = admitted.ask(TRUE, alike, Work(parent=admitted.work))
        if not isinstance(verdict, Rejected):
            found[run] = verdict
    return found


def _narrowed(shapes: Iterable[Shape], origin: Origin) -> Iterator[Shape]:
    """The forms of token that `origin` has, pinned to its names."""
    for shape in shapes:
        tenants = _of(shape, "tenant")
        projects = _of(shape, "project") or _of(shape, "project-id")
        names = "/".join(origin.project).rsplit("/", max(len(projects) - 1, 0)) if origin.project else []
        if (origin.tenant and not tenants) or len(names) > len(projects):
            continue
        only = [
            *(variable_in(variable, (origin.tenant,)) for variable in tenants if origin.tenant),
            *(variable_in(v, (origin.tenant_id,)) for v in _of(shape, "tenant-id") if origin.tenant_id),
            *(variable_in(variable, (name,)) for variable, name in zip(projects, names, strict=False)),
        ]
        yield replace(shape, only=conjunction((shape.only, *only)))


def _of(shape: Shape, dimension: str) -> list[Variable]:
    return [variable for variable in shape.variables.values() if variable.dimension == dimension]


@dataclass(frozen=True, slots=True)
class Entry:
    """One trust that lets tokens of the origin in."""

    trust: Trust
    runs: Mapping[str, Verdict]
    """Kind of run → accepted or undecided."""

    @property
    def verdict(self) -> Accepted | Undecided:
        """The first accepted one, else the first undecided one."""
        ranked = sorted(self.runs.values(), key=lambda verdict: isinstance(verdict, Undecided))
        assert isinstance(ranked[0], Accepted | Undecided)
        return ranked[0]

    def kinds(self, *, accepted: bool) -> tuple[str, ...]:
        """The kinds of run that get in, or those of which that is not known."""
        return tuple(run for run, verdict in self.runs.items() if isinstance(verdict, Accepted) is accepted)


@dataclass(frozen=True, slots=True)
class Reached:
    """One identity that tokens of the origin come to."""

    identity: Identity
    standing: Standing
    entries: tuple[Entry, ...]
    """The trusts that let them in directly; empty where only others lead to it."""
    first: Identity
    """The identity they become first, where the way begins."""
    way: Way
    """From `first` to `identity`; empty where they become it directly."""
    certain: bool
    """Whether a token is proven to get in, and every step."""


@dataclass(frozen=True, slots=True)
class ReachReport:
    """Everything `auditor reach` tells."""

    started: str
    finished: str
    coverage: tuple[Coverage, ...]
    origin: Origin
    trusts: int
    """Trusts in tokens of this kind of issuer."""
    reached: tuple[Reached, ...]
    """Most powerful first, then those with fewer steps."""
    failures: tuple[Finding, ...]
    """What this program failed to work out on the way."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left open."""
        return (
            _complete(self.coverage)
            and not self.failures
            and all(isinstance(entry.verdict, Accepted) for one in self.reached for entry in one.entries)
        )


@dataclass(frozen=True, slots=True)
class Upstream:
    """One identity from which the one asked for can be reached, and who gets in there."""

    identity: Identity
    way: Way
    """To the identity asked for; empty for itself."""
    decisions: tuple[Decision, ...]
    """Its trusts, except those proven dead."""


@dataclass(frozen=True, slots=True)
class WhoReport:
    """Everything `auditor who` tells."""

    started: str
    finished: str
    coverage: tuple[Coverage, ...]
    identity: Identity
    standing: Standing
    upstream: tuple[Upstream, ...]
    """Those that a federated token can become, nearest first."""
    failures: tuple[Finding, ...]
    """What this program failed to work out on the way."""

    @property
    def complete(self) -> bool:
        """Whether nothing is left open."""
        verdicts = (d.reachable for one in self.upstream for d in one.decisions)
        unsettled = any(isinstance(verdict, Undecided) for verdict in verdicts)
        return _complete(self.coverage) and not self.failures and not unsettled


def _complete(coverage: Collection[Coverage]) -> bool:
    return bool(coverage) and not any(row.status in (Status.DENIED, Status.FAILED) for row in coverage)


def ranked(found: Iterable[Reached]) -> tuple[Reached, ...]:
    """In the order of `ReachReport.reached`."""
    return tuple(
        sorted(
            found,
            key=lambda one: (-one.standing.level.rank, len(one.way), one.identity.provider, one.identity.id),
        )
    )
