"""Questions about an estate: what a token becomes, how far a repository reaches, who gets at an identity. All pure."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.checks import GuardedAuthority, confirm, confirmed
from auditor.claims.verdict import Rejected
from auditor.config import Config
from auditor.decide import decide
from auditor.graph import Graph
from auditor.issuers.catalogue import Catalogue, catalogue_of
from auditor.model import Finding, Identity, Trust
from auditor.pipeline import ledger, trust_order
from auditor.progress import Progress
from auditor.providers.base import Provider
from auditor.reach import Entry, Origin, Reached, ReachReport, Upstream, WhoReport, ranked, runs_admitted
from auditor.snapshot import Snapshot
from auditor.tokens.admission import admissions, considered, judge
from auditor.tokens.answer import Answer, find
from auditor.tokens.explain import explain, quoting
from auditor.tokens.nearest import View
from auditor.tokens.read import Decoded


def hold(
    snapshot: Snapshot,
    providers: Sequence[Provider],
    issuers: Catalogue,
    decoded: Decoded,
    view: View,
    name: str | None,
    progress: Progress,
) -> Answer:
    """Hold one token against what `snapshot` has of `providers`: what it could become, and why not `name`. Pure.

    Raises `UsageError` when `name` means no identity, or several.
    """
    trusts: list[tuple[Trust, Provider]] = []
    for provider in providers:
        progress(f"reading the trusts of {provider.id}")
        trusts.extend((trust, provider) for trust in provider.trusts(snapshot, issuers))
    trusts.sort(key=lambda pair: trust_order(pair[0]))
    issuer = str(decoded.claims["iss"])
    ids = (document.id for document in snapshot.documents)
    named = None if name is None else find(name, (trust.identity for trust, _ in trusts), ids)
    progress(f"trying {len(trusts)} trusts")
    meant = [(trust, one.admits) for trust, one in trusts if considered(trust, issuer)]
    judged = admissions(meant, decoded)
    quote = quoting({document.id: document.body for document in snapshot.documents})
    asked = tuple(judge(trust, decoded, admits) for trust, admits in meant if trust.identity == named)
    return Answer(
        started=snapshot.started,
        finished=snapshot.finished,
        coverage=ledger(snapshot, providers),
        trusts=len(trusts),
        admissions=judged,
        named=named,
        why=tuple(explain(one, decoded.claims, view, quote) for one in asked),
        elsewhere=tuple(
            dict.fromkeys(trust.issuer.url for trust, _ in trusts if trust.identity == named and not asked)
        ),
    )


def reach(
    snapshot: Snapshot, providers: Sequence[Provider], config: Config, origin: Origin, progress: Progress
) -> ReachReport:
    """Every identity that tokens of `origin` come to, directly and by becoming others on the way."""
    trusts = _trusts(snapshot, providers, config, progress)
    graph, failures = _graph(snapshot, providers, trusts)
    entries: dict[Identity, list[Entry]] = {}
    asked = 0
    progress(f"asking {len(trusts)} trusts")
    for trust, provider in trusts:
        asked += trust.issuer.kind == origin.kind
        runs = runs_admitted(trust, origin, config.ours)
        checked = {run: confirmed(provider, trust, verdict) for run, verdict in runs.items()}
        if checked:
            entries.setdefault(trust.identity, []).append(Entry(trust, checked))
    reached: dict[Identity, Reached] = {}
    for first, doors in entries.items():
        open_door = any(entry.kinds(accepted=True) for entry in doors)
        for identity, way in graph.ways(first).items():
            certain = open_door and all(step.certain for step in way)
            found = Reached(identity, graph.standing(identity), tuple(entries.get(identity, ())), first, way, certain)
            known = reached.get(identity)
            if known is None or (len(way), not certain) < (len(known.way), not known.certain):
                reached[identity] = found
    return ReachReport(
        started=snapshot.started,
        finished=snapshot.finished,
        coverage=ledger(snapshot, providers),
        origin=origin,
        trusts=asked,
        reached=ranked(reached.values()),
        failures=tuple(one for found in failures for one in found),
    )


def who(snapshot: Snapshot, providers: Sequence[Provider], config: Config, name: str, progress: Progress) -> WhoReport:
    """Every federated way into the identity meant by `name`. Raises `UsageError` when it means none, or several."""
    trusts = _trusts(snapshot, providers, config, progress)
    graph, failures = _graph(snapshot, providers, trusts)
    doors: dict[Identity, list[tuple[Trust, Provider]]] = {}
    for trust, provider in trusts:
        doors.setdefault(trust.identity, []).append((trust, provider))
    identity = find(name, [*doors, *graph.identities()])
    progress(f"looking for ways to {identity.name}")
    upstream = []
    for one, way in graph.ways_into(identity).items():
        decided = (confirm(provider, decide(trust, config.ours)) for trust, provider in doors.get(one, ()))
        living = tuple(decision for decision in decided if not isinstance(decision.reachable, Rejected))
        if living:
            upstream.append(Upstream(one, way, living))
    return WhoReport(
        started=snapshot.started,
        finished=snapshot.finished,
        coverage=ledger(snapshot, providers),
        identity=identity,
        standing=graph.standing(identity),
        upstream=tuple(sorted(upstream, key=lambda one: (len(one.way), one.identity.provider, one.identity.id))),
        failures=tuple(one for found in failures for one in found),
    )


def _trusts(
    snapshot: Snapshot, providers: Sequence[Provider], config: Config, progress: Progress
) -> list[tuple[Trust, Provider]]:
    """Every trust of the estate, in the order of reports, with its provider."""
    issuers = catalogue_of(config.issuers)
    found: list[tuple[Trust, Provider]] = []
    for provider in providers:
        progress(f"reading the trusts of {provider.id}")
        found.extend((trust, provider) for trust in provider.trusts(snapshot, issuers))
    return sorted(found, key=lambda pair: trust_order(pair[0]))


def _graph(
    snapshot: Snapshot, providers: Sequence[Provider], trusts: Sequence[tuple[Trust, Provider]]
) -> tuple[Graph, list[list[Finding]]]:
    """The graph of an estate, and where its failures will be listed."""
    authorities = {one.id: GuardedAuthority(one.authority(snapshot), one.id) for one in providers}
    return Graph(authorities, (trust for trust, _ in trusts)), [one.failures for one in authorities.values()]
