"""Code that nobody has merged gets in: pull requests, speculative plans, previews.

## What it finds

A trust that accepts a token minted for unmerged code, by a run that names no environment: pull and merge requests,
plans of HCP Terraform, preview deployments.

## Why it matters

Whoever proposes a change writes the code that runs, workflow files included. Review comes afterwards, when the
identity has been used. All pull requests of a repository look alike: the subject names neither branch nor author.
GitHub gives runs from forks no token by default; private repositories may be set otherwise.

## Example

    "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:pull_request"}

or, without meaning to, `"StringLike": {"…:sub": "repo:acme/app:*"}`.

## Use instead

For deployment, the protected branch or an environment with reviewers. Where a pull request does need the cloud, an
identity of its own that can read what the check needs and nothing else.
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
        who=f"Unmerged code of {found.projects}",
        why="Who may propose a change there decides what runs, before anybody has looked at it.",
        fix=fixes.narrow(found, "Let one reviewed branch in, or an environment with reviewers.", keep=fixes.PLACE),
    )


RULE = Definition(
    id="pull-request",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.GITHUB_SUBJECTS, references.GITHUB_EVENTS),
    trust=check,
    of_names=True,
)
