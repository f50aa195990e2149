"""Trusts built straight from predicates, for tests of what is decided about them."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import Match, Predicate
from auditor.claims.verdict import Accepted, Rejected, Verdict
from auditor.config import Ours
from auditor.decide import decide
from auditor.model import Clause, Decision, Identity, Issuer, Source, Statement, Trust
from tests.claims.queries import GITHUB

HERE = Source("arn:aws:iam::123456789012:role/deploy", "/AssumeRolePolicyDocument/Statement/0")
ROLE = Identity("aws", "123456789012", "iam-role", HERE.document, "deploy")
CLIENT_ID = "sts.amazonaws.com"


def glob(claim: str, text: str) -> Predicate:
    return Match(claim, Pattern.glob(text))


def sub(text: str) -> Predicate:
    return glob("sub", text)


def exactly(claim: str, *values: str) -> Predicate:
    return Match(claim, ValueSet(values))


def trust(
    *allowed: Predicate | tuple[Predicate, ...],
    denied: tuple[Predicate, ...] = (),
    issuer: Issuer = GITHUB,
    client_ids: tuple[str, ...] = (CLIENT_ID,),
    notes: Mapping[str, object] | None = None,
) -> Trust:
    """One role; each argument is an allow statement: a predicate, or several that must hold together."""
    return Trust(
        identity=ROLE,
        issuer=issuer,
        via="arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com",
        source=HERE,
        statements=(
            *(_statement("allow", parts if isinstance(parts, tuple) else (parts,)) for parts in allowed),
            *(_statement("deny", (part,)) for part in denied),
        ),
        gate=exactly("aud", *client_ids),
        audiences=client_ids,
        documents={},
        notes=notes or {},
    )


def _statement(effect: str, parts: tuple[Predicate, ...]) -> Statement:
    clauses = tuple(Clause(HERE, "test", part) for part in parts)
    return Statement("allow" if effect == "allow" else "deny", HERE, clauses)


def decided(*allowed: Predicate | tuple[Predicate, ...], ours: Ours | None = None, **options: object) -> Decision:
    """What is decided about such a trust."""
    return decide(trust(*allowed, **options), ours or Ours())  # type: ignore[arg-type]  # handed on as they are


def word(verdict: Verdict) -> str:
    return "accepted" if isinstance(verdict, Accepted) else "rejected" if isinstance(verdict, Rejected) else "unknown"


def accepted_classes(decision: Decision) -> set[str]:
    """The attacker classes that get in; those not known carry a question mark."""
    words = {name: word(verdict) for name, verdict in decision.classes.items()}
    return {name if said == "accepted" else f"{name}?" for name, said in words.items() if said != "rejected"}
