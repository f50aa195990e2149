"""An attribute bears the name of one claim and holds another.

## What it finds

A mapped attribute that is called like a claim of the issuer, and is made of other claims or of none.

## Why it matters

Bindings and conditions are read by the attribute's name. `attribute.repository_id/42` looks like one repository; if the
attribute holds the id of the owner, it is all of that owner's.

## Example

    "attribute.repository_id": "assertion.repository_owner_id"

## Use instead

    "attribute.repository_id": "assertion.repository_id"
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.issuers.catalogue import UNKNOWN
from auditor.model import Confidence, Finding, Fix, Source
from auditor.rules import pools, references, words
from auditor.rules.base import Context, Definition

_PREFIX = "attribute."


def check_estate(context: Context) -> Iterable[Finding]:
    for decision in pools.providers(context):
        trust = decision.trust
        if trust.issuer.kind == UNKNOWN:
            continue
        for name, found in sorted(pools.mapping(trust).items()):
            claim = name.removeprefix(_PREFIX)
            read = found["claims"]
            if not name.startswith(_PREFIX) or claim not in trust.issuer.grammar.claims:
                continue
            if {claim, "sub", "*"}.isdisjoint(read):
                says = f"reads {words.listed(read, 'and')}" if read else "reads no claim at all"
                yield RULE.finding(
                    decision,
                    title=f"{name} of {pools.short(trust.via)} does not hold {claim}: it is {found['text']}",
                    detail=f"Tokens of {trust.issuer.name} have a claim {claim}; the attribute of that name {says}. "
                    "Whoever reads a binding or a condition with it is misled.",
                    evidence=(Source(trust.via, f"/attributeMapping/{name}"),),
                    fix=Fix(
                        "Map the claim of that name, or give the attribute another name.",
                        before=f'"{name}": "{found["text"]}"',
                        after=f'"{name}": "assertion.{claim}"',
                    ),
                    discriminator=f"{trust.via} {name}",
                )


RULE = Definition(
    id="misleading-attribute",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.GCP_PRACTICES, references.GCP_FEDERATION),
    estate=check_estate,
)
