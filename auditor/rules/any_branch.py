"""Any branch of a project gets in, whatever its name.

## What it finds

A trust that accepts a branch of an arbitrary new name. A pattern that admits some names only (`release/*`) is part of
the breadth the report shows, and is no finding.

## Why it matters

Branch protection guards the branches it names. Whoever may push to the project pushes a new one, with a workflow of
their own, and gets in without review.

## Example

    "StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/*"}

## Use instead

The one protected branch that deploys, letter by letter:

    "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Confidence, Decision, Finding
from auditor.rules import exposure, fixes, references
from auditor.rules.base import Context, Definition


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    found = exposure.exposure(decision, context, RULE.id)
    if found is None:
        return
    yield exposure.finding(
        RULE,
        found,
        who=f"Any branch of {found.projects}",
        why="Whoever may push a branch there gets in; what protects the main branch does not protect this.",
        fix=fixes.narrow(found, "Name the branch that deploys, and protect it.", keep=fixes.PLACE),
    )


RULE = Definition(
    id="any-branch",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.GITHUB_SUBJECTS, references.GITLAB_AWS),
    trust=check,
    of_names=True,
)
