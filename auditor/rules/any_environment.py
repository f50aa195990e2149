"""Any environment of a project gets in, also one that has no protection rules.

## What it finds

A trust that accepts an environment of an arbitrary new name. Where the branches and tags are named, their protection
holds whatever the environment: then it is information only, or nothing where an environment is a mere label on the run
of a branch, as on GitLab.

## Why it matters

The rules of an environment (reviewers, allowed branches) hold for that environment. A job may name another one, which
has none; GitHub makes it on the spot.

## Example

    "StringLike": {"token.actions.githubusercontent.com:sub": "repo:acme/app:environment:*"}

## Use instead

The environment by name, with reviewers and deployment branches set on it:

    "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:environment:production"}
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import TRUE, Match, Predicate, conjunction
from auditor.claims.verdict import Accepted, Rejected
from auditor.model import Confidence, Decision, Finding
from auditor.rules import exposure, fixes, references
from auditor.rules.base import Context, Definition
from auditor.rules.gates import unreviewed

OPEN, NAMED = "any-environment", "any-environment, of named branches"

_LABELLED = ("branch", "tag")
"""Runs that are still of a branch or tag when they name an environment."""

_WHY = "No protection rule stands in the way of an environment that the job itself invents."


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    found = exposure.exposure(decision, context, RULE.id)
    if found is None:
        return
    verdict = unreviewed(decision.trust, _same_environment(found))
    named = isinstance(verdict, Rejected)
    if not isinstance(verdict, Accepted) and found.who is not None and found.who.shape.run in _LABELLED:
        return
    yield exposure.finding(
        RULE,
        found,
        who=f"A job of {found.projects} that names any environment",
        why="Only named branches and tags get in, with any environment." if named else _WHY,
        row=NAMED if named else OPEN,
        fix=fixes.narrow(found, "Name the environment, and protect it.", keep=fixes.PLACE, through="environment"),
    )


def _same_environment(found: exposure.Exposure) -> Predicate:
    """The token names the very environment of the witness, which stands for any."""
    if found.who is None:
        return TRUE
    named = ((v, value) for v, value in found.who.values.items() if v.dimension == "environment")
    return conjunction(Match(f"${variable.name}", Pattern.exactly(value)) for variable, value in named)


RULE = Definition(
    id="any-environment",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.GITHUB_SUBJECTS, references.GITHUB_ENVIRONMENTS),
    trust=check,
    of_names=True,
    exposures=(OPEN, NAMED),
)
