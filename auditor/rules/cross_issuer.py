"""One statement trusts several issuers, and what restricts one of them lets everybody of another in.

## What it finds

An allow statement that names more than one issuer, and admits strangers of this one by itself.

## Why it matters

Condition keys belong to an issuer. To a token of GitLab all keys of GitHub are absent, and operators such as
`…IfExists`, `ForAllValues:` and `StringNotLike` let what is absent pass. The policy looks restricted, and it is, for
one of the issuers it trusts.

## Example

    "Principal": {"Federated": [".../token.actions.githubusercontent.com", ".../gitlab.com"]},
    "Condition": {"StringLikeIfExists": {"token.actions.githubusercontent.com:sub": "repo:acme/app:*"}}

admits every project on gitlab.com.

## Use instead

One statement per issuer, each with that issuer's own conditions, and no `IfExists`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from auditor.claims.naming import AUDIENCE_CLAIMS
from auditor.claims.predicate import TRUE, claims_of
from auditor.claims.verdict import Accepted, Undecided
from auditor.model import Confidence, Decision, Finding, Fix, Statement
from auditor.rules import references, words
from auditor.rules.base import Context, Definition


def check(decision: Decision, context: Context) -> Iterable[Finding]:
    trust = decision.trust
    for statement in trust.allows:
        if len(set(statement.issuers)) < 2:
            continue
        alone = context.judge(replace(trust, statements=(statement, *trust.denies)))
        found = _open(alone, statement)
        if found is not None:
            yield _finding(decision, statement, found)


def _open(alone: Decision, statement: Statement) -> Accepted | None:
    """How strangers come in by this statement; where the issuer knows none, how anything at all does."""
    stranger = alone.classes.get("any-tenant")
    if isinstance(stranger, Accepted):
        return stranger
    if alone.trust.issuer.grammar.single_tenant:
        anything = alone.classes.get("any-project")
        return anything if isinstance(anything, Accepted) else None
    untested = all(claims_of(clause.predicate) <= frozenset(AUDIENCE_CLAIMS) for clause in statement.clauses)
    known = stranger is None or isinstance(stranger, Undecided)
    return alone.reachable if known and untested and isinstance(alone.reachable, Accepted) else None


def _finding(decision: Decision, statement: Statement, found: Accepted) -> Finding:
    trust = decision.trust
    issuer = trust.issuer
    others = words.listed((url for url in dict.fromkeys(statement.issuers) if url != issuer.url), "and")
    idle = [clause for clause in statement.clauses if clause.predicate == TRUE]
    sentences = [decision.statement, f"The statement that lets them in also trusts {others}."]
    if idle:
        tests = words.listed((clause.text for clause in idle), "and")
        sentences.append(f"To a token of {issuer.name} these conditions are about something absent, and pass: {tests}.")
    else:
        sentences.append(f"Nothing in it restricts whose tokens of {issuer.name} they are.")
    sentences.append(words.power(decision))
    return RULE.finding(
        decision,
        title=f"Anyone on {issuer.name} can {trust.identity.gained} by a statement made for another issuer too",
        detail=" ".join(sentences),
        witness=found.witness,
        evidence=(statement.source, *(clause.source for clause in idle)),
        fix=Fix("Write one statement per issuer, each with that issuer's own conditions on subject and audience."),
        discriminator=statement.source.pointer,
    )


RULE = Definition(
    id="cross-issuer",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AWS_KEYS, references.AWS_OPERATORS, references.AWS_LISTS),
    trust=check,
)
