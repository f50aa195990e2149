"""A trust lets in tokens that it refused before.

## What it finds

`auditor diff` compares a trust with what it was: a token that gets in now and did not then, tried on both policies.
What is merely written in other words is no change. Where it cannot be told whether the trust grew, that is reported
just the same, with the reason. It is rated by the widest attacker class among those who are newly let in.

## Why it matters

Trusts grow by one line at a time: a further branch for a hotfix, a `*` to get a pipeline going. Each step looks small
in review; this one says in plain words who gained entry by it.

## Example

    - "token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"
    + "token.actions.githubusercontent.com:sub": "repo:acme/app:*"

## Use instead

What was there before, unless somebody decided that these tokens are to get in. Then make the newer state the one to
compare with.
"""

from __future__ import annotations

from auditor.model import Confidence, Finding
from auditor.rules import references, words
from auditor.rules.base import Definition
from auditor.rules.changes import BY_REPORTS, Change, about, admitted, doors, put_back, refused
from auditor.rules.severity import rate

GREW, UNDECIDED = "trust-grew", "trust-grew, undecided"
CLASSES = (
    "any-tenant",
    "any-project",
    "pull-request",
    "any-branch",
    "any-tag",
    "any-environment",
    "unchecked-audience",
)


def finding(change: Change) -> Finding:
    """The finding about a trust that is looser, incomparable or unknown."""
    trust = change.new.trust
    then_and_now = f"Before: {change.old.statement} Now: {change.new.statement}"
    weaker = "" if change.by_tokens else BY_REPORTS
    if change.kind == "unknown" and change.gained is None and not change.opened:
        return about(
            RULE,
            change.new,
            severity=rate(UNDECIDED, change.new.power),
            title=f"It is not known whether more tokens of {trust.issuer.name} can {trust.identity.gained} than before",
            detail=(then_and_now, f"What changed could not be decided: {change.reason}.", weaker),
            fix=put_back(change, "Look at what changed; if nobody meant to change it, write again what was there."),
        )
    unsettled = f"What else changed could not be decided: {change.reason}." if change.kind == "unknown" else ""
    newly = f"Newly let in: {admitted(change.new, change.opened)}." if change.opened else ""
    shown = "The token shown was refused before." if change.gained and change.by_tokens else ""
    widest = f": {admitted(change.new, change.opened[:1])}" if change.opened else ""
    return about(
        RULE,
        change.new,
        severity=max(rate(row, change.new.power) for row in (GREW, *change.opened)),
        title=f"Tokens of {trust.issuer.name} that were refused before can {trust.identity.gained}{widest}",
        detail=(then_and_now, newly, shown, refused(change.lost), unsettled, words.power(change.new), weaker),
        evidence=doors(trust, change.gained),
        witness=change.gained,
        fix=put_back(change, "If nobody meant to let them in, write again what was there before."),
        confidence=None if change.by_tokens else Confidence.MEDIUM,
    )


RULE = Definition(
    id=GREW,
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_ROLES, references.GCP_PRACTICES, references.AZURE_CONSIDERATIONS),
    compares=True,
    exposures=(GREW, UNDECIDED, *CLASSES),
)
