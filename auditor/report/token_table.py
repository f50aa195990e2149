"""What `auditor token` tells a person. Plain text; every string out of a token or a cloud is neutralised."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TextIO

import tabulate

from auditor.model import Identity
from auditor.report.base import Layout
from auditor.report.text import visible, wrap
from auditor.report.token_why import reasoning
from auditor.tokens.admission import Admission
from auditor.tokens.answer import Answer, TokenReport
from auditor.tokens.recognise import Misfit, Part, Recognition
from auditor.tokens.times import Times, ago, stamp
from auditor.tokens.words import LEGEND, TRUSTED

MINIMUM_WIDTH = 60
_UNSETTLED = re.compile(r"\{[a-z_0-9]+\}")
LABEL = 11
"""Columns of a field's name."""
CLAIMS_FROM = 90
"""Columns from which on the claims of each part are named."""
WORDS_FROM = 78
"""Columns from which on who chooses a part stands on one line."""
BRIEF = 20
"""Characters of a value that nobody outside chose."""
LONGEST = 200
"""Characters of a claim shown in full."""


def write(report: TokenReport, stream: TextIO, layout: Layout) -> None:
    """Write `report` for a terminal; at least 60 columns are used. Blocks are one empty line apart."""
    width = max(layout.width, MINIMUM_WIDTH)
    blocks = chain(_token(report, width), _answer(report, width) if report.answer else ())
    gap = ""
    for block in blocks:
        lines = list(block)
        if lines:
            stream.write(gap + "".join(line.rstrip() + "\n" for line in lines))
            gap = "\n"


Block = Iterable[str]


def _token(report: TokenReport, width: int) -> Iterator[Block]:
    recognition = report.recognition
    yield ["TOKEN", *_fields(_summary(report), width)]
    if recognition.misfits:
        told = ((one.claim, _contradiction(one)) for one in recognition.misfits)
        yield [
            *wrap("CONTRADICTIONS: as far as is known, this issuer mints no such token", width),
            *_fields(told, width, label=0),
        ]
    # Whoever asks about one identity wants the reasons, and reads the parts of the token there.
    if report.answer is None or report.answer.named is None:
        yield _parts(recognition, width)
    yield _leftovers(report, width)


def _summary(report: TokenReport) -> Iterator[tuple[str, str]]:
    recognition = report.recognition
    if recognition.known:
        yield "issuer", f"{recognition.issuer.name}, {recognition.issuer.url}"
    else:
        yield "issuer", f"{recognition.issuer.url}, which no table describes: its claims are read as they stand"
    subject = report.subject
    yield "subject", "(none)" if subject is None else _short(subject)
    if recognition.known and recognition.run:
        yield "form", f"{recognition.form} of a {recognition.run} run"
    elif recognition.known:
        yield "form", "none that is known"
    if recognition.template:
        yield "", f"a subject its owner composed of {', '.join(recognition.template)}"
    if recognition.note:
        yield "", f"not certain: {recognition.note}"
    yield "times", "; ".join(_times(report.times))
    yield (
        "whose",
        {"ours": "ours: ", "stranger": "a stranger's: ", "unknown": "not known: "}[recognition.standing.whose]
        + recognition.standing.why,
    )
    for name, member in recognition.classes.items():
        if name != "any-tenant" and member.result is not False:
            yield "class", f"{name}{'' if member.result else ', perhaps'}: {member.why}"


def _times(times: Times) -> Iterator[str]:
    now = times.now
    if times.issued:
        yield f"issued {stamp(times.issued)} ({ago(times.issued, now)})"
    if times.early and times.begins:
        yield f"NOT VALID before {stamp(times.begins)} ({ago(times.begins, now)})"
    if times.ends:
        yield f"{'EXPIRED' if times.ends < now else 'expires'} {stamp(times.ends)} ({ago(times.ends, now)})"
    else:
        yield "it does not say when it expires"
    if times.unreadable:
        yield f"{', '.join(times.unreadable)}: not a time"


