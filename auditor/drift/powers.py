"""What identities may do now and could not then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.claims.verdict import Rejected
from auditor.graph import Standing
from auditor.model import Decision, Finding, Identity, Level
from auditor.report.base import Report
from auditor.rules import power_grew, power_shrank
from auditor.rules.changes import Growth


def findings(old: Report, new: Report) -> Iterator[Finding]:
    """About every identity that both sides know the power of, and that a federated token can still become, or may."""
    before = {_key(identity): standing for identity, standing in old.standings.items()}
    for identity, doors in _entered(new.decisions).items():
        then, now = before.get(_key(identity)), new.standings.get(identity)
        if then is None or now is None:
            continue
        growth = Growth(identity, then, now, tuple(doors))
        answer = _grew(then, now)
        if answer is True:
            yield power_grew.finding(growth)
        elif isinstance(answer, str):
            yield power_grew.finding(Growth(identity, then, now, tuple(doors), answer))
        elif now.level < then.level and not _gaps(now) and then.level is not Level.UNKNOWN:
            yield power_shrank.finding(growth)


def _grew(then: Standing, now: Standing) -> bool | str:
    """Whether it may do more than then; why that is not known, where it is not."""
    if then.level is Level.ADMIN:
        return False
    if then.level is Level.UNKNOWN and now.level not in (Level.UNKNOWN, Level.NONE) and now.level > then.level:
        return f"what it could do before was not known: {', '.join(_gaps(then)[:1]) or 'a report did not say'}"
    if now.level is not Level.UNKNOWN and now.level > then.level:
        return True
    fresh = [gap for gap in _gaps(now) if gap not in _gaps(then)]
    if fresh and now.level is not Level.ADMIN:
        return fresh[0]
    unsure = now.level is Level.UNKNOWN and then.level is not Level.UNKNOWN
    return "what it may do now is not known" if unsure else False


def _gaps(standing: Standing) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*standing.profile.power.gaps, *standing.held.power.gaps)))


def _entered(decisions: Iterable[Decision]) -> dict[Identity, list[Decision]]:
    doors: dict[Identity, list[Decision]] = {}
    for decision in decisions:
        if not isinstance(decision.reachable, Rejected):
            doors.setdefault(decision.trust.identity, []).append(decision)
    return doors


def _key(identity: Identity) -> tuple[str, str, str]:
    return identity.provider, identity.kind, identity.id
