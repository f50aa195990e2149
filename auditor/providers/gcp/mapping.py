"""A provider of a workload identity pool: which tokens it takes, and what its mapping makes of their claims.

Facts: Google's pages on workload identity federation and the API descriptions of IAM and STS. Two things Google does
not say are kept open both ways. A claim that an optional attribute's expression needs and the token lacks may end the
exchange or leave the attribute unset: such a token is not known to get in, and not known to be refused. And whether an
empty `google.subject` passes. Not modelled: the 8 KB all mapped attributes may take together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from auditor.claims.grammar import Grammar
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import (
    ELEMENT,
    FALSE,
    TRUE,
    AnyValue,
    Match,
    Predicate,
    Unknown,
    claims_of,
    conjunction,
    disjunction,
    negation,
)
from auditor.claims.solver import solve
from auditor.claims.templates import solve_templated
from auditor.claims.texts import Joined
from auditor.claims.verdict import Rejected
from auditor.model import Clause, Json, Source, Value
from auditor.providers.gcp import cel_compile
from auditor.providers.gcp.cel import parse
from auditor.providers.gcp.cel_compile import Environment
from auditor.providers.gcp.cel_lexer import CelSyntaxError
from auditor.providers.gcp.cel_syntax import Binary, Call, Expr, Ident, ListLiteral, Literal, Logic, Span, children
from auditor.providers.gcp.cel_values import text_of
from auditor.providers.gcp.lengths import joined_within
from auditor.providers.gcp.members import PoolMember

SUBJECT: Final = "google.subject"
GROUPS: Final = "google.groups"
LONGEST_SUBJECT: Final = 127
"""Bytes of UTF-8; a token whose subject is longer is refused (`invalid_request`)."""

CONDITION: Final = "/attributeCondition"
MAPPING: Final = "/attributeMapping"
AUDIENCES: Final = "/oidc/allowedAudiences"

UNSET: Final = (
    "a claim that the attribute mapping reads is missing: Google does not say whether the exchange then fails"
)
EMPTY: Final = "Google does not say whether a token whose google.subject is empty gets in"
_NO_CASE: Final = "it differs from the member in letter case or percent-encoding only"


def escaped(name: str) -> str:
    """A step of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def default_audiences(provider: str) -> tuple[str, ...]:
    """The audiences of a provider that lists none: its full name, with and without the scheme."""
    return (f"//iam.googleapis.com/{provider}", f"https://iam.googleapis.com/{provider}")


@lru_cache(maxsize=1 << 14)
def never(predicate: Predicate, grammar: Grammar) -> bool:
    """Whether no token of the issuer, customised ones included, satisfies it."""
    if predicate == FALSE:
        return True
    return isinstance(solve(predicate, grammar), Rejected) and isinstance(solve_templated(predicate, grammar), Rejected)


