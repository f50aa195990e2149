"""A trust that was not there before.

## What it finds

`auditor diff` finds a trust that the older state does not have. Where everybody who gets in by it got in before, by
other trusts of the same identity, it is information only: a renamed credential, one binding written as two. Where the
older state does not cover the account, project or subscription, or not all of it, the trust may have been there all
along, and the finding says so.

## Why it matters

A new way in is a decision somebody made. It may be tight and wanted; nobody should learn of it from an incident.

## Example

    + "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"}

## Use instead

Nothing, where somebody asked for it. Delete it where nobody did.
"""

from __future__ import annotations

from auditor.claims.verdict import Rejected
from auditor.model import Confidence, Finding, Fix
from auditor.rules import references, words
from auditor.rules.base import Definition
from auditor.rules.changes import Addition, about, doors
from auditor.rules.severity import rate

ADDED, NOBODY_NEW = "trust-added", "trust-added, nobody new"


def finding(addition: Addition) -> Finding:
    """The finding about one new trust."""
    new = addition.new
    trust, gained = new.trust, new.trust.identity.gained
    dead = isinstance(new.reachable, Rejected)
    row = NOBODY_NEW if dead or addition.nobody_new else ADDED
    what, why = f"A new trust lets tokens of {trust.issuer.name} {gained}", ""
    if dead:
        what = f"A new trust in {trust.issuer.name} lets nobody {gained}"
    elif addition.nobody_new:
        what = f"A new trust lets only those tokens of {trust.issuer.name} {gained} that could before"
        why = "Whoever gets in by it got in before, by other trusts of the same identity."
    return about(
        RULE,
        new,
        severity=rate(row, new.power),
        title=what,
        detail=(
            new.statement,
            why,
            "The identity is new as well." if addition.new_identity else "",
            "" if dead else words.power(new),
            "" if addition.looked else "It may have been there before: the older state does not cover that place.",
        ),
        evidence=doors(trust, addition.token),
        witness=addition.token,
        fix=Fix("Delete it if nobody asked for it."),
        confidence=None if addition.looked else Confidence.MEDIUM,
    )


RULE = Definition(
    id=ADDED,
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_ROLES, references.GCP_PRACTICES, references.AZURE_CONSIDERATIONS),
    compares=True,
    exposures=(ADDED, NOBODY_NEW),
)
