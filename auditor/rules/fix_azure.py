"""Before and after as the JSON of a federated credential: what may be written, and in which of its two forms.

A credential compares its subject letter by letter, or holds an expression, never both. An expression can test few
claims, and only of few issuers (Microsoft's page on flexible federated credentials); managed identities take them in a
preview only, so none is proposed for one that has none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from auditor.claims.predicate import claims_of
from auditor.model import Clause, Source, Trust

Change = tuple[str, str]

CREDENTIAL = "credential"
"""The raw credential among a trust's documents."""

APPLICATION = "application"
"""The kind of identity whose credentials may hold expressions without further ado."""

ISSUER, SUBJECT, AUDIENCES, EXPRESSION = "issuer", "subject", "audiences", "claimsMatchingExpression"
_ORDER = (ISSUER, SUBJECT, EXPRESSION, AUDIENCES)

DEFAULT_AUDIENCE = "api://AzureADTokenExchange"
"""What Microsoft's own instructions ask tokens for, in the public cloud."""

LARGEST = 8_192
"""Characters of JSON anybody reads."""

_SUPPORTED: Mapping[str, re.Pattern[str]] = {
    "github": re.compile(r"https://token\.actions\.githubusercontent\.com"),
    "gitlab": re.compile(r"https://gitlab\.(?:com|[^/]+\.com|[^/]+\.ca)"),
    "terraform-cloud": re.compile(r"https://app\.(?:eu\.)?terraform\.io"),
}
"""Issuers whose tokens an expression may test."""

ID_CLAIMS: Mapping[str, frozenset[str]] = {
    "github": frozenset(("repository_id", "repository_owner_id")),
    "gitlab": frozenset(("project_id", "namespace_id", "user_id")),
}
"""Kind of issuer → immutable ids that an expression may ask for."""

NEEDED: Mapping[str, frozenset[str]] = {"github": ID_CLAIMS["github"]}
"""Kind of issuer → claims of which a new expression must test one, besides the subject, where the pages agree."""

OWNER_IDS: Mapping[str, tuple[str, ...]] = {"github": ("repository_owner_id",), "gitlab": ("namespace_id",)}
"""Kind of issuer → the id that fits every project of the tenant."""

ALLOWED: Mapping[str, frozenset[str]] = {
    "github": frozenset(("sub", "job_workflow_ref")) | ID_CLAIMS["github"],
    "gitlab": frozenset(("sub",)) | ID_CLAIMS["gitlab"],
    "terraform-cloud": frozenset(("sub",)),
}
"""Kind of issuer → every claim that an expression may test."""


def narrowed(trust: Trust, texts: Mapping[Source, str], claim: str) -> Change | None:
    """The subject must be the text given for the guilty places, in which only a star is a wildcard.

    Tests of immutable ids stay, which keeps the form of an expression; so does a star, where an expression may hold it.
    """
    subjects = list(dict.fromkeys(texts.values()))
    if claim != "sub" or len(subjects) != 1:
        return None
    (subject,) = subjects
    kept = [text for clause, text in _tests(trust) if _pins_id(clause)]
    if not kept and "*" not in subject:
        return changed(trust, {SUBJECT: subject})
    test = _test("matches" if "*" in subject else "eq", subject)
    if test is None or not (kept or may_hold_expression(trust)):
        return None
    return changed(trust, _expression((test, *kept)))


def required(trust: Trust, places: Iterable[Source], claim: str, text: str) -> Change | None:
    """The credential asks for this one audience."""
    del places
    return changed(trust, {AUDIENCES: [text]}) if claim == "aud" else None


def without(trust: Trust, places: Iterable[Source]) -> Change | None:
    """A credential has no list of alternatives: there is nothing to strike out but the whole."""
    del trust, places
    return None


def audience(trust: Trust) -> str:
    """The audience Microsoft documents for the cloud the identity lives in."""
    expected = trust.notes.get("expected-audience")
    return expected if isinstance(expected, str) and expected else DEFAULT_AUDIENCE


