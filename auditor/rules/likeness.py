"""Trusts that differ in names only are of one *kind*: what is found of one is found of all, with the names of each.

Names are what `claims.canonical` may rename in everything that the trust compares with; besides them the role, its
account, and what a decision says in words. A kind is a trust itself, with placeholders for all of these: rules are
asked about that trust, its own source documents included, and the names are put into what they find.

Only trusts of AWS roles have kinds, and of those only what is plain enough to be sure of: conditions on claims of
issuers, no policy variables, nothing unknown. Statements that come from elsewhere than the role, such as an
organisation's, are part of the kind as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from auditor.claims.canonical import exchanged, placeholders_for, renamed, told_by
from auditor.claims.grammar import Shape
from auditor.claims.names import WORD, compared
from auditor.claims.predicate import claims_of
from auditor.model import Clause, Identity, Issuer, Json, Source, Statement, Trust, Value

ACCOUNT = "736150928364"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/\ue000"
NAME = "\ue001"
"""The account, the ARN and the name of the role that stands for all of a kind. No issuer's hints hold such a number."""

POLICY = "AssumeRolePolicyDocument"

_ACCOUNT = re.compile(r"[0-9]{12}")
_TAKEN = rf"\\ue00|{ACCOUNT}|name[0-9]"
_STRANGE = re.compile(rf"\$\{{|{_TAKEN}|[^ -~]")
"""What must not stand in a policy: variables, and what could be taken for a placeholder."""

_MISTAKABLE = re.compile(rf"[\ue000-\ue00f]|{_TAKEN}")
"""What must not stand in any other text that a finding may quote."""

_SAID = frozenset(("true", "false"))
"""Words that are no names: `Null` and `Bool` ask for them."""

_NOTES = frozenset(("provider-missing", "provider-foreign", "provider-unread", "policies-above", "refused-if-resaved"))
"""Notes that are the same for a whole kind; the last is looked at by no rule that judges kinds."""

_Tests = tuple[tuple[str, str, str | tuple[str, ...]], ...]
"""(operator, key, values) of a condition."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a trust has in common with others, and what not."""

    key: Hashable
    """Equal for trusts of one kind."""
    placeholders: Mapping[str, str]
    """Name → placeholder, numbered from 0."""
    account: str


def likeness(trust: Trust, shapes: tuple[Shape, ...], spoken_of: frozenset[str]) -> Likeness | None:
    """The likeness of a trust that is judged by `shapes` of token; None where it has none.

    Words of `spoken_of` are no names: they mean something by themselves.
    """
    documents, identity = trust.documents, trust.identity
    role, account = documents.get("role"), documents.get("account")
    if (
        trust.provider != "aws"
        or not isinstance(role, dict)
        or account != identity.scope
        or not set(trust.notes) <= _NOTES
    ):
        return None
    policy = role.get(POLICY)
    tests = _tests(policy)
    if tests is None or not _ACCOUNT.fullmatch(account) or account == ACCOUNT:
        return None
    try:
        rest = _without_values(policy)
    except RecursionError:
        return None  # nested as no policy of AWS is
    written = "\n".join(text for _, _, told in tests for text in ((told,) if isinstance(told, str) else told))
    if account in written or _STRANGE.search(rest) or _STRANGE.search(written.replace("\n", "")):
        return None
    notes = tuple((name, repr(note)) for name, note in trust.notes.items() if name != "refused-if-resaved")
    if _mistakable(trust.issuer, shapes, spoken_of) or _MISTAKABLE.search(repr((notes, trust.audiences))):
        return None
    provider = _provider(trust)
    if provider is None:
        return None
    given = [statement for statement in trust.statements if statement.source.document != identity.id]
    placeholders = _placeholders(trust, given, shapes, spoken_of)
    rest = rest.replace(account, ACCOUNT)
    if placeholders is None or not _words(rest).isdisjoint(placeholders):
        return None
    known = {"role", "account", "providers", "providers_read"}
    key = (
        trust.issuer.url,
        id(trust.issuer.grammar),
        trust.via.replace(account, ACCOUNT),
        trust.source.pointer,
        trust.gate,
        trust.audiences,
        notes,
        provider,
        rest,
        tuple((operator, key, _exchanged(told, placeholders)) for operator, key, told in tests),
        tuple((one.effect, one.source.pointer, one.issuers, len(one.clauses)) for one in trust.statements),
        tuple(given),
        tuple((name, id(value)) for name, value in documents.items() if name not in known and name != "audited_at"),
    )
    return Likeness(key, placeholders, account)


