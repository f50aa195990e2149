"""Any tag of a project gets in, whatever its name.

## What it finds

A trust that accepts a tag of an arbitrary new name. A pattern that admits some names only (`v*`) is part of the
breadth the report shows, and is no finding.

## Why it matters

Tags are seldom protected, and a tag may point at any commit: also one that is on no branch and that nobody has read.

## Example

    "StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/tags/*"}

## Use instead

An environment for releases whose rules say which tags may deploy, or the protected branch:

    "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:environment:production"}
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
    summary = "Let one protected branch in, or an environment whose rules say which tags may deploy."
    yield exposure.finding(
        RULE,
        found,
        who=f"Any tag of {found.projects}",
        why="Whoever may push a tag there gets in, with whatever commit the tag points at.",
        fix=fixes.narrow(found, summary, keep=fixes.PLACE, through="environment"),
    )


RULE = Definition(
    id="any-tag",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.GITHUB_SUBJECTS, references.GITHUB_ENVIRONMENTS),
    trust=check,
    of_names=True,
)
