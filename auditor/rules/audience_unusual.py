"""A credential asks for another audience than the one Azure's own instructions name.

## What it finds

On Azure, a credential that lets somebody in and asks for another audience than `api://AzureADTokenExchange` (or that of
its own cloud: `…USGov`, `…China`), although the issuer would mint that one.

## Why it matters

The audience says whom a token is made for. Asked for under a name that other services use as well, the tokens those
are handed can be passed on to Azure. Legal, and sometimes meant; often a leftover of a copied example or of another
cloud. A credential that asks for an audience the issuer does not mint at all is reported by `dead-trust`.

## Example

    "issuer": "https://gitlab.com", "audiences": ["https://gitlab.com"]

takes every token that a job asks for to talk to GitLab itself.

## Use instead

    "audiences": ["api://AzureADTokenExchange"]

and the same name where the job asks for its token.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import Match
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Rejected
from auditor.model import Clause, Confidence, Decision, Finding
from auditor.rules import fixes, references
from auditor.rules.base import Context, Definition, Persona
from auditor.rules.narrowing import about_audience

DEFAULTS = {
    "api://AzureADTokenExchange": "the public cloud",
    "api://AzureADTokenExchangeUSGov": "the cloud for US government",
    "api://AzureADTokenExchangeChina": "the cloud in China",
}
"""Microsoft's audience of each cloud."""


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    del context
    trust = decision.trust
    expected = trust.notes.get("expected-audience")
    if trust.provider != "azure" or not isinstance(expected, str) or isinstance(decision.reachable, Rejected):
        return
    found = _audience(decision)
    if found is None or found[0] == expected:
        return
    audience, clause = found
    if isinstance(solve(Match("aud", Pattern.exactly(expected)), trust.issuer.grammar), Rejected):
        return
    if audience in DEFAULTS:
        why = f"That is the name Microsoft documents for {DEFAULTS[audience]}; {trust.identity.name} is in another."
    elif audience in (trust.issuer.url, trust.issuer.url.removeprefix("https://")):
        why = f"That is the name of {trust.issuer.name} itself: tokens made for its own services are as good here."
    else:
        why = "Whoever is handed a token of that audience, for whatever purpose, can pass it on to Azure."
    yield RULE.finding(
        decision,
        title=f"{trust.identity.name} takes tokens made for {audience}",
        detail=f"Microsoft's instructions ask for {expected}. {why}",
        witness=decision.reachable.witness if isinstance(decision.reachable, Accepted) else None,
        evidence=(clause.source,),
        fix=fixes.require_audience(
            trust, (clause.source,), f"Ask for {expected}, here and where the token is asked for."
        ),
    )


def _audience(decision: Decision) -> tuple[str, Clause] | None:
    """The one audience that the credential asks for, and where."""
    tests = [clause for statement in decision.trust.allows[:1] for clause in statement.clauses if clause.values]
    return next(((clause.values[0].text, clause) for clause in tests if about_audience(clause)), None)


RULE = Definition(
    id="audience-unusual",
    documentation=__doc__,
    confidence=Confidence.MEDIUM,
    references=(references.AZURE_CONSIDERATIONS, references.AZURE_FEDERATION),
    trust=check,
    persona=Persona.AUDITOR,
)
