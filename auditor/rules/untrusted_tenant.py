"""A trust names a tenant that is not declared ours.

## What it finds

With `[ours]` in the configuration, for the kinds of issuer it lists: every tenant (owner, group, organisation) that a
trust pins exactly, and that the list does not hold. Names compare as the platform compares them. Where the list pins
ids (`"acme@123"`), the id counts as well.

## Why it matters

Nothing is wrong with the form of such a trust: it is as tight as it can be, for somebody else. A contractor long
gone, a copied example, a typing error, a back door; only you can tell.

## Example

`[ours] github = ["acme"]`, and a role that asks for `repo:evil-corp/deploy:ref:refs/heads/main`.

## Use instead

Strike the stranger out; or, if it is a partner, add it to `[ours]`, where it is on record.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.claims.grammar import variable_in
from auditor.claims.predicate import Predicate, disjunction
from auditor.claims.verdict import Accepted, Rejected
from auditor.config import Owned
from auditor.model import Confidence, Decision, Extent, Finding
from auditor.rules import fixes, references, words
from auditor.rules.base import Context, Definition
from auditor.rules.narrowing import confined, lines

MOST = 20
"""Strangers of one trust that get a finding each; any more share one."""

Stranger = tuple[str, Predicate]
"""What it is called, and what is true of its tokens."""


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    trust = decision.trust
    ours = context.ours
    if isinstance(decision.reachable, Rejected) or trust.issuer.url in ours.issuers:
        return
    owned = ours.tenants.get(trust.issuer.kind) if ours.declared else None
    if owned is None:
        return
    strangers = dict(_strangers(decision, owned))
    names = list(strangers)
    groups = [names[i : i + 1] for i in range(min(len(names), MOST))] + [names[MOST:]]
    for group in filter(None, groups):
        name = words.listed(group)
        verdict = context.reached(confined(trust, disjunction(strangers[one] for one in group)))
        if not isinstance(verdict, Rejected):
            yield _finding(decision, name, verdict if isinstance(verdict, Accepted) else None)


def _strangers(decision: Decision, owned: tuple[Owned, ...]) -> Iterator[Stranger]:
    """Tenants pinned by name that are not ours; and ids that are not ours, where all of ours have known ids."""
    grammar = decision.trust.issuer.grammar
    names = {text for entry in decision.breadth for text in _pinned(entry, "tenant")}
    for variable in grammar.of_dimension("tenant"):
        fold = str.lower if variable.ignore_case else str
        ours = {fold(one.name) for one in owned}
        for name in sorted(names):
            if fold(name) not in ours:
                yield name, variable_in(variable, (name,))
    known = {one.id for one in owned}
    if None in known:
        return
    for entry in decision.breadth:
        for number in _pinned(entry, "tenant-id"):
            if number not in known:
                theirs = disjunction(variable_in(v, (number,)) for v in grammar.of_dimension("tenant-id"))
                yield "@".join((*_pinned(entry, "tenant")[:1], number)), theirs


def _pinned(entry: Mapping[str, Extent], dimension: str) -> tuple[str, ...]:
    extent = entry.get(dimension)
    return extent.values if extent is not None and extent.label in {"exact", "list"} else ()


def _finding(decision: Decision, name: str, found: Accepted | None) -> Finding:
    trust = decision.trust
    issuer = trust.issuer
    noun = words.noun(issuer, "tenant")
    places = lines(trust, found.witness) if found else (trust.source,)
    strike = "Delete the credential" if trust.provider == "azure" else f"Strike {name} out"
    return RULE.finding(
        decision,
        title=f"{name} on {issuer.name}, not declared ours, can {trust.identity.gained}",
        detail=f"{decision.statement} The {noun} {name} is named in the trust, and [ours] does not hold it. "
        f"{words.power(decision)}",
        witness=found.witness if found else None,
        evidence=places,
        fix=fixes.drop(trust, places, f"{strike}; if it is a partner, add it to [ours]."),
        discriminator=name,
    )


RULE = Definition(
    id="untrusted-tenant",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.GITHUB_SUBJECTS, references.AWS_ROLES, references.AZURE_FEDERATION),
    trust=check,
)
