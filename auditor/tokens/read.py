"""What a person pastes as a token → its claims. Nothing is verified, and a signature is dropped where it is met."""

from __future__ import annotations

import base64
import binascii
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, NoReturn

from auditor.claims.payload import flatten
from auditor.claims.predicate import Token
from auditor.errors import TokenError

LIMIT = 256 * 1024
"""Bytes. Clouds refuse far shorter ones (STS: 20,000 characters)."""

_MAX_DEPTH = 20
_CARRIERS = ("value", "id_token", "access_token", "token")
"""Members in which token endpoints hand out a whole token."""

_BEARER = re.compile(r"(?:authorization\s*:\s*)?bearer\s+", re.IGNORECASE)
_SEGMENT = re.compile(r"[A-Za-z0-9_-]*={0,2}")
_HINT = "pass the decoded payload as JSON, or the whole token as header.payload.signature"


@dataclass(frozen=True, slots=True)
class Decoded:
    """The claims of one token."""

    claims: Token
    """What predicates read: objects by dotted names (`kubernetes.io.namespace`), a single audience as text."""
    payload: Mapping[str, Any]
    """The payload as it was written."""
    unread: Mapping[str, str]
    """Claims that are there, but of a form predicates cannot read → why."""
    whole: bool
    """Whether a signature came along: whoever held that text could have used it."""


def read(stream: BinaryIO) -> Decoded:
    """The token in `stream`: a payload, or a whole JWT. Raises `TokenError` for anything else."""
    raw = stream.read(LIMIT + 1)
    if len(raw) > LIMIT:
        raise TokenError(f"this is longer than {LIMIT // 1024} KiB: no cloud takes such a token")
    try:
        text = raw.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise TokenError(f"not UTF-8 text (byte {error.start + 1}); {_HINT}") from error
    if not text:
        raise TokenError(f"the input is empty; {_HINT}")
    return _decoded(text)


def _decoded(text: str) -> Decoded:
    if not text.startswith(("{", "[")):
        return _jwt(_BEARER.sub("", text.strip("\"'"), count=1))
    document = _object(text, "the input")
    if "iss" not in document:
        for name in _CARRIERS:
            carried = document.get(name)
            if isinstance(carried, str) and carried.count(".") >= 2:
                return _jwt(carried)
        payload = document.get("payload")
        if isinstance(payload, dict):  # as decoders print a token: header, payload, signature
            return _of_payload(payload, whole=bool(document.get("signature")))
    return _of_payload(document, whole=False)


def _jwt(text: str) -> Decoded:
    """RFC 7519: three segments; also a payload alone, and a token whose signature was cut off."""
    parts = "".join(text.split()).split(".")
    if len(parts) == 5:
        raise TokenError("an encrypted token (JWE): only the service it was made for can read it")
    if len(parts) > 3:
        raise TokenError(f"{len(parts)} segments between dots, but a token has three; {_HINT}")
    # What begins an object begins with "ey" in base64: plain words are told that they are no token, not what they lack.
    if any(not _SEGMENT.fullmatch(part) for part in parts) or not parts[0].startswith("ey"):
        raise TokenError(f"neither JSON nor a token in base64url; {_HINT}")
    if len(parts) == 1:
        return _of_payload(_segment(parts[0], "the input"), whole=False)
    if "enc" in _segment(parts[0], "the header"):
        raise TokenError("an encrypted token (JWE): only the service it was made for can read it")
    return _of_payload(_segment(parts[1], "the payload"), whole=len(parts) == 3 and bool(parts[2]))


def _segment(part: str, what: str) -> dict[str, Any]:
    bare = part.rstrip("=")
    try:
        raw = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise TokenError(f"{what} is not base64url ({len(bare)} characters); is it cut short?") from error
    try:
        return _object(raw.decode("utf-8"), what)
    except UnicodeDecodeError as error:
        raise TokenError(f"{what} is not UTF-8 text once decoded; {_HINT}") from error


def _object(text: str, what: str) -> dict[str, Any]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
        if twice:
            raise TokenError(f"{what} has {twice[0]!r} twice: which one a cloud reads is anybody's guess")
        return dict(pairs)

    def no_number(name: str) -> NoReturn:
        raise TokenError(f"{what} is not JSON: {name} is no number there")

    try:
        document = json.loads(text, object_pairs_hook=once, parse_constant=no_number)
    except json.JSONDecodeError as error:
        raise TokenError(f"{what} is not JSON: line {error.lineno}, column {error.colno}; {_HINT}") from error
    except (ValueError, RecursionError) as error:
        raise TokenError(f"{what} is no JSON that a token holds: nested too deeply, or a number too long") from error
    if not isinstance(document, dict):
        kind = "array" if isinstance(document, list) else "value that is no object"
        raise TokenError(f"{what} is a JSON {kind}, but a token's payload is an object; pass one token at a time")
    return document


def _of_payload(payload: Mapping[str, Any], *, whole: bool) -> Decoded:
    if not payload:
        raise TokenError(f"the payload holds no claim; {_HINT}")
    unread = dict(_unreadable(payload))
    claims = {name: value for name, value in flatten(payload).items() if name not in unread}
    audience = claims.get("aud")
    if isinstance(audience, tuple) and len(audience) == 1:
        claims["aud"] = audience[0]
    if not isinstance(claims.get("iss"), str):
        raise TokenError(f"there is no issuer: `iss` is missing or no text; {_HINT}")
    return Decoded(claims, payload, unread, whole)


def _unreadable(payload: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Claims, named as `flatten` names them, that it can only render: no test of them is decided."""
    level: list[tuple[tuple[str, ...], Mapping[str, Any]]] = [((), payload)]
    for depth in itertools.count():
        if not level:
            return
        if depth > _MAX_DEPTH:
            raise TokenError(f"the payload is nested more than {_MAX_DEPTH} levels deep: no issuer mints that")
        entries = [((*path, key), value) for path, members in level for key, value in members.items()]
        for path, value in entries:
            if isinstance(value, float):
                yield ".".join(path), "a number with a fraction"
            elif isinstance(value, list) and not all(isinstance(element, str) for element in value):
                yield ".".join(path), "a list of something other than text"
        level = [(path, value) for path, value in entries if isinstance(value, dict)]
