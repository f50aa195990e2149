"""A role that impersonates is granted above the service account: on a project, a folder or the organisation.

## What it finds

`roles/iam.workloadIdentityUser`, or any other role with a permission to mint tokens of a service account, granted to a
federated principal on a project, folder or organisation.

## Why it matters

The permission is looked up on the account and on everything above it. So the principal becomes every service account
below, those of the platform's own services and those created tomorrow included; the strongest of them says what the
grant is worth.

## Example

    gcloud projects add-iam-policy-binding northwind-prod \\
      --role=roles/iam.workloadIdentityUser --member=principalSet://…

## Use instead

The same role on the one account that is meant:

    gcloud iam service-accounts add-iam-policy-binding deploy@northwind-prod.iam.gserviceaccount.com \\
      --role=roles/iam.workloadIdentityUser --member=principalSet://…
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.claims.verdict import Accepted, Rejected
from auditor.model import Confidence, Decision, Finding, Fix, Source
from auditor.rules import references, words
from auditor.rules.base import Context, Definition


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    del context
    trust = decision.trust
    grants = trust.notes.get("impersonates", ())
    if not grants or isinstance(decision.reachable, Rejected):
        return
    roles = words.listed(dict.fromkeys(role for role, _, _ in grants), "and")
    yield RULE.finding(
        decision,
        title=f"Tokens of {trust.issuer.name} can become every service account of {trust.identity.name}",
        detail=f"{decision.statement} {roles} is granted there to {trust.member}, and holds for every service account "
        "below, also for those created tomorrow.",
        witness=decision.reachable.witness if isinstance(decision.reachable, Accepted) else None,
        evidence=[Source(document, pointer) for _, document, pointer in grants],
        fix=Fix("Grant the role on the one service account that is meant, and take it away here."),
    )


RULE = Definition(
    id="broad-impersonation",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.GCP_ACCOUNTS, references.GCP_PRACTICES),
    trust=check,
)
