"""Texts and findings with gaps: what is told of a kind of trusts, to be filled with the names of each (see `alike`)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from auditor.breadth import in_order, with_values
from auditor.claims.predicate import ClaimValue, Token
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.model import Breadth, Confidence, Extent, Finding, Fix, Level, Source
from auditor.rules.likeness import ACCOUNT, NAME, ROLE
from auditor.rules.severity import rate

STATEMENT, THEN = "\ue002", "\ue003"
"""What a decision says in words, and what it says of the identity's power."""

FIXED = {ROLE: 0, NAME: 1, STATEMENT: 2, THEN: 3, ACCOUNT: 4}
"""What gaps there are besides those for names, and their numbers; names follow."""

LONGEST = 4_000
"""Characters of a fix up to which it does not matter how long names are (`fix_aws.LARGEST`)."""

_GAP = re.compile(f"{ROLE}|{NAME}|{STATEMENT}|{THEN}|{ACCOUNT}|name([0-9]+)")
_PART = re.compile(r"[A-Za-z0-9._-]name[0-9]|name[0-9]+[A-Za-z._-]")
"""A name as part of a longer word: whether one may be exchanged for another there, nobody has looked into."""

Text = tuple[str | int, ...]
"""Pieces of a text, and the numbers of the gaps between them."""

Gaps = Sequence[str]
"""What to fill them with, by number."""


class OpenError(Exception):
    """Something about a kind is not settled."""


def cut(text: str) -> Text:
    """`text` in pieces."""
    pieces: list[str | int] = []
    at = 0
    for gap in _GAP.finditer(text):
        if gap.start() > at:
            pieces.append(text[at : gap.start()])
        pieces.append(FIXED[gap[0]] if gap[1] is None else len(FIXED) + int(gap[1]))
        at = gap.end()
    if at < len(text):
        pieces.append(text[at:])
    return tuple(pieces)


def filled(text: Text, gaps: Gaps) -> str:
    """The text, whole."""
    if len(text) == 1 and isinstance(text[0], str):
        return text[0]
    return "".join([piece if isinstance(piece, str) else gaps[piece] for piece in text])


WitnessForm = tuple[tuple[str, Text | bool | int], ...]


def witness_form(witness: Token) -> WitnessForm:
    """A witness with gaps. Raises `OpenError` where a name is part of something else."""
    return tuple([(name, _value(value)) for name, value in witness.items()])


def _value(value: ClaimValue) -> Text | bool | int:
    if isinstance(value, bool | int):
        return value
    if isinstance(value, tuple) or _PART.search(value):
        raise OpenError
    return cut(value)


def told_witness(form: WitnessForm, gaps: Gaps) -> Token:
    """The witness, whole."""
    return {name: filled(value, gaps) if isinstance(value, tuple) else value for name, value in form}


@dataclass(frozen=True, slots=True)
class VerdictForm:
    """A settled verdict with gaps."""

    witness: WitnessForm | None
    """None for a refusal."""
    template: tuple[str, ...] = ()
    reason: Text | None = None

    def told(self, gaps: Gaps) -> Verdict:
        """The verdict about a trust."""
        if self.witness is not None:
            return Accepted(told_witness(self.witness, gaps), self.template)
        return Rejected(None if self.reason is None else filled(self.reason, gaps))


def verdict_form(verdict: Verdict) -> VerdictForm:
    """`verdict` with gaps. Raises `OpenError` for an open one."""
    match verdict:
        case Accepted(witness, template):
            return VerdictForm(witness_form(witness), template)
        case Rejected(reason):
            return VerdictForm(None, reason=None if reason is None else cut(reason))
        case Undecided():
            raise OpenError
        case _:
            assert_never(verdict)


ExtentForm = Extent | tuple[Extent, tuple[Text, ...]]
"""An extent without gaps, or one and its values."""
BreadthForm = tuple[tuple[tuple[str, ExtentForm], ...], ...]


def breadth_form(breadth: Breadth) -> BreadthForm:
    """`breadth` with gaps."""
    return tuple([tuple([(name, _extent_form(extent)) for name, extent in entry.items()]) for entry in breadth])


def _extent_form(extent: Extent) -> ExtentForm:
    values = tuple(map(cut, extent.values))
    return (extent, values) if any(isinstance(piece, int) for text in values for piece in text) else extent


def told_breadth(form: BreadthForm, gaps: Gaps) -> Breadth:
    """The breadth of a trust."""
    return in_order([{name: _extent(extent, gaps) for name, extent in entry} for entry in form])


def _extent(form: ExtentForm, gaps: Gaps) -> Extent:
    if isinstance(form, Extent):
        return form
    extent, values = form
    return with_values(extent, [filled(text, gaps) for text in values])


@dataclass(frozen=True, slots=True)
class FindingForm:
    """A finding with gaps."""

    rule: str
    row: str
    """Of the table of severities."""
    confidence: Confidence
    title: Text
    detail: Text
    witness: WitnessForm | None
    evidence: tuple[Source, ...]
    fix: tuple[Text, Text | None, Text | None] | None
    discriminator: Text

    def told(self, subject: str, power: Level, gaps: Gaps) -> Finding:
        """The finding about one trust, whose id is `subject`."""
        return Finding(
            rule=self.rule,
            severity=rate(self.row, power),
            confidence=self.confidence,
            subject=subject,
            subject_kind="trust",
            title=filled(self.title, gaps),
            detail=filled(self.detail, gaps),
            witness=None if self.witness is None else told_witness(self.witness, gaps),
            evidence=tuple(
                [Source(gaps[0], one.pointer, one.span) if one.document == ROLE else one for one in self.evidence]
            ),
            fix=self._fix(gaps),
            discriminator=filled(self.discriminator, gaps),
        )

    def _fix(self, gaps: Gaps) -> Fix | None:
        if self.fix is None:
            return None
        summary, *change = self.fix
        before, after = (None if text is None else filled(text, gaps) for text in change)
        return Fix(filled(summary, gaps), before, after)


def finding_form(finding: Finding, row: str) -> FindingForm:
    """`finding`, which is rated by `row`, with gaps. Raises `OpenError` where the length of names may matter."""
    fix, witness = finding.fix, finding.witness
    if fix is not None and max(len(fix.before or ""), len(fix.after or "")) > LONGEST:
        raise OpenError
    return FindingForm(
        rule=finding.rule,
        row=row,
        confidence=finding.confidence,
        title=cut(finding.title),
        detail=cut(finding.detail),
        witness=None if witness is None else witness_form(witness),
        evidence=finding.evidence,
        fix=None if fix is None else (cut(fix.summary), _cut_or_none(fix.before), _cut_or_none(fix.after)),
        discriminator=cut(finding.discriminator),
    )


def _cut_or_none(text: str | None) -> Text | None:
    return None if text is None else cut(text)
