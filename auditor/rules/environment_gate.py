"""Safe only as far as the protection rules of an environment go.

## What it finds

A trust that is otherwise tight, and lets runs in through a named environment from any branch, or from a pull request.

## Why it matters

The token says which environment the job named, and nothing about who approved. Reviewers, allowed branches and tags
are set on the environment, where no cloud can see them. Without such rules anybody who may push, or propose a change,
gets in.

## Example

    "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:environment:production"}

## Use instead

Keep it, and see that the environment demands reviewers and lists its deployment branches; or, where the cloud can ask
for more than the subject (Azure cannot), for the branch as well:

    "StringEquals": {
      "token.actions.githubusercontent.com:sub": "repo:acme/app:environment:production",
      "token.actions.githubusercontent.com:ref": "refs/heads/main"
    }
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import Match, Predicate, Token, conjunction
from auditor.claims.verdict import Accepted, Rejected
from auditor.model import Confidence, Decision, Finding, Fix
from auditor.rules import references, words
from auditor.rules.base import Context, Definition
from auditor.rules.gates import unreviewed
from auditor.rules.narrowing import bearer, lines, proof

WIDER = ("any-tenant", "any-project", "any-environment", "any-branch", "any-tag", "pull-request")
"""Classes that make the environment's rules beside the point: all of them must be refused."""


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    trust = decision.trust
    if any(not isinstance(decision.classes.get(name, Rejected()), Rejected) for name in WIDER):
        return
    verdict = unreviewed(trust)
    witness = proof(context, trust, _exactly(verdict.witness)) if isinstance(verdict, Accepted) else None
    who = bearer(trust.issuer.grammar, witness) if witness is not None else None
    if witness is None or who is None:
        return
    patterns = words.patterns(decision, "environment")
    environment = (
        f"an environment matching {words.listed(patterns)}" if patterns else f"environment {who.named('environment')}"
    )
    run = "of unmerged code" if who.shape.unmerged is not None else "of a branch or tag that anybody may push"
    # A credential of Azure compares one subject, and an expression may not test the branch.
    besides = "" if trust.provider == "azure" else "; or ask for the branch as well"
    yield RULE.finding(
        decision,
        title=f"Whoever passes the rules of {environment} of {words.place(decision, who)} can {trust.identity.gained}",
        detail=f"{decision.statement} The token shown is {run}: what keeps such runs out are the protection rules of "
        "the environment, which were not read.",
        witness=witness,
        evidence=lines(trust, witness),
        fix=Fix(f"See that the environment demands reviewers and lists its branches{besides}."),
    )


def _exactly(token: Token) -> Predicate:
    """The token's texts, letter by letter."""
    return conjunction(Match(c, Pattern.exactly(text)) for c, text in token.items() if isinstance(text, str))


RULE = Definition(
    id="environment-gate",
    documentation=__doc__,
    confidence=Confidence.MEDIUM,
    references=(references.GITHUB_ENVIRONMENTS, references.GITHUB_SUBJECTS),
    trust=check,
    of_names=True,
)
