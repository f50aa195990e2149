"""Trusts that differ in names only are of one *kind*: what is found of one is found of all, with the names of each.

Names are what `claims.canonical` may rename in everything that the trust compares with; besides them the role, its
account, and what a decision says in words. A kind is a trust itself, with placeholders for all of these: rules are
asked about that trust, its own source documents included, and the names are put into what they find.

It is told by the policy as it is written: a *frame* is the policy without the texts that its conditions compare with,
and once it is known what names are there (its *ground*), the texts with placeholders tell the kind. Only the first
trust of a frame and the first of a kind are looked at compiled; that all others compile to the same but for the names
is held up by `tests/rules/test_alike*.py`.

Only trusts of AWS roles have kinds, and of those only what is plain enough to be sure of: conditions on claims of
issuers, no policy variables, nothing unknown. Statements that come from elsewhere than the role, such as an
organisation's, are part of the kind as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from auditor.claims.canonical import exchanged, placeholders_for, renamed, told_by
from auditor.claims.grammar import Shape
from auditor.claims.languages.pattern import STAR
from auditor.claims.names import WORD, Facts, compared, facts_of
from auditor.claims.predicate import Predicate, claims_of
from auditor.model import Clause, Identity, Issuer, Json, Source, Statement, Trust, Value

ACCOUNT = "736150928364"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/\ue000"
NAME = "\ue001"
"""The account, the ARN and the name of the role that stands for all of a kind. No issuer's hints hold such a number."""

POLICY = "AssumeRolePolicyDocument"

_ACCOUNT = re.compile(r"[0-9]{12}")
_TAKEN = rf"\\ue00|{ACCOUNT}|name[0-9]"
_STRANGE = re.compile(r"\$\{|\\|name[0-9]|[^ -~]")
"""What must not stand in a policy beside the texts it compares with: variables, and what looks like a placeholder."""

_STRANGE_TEXTS = re.compile(r"[^ -~\n]|[$?%\\]|name[0-9]")
"""What must not stand in those texts: the same, and what nothing may be renamed beside (`claims.canonical`)."""

_MISTAKABLE = re.compile(rf"[\ue000-\ue00f]|{_TAKEN}")
"""What must not stand in any other text that a finding may quote."""

_OF_NAMES = re.compile(r"(?:ForAnyValue:|ForAllValues:)?String(?:Not)?(?:Equals|Like)(?:IfExists)?")
"""Operators that compare with names."""

_OF_WORDS = re.compile(r"Null|(?:ForAnyValue:|ForAllValues:)?Bool(?:IfExists)?")
"""Operators that ask for `true` or `false`, which are no names; what else may be written there is not known."""

_SAID = frozenset(("true", "false"))

_NOTES = frozenset(("provider-missing", "provider-foreign", "provider-unread", "policies-above", "refused-if-resaved"))
"""Notes that are the same for a whole kind; the last is looked at by no rule that judges kinds."""

_READ = frozenset(("role", "account", "providers", "providers_read", "audited_at"))
"""Documents of a trust that are looked at here, or by nothing that judges kinds."""

_STR, _DICT = frozenset((str,)), frozenset((dict,))


