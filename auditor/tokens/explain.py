"""Why a token does or does not become one identity, clause by clause, with the place of each in the source."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from auditor.claims.predicate import ELEMENT, Constant, Token, claims_of, evaluate
from auditor.claims.solver import reasons
from auditor.model import Clause, Source, Statement, Trust, Value
from auditor.tokens.admission import Admission
from auditor.tokens.nearest import SHOWN, View, difference, nearest

Quote = Callable[[Source], Any]
"""What stands at a place of a collected document; None where nothing does."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What the token has under a claim that is tested."""

    claim: str
    value: str | None
    """None: the token has no such claim."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A listed value, and how the token's misses it."""

    text: str
    matches: bool | None
    difference: str
    source: Source


@dataclass(frozen=True, slots=True)
class ClauseView:
    """One test of a statement."""

    text: str
    source: Source
    result: bool | None
    note: str
    """Why it is unknown, or the same for every token; else empty."""
    carried: tuple[Carried, ...]
    wanted: tuple[Wanted, ...]
    """The value that matches, or the nearest ones."""
    more: int
    """How many further values are listed."""
    written: str
    """The value as the source writes it, where the alternatives are not listed one by one; else empty."""


@dataclass(frozen=True, slots=True)
class StatementView:
    """One statement: an allow that holds lets the token in, a deny that holds keeps it out."""

    effect: Literal["allow", "deny"]
    source: Source
    result: bool | None
    clauses: tuple[ClauseView, ...]

    @property
    def failing(self) -> tuple[ClauseView, ...]:
        """The tests that do not hold, or of which that is not known."""
        return tuple(clause for clause in self.clauses if clause.result is not True)


@dataclass(frozen=True, slots=True)
class Door:
    """What the platform asks for before it reads any policy."""

    result: bool | None
    issuer: str
    """How the token's issuer compares with the one this door is for; empty where they are the same."""
    audience: tuple[Carried, ...]
    registered: tuple[str, ...] | None
    note: str
    """Why it is shut, or open, or not known; empty where the audience says it all."""
    difference: str


@dataclass(frozen=True, slots=True)
class Why:
    """The whole reasoning about one trust."""

    admission: Admission
    door: Door
    statements: tuple[StatementView, ...]

    @property
    def trust(self) -> Trust:
        return self.admission.trust

    @property
    def summary(self) -> str:
        """The reason in one phrase; empty for a token that gets in."""
        if self.admission.reason:
            return self.admission.reason
        if self.admission.result:
            return ""
        if self.door.issuer:
            return "it is for tokens of another issuer"
        if self.door.result is False:
            return self.door.note or "the token's audience is not registered there"
        refusing = next((one for one in self.statements if one.effect == "deny" and one.result), None)
        if refusing is not None:
            above = self.trust.notes.get("policies-above", {}).get(refusing.source.document)
            return f"{above or refusing.source.pointer} refuses it, whatever else lets it in"
        allowing = [one for one in self.statements if one.effect == "allow"]
        if not allowing:
            return "no statement lets anybody in"
        nearest_one = min(allowing, key=lambda one: len(one.failing))
        failing = " and ".join(dict.fromkeys(clause.text for clause in nearest_one.failing))
        among = "its one allow statement fails" if len(allowing) == 1 else "the nearest allow statement fails"
        return f"{among} on {failing}"


def explain(admission: Admission, token: Token, view: View, quote: Quote) -> Why:
    """Everything that speaks for or against `token` at the trust of `admission`."""
    trust = admission.trust
    whole = {**token, **admission.chosen}
    return Why(
        admission=admission,
        door=_door(trust, token, view),
        statements=tuple(_statement(statement, whole, view, quote) for statement in trust.statements),
    )


_NOTES = {
    "provider-missing": "no such issuer is registered there, so no token gets as far as the policy",
    "provider-foreign": "the registration it names is another account's, so no token gets as far as the policy",
}


_UNMAPPED = "what the provider's attribute mapping makes of it is no principal: a google.subject that fits is missing"


