"""The cloud would refuse this trust if it were saved today.

## What it finds

A statement that the cloud's own checks for shared issuers refuse when a role is created or its trust changed; on Azure
an expression that tests too little, or a claim that none may test. Existing ones are never looked at, so they live on.

## Why it matters

It tells the age of the trust: nobody has touched it since the check came. The next edit fails, perhaps of something
else and in a hurry. That the check passes means little in the other direction: it accepts `repo:*`.

## Example

A role that trusts `token.actions.githubusercontent.com` and tests neither `sub` nor `job_workflow_ref`. On Azure:

    claims['sub'] matches 'repo:acme/app:*'

without `repository_id` or `repository_owner_id` beside it.

## Use instead

Test the claim the cloud asks for, exactly:

    "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.claims.verdict import Rejected
from auditor.model import Confidence, Decision, Finding, Fix, Source, Trust
from auditor.rules import fix_azure, fixes, references, words
from auditor.rules.base import Context, Definition


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    del context
    trust = decision.trust
    refused = [*trust.notes.get("refused-if-resaved", ()), *_expressions(trust)]
    if not refused or isinstance(decision.reachable, Rejected):
        return
    cloud = words.cloud(trust)
    reasons = dict.fromkeys(f"{why}." for _, _, why in refused)
    yield RULE.finding(
        decision,
        title=f"{cloud} would refuse to store the trust of {trust.identity.name} as it is",
        detail=f"{' '.join(reasons)} {cloud} checks this when a trust is written, not afterwards: this one is older "
        "than the check, and its next change fails.",
        evidence=[Source(document, pointer) for document, pointer, _ in refused],
        fix=_fix(trust),
    )


def _expressions(trust: Trust) -> Iterator[tuple[str, str, str]]:
    """What Azure would say of an expression, as document, pointer and reason."""
    for why in fix_azure.refusals(trust):
        yield trust.source.document, f"{trust.source.pointer}/{fix_azure.EXPRESSION}/value", why


def _fix(trust: Trust) -> Fix:
    if trust.provider == "azure":
        subject = "sub" in trust.notes["expression"]["claims"]
        ids = fix_azure.OWNER_IDS.get(trust.issuer.kind, ()) if subject else ()
        return fixes.of(
            "Ask for what a new expression has to ask for, or for one exact subject.",
            fix_azure.identified(trust, ids),
        )
    return Fix("Name the subject before something else has to be changed in a hurry.")


RULE = Definition(
    id="refused-if-resaved",
    documentation=__doc__,
    confidence=Confidence.MEDIUM,
    references=(references.AWS_CONTROLS, references.AZURE_EXPRESSIONS),
    trust=check,
)
