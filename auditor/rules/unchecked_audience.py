"""A token made for another service gets in: the trust itself names no audience.

## What it finds

A trust that accepts an audience it does not name, where the list registered for the issuer (if the cloud keeps one)
lets in more than that.

## Why it matters

The audience says whom a token is meant for. A service that is handed one of your tokens for its own use can pass it on
here. On platforms where a job picks the audience itself, this alone lets no stranger in.

## Example

The provider registers `sts.amazonaws.com` and `https://github.com/acme`, and the role's policy tests the subject only.

## Use instead

Ask for one audience in every statement:

    "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Confidence, Decision, Finding
from auditor.rules import exposure, fixes, references, words
from auditor.rules.base import Context, Definition
from auditor.rules.narrowing import openings


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    found = exposure.exposure(decision, context, RULE.id)
    if found is None:
        return
    trust = decision.trust
    statements = tuple(statement.source for statement in openings(trust, found.verdict.witness))
    if trust.audiences is None:
        known = f"No list of audiences is kept for {trust.via}."
    else:
        known = f"Registered for {trust.via}: {words.listed(trust.audiences, 'and')}."
    yield RULE.finding(
        decision,
        title=f"A token made for another audience can {trust.identity.gained}",
        detail=f"{decision.statement} The trust does not say which audience a token must be made for. {known}",
        witness=found.verdict.witness,
        evidence=statements,
        fix=fixes.require_audience(trust, statements, "Ask for one audience, exactly."),
    )


RULE = Definition(
    id="unchecked-audience",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_PROVIDERS, references.AWS_ROLES, references.GITHUB_SUBJECTS),
    trust=check,
)
