"""Whether one concrete token gets at one resource, decided by reading the raw documents: the concrete evaluator.

It re-checks every witness before it is reported and is the oracle of the compiler's tests. Of the compiling side it
shares the CEL parser and nothing else. It answers in three values: True, False, or None where the answer rests on
something the documents do not tell. Taken as given: a well-formed, unexpired, properly signed token.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import unquote

from auditor.claims.payload import nested
from auditor.claims.predicate import Token
from auditor.model import Trust
from auditor.providers.gcp.cel import parse
from auditor.providers.gcp.cel_evaluate import evaluate
from auditor.providers.gcp.cel_evaluate_values import CelError, Outcome, Unsure
from auditor.providers.gcp.cel_lexer import CelSyntaxError
from auditor.providers.gcp.evaluate_policies import all_of, any_of, grant_lets_in

_LONGEST_SUBJECT: Final = 127
_MISSING: Final = CelError("not set")


def admits(trust: Trust, token: Token, now: datetime) -> bool | None:
    """Whether `token` gets what `trust` is about; None where that depends on something unknown.

    `trust.documents` holds `provider` and `pool` (API bodies), `name` (the provider's full name), `grants`, `denials`
    and what else `trust.py` puts there. `now` is an aware datetime: it decides `request.time`. Never raises for what a
    document or a token holds.
    """
    documents = trust.documents
    provider, pool = documents.get("provider"), documents.get("pool")
    if not isinstance(provider, Mapping):
        return False if documents.get("missing") is True else None
    oidc = provider.get("oidc")
    if not _open(pool) or not _open(provider):
        return False if _shut(pool) or _shut(provider) else None
    account = documents.get("account")
    if isinstance(account, Mapping) and account.get("disabled") is True:
        return False
    if not isinstance(oidc, Mapping):
        return None
    entering = all_of((_issued(oidc.get("issuerUri"), token), _made_for(oidc, str(documents.get("name")), token)))
    if entering is False:
        return False
    principal = Principal(provider.get("attributeMapping"), token)
    granted = (
        grant_lets_in(grant, documents, principal.is_member, now)
        for grant in documents.get("grants", ())
        if isinstance(grant, Mapping)
    )
    bounded = None if documents.get("bounded") else True
    return all_of((entering, principal.exchanged, _holds(provider, principal), any_of(granted), bounded))


def _open(body: Any) -> bool:
    return isinstance(body, Mapping) and body.get("state", "ACTIVE") == "ACTIVE" and body.get("disabled") is not True


def _shut(body: Any) -> bool:
    return isinstance(body, Mapping) and (body.get("state") == "DELETED" or body.get("disabled") is True)


def _issued(url: Any, token: Token) -> bool | None:
    """`iss` is `issuerUri`; documentation shows both with and without a slash at the end."""
    issuer = token.get("iss", url)
    if not isinstance(url, str):
        return None
    return isinstance(issuer, str) and issuer.rstrip("/") == url.rstrip("/")


def _made_for(oidc: Mapping[str, Any], name: str, token: Token) -> bool | None:
    listed = oidc.get("allowedAudiences", [])
    if not isinstance(listed, list | tuple) or not all(isinstance(text, str) for text in listed):
        return None
    wanted = list(listed) or [scheme + "//iam.googleapis.com/" + name for scheme in ("", "https:")]
    carried = token.get("aud", ())
    return any(one in wanted for one in (carried if isinstance(carried, tuple) else (carried,)))


def _holds(provider: Mapping[str, Any], principal: Principal) -> bool | None:
    """The attribute condition gives true; anything else, errors included, refuses."""
    written = provider.get("attributeCondition")
    if written is None or written == "":
        return True
    if not isinstance(written, str):
        return None
    try:
        outcome = evaluate(parse(written), principal.variables)
    except CelSyntaxError:
        return None
    return None if isinstance(outcome, Unsure) else outcome is True


class Principal:
    """What a provider's mapping makes of a token."""

    def __init__(self, mapping: Any, token: Token) -> None:
        self.assertion = nested(token)
        self.values: dict[str, Outcome] = {}
        self.whole = isinstance(mapping, Mapping)
        for name, written in mapping.items() if isinstance(mapping, Mapping) else ():
            self.values[name] = self._value(written)

    def _value(self, written: Any) -> Outcome:
        try:
            return evaluate(parse(written), {"assertion": self.assertion}) if isinstance(written, str) else Unsure("")
        except CelSyntaxError as error:
            return Unsure(str(error))

    @property
    def exchanged(self) -> bool | None:
        """The mapping gives a subject that fits. None also where an optional attribute cannot be set."""
        subject = self.values.get("google.subject", _MISSING)
        if isinstance(subject, Unsure) or not self.whole:
            return None
        if not isinstance(subject, str) or len(subject.encode("utf-8", "surrogatepass")) > _LONGEST_SUBJECT:
            return False
        certain = bool(subject)
        for name, value in self.values.items():
            wanted: type = tuple if name == "google.groups" else str
            certain = certain and isinstance(value, wanted)
        return True if certain else None

    @property
    def variables(self) -> dict[str, Any]:
        """What a condition may read; a room in which something is not known is left out, and so not known."""
        rooms: dict[str, dict[str, Any]] = {"google": {}, "attribute": {}}
        doubtful: set[str] = set()
        for name, value in self.values.items():
            room, _, key = name.partition(".")
            if isinstance(value, Unsure):
                doubtful.add(room)
            elif isinstance(value, tuple if name == "google.groups" else str):
                rooms.setdefault(room, {})[key] = list(value) if isinstance(value, tuple) else value
            elif not isinstance(value, CelError):
                doubtful.add(room)  # of another type: unset perhaps, or refused
        known = {room: value for room, value in rooms.items() if room not in doubtful}
        return {"assertion": self.assertion, **known}

    def is_member(self, text: str) -> bool | None:
        """Whether a principal identifier of this pool, as what stands behind the pool's name, means the token."""
        if text == "*":
            return True
        kind, _, value = text.partition("/")
        if kind == "group":
            groups = self.values.get("google.groups", _MISSING)
            if isinstance(groups, Unsure) or (isinstance(groups, tuple) and any(isinstance(g, Unsure) for g in groups)):
                return None
            return isinstance(groups, tuple) and value in groups
        own = self.values.get("google.subject" if kind == "subject" else kind, _MISSING)
        if isinstance(own, Unsure):
            return None
        if not isinstance(own, str):
            return False
        if own == value:
            return True
        near = {one.lower() for one in (value, unquote(value))}
        return None if own.lower() in near else False
