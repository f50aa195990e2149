"""The attribute mapping makes different callers the same principal.

## What it finds

A `google.subject` that is the same for every token, that joins claims without anything between them, or that is made of
claims which do not tell whose token it is, or of which run.

## Why it matters

The subject is what a binding names and what the audit log shows. Where two callers share one, a grant to the one is a
grant to the other, and afterwards nobody can tell them apart. Names run together can be cut elsewhere: `acme` + `app1`
is `acmea` + `pp1`.

## Example

    "google.subject": "'ci'"
    "google.subject": "assertion.project_path + assertion.ref"
    "google.subject": "assertion.actor"

## Use instead

The issuer's own subject, whole:

    "google.subject": "assertion.sub"
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor.claims.grammar import Grammar, Slot
from auditor.issuers.catalogue import UNKNOWN
from auditor.model import Confidence, Decision, Finding, Fix, Issuer, Source
from auditor.rules import pools, references, words
from auditor.rules.base import Context, Definition

SUBJECT = "google.subject"

_RUNS = ("branch", "tag", "pull-request", "environment")


def check_estate(context: Context) -> Iterable[Finding]:
    for decision in pools.providers(context):
        found = pools.mapping(decision.trust).get(SUBJECT)
        why = None if found is None else _why(found, decision.trust.issuer)
        if found is not None and why is not None:
            yield _finding(decision, str(found["text"]), why)


def _why(found: Any, issuer: Issuer) -> str | None:
    """What is wrong with a subject; None where it tells callers apart."""
    if not found["claims"]:
        return "It reads no claim: every token that the provider takes becomes one and the same principal."
    if found["joints"]:
        one, other = found["joints"][0]
        return f"Nothing stands between {one} and {other}: other values, cut elsewhere, make the same subject."
    if issuer.kind == UNKNOWN or "*" in found["claims"] or "sub" in found["claims"]:
        return None
    told = _dimensions(issuer.grammar, found["claims"])
    if told is None:
        return None
    single = issuer.grammar.single_tenant
    if not told & {"project", "project-id", "subject"}:
        level = "project" if single or told & {"tenant", "tenant-id"} else "tenant"
        return f"It does not tell the {words.noun(issuer, level)}: tokens of different ones become the same principal."
    every = _dimensions(issuer.grammar, ["sub"]) or frozenset()
    if every & set(_RUNS) and not told & set(_RUNS):
        runs = words.listed((words.noun(issuer, name) for name in _RUNS if name in every), "or")
        return f"It does not tell the run: whatever {runs} a token is of, it becomes the same principal."
    return None


def _dimensions(grammar: Grammar, claims: list[str]) -> frozenset[str] | None:
    """What the claims tell about a token; None where the issuer mints none of them."""
    terms = [shape.claims[claim] for shape in grammar.shapes for claim in claims if claim in shape.claims]
    if not terms:
        return None
    return frozenset(part.variable.dimension for term in terms for part in term if isinstance(part, Slot))


def _finding(decision: Decision, text: str, why: str) -> Finding:
    trust = decision.trust
    return RULE.finding(
        decision,
        title=f"Different callers share a subject of {pools.short(trust.via)}: {SUBJECT} is {text}",
        detail=f"{why} A binding to such a subject means all of them, and logs do not tell them apart.",
        evidence=(Source(trust.via, f"/attributeMapping/{SUBJECT}"),),
        fix=Fix(
            "Map the issuer's own subject.", before=f'"{SUBJECT}": "{text}"', after=f'"{SUBJECT}": "assertion.sub"'
        ),
        discriminator=trust.via,
    )


RULE = Definition(
    id="subject-collision",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.GCP_PRACTICES, references.GCP_FEDERATION),
    estate=check_estate,
)
