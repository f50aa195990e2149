"""How bad a finding is: one table of what is open (row) by what the identity may do (column), for all clouds.

Rows, from wide to narrow: a stranger's way in weighs more than a colleague's, a colleague's without review more than
one who can push anyway. What lets nobody in (dead or refused policies, idle registrations) is untidy, not dangerous,
and stays low whatever the identity may do. Columns: the same door is worse in front of more. `unknown` reads as
`wide-write`, which is what a deployment identity usually has: neither the worst assumed nor anything waved through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditor.model import Level, Severity

COLUMNS = tuple(Level)

_I, _L, _M, _H, _C = sorted(Severity)

TABLE: Mapping[str, tuple[Severity, ...]] = {
    # Exposure               admin escal. wide sens. scoped none unknown
    # Anyone on the platform; no access to anything of ours is needed.
    "any-tenant": (_C, _C, _C, _C, _H, _M, _C),
    # Says why strangers come in (any-tenant says that they do), and one stranger by name: a step below.
    "cross-issuer": (_C, _C, _H, _H, _M, _L, _H),
    "untrusted-tenant": (_C, _C, _H, _H, _M, _L, _H),
    # A foothold anywhere in the organisation is enough; or a change that nobody has reviewed.
    "any-project": (_C, _H, _H, _H, _M, _L, _H),
    "pull-request": (_C, _H, _H, _H, _M, _L, _H),
    # Write access to the one repository is needed: what protects main does not protect this.
    "any-branch": (_H, _H, _M, _M, _L, _L, _M),
    "any-tag": (_H, _H, _M, _M, _L, _L, _M),
    "any-environment": (_H, _H, _M, _M, _L, _L, _M),
    # The branches are named, and their protection stands in for that of the environment.
    "any-environment, of named branches": (_L, _L, _I, _I, _I, _I, _I),
    # Every account below, whoever may come; how many may come is the matter of the rows above.
    "broad-impersonation": (_H, _H, _M, _M, _L, _L, _M),
    # Whoever holds a key is the issuer: no condition helps.
    "uploaded-keys": (_H, _H, _M, _M, _L, _L, _M),
    # Somebody nobody knows, by a platform or by an issuer of their own.
    "foreign-issuer": (_H, _H, _M, _M, _L, _L, _M),
    "foreign-issuer, of many customers": (_M, _M, _L, _L, _L, _I, _L),
    # A way in beside the federated one, on which nothing is asked. A certificate's key is at least kept somewhere.
    "long-lived-secret-beside": (_M, _M, _M, _L, _L, _I, _M),
    "long-lived-certificate-beside": (_M, _M, _L, _L, _L, _I, _L),
    # What one identity may do, whoever may become it; the rows above tell who that is.
    "power, open": (_H, _H, _M, _M, _L, _I, _M),
    "power": (_M, _M, _L, _L, _I, _I, _L),
    "unused-identity": (_M, _M, _L, _L, _L, _I, _L),
    "unbounded-role": (_L, _L, _L, _L, _I, _I, _L),
    # The condition of the provider alone stands in the way.
    "pool-wide-binding": (_M, _M, _L, _L, _L, _I, _L),
    "shared-pool, one issuer twice": (_M, _M, _L, _L, _L, _I, _L),
    "shared-pool": (_L, _L, _L, _L, _I, _I, _L),
    # Reads like a restriction of the provider, and is none.
    "tautological-condition": (_M, _M, _M, _M, _L, _L, _M),
    "tautological-condition, tight": (_M, _M, _L, _L, _L, _I, _L),
    # What a binding names is not what it seems.
    "subject-collision": (_M, _M, _L, _L, _L, _I, _L),
    "misleading-attribute": (_M, _M, _L, _L, _L, _I, _L),
    # A condition that fools its reader; worse where something is open that it seems to close.
    "vacuous-condition": (_M, _M, _M, _M, _L, _L, _M),
    "vacuous-condition, otherwise tight": (_L, _L, _L, _L, _L, _I, _L),
    # Nobody gets in today. Somebody must first give a name up, or a service must pass a token on.
    "reusable-name": (_M, _M, _L, _L, _L, _I, _L),
    "reusable-name, guarded": (_L, _L, _I, _I, _I, _I, _I),
    "unchecked-audience": (_M, _M, _L, _L, _L, _I, _L),
    # May be anything: never silent, and not louder than what is proven.
    "undecided": (_M, _M, _L, _L, _L, _L, _L),
    # Not wrong in itself: tells where else to look.
    "environment-gate": (_L, _L, _I, _I, _I, _I, _I),
    "audience-unusual": (_L, _L, _I, _I, _I, _I, _I),
    "unknown-issuer": (_L, _L, _L, _L, _I, _I, _L),
    # Lets nobody in.
    "dead-trust": (_L, _L, _L, _L, _L, _L, _L),
    "dead-value": (_L, _L, _L, _L, _L, _L, _L),
    "refused-if-resaved": (_L, _L, _L, _L, _L, _L, _L),
    "orphan-provider": (_L, _L, _L, _L, _L, _L, _L),
    "unreferenced-provider": (_L, _L, _L, _L, _L, _L, _L),
    # What two audits tell apart. Who newly gets in is rated by the class they are of, if that is more; nothing that
    # grew is below low, so that no run that compares passes over it.
    "trust-grew": (_M, _M, _L, _L, _L, _L, _L),
    "trust-grew, undecided": (_M, _M, _L, _L, _L, _L, _L),
    "trust-added": (_M, _M, _L, _L, _L, _L, _L),
    "trust-added, nobody new": (_I, _I, _I, _I, _I, _I, _I),
    "power-grew, open": (_H, _H, _M, _M, _L, _L, _M),
    "power-grew": (_M, _M, _L, _L, _L, _L, _L),
    "trust-shrank": (_I, _I, _I, _I, _I, _I, _I),
    "trust-removed": (_I, _I, _I, _I, _I, _I, _I),
    "power-shrank": (_I, _I, _I, _I, _I, _I, _I),
    "finding-gone": (_I, _I, _I, _I, _I, _I, _I),
    # Says nothing about the clouds: what it is about counts by itself.
    "expired-waiver": (_L, _L, _L, _L, _L, _L, _L),
    "unused-waiver": (_L, _L, _L, _L, _L, _L, _L),
}


def rate(exposure: str, power: Level) -> Severity:
    """The severity of what is open in front of that much power. Raises KeyError for a row that is not in the table."""
    return TABLE[exposure][COLUMNS.index(power)]


def describe(exposures: Iterable[str]) -> str:
    """The severities of some rows in a few words: `low`, or `medium to critical`."""
    levels = sorted({severity for exposure in exposures for severity in TABLE[exposure]})
    return str(levels[0]) if len(levels) == 1 else f"{levels[0]} to {levels[-1]}"
