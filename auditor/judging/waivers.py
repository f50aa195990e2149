"""What the configuration says of findings: how some are rated, and which somebody decided to live with for a time.

A waived finding stays in every report and fails no run. A waiver that is over, or that nothing answers to, is itself a
finding: what was once decided is not to be forgotten.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from auditor.config import RuleSettings, Waiver
from auditor.errors import ConfigError
from auditor.model import Decision, Finding, Severity, Status, Waived
from auditor.rules import CHANGES, RULES, expired_waiver, unused_waiver


def check_rules(waivers: Iterable[Waiver]) -> None:
    """Raises `ConfigError`, naming file and line, for a waiver of no rule, or of one that tells of changes."""
    for waiver in waivers:
        _known(waiver.rule, waiver.where)
        if waiver.rule in {rule.id for rule in CHANGES}:
            raise ConfigError(
                f"{waiver.where}: {waiver.rule} tells of a change, and no waiver holds for one; "
                "once it is wanted, compare with the newer state"
            )


def check_settings(settings: Mapping[str, RuleSettings]) -> None:
    """Raises `ConfigError`, naming file and line, for settings of a rule that does not exist."""
    for rule, given in settings.items():
        _known(rule, given.where)


def _known(rule: str, where: str) -> None:
    known = [one.id for one in RULES]
    if rule not in known:
        near = difflib.get_close_matches(rule, known, n=1)
        hint = f"did you mean {near[0]}?" if near else "`auditor rules` lists them"
        raise ConfigError(f"{where}: there is no rule {rule!r}; {hint}")


def rated(findings: Iterable[Finding], settings: Mapping[str, RuleSettings]) -> Iterator[Finding]:
    """`findings` with the severities the user gave their rules. A failed check is rated by nobody's wish."""
    for finding in findings:
        wanted = settings.get(finding.rule)
        if wanted is None or wanted.severity is None or finding.status is Status.ERROR:
            yield finding
        else:
            yield replace(finding, severity=Severity[wanted.severity.upper()])


@dataclass(frozen=True, slots=True)
class Settled:
    """Findings, and the waivers that spoke of some."""

    findings: tuple[Finding, ...]
    answered: frozenset[Waiver]


def settle(
    findings: Iterable[Finding], waivers: Sequence[Waiver], decisions: Iterable[Decision], collected: str
) -> Settled:
    """`findings` of some portion of an estate with those waived that `waivers` speak of.

    `collected` is the moment the audit speaks of, RFC 3339: a waiver holds up to and on the day it expires. A failed
    check is nothing anybody could have agreed to, and is never waived.
    """
    if not waivers:
        return Settled(tuple(findings), frozenset())
    today = _day(collected)
    identities = {decision.trust.id: decision.trust.identity.id for decision in decisions}
    used: set[Waiver] = set()
    settled = [_settled(finding, waivers, identities.get(finding.subject), today, used) for finding in findings]
    return Settled(tuple(settled), frozenset(used))


def about(waivers: Sequence[Waiver], answered: Collection[Waiver], collected: str) -> Iterator[Finding]:
    """What there is to say about the waivers themselves, once it is known which ones anything answered to."""
    today = _day(collected)
    for waiver in dict.fromkeys(waivers):
        if waiver not in answered:
            yield unused_waiver.finding(waiver)
        elif waiver.expires < today:
            yield expired_waiver.finding(waiver)


def _day(moment: str) -> date:
    return datetime.fromisoformat(moment).date()


def _settled(
    finding: Finding, waivers: Sequence[Waiver], identity: str | None, today: date, used: set[Waiver]
) -> Finding:
    if finding.status is not Status.OPEN:
        return finding
    fitting = [
        one for one in waivers if one.rule == finding.rule and one.subject in {finding.id, finding.subject, identity}
    ]
    used.update(fitting)
    holding = next((one for one in fitting if one.expires >= today), None)
    if holding is None:
        return finding
    return replace(
        finding,
        status=Status.WAIVED,
        waiver=Waived(holding.reason, holding.owner, holding.expires.isoformat()),
    )