def _door(trust: Trust, token: Token, view: View) -> Door:
    issuer, url = str(token["iss"]), trust.issuer.url
    read = sorted(claims_of(trust.gate)) or ["aud"]
    unread = [f"{claim} is {view.unread[claim]}" for claim in read if claim in view.unread]
    result = None if unread else evaluate(trust.gate, token)
    mapped = "mapping" in trust.notes
    shut = str(trust.notes.get("closed", _UNMAPPED if mapped and result is False else ""))
    note = "; ".join(unread) or shut or next((text for name, text in _NOTES.items() if trust.notes.get(name)), "")
    if "provider-unread" in trust.notes:
        note = f"taken as open, for the registration was not read: {trust.notes['provider-unread']}"
    elif "policy-unread" in trust.notes:
        note = f"the policy could not be read: {trust.notes['policy-unread']}"
    same = issuer == url or "policy-unread" in trust.notes
    audience = () if unread else _those_carried(["aud"] if mapped else read, token)
    text = next((one.value for one in audience if one.value is not None), None)
    missed = ""
    if result is False and trust.audiences and text is not None:
        missed = difference(text, nearest(text, trust.audiences)[0], "aud", View(view.grammar, None))
    told = "" if same else difference(issuer, url, "iss", View(view.grammar, None))
    return Door(result if same else False, told, audience, trust.audiences, note, missed)


def _statement(statement: Statement, token: Token, view: View, quote: Quote) -> StatementView:
    clauses = tuple(_clause(clause, token, view, quote) for clause in statement.clauses)
    results = {clause.result for clause in clauses}
    result = False if False in results else None if None in results else True
    return StatementView(statement.effect, statement.source, result, clauses)


def _clause(clause: Clause, token: Token, view: View, quote: Quote) -> ClauseView:
    read = claims_of(clause.predicate) - {ELEMENT}
    unread = [f"{claim} is {view.unread[claim]}" for claim in sorted(read & view.unread.keys())]
    result = None if unread else evaluate(clause.predicate, token)
    carried = () if unread else _those_carried(sorted(read), token)
    note = "; ".join(unread or reasons(clause.predicate)) if result is None else ""
    if isinstance(clause.predicate, Constant):
        note = f"{'true' if clause.predicate.value else 'false'} of every token of this issuer"
    wanted, more = _wanted(clause, token, carried, view, result)
    written = "" if wanted else _text(quote(clause.source))
    return ClauseView(clause.text, clause.source, result, note, carried, wanted, more, written)


def _wanted(
    clause: Clause, token: Token, carried: tuple[Carried, ...], view: View, result: bool | None
) -> tuple[tuple[Wanted, ...], int]:
    if not clause.values or isinstance(clause.predicate, Constant):
        return (), 0
    tried = [(value, evaluate(value.predicate, token)) for value in clause.values]
    decisive = [(value, answer) for value, answer in tried if answer is result and answer is not False]
    if decisive:
        shown = decisive[:1] if result else decisive[:SHOWN]
        return tuple(Wanted(value.text, answer, "", value.source) for value, answer in shown), len(tried) - len(shown)
    one = next((one for one in carried if one.value is not None), None)
    if one is None or one.value is None:
        near = [value for value, _ in tried[:SHOWN]]
        return tuple(Wanted(value.text, False, "", value.source) for value in near), len(tried) - len(near)
    by_text: Mapping[str, Value] = {value.text: value for value, _ in reversed(tried)}
    texts = nearest(one.value, by_text)
    chosen = tuple(
        Wanted(text, False, difference(one.value, text, one.claim, view), by_text[text].source) for text in texts
    )
    return chosen, len(by_text) - len(chosen)


def _those_carried(claims: Iterable[str], token: Token) -> tuple[Carried, ...]:
    """What the token has under the claims a test reads; that one is missing is only told where all are."""
    found = [_carried(claim, token) for claim in claims]
    return tuple([one for one in found if one.value is not None] or found)


def _carried(claim: str, token: Token) -> Carried:
    value = token.get(claim)
    match value:
        case None:
            return Carried(claim, None)
        case tuple():
            return Carried(claim, ", ".join(value))
        case bool():
            return Carried(claim, "true" if value else "false")
        case _:
            return Carried(claim, str(value))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def quoting(documents: Mapping[str, Any]) -> Quote:
    """Reads places (RFC 6901) out of `documents`, which are by id."""

    def quote(source: Source) -> Any:
        place = documents.get(source.document)
        for step in source.pointer.split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(place, Mapping):
                place = place.get(name)
            elif isinstance(place, list | tuple) and name.isdecimal() and int(name) < len(place):
                place = place[int(name)]
            else:
                return None
        if source.span is not None and isinstance(place, str):
            return place[source.span[0] : sum(source.span)]
        return place

    return quote
