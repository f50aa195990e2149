"""Pinned by names that somebody else may hold one day.

## What it finds

A trust that names its tenant and project, and would accept a token of another tenant or project of the same name: the
issuer's immutable ids are not asked for.

## Why it matters

Names are given up: organisations are renamed, deleted, merged; repositories move. Whoever takes the name next is taken
for you. GitHub now mints subjects with ids (`repo:acme@123/app@456:…`) for repositories that are created, renamed or
moved. That narrows the window, and it makes a trust on the plain name stop working the day the repository changes over.

On Azure a subject has the ids only where the issuer mints them into it; else an expression can ask for those of GitHub
and GitLab. Old service connections of Azure DevOps go by three names, which is reported as well.

Reported as information only where the tenant's id is asked for and just the project goes by its name, and for
gitlab.com, which refuses to mint for a path that another project has held.

## Example

    "StringEquals": {"token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main"}

## Use instead

The ids beside the names:

    "StringEquals": {
      "token.actions.githubusercontent.com:sub": "repo:acme/app:ref:refs/heads/main",
      "token.actions.githubusercontent.com:repository_owner_id": "123",
      "token.actions.githubusercontent.com:repository_id": "456"
    }
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.claims.grammar import Grammar, Shape, Slot, variable_in
from auditor.claims.predicate import conjunction, negation
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted, Rejected
from auditor.model import Confidence, Decision, Finding, Fix, Trust
from auditor.rules import connections, fix_azure, fixes, references, words
from auditor.rules.base import Context, Definition
from auditor.rules.narrowing import bearer, confined, lines

NAMED, GUARDED = "reusable-name", "reusable-name, guarded"

RETIRES_NAMES = frozenset(("https://gitlab.com",))
"""Issuers that mint for no path another project held before (GitLab's source: minting raises `OidcBurnedPathError`)."""


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    classes = decision.classes
    if decision.trust.notes.get("migrated-connection"):
        return  # see `check_estate`
    if not decision.tenants or not isinstance(classes.get("any-tenant"), Rejected):
        return
    trust = decision.trust
    for level, row in (("tenant", NAMED), ("project", GUARDED)):
        found = _another(decision, level, context)
        if found is not None:
            guarded = row == GUARDED or trust.issuer.url in RETIRES_NAMES
            yield _finding(decision, found, level, GUARDED if guarded else NAMED)
            return


def _another(decision: Decision, level: str, context: Context) -> Accepted | None:
    """A token of the same names with an id that the trust does not ask for."""
    trust = decision.trust
    grammar = trust.issuer.grammar
    if not grammar.of_dimension(f"{level}-id"):
        return None
    if level == "project" and not isinstance(decision.classes.get("any-project"), Rejected):
        return None
    # Another tenant's project is another project: none of its ids is one that the trust asks for.
    dimensions = ("tenant-id", "project-id") if level == "tenant" else ("project-id",)
    asked = {d: {text for entry in decision.breadth if d in entry for text in entry[d].values} for d in dimensions}
    other = conjunction(
        negation(variable_in(variable, asked[d]))
        for d in dimensions
        if asked[d]
        for variable in grammar.of_dimension(d)
    )
    verdict = context.reached(confined(trust, other))
    return verdict if isinstance(verdict, Accepted) else None


def _finding(decision: Decision, found: Accepted, level: str, row: str) -> Finding:
    trust = decision.trust
    issuer = trust.issuer
    noun = words.noun(issuer, level)
    who = bearer(issuer.grammar, found.witness)
    name = (who.named(level) if who else None) or "that name"
    sentences = [
        f"The {noun} {name} is known by its name alone: after a rename or a deletion, whoever takes that name gets in.",
    ]
    if issuer.url in RETIRES_NAMES:
        sentences.append(f"{issuer.name} mints for no path that another project has held, which closes this for now.")
    if _breaks_with_ids(trust):
        sentences.append(
            "No subject that carries ids gets in: the trust stops working when the issuer changes over to them."
        )
    return RULE.finding(
        decision,
        title=f"{trust.identity.name} goes by the name of {noun} {name}, which somebody else may hold one day",
        detail=" ".join(sentences),
        witness=found.witness,
        evidence=lines(trust, found.witness),
        fix=_fix(decision, name),
        exposure=row,
    )


def check_estate(context: Context) -> Iterable[Finding]:
    """Service connections known by their names; of those that have moved away `dead-trust` speaks."""
    yield from (_connection(decision) for decision, moved in connections.older(context) if not moved)


def _connection(decision: Decision) -> Finding:
    trust = decision.trust
    return RULE.finding(
        decision,
        title=f"{trust.identity.name} goes by the names of a service connection, which another may hold one day",
        detail="Organization, project and connection are known by their names alone, and each can be changed and "
        f"taken again. Azure DevOps mints tokens of {trust.issuer.url} only for connections that have not moved to the "
        "issuer of the Entra tenant; once this one has, the credential lets nobody in.",
        witness=decision.reachable.witness if isinstance(decision.reachable, Accepted) else None,
        evidence=(trust.source,),
        fix=Fix("Convert the connection: its new subject is made of ids, and of the Entra tenant's own issuer."),
        exposure=GUARDED,
        discriminator="connection",
    )


def _fix(decision: Decision, name: str) -> Fix:
    trust = decision.trust
    claims = _id_claims(trust.issuer.grammar)
    if trust.provider != "azure":
        asked = words.listed(claims, "and")
        return Fix(f"Ask for the immutable ids as well, where {words.cloud(trust)} lets you: {asked}.")
    possible = [claim for claim in claims if claim in fix_azure.ID_CLAIMS.get(trust.issuer.kind, ())]
    if not possible:
        return Fix(f"Azure can ask for no id of {trust.issuer.name}: see that nobody else can take the name {name}.")
    where = "" if fix_azure.may_hold_expression(trust) else ", which a managed identity takes in a preview only"
    summary = f"Ask for the immutable ids as well, in an expression{where}: {words.listed(possible, 'and')}."
    if any(map(_has_ids, trust.issuer.grammar.shapes)):
        summary = f"{summary} Or let the issuer mint subjects that carry them, and name one."
    if not isinstance(decision.classes.get("any-project"), Rejected):
        possible = [claim for claim in possible if claim in fix_azure.OWNER_IDS[trust.issuer.kind]]
    return fixes.of(summary, fix_azure.identified(trust, possible))


def _has_ids(shape: Shape) -> bool:
    """Whether the subject carries the tenant's id."""
    return any(isinstance(p, Slot) and p.variable.dimension == "tenant-id" for p in shape.claims.get("sub", ()))


def _breaks_with_ids(trust: Trust) -> bool:
    """Whether the issuer mints subjects with ids, and none of them gets in."""
    grammar = trust.issuer.grammar
    carrying = [shape for shape in grammar.shapes if _has_ids(shape)]
    return bool(carrying) and isinstance(solve(trust.predicate, grammar, carrying), Rejected)


def _id_claims(grammar: Grammar) -> list[str]:
    """The claim that holds the tenant's id and nothing else, and the project's; the first of several."""
    found: list[str] = []
    for variables in map(grammar.of_dimension, ("tenant-id", "project-id")):
        terms = [(Slot(variable),) for variable in variables[:1]]
        claims = {c for shape in grammar.shapes for c, term in shape.claims.items() if term in terms} - {"sub"}
        found.extend(sorted(claims, key=lambda claim: (len(claim), claim))[:1])
    return found


RULE = Definition(
    id="reusable-name",
    documentation=__doc__,
    confidence=Confidence.MEDIUM,
    references=(references.GITHUB_SUBJECTS, references.AWS_KEYS, references.AZURE_EXPRESSIONS, references.AZURE_DEVOPS),
    trust=check,
    of_names=True,
    estate=check_estate,
    exposures=(NAMED, GUARDED),
)
