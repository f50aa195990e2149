"""Any project of a named organisation gets in, also one created tomorrow.

## What it finds

A trust that names an organisation, and accepts tokens of a project of it that it does not name. For an issuer that
mints for one tenant only, such as a cluster, any workload there.

## Why it matters

The least guarded repository of the organisation is then as good as the one the identity was made for. Many people may
create repositories, and forks inside the organisation count as well.

## Example

    "StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/*"}

admits `repo:acme/a-test-nobody-remembers:ref:refs/heads/main`. In a cluster, `system:serviceaccount:*:deploy` admits
the account of that name in every namespace.

## Use instead

One identity per project, and its subject letter by letter:

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
    project = words.noun(issuer, "project")
    whose = f"of {found.tenants}" if found.tenants else f"on {issuer.name}"
    patterns = words.patterns(decision, "project")
    which = f"any {project}" if not patterns else f"any {project} matching {words.listed(patterns)}"
    yield exposure.finding(
        RULE,
        found,
        who=f"{which[0].upper()}{which[1:]} {whose}",
        why=f"The token shown is of {found.shown}, which the trust does not name.",
        fix=fixes.narrow(found, f"Name {fixes.to_name(issuer, 'project')}.", keep=fixes.TENANT),
    )


RULE = Definition(
    id="any-project",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.GITHUB_SUBJECTS, references.AWS_ROLES, references.GITLAB_AWS),
    trust=check,
    of_names=True,
)
