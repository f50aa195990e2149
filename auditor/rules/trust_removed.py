"""A trust that was there before is gone.

## What it finds

`auditor diff` finds a trust in the older state and none of that identity, issuer and door in the newer one. Where a
part of the account, project or subscription could not be read in the newer state, the trust may still be there: then
the finding is of low confidence and says so. Of places that the newer state does not cover at all nothing is said, and
the comparison counts as incomplete.

## Why it matters

It is what a clean-up looks like. Where nobody cleaned up, somebody broke a deployment.

## Example

    - "Principal": {"Federated": "arn:aws:iam::111122223333:oidc-provider/gitlab.com"}

## Use instead

Nothing: it is information.
"""

from __future__ import annotations

from auditor.model import Confidence, Decision, Finding, Fix
from auditor.rules import references
from auditor.rules.base import Definition
from auditor.rules.changes import about
from auditor.rules.severity import rate


def finding(old: Decision, *, certain: bool) -> Finding:
    """The finding about one trust that is not there any more; `certain` if everything of its place was read."""
    trust = old.trust
    doubt = "Not everything of its place could be read, so that it may still be there."
    return about(
        RULE,
        old,
        severity=rate(RULE.id, old.power),
        title=f"A trust by which tokens of {trust.issuer.name} could {trust.identity.gained} is gone",
        detail=(f"Before: {old.statement}", "" if certain else doubt),
        fix=Fix("Nothing, if it was meant."),
        confidence=None if certain else Confidence.LOW,
    )


RULE = Definition(
    id="trust-removed",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_ROLES, references.GCP_PRACTICES, references.AZURE_CONSIDERATIONS),
    compares=True,
)
