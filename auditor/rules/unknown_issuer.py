"""A trusted issuer that nobody has described to the auditor.

## What it finds

A trust in an issuer that no built-in table knows and the configuration does not describe either. It is judged by the
widest reading: any subject, held by anybody, with any audience and any claim. On Azure only where somebody is known to
use the issuer; the others are the matter of `foreign-issuer`.

## Why it matters

Who can get a token with a given subject, which part of it a stranger chooses, what a pull request is minted: without
that, an exact subject may be as open as none, and most questions about the trust stay unknown.

## Example

A role that trusts `https://ci.example.com`, the company's own build system.

## Use instead

Describe the issuer in `auditor.toml`, by `[[issuer]]` or in a file listed under `issuer-tables`: its URL, its variables
and who chooses them, its claims. An installation of a product the auditor knows needs its URL only:
`like = "gitlab"`.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.claims.verdict import Rejected
from auditor.issuers.catalogue import UNKNOWN
from auditor.model import Confidence, Decision, Finding, Fix
from auditor.rules import foreign_issuer, references
from auditor.rules.base import Context, Definition, Persona


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    del context
    if decision.trust.provider != "azure" and _undescribed(decision):
        yield _finding(decision)


def check_estate(context: Context) -> Iterable[Finding]:
    """On Azure, issuers that somebody is known to use: `foreign-issuer` speaks of the others."""
    foreign = foreign_issuer.foreign(context)
    for decision in context.decisions:
        trust = decision.trust
        if trust.provider == "azure" and _undescribed(decision) and trust.issuer.url not in foreign:
            yield _finding(decision)


def _undescribed(decision: Decision) -> bool:
    trust = decision.trust
    known = trust.issuer.kind != UNKNOWN or not {"policy-unread", "not-oidc"}.isdisjoint(trust.notes)
    return not known and not isinstance(decision.reachable, Rejected)


def _finding(decision: Decision) -> Finding:
    trust = decision.trust
    return RULE.finding(
        decision,
        title=f"{trust.identity.name} trusts an issuer nobody has described: {trust.issuer.url}",
        detail=f"Who can get which token of {trust.issuer.name} is not known, so the trust was judged as if anybody "
        "could get any.",
        evidence=(trust.source,),
        fix=Fix(
            "Describe the issuer in auditor.toml, or name the product it is an installation of.",
            after=f'[[issuer]]\nlike = "gitlab"  # or a description of its own: docs/describing-issuers.md\n'
            f"[[issuer.issuers]]\nurl = '{_pattern(trust.issuer.url)}'\ntenancy = \"instance\"",
        ),
    )


def _pattern(url: str) -> str:
    """The URL as a regular expression that a TOML literal can hold."""
    return "".join(char if char.isalnum() or char in "/:-_" else "." if char == "'" else f"\\{char}" for char in url)


RULE = Definition(
    id="unknown-issuer",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_PROVIDERS, references.AZURE_FEDERATION),
    trust=check,
    estate=check_estate,
    persona=Persona.PEDANTIC,
)