@dataclass(frozen=True, eq=False)
class OidcProvider:
    """A provider of kind `oidc` as its document describes it."""

    name: str
    body: Json
    texts: frozenset[str] = frozenset()
    """Claims that are known to be texts wherever a token carries them."""

    @cached_property
    def written(self) -> Mapping[str, str]:
        """The attribute mapping, as far as it is text."""
        mapping = self.body.get("attributeMapping", {})
        if not isinstance(mapping, Mapping):
            return {}
        return {name: text for name, text in mapping.items() if isinstance(text, str)}

    @cached_property
    def _parsed(self) -> tuple[dict[str, Expr], dict[str, str]]:
        read: dict[str, Expr] = {}
        unread: dict[str, str] = {}
        mapping = self.body.get("attributeMapping", {})
        for name in mapping if isinstance(mapping, Mapping) else ():
            try:
                read[name] = parse(self.written[name]) if name in self.written else parse("")
            except CelSyntaxError as error:
                unread[name] = f"the mapping of {name} could not be read: {error}"
        return read, unread

    @property
    def unread(self) -> Mapping[str, str]:
        """Mapped attribute → why its expression could not be read."""
        return self._parsed[1]

    @cached_property
    def environment(self) -> Environment:
        return Environment(mapping=self._parsed[0], texts=self.texts)

    @property
    def mapped(self) -> frozenset[str]:
        """The names of all attributes the mapping sets."""
        return frozenset(self._parsed[0]) | frozenset(self.unread)

    def value(self, name: str) -> cel_compile.Value:
        """The value of an attribute whose expression could be read."""
        return cel_compile.compile_value(self._parsed[0][name], self.environment)

    def reads(self, name: str) -> str | None:
        """The text an attribute is mapped from; None where it is not mapped."""
        return self.written.get(name)

    # What the platform asks for before it looks at any condition

    @cached_property
    def subject_fits(self) -> Predicate:
        """`google.subject` is a text of an allowed length, and not empty."""
        if SUBJECT in self.unread:
            return Unknown(self.unread[SUBJECT])
        if SUBJECT not in self.mapped:
            return FALSE
        wanted = Length(1, LONGEST_SUBJECT, in_bytes=True)
        found: list[Predicate] = []
        for guard, symbol in self.value(SUBJECT).cases:
            text = text_of(symbol)
            if isinstance(text, Joined):
                found.append(conjunction((guard, joined_within(text, LONGEST_SUBJECT))))
            else:
                found.append(cel_compile.Value(((guard, symbol),)).is_in(wanted))
        return disjunction(found)

    @property
    def subject_is_no_text(self) -> bool:
        """Whether no token at all gets a `google.subject`."""
        return self.subject_fits == FALSE == self.subject_empty

    @cached_property
    def claims(self) -> frozenset[str]:
        """The claims that mapping and condition read."""
        parts = (self.subject_fits, self.complete, *(clause.predicate for clause in self.conditions))
        return claims_of(conjunction(parts))

    @cached_property
    def subject_empty(self) -> Predicate:
        """`google.subject` is the empty text: nobody says whether that gets in."""
        return self.value(SUBJECT).is_in(Pattern.exactly("")) if SUBJECT in self._parsed[0] else FALSE

    @cached_property
    def complete(self) -> Predicate:
        """Every optional attribute is set, and of the right type."""
        return conjunction(self._set(name) for name in sorted(self.mapped - {SUBJECT}))

    def _set(self, name: str) -> Predicate:
        if name in self.unread:
            return Unknown(self.unread[name])
        value = self.value(name)
        return conjunction((value.defined, negation(value.is_text))) if name == GROUPS else value.is_text

    def exchange(self, grammar: Grammar) -> Predicate:
        """The mapping gives a `google.subject` that fits, and everything else it is to give.

        What holds for every token of the issuer, or for none, is left out: then nothing about it is unknown.
        """
        empty = conjunction((self.subject_empty, Unknown(EMPTY, "empty subject")))
        if never(self.subject_empty, grammar):
            empty = FALSE
        complete = disjunction((self.complete, Unknown(UNSET, "unset attributes")))
        if never(negation(self.complete), grammar):
            complete = TRUE
        return conjunction((disjunction((self.subject_fits, empty)), complete))

    # Audience and condition, test by test

    @property
    def audiences(self) -> tuple[str, ...] | None:
        """The audiences it takes; None where the list could not be understood."""
        oidc = self.body.get("oidc")
        listed = oidc.get("allowedAudiences", []) if isinstance(oidc, Mapping) else None
        if not isinstance(listed, list | tuple) or any(not isinstance(text, str) for text in listed):
            return None
        return tuple(listed) or default_audiences(self.name)

    @cached_property
    def audience(self) -> Clause:
        """The token is made for the provider."""
        audiences = self.audiences
        if audiences is None:
            doubt = Unknown("the provider's allowedAudiences could not be understood")
            return Clause(Source(self.name, AUDIENCES), "allowedAudiences", doubt)
        listed = bool(self.body["oidc"].get("allowedAudiences"))
        return Clause(
            Source(self.name, AUDIENCES if listed else "/name"),
            "allowedAudiences" if listed else "the default audience",
            _carries(audiences),
            tuple(
                Value(Source(self.name, f"{AUDIENCES}/{index}"), text, _carries((text,)))
                for index, text in enumerate(audiences if listed else ())
            ),
        )

    @cached_property
    def conditions(self) -> tuple[Clause, ...]:
        """The operands of the condition's outermost `&&`, each a clause; none where there is no condition."""
        written = self.body.get("attributeCondition")
        if written is None or written == "":
            return ()
        place = Source(self.name, CONDITION)
        if not isinstance(written, str):
            return (Clause(place, "attributeCondition", Unknown("the attribute condition is no text")),)
        try:
            whole = parse(written)
        except CelSyntaxError as error:
            return (
                Clause(place, "attributeCondition", Unknown(f"the attribute condition could not be read: {error}")),
            )
        parts = whole.operands if isinstance(whole, Logic) and whole.operator == "&&" else (whole,)
        return tuple(self._clause(part, written) for part in parts)

    @cached_property
    def subjects(self) -> tuple[str, ...]:
        """The texts the condition compares the token's `sub` with."""
        try:
            condition = parse(str(self.body.get("attributeCondition") or "true"))
        except CelSyntaxError:
            return ()
        return tuple(_subjects(condition, self.reads(SUBJECT)))

    def _clause(self, part: Expr, written: str) -> Clause:
        listed = tuple(
            Value(self._place(span), text, self.holds(alternative))
            for alternative, span, text in _listed(part, written)
        )
        return Clause(self._place(part.span), _text(part.span, written), self.holds(part), listed)

    def _place(self, span: Span) -> Source:
        return Source(self.name, CONDITION, (span.offset, span.length))

    def holds(self, condition: Expr) -> Predicate:
        """The condition is true of a token and what the mapping makes of it."""
        if self.unread and _mentions(condition, ("attribute", "google")):
            return Unknown(next(iter(self.unread.values())))
        return cel_compile.compile_condition(condition, self.environment).true

    # Members

    def becomes(self, member: PoolMember) -> Predicate:
        """A token that the provider takes is `member`. Values are compared letter by letter."""
        if member.dead is not None:
            return FALSE
        if member.doubt is not None:
            return Unknown(member.doubt)
        name = {"subject": SUBJECT, "group": GROUPS, "attribute": f"attribute.{member.name}"}.get(member.form)
        if name is None:
            return TRUE
        if name in self.unread:
            return Unknown(self.unread[name])
        if name not in self.mapped:
            return FALSE
        value = self.value(name)
        return value.contains(member.value) if name == GROUPS else value.is_in(Pattern.exactly(member.value))

    def unmapped(self, member: PoolMember) -> str | None:
        """Why no token the provider takes is `member`, where that is for want of a mapping."""
        name = {"group": GROUPS, "attribute": f"attribute.{member.name}"}.get(member.form)
        if name is None or name in self.mapped:
            return None
        return f"the provider maps nothing to {name}"

    def nearly(self, member: PoolMember, decoded: str) -> Predicate:
        """As `becomes`, were the member's value `decoded` and compared ignoring case; never certain."""
        name = SUBJECT if member.form == "subject" else f"attribute.{member.name}"
        if member.form not in ("subject", "attribute") or name not in self.mapped or name in self.unread:
            return FALSE
        alike = self.value(name).is_in(Pattern.exactly(decoded, ignore_case=True))
        return conjunction((alike, Unknown(_NO_CASE)))


