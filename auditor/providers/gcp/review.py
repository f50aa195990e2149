"""What a provider's mapping and condition look like to a reader: facts for rules that no predicate holds.

Everything here is about the text; who gets in is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from auditor.model import Json
from auditor.providers.gcp.cel import parse
from auditor.providers.gcp.cel_lexer import CelSyntaxError
from auditor.providers.gcp.cel_syntax import Binary, Call, Expr, Has, Ident, Index, Literal, Select, children, show
from auditor.providers.gcp.estate import Estate
from auditor.providers.gcp.mapping import OidcProvider


def review(provider: OidcProvider, estate: Estate) -> Json:
    """Notes by the names `providers/base.py` agrees on."""
    notes: dict[str, Any] = {"mapping": _mapping(provider)}
    oidc = provider.body.get("oidc", {})
    if isinstance(oidc, Mapping) and oidc.get("jwksJson"):
        notes["uploaded-keys"] = [provider.name, "/oidc/jwksJson"]
    if isinstance(provider.body.get("attributeCondition"), str) and provider.body["attributeCondition"]:
        notes["condition"] = [provider.name, "/attributeCondition"]
    refused = _refused(provider)
    if refused is not None:
        notes["refused-if-resaved"] = [[provider.name, refused[0], refused[1]]]
    pool = provider.name.partition("/providers/")[0]
    beside = [
        [name, _issuer(body)]
        for name, body in estate.providers.get(pool, {}).items()
        if name != provider.name and body.get("state", "ACTIVE") == "ACTIVE" and body.get("disabled") is not True
    ]
    if beside:
        notes["beside"] = beside
    return notes


GUARDED = ("https://token.actions.githubusercontent.com", "https://gitlab.com", "https://app.terraform.io")
"""Issuers for which Google refuses to store a provider without a condition on a claim; its list is longer."""


def _refused(provider: OidcProvider) -> tuple[str, str] | None:
    """Where and why Google would refuse the provider today: a condition on some claim has to be there."""
    url = str(provider.body.get("oidc", {}).get("issuerUri")).rstrip("/")
    if url not in GUARDED:
        return None
    written = provider.body.get("attributeCondition")
    if not isinstance(written, str) or not written.strip():
        return "", f"Google stores no provider of {url} without an attribute condition"
    try:
        tree = parse(written)
    except CelSyntaxError:
        return None
    if _reads(tree):
        return None
    return "/attributeCondition", "Google wants an attribute condition that names one of the token's claims"


def _reads(expr: Expr) -> bool:
    """Whether an expression mentions a claim or an attribute at all."""
    named = isinstance(expr, Ident) and expr.name.removeprefix(".") in ("assertion", "attribute", "google")
    return named or any(map(_reads, children(expr)))


def _issuer(body: Any) -> str:
    oidc = body.get("oidc") if isinstance(body, Mapping) else None
    url = oidc.get("issuerUri") if isinstance(oidc, Mapping) else None
    if isinstance(url, str):
        return url
    return next((kind for kind in ("aws", "saml", "x509") if kind in body), "unknown")


def _mapping(provider: OidcProvider) -> dict[str, Any]:
    """Attribute → its expression, the claims that reads, and the parts it joins without anything between them."""
    found: dict[str, Any] = {}
    for name, written in provider.written.items():
        try:
            tree = parse(written)
        except CelSyntaxError:
            continue
        found[name] = {
            "text": written,
            "claims": sorted(set(claims_read(tree))),
            "joints": [list(pair) for pair in _joints(tree)],
            "whole": _claim(tree),
        }
    return found


def claims_read(expr: Expr) -> Iterator[str]:
    """The claims an expression reads, by their names in the token's outermost level."""
    match expr:
        case Select(Ident("assertion" | ".assertion"), name) | Has(Ident("assertion" | ".assertion"), name):
            yield name
        case Index(Ident("assertion" | ".assertion"), Literal(str() as name)):
            yield name
        case Ident("assertion" | ".assertion"):
            yield "*"
        case Binary("in", Literal(str() as name), Ident("assertion" | ".assertion")):
            yield name
        case _:
            for child in children(expr):
                yield from claims_read(child)


def _claim(expr: Expr) -> str | None:
    """The claim that an expression is, as a whole."""
    match expr:
        case Select(Ident("assertion"), name) | Index(Ident("assertion"), Literal(str() as name)):
            return name
        case _:
            return None


def _joints(expr: Expr) -> Iterator[tuple[str, str]]:
    """Neighbours in a concatenation (`a + b`, `[a, b].join()`) that both vary, with nothing between them."""
    match expr:
        case Binary("+"):
            parts = [part for part in _summands(expr) if not (isinstance(part, Literal) and part.value == "")]
        case Call("join", target, ()) if target is not None:
            parts = list(children(target))
        case _:
            parts = []
    for one, other in pairwise(parts):
        if not isinstance(one, Literal) and not isinstance(other, Literal):
            yield show(one), show(other)
    for child in parts or children(expr):
        yield from _joints(child)


def _summands(expr: Expr) -> Iterator[Expr]:
    if isinstance(expr, Binary) and expr.operator == "+":
        yield from _summands(expr.left)
        yield from _summands(expr.right)
    else:
        yield expr