def _placeholders(
    trust: Trust, given: list[Statement], shapes: tuple[Shape, ...], spoken_of: frozenset[str]
) -> dict[str, str] | None:
    gate = told_by(trust.gate)
    if gate is None:
        return None
    read = claims_of(trust.gate)
    needed = max(map(len, gate), default=0)
    texts: frozenset[str] = gate
    fixed = gate
    for statement in trust.statements:
        for clause in statement.clauses:
            told = told_by(clause.predicate)
            if told is None:
                return None
            read |= claims_of(clause.predicate)
            needed += max(map(len, told), default=0)
            for value in clause.values:
                one = told_by(value.predicate)
                if one is None:
                    return None
                read |= claims_of(value.predicate)
                told |= one
            texts |= told
            if statement in given:
                fixed |= told
            elif any("*" in text or "?" in text for text in told):
                return None  # rules ask whether a pattern was meant
    if _any_mistakable(fixed):
        return None
    also = _SAID.union(spoken_of, *map(_lower_words, fixed))
    return placeholders_for(texts, needed, trust.issuer.grammar, shapes, read, also)


@lru_cache(maxsize=1 << 10)
def _any_mistakable(texts: frozenset[str]) -> bool:
    return any(map(_MISTAKABLE.search, texts))


@lru_cache(maxsize=1 << 8)
def _mistakable(issuer: Issuer, shapes: tuple[Shape, ...], ours: frozenset[str]) -> bool:
    """Whether something that tokens of the issuer hold, or that is said of it, could be taken for a placeholder."""
    grammar, template = issuer.grammar, issuer.grammar.template
    texts = {issuer.url, issuer.name, *issuer.nouns.values(), *ours}
    variables = set(grammar.variables.values())
    for shape in {*grammar.shapes, *shapes}:
        variables.update(shape.variables.values())
        texts.update((shape.run, shape.note, *shape.claims, *compared(shape.only)))
        terms = (*shape.claims.values(), *grammar.fragments.get(shape, {}).values())
        texts.update(part for term in terms for part in term if isinstance(part, str))
    for variable in variables:
        texts.update((variable.name, variable.dimension, *variable.hints, *(variable.values or ())))
    if template is not None:
        texts.update((template.joiner, *template.keys, *template.special.values()))
    return any(map(_MISTAKABLE.search, texts))


@lru_cache(maxsize=1 << 12)
def _lower_words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text.lower()))


@lru_cache(maxsize=1 << 10)
def _words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text))


def _exchanged(told: str | tuple[str, ...], placeholders: Mapping[str, str]) -> str | tuple[str, ...]:
    if isinstance(told, str):
        return exchanged(told, placeholders)
    return tuple([exchanged(text, placeholders) for text in told])


def _statements(policy: Any) -> list[Any] | None:
    body = policy.get("Statement") if isinstance(policy, dict) else None
    listed = [body] if isinstance(body, dict) else body
    return listed if isinstance(listed, list) and all(isinstance(one, dict) for one in listed) else None


def _tests(policy: Any) -> _Tests | None:
    """Every test of every statement; None where one is not of texts, or of something else than an issuer's claims."""
    found: list[tuple[str, str, str | tuple[str, ...]]] = []
    listed = _statements(policy)
    for statement in listed or ():
        condition = statement.get("Condition", {})
        if not isinstance(condition, dict):
            return None
        for operator, tests in condition.items():
            if not isinstance(tests, dict):
                return None
            for key, values in tests.items():
                if not isinstance(key, str) or not _of_an_issuer(key):
                    return None
                if isinstance(values, list) and all(isinstance(value, str) for value in values):
                    found.append((operator, key, tuple(values)))
                elif isinstance(values, str):
                    found.append((operator, key, values))
                else:
                    return None
        found.append(("", "", ""))  # where the next statement begins
    return None if listed is None else tuple(found)