def identified(trust: Trust, claims: Iterable[str]) -> Change | None:
    """What is asked now, and immutable ids besides; the reader fills in what stands in capitals.

    None where the credential cannot hold an expression, or none of `claims` may be tested.
    """
    tests = _tests(trust)
    asked_already = frozenset(claim for clause, _ in tests for claim in claims_of(clause.predicate))
    allowed = ID_CLAIMS.get(trust.issuer.kind, frozenset()) - asked_already
    asked = [f"claims['{claim}'] eq '{claim.upper()}'" for claim in claims if claim in allowed]
    written = [text for _, text in tests]
    subject = fields(trust).get(SUBJECT)
    if not written and isinstance(subject, str):
        own = _test("eq", subject)
        written = [] if own is None or not may_hold_expression(trust) else [own]
    if not written or not asked:
        return None
    return changed(trust, _expression((*written, *asked)))


def refusals(trust: Trust) -> tuple[str, ...]:
    """Why Azure would not store the expression today, though it did once; empty for one it would, or for none."""
    expression = trust.notes.get("expression")
    claims = expression.get("claims") if isinstance(expression, Mapping) else None
    if claims is None:
        return ()
    kind, name = trust.issuer.kind, trust.issuer.name
    supported = _SUPPORTED.get(kind)
    if supported is None or not supported.fullmatch(trust.issuer.url):
        return (f"Expressions are for tokens of few issuers, and {trust.issuer.url} is none of them",)
    foreign = sorted(set(claims) - ALLOWED[kind])
    found = [f"An expression for {name} may not test {' and '.join(foreign)}"] if foreign else []
    needed = NEEDED.get(kind, frozenset())
    if needed and not ("sub" in claims and needed & set(claims)):
        found.append(f"An expression for {name} has to test sub, and {' or '.join(sorted(needed))} as well")
    return tuple(found)


def changed(trust: Trust, new: Mapping[str, Any]) -> Change | None:
    """The credential as it is, and with the fields `new`; subject and expression take each other's place.

    None where the credential is not of a form that can be edited safely, or nothing would change.
    """
    written = fields(trust)
    if not isinstance(written.get(ISSUER), str) or not isinstance(written.get(AUDIENCES), list):
        return None
    gone = {SUBJECT: EXPRESSION, EXPRESSION: SUBJECT}
    replaced = {gone[name] for name in new if name in gone}
    after = {name: value for name, value in written.items() if name not in replaced} | dict(new)
    change = _text(trust, written), _text(trust, {name: after[name] for name in _ORDER if name in after})
    return change if change[0] != change[1] and max(map(len, change)) <= LARGEST else None


def may_hold_expression(trust: Trust) -> bool:
    """Whether an expression can be written for tokens of this issuer on this kind of identity."""
    supported = _SUPPORTED.get(trust.issuer.kind)
    carries = trust.identity.kind == APPLICATION or EXPRESSION in fields(trust)
    return carries and supported is not None and supported.fullmatch(trust.issuer.url) is not None


def fields(trust: Trust) -> dict[str, Any]:
    """What decides about tokens, of a credential of either kind; empty where it was not read."""
    body = trust.documents.get(CREDENTIAL)
    inner = body.get("properties", body) if isinstance(body, Mapping) else None
    if not isinstance(inner, Mapping):
        return {}
    return {name: inner[name] for name in _ORDER if inner.get(name) is not None}


def _text(trust: Trust, fields: Mapping[str, Any]) -> str:
    nested = "properties" in (trust.documents.get(CREDENTIAL) or {})
    return json.dumps({"properties": fields} if nested else fields, indent=2, default=str)


def _tests(trust: Trust) -> list[tuple[Clause, str]]:
    """The clauses of the expression, and how each is written."""
    written = fields(trust).get(EXPRESSION)
    value = written.get("value") if isinstance(written, Mapping) else None
    if not isinstance(value, str):
        return []
    clauses = [clause for statement in trust.allows[:1] for clause in statement.clauses]
    spans = [(clause, clause.source.span) for clause in clauses if EXPRESSION in clause.source.pointer]
    return [(clause, value[span[0] : sum(span)]) for clause, span in spans if span is not None]


def _pins_id(clause: Clause) -> bool:
    claims = claims_of(clause.predicate)
    return bool(claims) and all(claim.endswith("_id") for claim in claims)


def _test(operator: str, subject: str) -> str | None:
    """A test of the subject. None for what an expression cannot spell: nobody documents how a quote is escaped."""
    wild = "'?" if operator == "matches" else "'?*"
    return None if any(sign in subject for sign in wild) else f"claims['sub'] {operator} '{subject}'"


def _expression(tests: Iterable[str]) -> dict[str, Any]:
    return {EXPRESSION: {"value": " and ".join(tests), "languageVersion": 1}}