def _contradiction(misfit: Misfit) -> str:
    if misfit.expected is not None and _UNSETTLED.fullmatch(misfit.expected):
        return f"{_short(misfit.value)} (no value it can have here)"
    if misfit.expected is None:
        return f"{_short(misfit.value)} (a token of this form does not carry it)"
    return f"{_short(misfit.value)} (by the rest of the token: {_short(misfit.expected)})"


def _parts(recognition: Recognition, width: int) -> Iterator[str]:
    shown = [part for part in recognition.parts if part.value and (part.mark != TRUSTED or _told(part))]
    rest = [part for part in recognition.parts if part.value and part not in shown and part.dimension != "other"]
    if shown:
        yield from _table(shown, width)
    marks = [f"{mark} {words}" for mark, words in LEGEND.items() if any(part.mark == mark for part in shown)]
    if marks:
        yield from wrap("; ".join(marks) + ".", width)
    if rest:
        yield from wrap(f"Set by the platform or the tenant's administrators: {', '.join(map(_brief, rest))}.", width)


def _brief(part: Part) -> str:
    return f"{part.label} {part.value if len(part.value) <= BRIEF else part.value[: BRIEF - 1] + '…'}"


def _told(part: Part) -> bool:
    """Whether people ask for it first, whoever chose it."""
    return part.dimension in ("tenant", "project", "branch", "tag", "pull-request", "environment", "event", "subject")


