"""Whether one concrete token gets in by one federated credential, decided by reading the raw documents.

It re-checks every witness before it is reported and is the oracle of the compiler's tests. So it shares no code with
the parser, the compiler or the claim model, and favours the obvious over the quick: an expression is tried under every
reading that the documentation leaves open, and only what all of them say is said. Three values: True, False, or None
where the answer rests on something the documents do not tell. Taken as given: a well-formed, unexpired, properly
signed token. Rules: Microsoft's pages on workload identity federation and flexible federated identity credentials.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from auditor.claims.predicate import Token
from auditor.model import Trust
from auditor.providers.azure.evaluate_expressions import holds


def admits(trust: Trust, token: Token) -> bool | None:
    """Whether `token` becomes the identity of `trust`; None where that depends on something unknown.

    `trust.documents` holds `credential` (ARM's resource or Graph's object; absent when it was not read) and
    `principal` (the service principal, or None). Never raises for what a document or a token holds.
    """
    documents = trust.documents
    alive = _alive(documents)
    if "credential" not in documents:
        return None if alive is not False else False
    body = documents["credential"]
    shown = body.get("properties") if trust.identity.kind == "managed-identity" and isinstance(body, Mapping) else body
    if not isinstance(shown, Mapping):
        return None if alive is not False else False
    issuer = shown.get("issuer")
    if not isinstance(issuer, str) or not issuer.strip():
        return None if alive is not False else False
    return _all(
        (
            alive,
            token.get("iss", issuer) == issuer,
            _audience(shown.get("audiences"), token),
            None if not issuer.startswith("https://") else True,
            _condition(shown, issuer, token),
        )
    )


def _alive(documents: Mapping[str, Any]) -> bool | None:
    """A disabled service principal gets no tokens; one in another tenant still may."""
    principal = documents.get("principal")
    if isinstance(principal, Mapping) and principal.get("accountEnabled") is False:
        return None if documents.get("multi-tenant") else False
    return None if documents.get("doubtful") else True


def _audience(listed: Any, token: Token) -> bool | None:
    if not isinstance(listed, list | tuple) or not listed or not all(isinstance(one, str) for one in listed):
        return None
    carried = token.get("aud")
    if isinstance(carried, tuple):
        among = any(one in listed for one in carried)
        sure = len(carried) == 1
    else:
        among, sure = carried in listed, True
    if not among:
        return False
    return True if sure and len(listed) == 1 else None


def _condition(shown: Mapping[str, Any], issuer: str, token: Token) -> bool | None:
    """Subject or expression, whichever there is."""
    subject, expression = shown.get("subject"), shown.get("claimsMatchingExpression")
    if subject is not None and expression is not None:
        return None
    if isinstance(subject, str) and subject:
        own = token.get("sub")
        return own == subject if isinstance(own, str) or own is None else None
    if not isinstance(expression, Mapping):
        return None
    version, text = expression.get("languageVersion"), expression.get("value")
    if isinstance(version, bool) or not isinstance(version, int) or version != 1 or not isinstance(text, str):
        return None
    return holds(text, issuer, token)


def _all(parts: Iterable[bool | None]) -> bool | None:
    listed = list(parts)
    return False if False in listed else None if None in listed else True
