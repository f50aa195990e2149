"""Keys uploaded to a provider stand in for those of a public issuer.

## What it finds

A provider for an issuer that serves many tenants, with a key set of its own (`jwksJson`).

## Why it matters

Uploaded keys are used instead of the issuer's published ones. Whoever holds the private key signs any token at all in
the issuer's name, for any repository and any branch; and when the issuer changes its keys, honest tokens stop working.
For a cluster that nobody can reach from outside, uploading keys is the way it is done.

## Example

A provider for `https://token.actions.githubusercontent.com` with one key in `jwksJson`, left over from a test.

## Use instead

Remove the uploaded keys, so that the issuer's own are fetched:

    gcloud iam workload-identity-pools providers update-oidc PROVIDER \\
      --workload-identity-pool=POOL --location=global --jwk-json-path=""
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.issuers.catalogue import UNKNOWN
from auditor.model import Confidence, Finding, Fix, Source
from auditor.rules import pools, references
from auditor.rules.base import Context, Definition


def check_estate(context: Context) -> Iterable[Finding]:
    for decision in pools.providers(context):
        trust = decision.trust
        uploaded = trust.notes.get("uploaded-keys")
        if not uploaded or trust.issuer.kind == UNKNOWN or trust.issuer.grammar.single_tenant:
            continue
        document, pointer = uploaded
        yield RULE.finding(
            decision,
            title=f"Whoever holds an uploaded key signs as {trust.issuer.name} for {pools.short(trust.via)}",
            detail=f"The provider trusts its own key set and not the one that {trust.issuer.url} publishes. No "
            "condition and no binding helps against who has such a key: every claim is then of their making.",
            evidence=(Source(document, pointer),),
            fix=Fix("Remove the uploaded keys: then those that the issuer publishes are used."),
            discriminator=trust.via,
        )


RULE = Definition(
    id="uploaded-keys",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.GCP_FEDERATION, references.GCP_PRACTICES),
    estate=check_estate,
)
