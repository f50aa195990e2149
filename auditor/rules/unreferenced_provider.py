"""A provider of a workload identity pool that no policy uses.

## What it finds

An enabled provider of an enabled pool, where no policy that was read grants anything to an identity of the pool.

## Why it matters

It is a door without a room behind it: one binding to the pool, however small the mistake in it, opens it to everybody
the provider's condition lets in. Nobody watches a provider that nobody uses.

## Example

A pool for a CI system that was given up two years ago.

## Use instead

Delete the provider, or the whole pool; deleting can be undone for 30 days:

    gcloud iam workload-identity-pools delete POOL --location=global
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Confidence, Finding, Fix, Level
from auditor.rules import references
from auditor.rules.base import Context, Definition
from auditor.rules.severity import rate

KIND = "workload-identity-pool-provider"
"""The kind of identity that such a provider is listed as."""


def check_estate(context: Context) -> Iterable[Finding]:
    for identity, source in context.idle:
        if identity.kind != KIND:
            continue
        yield Finding(
            rule=RULE.id,
            severity=rate(RULE.id, Level.NONE),
            confidence=RULE.confidence,
            subject=identity.id,
            subject_kind="identity",
            title=f"No policy uses the provider {identity.name}",
            detail=f"Google Cloud accepts its tokens in {identity.scope}, and no policy that was read grants anything "
            "to an identity of its pool. Policies of single resources, such as buckets, count as read only where Cloud "
            "Asset Inventory could be searched (coverage: direct-grants).",
            witness=None,
            evidence=(source,),
            fix=Fix("Delete the provider or its pool if nobody is about to use it."),
        )


RULE = Definition(
    id="unreferenced-provider",
    documentation=__doc__,
    confidence=Confidence.MEDIUM,
    references=(references.GCP_PRACTICES,),
    estate=check_estate,
)