def _table(parts: list[Part], width: int) -> Iterator[str]:
    """Mark, name, value and chooser; from 90 columns on also the claims."""
    rows = [[part.mark.strip(), part.label, part.value, part.control.words, _claims(part)] for part in parts]
    headers = ["", "part", "value", "who chooses it", "claims"]
    if width < CLAIMS_FROM:
        rows, headers = [row[:-1] for row in rows], headers[:-1]
    for row in rows:
        row[1] = "\n".join(wrap(row[1], width // 3))
        row[3] = "\n".join(wrap(row[3], 32 if width >= WORDS_FROM else 16))
    others = [column for column in range(len(headers)) if column != 2]
    padded = [f"{header}  " for header in headers]  # as tabulate pads them, besides the gap between columns
    lines = {column: [line for row in (padded, *rows) for line in row[column].splitlines()] for column in others}
    fixed = sum(max(map(len, column), default=0) + 2 for column in lines.values())
    for row in rows:
        row[2] = "\n".join(wrap(row[2], max(width - fixed, 16)))
    yield from tabulate.tabulate(rows, headers, tablefmt="simple", disable_numparse=True).splitlines()


def _claims(part: Part) -> str:
    more = len(part.claims) - 1
    return visible("".join(part.claims[:1])) + (f" +{more}" if more > 0 else "")


def _leftovers(report: TokenReport, width: int) -> Iterator[str]:
    recognition = report.recognition
    for other in recognition.others:
        told = ", ".join(f"{part.label} {_short(part.value)}" for part in other)
        yield from wrap(f"The same token can be read in another way: {told}.", width)
    if recognition.missing:
        yield from wrap(f"Cut down? Such tokens also carry {_some(recognition.missing)}.", width)
    if recognition.strange and recognition.known:
        yield from wrap(f"Further claims that nothing is known about: {_some(recognition.strange)}.", width)
    for claim, why in report.unread.items():
        yield from wrap(f"{_short(claim, 60)} is {why}: a test of it cannot be decided.", width)


def _some(names: Iterable[str], most: int = 8) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(_short(name, 60) for name in listed[:most]) + more


def _answer(report: TokenReport, width: int) -> Iterator[Block]:
    answer = report.answer
    if answer is None:
        return
    if answer.named is None:
        yield from _identities(answer, width)
    elif answer.why:
        yield from (reasoning(why, width) for why in answer.why)
    else:
        yield _elsewhere(answer.named, answer, report.recognition.issuer.url, width)
    yield _coverage(answer, width)
    if report.times.expired:
        yield wrap("The token has expired. All this is about one minted anew with the same claims.", width)


def _elsewhere(identity: Identity, answer: Answer, issuer: str, width: int) -> Iterator[str]:
    yield from wrap(f"{identity.name}: NO, it trusts no token of this issuer", width)
    trusted = [("" if number else "trusts", url) for number, url in enumerate(answer.elsewhere)]
    yield from _fields([("as", f"{identity.kind} {identity.id}"), *trusted, ("but not", issuer)], width)


def _identities(answer: Answer, width: int) -> Iterator[Block]:
    admitted = answer.admitted
    total = len({one.trust.identity for one in admitted})
    of = f"of {answer.trusts:,} {'trust' if answer.trusts == 1 else 'trusts'}"
    yield wrap(
        f"IDENTITIES it could become: {f'{total:,}, by {len(admitted):,} {of}' if total else f'none, {of}'}", width
    )
    for number, one in enumerate(admitted, 1):
        yield _entry(f"{number}. ", one, width)
    if answer.undecided:
        yield wrap("NOT DECIDED: unknown whether it could become these", width)
        yield chain.from_iterable(_undecided(one, width) for one in answer.undecided)
    refused = len(answer.admissions) - len(admitted) - len(answer.undecided)
    if refused:
        trusts = "trust of this issuer refuses" if refused == 1 else "trusts of this issuer refuse"
        yield wrap(f"{refused:,} further {trusts} it: --identity NAME tells why.", width)


def _undecided(one: Admission, width: int) -> Iterator[str]:
    identity = one.trust.identity
    yield from wrap(f"{identity.name} ({identity.kind} {identity.id})", width)
    yield from ("    " + line for line in wrap(one.reason, width - 4))


def _entry(number: str, one: Admission, width: int) -> Iterator[str]:
    identity = one.trust.identity
    yield from _hung(number, identity.name, width)
    fields = [("as", f"{identity.kind} {identity.id}")]
    if "provider-unread" in one.trust.notes:
        fields.append(("if", "its audience is registered there, which could not be read"))
    for claim, value in one.chosen.items():
        fields.append(("with", f"a {claim.partition(':')[2] or claim} of one's own choice, such as {value}"))
    for ground in one.grounds:
        fields.append(("by", ground.source.place or "(the whole document)"))
        for test, matching in ground.tests:
            fields.append(("", test if matching is None else f"{test} = {_short(matching)}"))
        if not ground.tests:
            fields.append(("", "which tests nothing"))
    yield from (" " * len(number) + line for line in _fields(fields, width - len(number), label=6))


def _hung(lead: str, text: str, width: int) -> Iterator[str]:
    for at, line in enumerate(wrap(text, width - len(lead))):
        yield (" " * len(lead) if at else lead) + line


def _coverage(answer: Answer, width: int) -> Iterator[str]:
    when = f"Collected {answer.finished}."
    if not answer.coverage:
        yield from wrap(f"{when} Coverage is INCOMPLETE: nothing was read.", width)
    elif not answer.unread:
        yield from wrap(f"{when} Everything that was asked for was read.", width)
    else:
        yield from wrap(f"{when} Coverage is INCOMPLETE: what was not read may admit the token.", width)
        for row in answer.unread:
            wanted = f" (needs {row.permission})" if row.permission else ""
            reason = f": {row.reason}" if row.reason else ""
            yield from _hung("  ", f"{row.provider} {row.scope} {row.kind} {row.status.value}{wanted}{reason}", width)


def _fields(fields: Iterable[tuple[str, str]], width: int, *, label: int = LABEL) -> Iterator[str]:
    """Names in one column, wrapped texts in the next."""
    listed = list(fields)
    column = label or max((len(visible(name)) + 2 for name, _ in listed), default=LABEL)
    column = min(column, width // 2)
    for name, text in listed:
        lines = wrap(text, width - 2 - column)
        heads = wrap(name, column - 1)
        for number in range(max(len(lines), len(heads))):
            head = heads[number] if number < len(heads) else ""
            yield f"  {head:<{column}}{lines[number] if number < len(lines) else ''}"


def _short(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text):,} characters)"