def _carries(audiences: tuple[str, ...]) -> Predicate:
    """`aud`, or one of several, is listed."""
    wanted = ValueSet(audiences)
    return disjunction((Match("aud", wanted), AnyValue("aud", Match(ELEMENT, wanted))))


def _text(span: Span, written: str) -> str:
    return written[span.offset : span.offset + span.length]


def _listed(part: Expr, written: str) -> Iterator[tuple[Expr, Span, str]]:
    """The alternatives a test lists, where there are several: operands of `||`, constants behind `in`."""
    match part:
        case Logic("||", operands):
            for operand in operands:
                inner = list(_listed(operand, written))
                yield from inner or ((operand, operand.span, _text(operand.span, written)),)
        case Binary("in", left, ListLiteral(items)) if len(items) > 1 and all(isinstance(i, Literal) for i in items):
            for item in items:
                shown = item.value if isinstance(item, Literal) and isinstance(item.value, str) else None
                yield Binary("==", left, item), item.span, shown or _text(item.span, written)
        case _:
            return


def _mentions(expr: Expr, names: tuple[str, ...]) -> bool:
    if isinstance(expr, Ident) and expr.name.removeprefix(".") in names:
        return True
    return any(_mentions(child, names) for child in children(expr))


def _subjects(condition: Expr, subject: str | None) -> Iterator[str]:
    """The texts a condition compares the token's `sub` with; `subject` is what `google.subject` is mapped from."""
    match condition:
        case Binary("==", left, right):
            for one, other in ((left, right), (right, left)):
                if _is_subject(one, subject) and isinstance(other, Literal) and isinstance(other.value, str):
                    yield other.value
        case Binary("in", left, ListLiteral(items)) if _is_subject(left, subject):
            yield from (item.value for item in items if isinstance(item, Literal) and isinstance(item.value, str))
        case Call("startsWith", target, (Literal(value),)) if target is not None and _is_subject(target, subject):
            if isinstance(value, str):
                yield value
        case Logic(_, operands):
            for operand in operands:
                yield from _subjects(operand, subject)
        case _:
            return


def _is_subject(expr: Expr, subject: str | None) -> bool:
    try:
        own = parse("assertion.sub")
        return expr == own or (expr == parse(SUBJECT) and subject is not None and parse(subject) == own)
    except CelSyntaxError:
        return False