@lru_cache(maxsize=1 << 10)
def _of_an_issuer(key: str) -> bool:
    """Whether the key is a claim of some issuer: those of AWS itself have no dot in what stands before the colon."""
    return "." in key.partition(":")[0]


def _without_values(policy: Any) -> str:
    """The policy with nothing but operators and keys in its conditions, in the order in which all of it is written."""
    body = policy["Statement"]
    bare = [
        {name: value if name != "Condition" else _form(value) for name, value in one.items()}
        for one in _statements(policy) or ()
    ]
    return json.dumps([{**policy, "Statement": bare}, isinstance(body, list)])


def _form(condition: Any) -> Any:
    return [[operator, list(tests)] for operator, tests in condition.items()]


def _provider(trust: Trust) -> tuple[Hashable, ...] | None:
    """What the evaluator reads of the registered issuer."""
    providers = trust.documents.get("providers")
    if not isinstance(providers, Mapping):
        return None
    body = providers.get(trust.via)
    if body is None:
        return (trust.via in providers, trust.documents.get("providers_read"))
    url, listed = (body.get("Url"), body.get("ClientIDList")) if isinstance(body, Mapping) else (None, None)
    if not isinstance(url, str) or not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        return None
    return (url, tuple(listed), trust.documents.get("providers_read"))


def kind_of(trust: Trust, found: Likeness) -> Trust:
    """The trust that stands for all of the kind of `trust`."""
    names, account = found.placeholders, found.account
    role, via = trust.documents["role"], trust.via.replace(account, ACCOUNT)
    providers = trust.documents["providers"]
    return replace(
        trust,
        identity=Identity("aws", ACCOUNT, trust.identity.kind, ROLE, NAME),
        via=via,
        source=Source(ROLE, trust.source.pointer),
        statements=tuple(
            one if one.source.document != trust.identity.id else _statement(one, names) for one in trust.statements
        ),
        documents={
            **trust.documents,
            "role": {"Arn": ROLE, POLICY: _policy(role[POLICY], found)},
            "account": ACCOUNT,
            "providers": {via: providers[trust.via]} if trust.via in providers else {},
        },
        notes={name: note for name, note in trust.notes.items() if name != "refused-if-resaved"},
    )


def _statement(statement: Statement, names: Mapping[str, str]) -> Statement:
    return replace(
        statement,
        source=replace(statement.source, document=ROLE),
        clauses=tuple(_clause(clause, names) for clause in statement.clauses),
    )


def _clause(clause: Clause, names: Mapping[str, str]) -> Clause:
    return replace(
        clause,
        source=replace(clause.source, document=ROLE),
        predicate=renamed(clause.predicate, names),
        values=tuple(_value(value, names) for value in clause.values),
    )


def _value(value: Value, names: Mapping[str, str]) -> Value:
    return Value(
        source=replace(value.source, document=ROLE),
        text=exchanged(value.text, names),
        predicate=renamed(value.predicate, names),
    )


def _policy(policy: Json, found: Likeness) -> dict[str, Any]:
    body = policy["Statement"]
    statements = [_with(one, found) for one in _statements(policy) or ()]
    return {**policy, "Statement": statements if isinstance(body, list) else statements[0]}


def _with(statement: Mapping[str, Any], found: Likeness) -> dict[str, Any]:
    """A statement of the policy with placeholders: the account anywhere but in its condition, names in that alone."""
    bare = {name: value for name, value in statement.items() if name != "Condition"}
    changed = json.loads(json.dumps(bare).replace(found.account, ACCOUNT))
    condition = {
        operator: {key: _listed(values, found.placeholders) for key, values in tests.items()}
        for operator, tests in statement.get("Condition", {}).items()
    }
    names = (name.replace(found.account, ACCOUNT) for name in statement)
    return {name: condition if name == "Condition" else changed[name] for name in names}


def _listed(values: str | list[str], names: Mapping[str, str]) -> str | list[str]:
    return exchanged(values, names) if isinstance(values, str) else [exchanged(text, names) for text in values]
