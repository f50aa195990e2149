"""Whether somebody gets in is not known.

## What it finds

A trust for which some question, whether anybody gets in at all or whether one of the attacker classes does, could not
be answered: a document was not read, a condition depends on something no token tells, a form of token is not
documented. Each question is named with its reason. Where anyone on the platform gets in, nothing else is left to ask.

## Why it matters

What is not known is not safe. A trust must not look clean because a part of it was beyond the audit.

## Example

A condition on `aws:SourceIp`, in the trust or in a resource control policy above it; such a policy that is attached and
could not be read; an OIDC provider whose document the auditor may not read; a subject pattern for an issuer that nobody
has described; on Azure, an expression whose meaning is not documented in that point.

## Use instead

Give the collector the permission it lacks (`auditor permissions`); replace the condition by one on the token, above
all on its subject; or look at the trust yourself.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.claims.verdict import Accepted, Undecided
from auditor.model import Confidence, Decision, Finding, Fix
from auditor.rules import above, references, words
from auditor.rules.base import Context, Definition

_FIX_ABOVE = (
    "Let the auditor read what it could not. Whom a policy above the account refuses stays open as long as that "
    "depends on something no token tells, whatever the trust asks for."
)


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    del context
    if isinstance(decision.classes.get("any-tenant"), Accepted):
        return
    verdicts = {"reachable": decision.reachable, **decision.classes}
    questions: dict[str, list[str]] = {}
    for name, verdict in verdicts.items():
        if isinstance(verdict, Undecided):
            questions.setdefault(verdict.reason, []).append(name)
    if not questions:
        return
    trust = decision.trust
    whose = "" if "policy-unread" in trust.notes else f" on {trust.issuer.name}"
    answers = "; ".join(f"{words.listed(names, 'and', most=len(names))} ({why})" for why, names in questions.items())
    exact = "an exact subject" if trust.provider == "azure" else "an exact subject in every statement"
    open_above = above.unclear(trust)
    yield RULE.finding(
        decision,
        title=f"It is not known who{whose} can {trust.identity.gained}",
        detail=f"{decision.statement} Not decided: {answers}.",
        evidence=(trust.source, *(place for place in open_above if place.pointer)),
        fix=Fix(_FIX_ABOVE if open_above else f"Let the auditor read what it could not, or ask for {exact}."),
    )


RULE = Definition(
    id="undecided",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_KEYS, references.GITHUB_SUBJECTS, references.AZURE_EXPRESSIONS),
    trust=check,
)