@dataclass(frozen=True, slots=True)
class Likeness:
    """What a trust has in common with others, and what not."""

    key: Hashable
    """Equal for trusts of one kind."""
    placeholders: Mapping[str, str]
    """Name → placeholder, numbered from 0."""
    account: str
    read: frozenset[str]
    """The claims by which it was decided what names are."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What trusts have in common that differ in the texts of their conditions, whatever those are."""

    key: Hashable
    trust: Trust = field(compare=False)
    """One of them. It also keeps alive what `key` knows by its id."""
    rest: str
    """The policy without those texts, with the account of the kind."""
    shapes: tuple[Shape, ...] = field(compare=False)
    """What the configuration makes of the issuer's: the same throughout an audit, as is `spoken_of`."""
    spoken_of: frozenset[str] = field(compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """On what names are told from other words in a frame."""

    read: frozenset[str]
    facts: Facts
    fixed: str
    """What is compared with besides the role's own texts, one text a line."""
    also: frozenset[str]
    """Words that are no names."""
    needed: int
    """Characters that `fixed` asks of a value."""
    rest: frozenset[str]
    """The words of the frame's policy."""


def likeness(
    trust: Trust,
    shapes: tuple[Shape, ...],
    spoken_of: frozenset[str],
    grounds: Callable[[Frame], Ground | None],
) -> Likeness | None:
    """The likeness of a trust that is judged by `shapes` of token; None where it has none.

    Words of `spoken_of` are no names: they mean something by themselves. `grounds` is `ground_of`, with a memory that
    belongs to one configuration: then nothing of most trusts is compiled for it.
    """
    documents, identity = trust.documents, trust.identity
    role, account = documents.get("role"), documents.get("account")
    if (
        trust.provider != "aws"
        or not isinstance(role, dict)
        or account != identity.scope
        or account == ACCOUNT
        or not _NOTES.issuperset(trust.notes)
        or not _ACCOUNT.fullmatch(account)
    ):
        return None
    try:
        parts = _parts(role.get(POLICY), account)
    except RecursionError:
        return None  # nested as no policy of AWS is
    provider = _provider(trust)
    if parts is None or provider is None:
        return None
    rest, texts, needed = parts
    written = "\n".join(texts)
    if account in written or ACCOUNT in written or ACCOUNT in rest or _STRANGE_TEXTS.search(written):
        return None
    if written.count("\n") >= max(len(texts), 1):  # not only between them
        return None
    rest = rest.replace(account, ACCOUNT)
    own: list[Statement] = []
    given: list[Statement] = []
    for one in trust.statements:
        (own if one.source.document == identity.id else given).append(one)
    frame = Frame(
        (
            trust.issuer.url,
            trust.issuer.kind,
            id(trust.issuer.grammar),
            trust.via.replace(account, ACCOUNT),
            trust.source.pointer,
            trust.gate,
            trust.audiences,
            tuple([(name, repr(note)) for name, note in trust.notes.items() if name != "refused-if-resaved"]),
            provider,
            tuple([(one.effect, one.source.pointer, one.issuers) for one in own]),
            tuple(given),
            tuple([(name, id(value)) for name, value in documents.items() if name not in _READ]),
        ),
        trust,
        rest,
        shapes,
        spoken_of,
    )
    ground = grounds(frame)
    if ground is None:
        return None
    # Stars are those of patterns: where one is a letter, nothing is of a kind (`plain`).
    compared_with = f"{written}\n{ground.fixed}".replace("*", STAR)
    placeholders = placeholders_for(compared_with, needed + ground.needed, ground.facts, ground.also)
    if not ground.rest.isdisjoint(placeholders):
        return None
    return Likeness((ground, exchanged(written, placeholders)), placeholders, account, ground.read)


def ground_of(frame: Frame) -> Ground | None:
    """None where nothing in the frame has a kind."""
    trust = frame.trust
    notes = [note for name, note in trust.notes.items() if name != "refused-if-resaved"]
    if (
        _STRANGE.search(frame.rest)
        or _mistakable(trust.issuer, frame.shapes, frame.spoken_of)
        or _MISTAKABLE.search(repr((list(trust.notes), notes, trust.audiences)))
    ):
        return None
    fixed = told_by(trust.gate)
    if fixed is None:
        return None
    read, needed = claims_of(trust.gate), max(map(len, fixed), default=0)
    for statement in trust.statements:
        for clause in statement.clauses:
            # What a clause reads is told by its key, whatever it compares with.
            read = read.union(*map(claims_of, _predicates(clause)))
            if statement.source.document == trust.identity.id:
                continue
            told = list(map(told_by, _predicates(clause)))
            found = [texts for texts in told if texts is not None]
            if len(found) < len(told):
                return None
            needed += max(map(len, found[0]), default=0)
            fixed = fixed.union(*found)
    if any(map(_MISTAKABLE.search, fixed)):
        return None
    compared_with = "\n".join(sorted(fixed))
    return Ground(
        read=read,
        facts=facts_of(trust.issuer.grammar, frame.shapes, read),
        fixed=compared_with,
        also=_SAID.union(frame.spoken_of, WORD.findall(compared_with.lower())),
        needed=needed,
        rest=frozenset(WORD.findall(frame.rest)),
    )


def _predicates(clause: Clause) -> list[Predicate]:
    return [clause.predicate, *(value.predicate for value in clause.values)]


def plain(trust: Trust, found: Likeness) -> bool:
    """Whether the trust compares with nothing but whole texts and patterns that are meant.

    Asked of one trust of a kind: where the answer is no, none of them has one.
    """
    for statement in trust.statements:
        for clause in statement.clauses:
            for predicate in _predicates(clause):
                told = told_by(predicate)
                if told is None or not claims_of(predicate) <= found.read:
                    return False
                if statement.source.document == trust.identity.id and any("*" in text or "?" in text for text in told):
                    return False  # rules ask whether a pattern was meant
    return True


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


def _statements(policy: Any) -> list[Any] | None:
    body = policy.get("Statement") if isinstance(policy, dict) else None
    listed = [body] if isinstance(body, dict) else body
    return listed if isinstance(listed, list) and set(map(type, listed)) <= _DICT else None


def _parts(policy: Any, account: str) -> tuple[str, list[str], int] | None:
    """The policy as text but for what its tests compare with; those texts, and how many characters they ask of values.

    All in the order in which it is written. None where a test is not of texts, or of something else than an issuer's
    claims, or where the role's account is part of a key: what keys say differs by every letter.
    """
    body = _statements(policy)
    if body is None:
        return None
    texts: list[str] = []
    bare: list[Any] = []
    needed = 0
    for statement in body:
        condition = statement.get("Condition", {})
        if not isinstance(condition, dict):
            return None
        form: list[Any] = []
        for operator, tests in condition.items():
            names = _compares_names(operator)
            if names is None or not isinstance(tests, dict) or not tests:
                return None  # what an operator without a key tests is not known
            for key, values in tests.items():
                if not isinstance(key, str) or not _of_an_issuer(key) or account in key:
                    return None
                listed = values if isinstance(values, list) else [values]
                if not set(map(type, listed)) <= _STR:
                    return None
                if not names:
                    if not _SAID.issuperset(listed):
                        return None
                    form.append((operator, key, values))
                    continue
                form.append((operator, key, len(listed) if values is listed else None))
                texts += listed
                needed += max(map(len, listed), default=0)
        bare.append({**statement, "Condition": form} if "Condition" in statement else statement)
    return repr(({**policy, "Statement": bare}, isinstance(policy["Statement"], list))), texts, needed


@lru_cache(maxsize=1 << 10)
def _compares_names(operator: Any) -> bool | None:
    """Whether what the operator compares with may be names; None for one that leaves nothing to a kind."""
    if not isinstance(operator, str):
        return None
    return True if _OF_NAMES.fullmatch(operator) else False if _OF_WORDS.fullmatch(operator) else None


@lru_cache(maxsize=1 << 10)
def _of_an_issuer(key: str) -> bool:
    """Whether the key is a claim of some issuer: those of AWS itself have no dot in what stands before the colon."""
    return "." in key.partition(":")[0]


def _provider(trust: Trust) -> tuple[Hashable, ...] | None:
    """What the evaluator reads of the registered issuer."""
    providers = trust.documents.get("providers")
    if not isinstance(providers, dict):
        return None
    body = providers.get(trust.via)
    if body is None:
        return (trust.via in providers, trust.documents.get("providers_read"))
    url, listed = (body.get("Url"), body.get("ClientIDList")) if isinstance(body, dict) else (None, None)
    if not isinstance(url, str) or not isinstance(listed, list) or not set(map(type, listed)) <= _STR:
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
