"""The reasoning about one identity, for people: statement by statement, test by test."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.report.text import wrap
from auditor.tokens.explain import Carried, ClauseView, Door, StatementView, Why

_ANSWER = {True: "yes", False: "NO", None: "unknown"}
_LABEL = 9
_LONGEST = 200

Field = tuple[str, str]


def reasoning(why: Why, width: int) -> Iterator[str]:
    """One trust as a block of lines, none longer than `width`."""
    identity = why.trust.identity
    verdict = {
        True: "YES, this token could become it",
        False: "NO, this token does not become it",
        None: "UNKNOWN whether this token becomes it",
    }[why.admission.result]
    yield from wrap(f"{identity.name}: {verdict}", width)
    yield from _rows([("as", f"{identity.kind} {identity.id}"), ("through", why.trust.via)], 2, width)
    if why.summary:
        yield from _rows([("because", why.summary)], 2, width)
    for claim, value in why.admission.chosen.items():
        name = claim.partition(":")[2] or claim
        yield from _rows([("with", f"a {name} of one's own choice, such as {value}")], 2, width)
    yield ""
    yield from _rows([(_ANSWER[why.door.result], "the door: issuer and audience")], 2, width)
    yield from _rows(_door(why.door), 2 + _LABEL, width)
    for statement in why.statements:
        yield ""
        above = statement.source.document in why.trust.notes.get("policies-above", {})
        yield from _statement(statement, f"{statement.source.document} " if above else "", width)


def _door(door: Door) -> Iterator[Field]:
    if door.issuer:
        yield "", f"it is for another issuer: {door.issuer}"
    if door.note:
        yield "", door.note
    yield from map(_carried, door.audience)
    if door.registered is not None:
        listed = door.registered
        more = f" and {len(listed) - 4} more" if len(listed) > 4 else ""
        yield "wanted", (", ".join(_short(one) for one in listed[:4]) or "(nothing is registered)") + more
    if door.difference:
        yield "", door.difference


def _statement(statement: StatementView, document: str, width: int) -> Iterator[str]:
    says = {
        ("allow", True): "lets it in",
        ("allow", False): "does not let it in",
        ("allow", None): "may let it in",
        ("deny", True): "keeps it out",
        ("deny", False): "does not concern it",
        ("deny", None): "may keep it out",
    }[statement.effect, statement.result]
    place = f"{document}{statement.source.pointer or '(the whole document)'}"
    yield from _rows([(statement.effect, f"{place}: {says}")], 2, width)
    for clause in statement.clauses:
        yield from _rows([(_ANSWER[clause.result], clause.text)], 4, width)
        yield from _rows(_clause(clause, statement.source.pointer), 4 + _LABEL, width)
    if not statement.clauses:
        yield from _rows([("yes", "no condition: every token passes")], 4, width)


def _clause(clause: ClauseView, above: str) -> Iterator[Field]:
    if clause.note:
        yield "", clause.note
    yield from map(_carried, clause.carried)
    for wanted in clause.wanted:
        yield "wanted", _short(wanted.text)
        if wanted.difference:
            yield "", wanted.difference
    if clause.more:
        yield (
            "",
            f"or one of {clause.more:,} more" if clause.result else f"and {clause.more:,} more, none of them nearer",
        )
    if clause.written:
        yield "wanted", _short(clause.written)
    if clause.result is not True:
        yield "at", clause.source.pointer.removeprefix(above).lstrip("/") or clause.source.pointer


def _carried(carried: Carried) -> Field:
    return (
        "token",
        f"no claim {carried.claim}" if carried.value is None else f"{_short(carried.value)} ({carried.claim})",
    )


def _rows(fields: Iterable[Field], indent: int, width: int) -> Iterator[str]:
    for name, text in fields:
        for number, line in enumerate(wrap(text, width - indent - _LABEL)):
            yield f"{'':<{indent}}{'' if number else name:<{_LABEL}}{line}"


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"
