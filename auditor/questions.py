"""Questions about an estate: what a token becomes, how far a repository reaches, who gets at an identity. All pure.

Trusts pass by one after the other, and only those that are part of the answer are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from auditor.claims.verdict import Rejected
from auditor.config import Config
from auditor.decide import decide
from auditor.judging.checks import confirm, confirmed
from auditor.judging.estate import Estate
from auditor.model import Decision, Identity, Json, Trust
from auditor.pipeline import ledger
from auditor.progress import Progress
from auditor.providers.base import Provider
from auditor.reach import Entry, Origin, Reached, ReachReport, Upstream, WhoReport, ranked, runs_admitted
from auditor.snapshot import Snapshot
from auditor.tokens.admission import Admission, Admits, admissions, considered, judge
from auditor.tokens.answer import Answer, find
from auditor.tokens.explain import explain, quoting
from auditor.tokens.nearest import View
from auditor.tokens.read import Decoded


def hold(
    snapshot: Snapshot,
    providers: Sequence[Provider],
    config: Config,
    decoded: Decoded,
    view: View,
    name: str | None,
    progress: Progress,
) -> Answer:
    """Hold one token against what `snapshot` has of `providers`: what it could become, and why not `name`. Pure.

    Raises `UsageError` when `name` means no identity, or several.
    """
    estate = Estate(snapshot, providers, config)
    issuer = str(decoded.claims["iss"])
    meant: list[tuple[Trust, Admits]] = []
    identities: dict[Identity, dict[str, None]] = {}
    trusts = 0
    progress("reading trusts")
    for trust in estate.trusts():
        trusts += 1
        if name is not None:
            identities.setdefault(trust.identity, {})[trust.issuer.url] = None
        if considered(trust, issuer):
            meant.append((trust, estate.rooms[trust.provider].admits))
    named = None if name is None else find(name, identities, (document.id for document in snapshot.documents))
    progress(f"trying {len(meant)} trusts")
    judged = admissions(meant, decoded)
    asked = tuple(judge(trust, decoded, admits) for trust, admits in meant if trust.identity == named)
    quote = quoting(_bodies(snapshot, asked))
    return Answer(
        started=snapshot.started,
        finished=snapshot.finished,
        coverage=ledger(snapshot, providers),
        trusts=trusts,
        admissions=judged,
        named=named,
        why=tuple(explain(one, decoded.claims, view, quote) for one in asked),
        elsewhere=() if named is None or asked else tuple(identities[named]),
    )


def _bodies(snapshot: Snapshot, asked: Iterable[Admission]) -> Mapping[str, Json]:
    """The documents that the statements of some trusts stand in, by id."""
    clauses = (clause for one in asked for statement in one.trust.statements for clause in statement.clauses)
    wanted = {clause.source.document for clause in clauses}
    return {document.id: document.body for document in snapshot.documents if document.id in wanted} if wanted else {}


def reach(
    snapshot: Snapshot, providers: Sequence[Provider], config: Config, origin: Origin, progress: Progress
) -> ReachReport:
    """Every identity that tokens of `origin` come to, directly and by becoming others on the way."""
    estate = Estate(snapshot, providers, config)
    entries: dict[Identity, list[Entry]] = {}
    asked = 0
    progress("asking every trust")
    for trust in estate.trusts():
        asked += trust.issuer.kind == origin.kind
        runs = runs_admitted(trust, origin, config.ours)
        checked = {run: confirmed(estate.rooms[trust.provider], trust, verdict) for run, verdict in runs.items()}
        if checked:
            entries.setdefault(trust.identity, []).append(Entry(trust, checked))
    reached: dict[Identity, Reached] = {}
    for first, doors in entries.items():
        open_door = any(entry.kinds(accepted=True) for entry in doors)
        for identity, way in estate.graph.ways(first).items():
            certain = open_door and all(step.certain for step in way)
            standing = estate.graph.standing(identity)
            found = Reached(identity, standing, tuple(entries.get(identity, ())), first, way, certain)
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
        failures=tuple(estate.failures()),
    )


def who(snapshot: Snapshot, providers: Sequence[Provider], config: Config, name: str, progress: Progress) -> WhoReport:
    """Every federated way into the identity meant by `name`. Raises `UsageError` when it means none, or several."""
    estate = Estate(snapshot, providers, config)
    progress("reading trusts")
    identity = find(name, chain((trust.identity for trust in estate.trusts()), estate.graph.identities()))
    progress(f"looking for ways to {identity.name}")
    ways = estate.graph.ways_into(identity)
    living: dict[Identity, list[Decision]] = {}
    for trust in estate.trusts():
        if trust.identity in ways:
            decision = confirm(estate.rooms[trust.provider], decide(trust, config.ours))
            if not isinstance(decision.reachable, Rejected):
                living.setdefault(trust.identity, []).append(decision)
    upstream = [Upstream(one, way, tuple(living[one])) for one, way in ways.items() if one in living]
    return WhoReport(
        started=snapshot.started,
        finished=snapshot.finished,
        coverage=ledger(snapshot, providers),
        identity=identity,
        standing=estate.graph.standing(identity),
        upstream=tuple(sorted(upstream, key=lambda one: (len(one.way), one.identity.provider, one.identity.id))),
        failures=tuple(estate.failures()),
    )
