"""An attribute condition that admits everybody: it satisfies the check when it is saved, and nothing else.

## What it finds

A provider of an issuer with many tenants whose condition every stranger's token passes: one that is true of any token,
or that shuts out single names only.

## Why it matters

Google refuses to save a provider for GitHub, GitLab or HCP Terraform without a condition, but it looks only whether the
condition mentions a claim. Whoever wants the message to go away writes one that is always true. From then on the
bindings alone keep strangers out, and the next one may be to the whole pool.

## Example

    assertion.repository_owner != ''
    attribute.repository == assertion.repository
    assertion.repository_owner == 'acme' || true

## Use instead

The owner, by the id that nobody can take over:

    assertion.repository_owner_id == '123'
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from auditor.claims.fresh import fresh_name, showing
from auditor.claims.grammar import Grammar
from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import Match, Predicate, conjunction, negation
from auditor.claims.solver import solve
from auditor.claims.verdict import Rejected
from auditor.issuers.catalogue import UNKNOWN
from auditor.model import Confidence, Decision, Finding, Fix, Source
from auditor.rules import exposure, pools, references
from auditor.rules.base import Context, Definition

OPEN, BOUND = "tautological-condition", "tautological-condition, tight"


def check_estate(context: Context) -> Iterable[Finding]:
    for decision in pools.providers(context):
        if tautological(decision):
            same = [one for one in context.decisions if one.trust.via == decision.trust.via]
            yield _finding(decision, any(map(exposure.exposed, same)))


def tautological(decision: Decision) -> bool:
    """Whether every token of an arbitrary stranger passes the provider's condition."""
    trust = decision.trust
    grammar = trust.issuer.grammar
    if "condition" not in trust.notes or trust.issuer.kind == UNKNOWN or grammar.single_tenant:
        return False
    document, pointer = trust.notes["condition"]
    tests = [
        clause.predicate
        for statement in trust.allows[:1]
        for clause in statement.clauses
        if clause.source.document == document and clause.source.pointer == pointer
    ]
    return _passed_by_strangers(conjunction(tests), grammar)


@lru_cache(maxsize=1024)
def _passed_by_strangers(condition: Predicate, grammar: Grammar) -> bool:
    """Whether every token of a tenant and a project whose names the condition does not use satisfies it."""
    fails = negation(condition)
    names = {
        variable.name: fresh_name(variable, fails, showing(grammar.shapes, variable))
        for variable in grammar.variables.values()
        if variable.dimension in ("tenant", "tenant-id", "project", "project-id") and variable.values is None
    }
    for shape in grammar.shapes:
        if shape.certain:
            told = {name: names[name] for name in shape.variables if name in names}
            if not told or None in told.values():
                return False
            strangers = [Match(f"${name}", Pattern.exactly(text or "")) for name, text in told.items()]
            if not isinstance(solve(conjunction((fails, *strangers)), grammar, (shape,)), Rejected):
                return False
    return True


def _finding(decision: Decision, exposed: bool) -> Finding:
    trust = decision.trust
    document, pointer = trust.notes["condition"]
    then = "" if exposed else " So far the bindings keep strangers out."
    return RULE.finding(
        decision,
        title=f"The condition of {pools.short(trust.via)} admits anybody on {trust.issuer.name}",
        detail="Every token of a tenant that it does not name passes it, so it only looks like a restriction. Google "
        f"checks that a claim is mentioned, and no more.{then}",
        evidence=(Source(document, pointer),),
        fix=fixed(trust.issuer.kind),
        exposure=OPEN if exposed else BOUND,
        discriminator=trust.via,
    )


def fixed(kind: str) -> Fix:
    """What a condition should say, for issuers whose ids are known."""
    ids = {"github": "repository_owner_id", "gitlab": "namespace_id", "terraform-cloud": "terraform_organization_id"}
    after = f"assertion.{ids[kind]} == 'ID'" if kind in ids else None
    return Fix("Let the condition name the tenant, by its immutable id where there is one.", after=after)


RULE = Definition(
    id="tautological-condition",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.GCP_PIPELINES, references.GCP_PRACTICES),
    estate=check_estate,
    exposures=(OPEN, BOUND),
)
