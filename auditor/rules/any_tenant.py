"""Anyone on the issuer's platform gets in: no organisation of yours is named.

## What it finds

A trust that accepts a token of a tenant (owner, group, organisation) it does not name. Names that merely begin like a
named one count, and so do subjects that a stranger may compose in an own project.

## Why it matters

Platforms such as GitHub and GitLab sign tokens for all of their customers with the same keys. Whoever opens a free
account can mint one, choose its audience, and become the identity. Nothing of yours has to be breached first.

## Example

A role that checks only the audience, or a subject pattern without the slash behind the owner:

    "StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme*"}

admits `repo:acme-evil/anything:ref:refs/heads/main`. So does a trust on a reusable workflow alone: any caller may call
a public one.

## Use instead

Name owner, project and branch or environment, letter by letter, and the immutable ids where the issuer has them:

    "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Confidence, Decision, Finding
from auditor.rules import exposure, fixes, references, words
from auditor.rules.base import Context, Definition


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    found = exposure.exposure(decision, context, RULE.id)
    if found is None:
        return
    issuer = decision.trust.issuer
    tenant = words.noun(issuer, "tenant")
    patterns = words.patterns(decision, "tenant")
    fits = f"Any {tenant} matching {words.listed(patterns)}" if patterns else "Anyone"
    stranger = found.who.named("tenant") if found.who else None
    ours = decision.tenants or tuple(one.name for one in context.ours.tenants.get(issuer.kind, ()))
    yield exposure.finding(
        RULE,
        found,
        who=f"{fits} on {issuer.name}",
        why=f"The token shown belongs to {stranger}, a stranger." if stranger else "",
        fix=fixes.narrow(found, f"Name {fixes.to_name(issuer, 'tenant', 'project')}.", keep=(), tenants=ours),
    )


RULE = Definition(
    id="any-tenant",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(
        references.GITHUB_SUBJECTS,
        references.AWS_CONTROLS,
        references.AWS_ROLES,
        references.GITLAB_AWS,
        references.AZURE_EXPRESSIONS,
    ),
    trust=check,
)
