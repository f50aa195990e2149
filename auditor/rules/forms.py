"""Texts and findings with gaps: what is told of a kind of trusts, to be filled with the names of each (see `alike`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import assert_never

from auditor.breadth import in_order, with_values
from auditor.claims.predicate import Token
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

Text = str
"""A text as the left side of `%`, with `%(5)s` where gap 5 is."""

Gaps = Mapping[str, str]
"""What to fill them with, by number."""


class OpenError(Exception):
    """Something about a kind is not settled."""


def gaps(*fixed: str, names: Iterable[str]) -> Gaps:
    """`fixed` in the order of `FIXED`, and the names behind."""
    return {str(number): told for number, told in enumerate((*fixed, *names))}


def cut(text: str) -> Text:
    """`text` with gaps."""
    return _GAP.sub(_gap, text.replace("%", "%%"))


def _gap(found: re.Match[str]) -> str:
    return f"%({FIXED[found[0]] if found[1] is None else len(FIXED) + int(found[1])})s"


def whole(text: Text) -> bool:
    """Whether the text has no gaps."""
    return "%(" not in text.replace("%%", "")


@dataclass(frozen=True, slots=True)
class WitnessForm:
    """A witness with gaps."""

    claims: Token
    """In order; those with gaps as they are in the kind's own."""
    texts: tuple[tuple[str, Text], ...]
    """The claims with gaps."""

    def told(self, gaps: Gaps) -> Token:
        """The witness, whole."""
        token = dict(self.claims)
        for name, text in self.texts:
            token[name] = text % gaps
        return token


def witness_form(witness: Token) -> WitnessForm:
    """A witness with gaps. Raises `OpenError` where a name is part of something else."""
    if any(isinstance(value, tuple) or (isinstance(value, str) and _PART.search(value)) for value in witness.values()):
        raise OpenError
    texts = ((name, cut(value)) for name, value in witness.items() if isinstance(value, str))
    return WitnessForm(witness, tuple([(name, text) for name, text in texts if not whole(text)]))


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
            return Accepted(self.witness.told(gaps), self.template)
        return Rejected(None if self.reason is None else self.reason % gaps)


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


EntryForm = tuple[Mapping[str, Extent], tuple[tuple[str, tuple[Text, ...]], ...]]
"""An entry as it is in the kind, and the values of its dimensions with gaps."""


@dataclass(frozen=True, slots=True)
class BreadthForm:
    """A breadth with gaps, and the sentence about it."""

    entries: tuple[EntryForm, ...]
    sentence: Text | None
    """None where the names decide the order in which things are said."""

    def told(self, gaps: Gaps) -> Breadth:
        """The breadth of a trust."""
        told: list[Mapping[str, Extent]] = []
        for known, texts in self.entries:
            entry = dict(known)
            for name, values in texts:
                entry[name] = with_values(known[name], [value % gaps for value in values])
            told.append(entry)
        return in_order(told) if len(told) > 1 else tuple(told)


def breadth_form(breadth: Breadth, sentence: Callable[[Breadth], str]) -> BreadthForm:
    """`breadth` with gaps; `sentence` is what to say of such a one."""
    entries = tuple([(entry, _with_gaps(entry)) for entry in breadth])
    said = cut(sentence(breadth))
    form = BreadthForm(entries, None if _several(entries) else said)
    others = _Others({str(number): gap for gap, number in FIXED.items()})
    return form if sentence(form.told(others)) == said % others else BreadthForm(entries, None)


def _several(entries: tuple[EntryForm, ...]) -> bool:
    """Whether there is anything to be put in order by names."""
    return len(entries) > 1 or any(len(values) > 1 for _, texts in entries for _, values in texts)


class _Others(dict[str, str]):
    """Gaps filled with what they are in the kind, and with some other names."""

    def __missing__(self, number: str) -> str:
        return f"other-{number}"


def _with_gaps(entry: Mapping[str, Extent]) -> tuple[tuple[str, tuple[Text, ...]], ...]:
    cuts = ((name, tuple(map(cut, extent.values))) for name, extent in entry.items())
    return tuple([(name, values) for name, values in cuts if not all(map(whole, values))])


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
            title=self.title % gaps,
            detail=self.detail % gaps,
            witness=None if self.witness is None else self.witness.told(gaps),
            evidence=tuple(
                [Source(_ROLE % gaps, one.pointer, one.span) if one.document == ROLE else one for one in self.evidence]
            ),
            fix=self._fix(gaps),
            discriminator=self.discriminator % gaps,
        )

    def _fix(self, gaps: Gaps) -> Fix | None:
        if self.fix is None:
            return None
        summary, *change = self.fix
        before, after = (None if text is None else text % gaps for text in change)
        return Fix(summary % gaps, before, after)


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


_ROLE = cut(ROLE)


def _cut_or_none(text: str | None) -> Text | None:
    return None if text is None else cut(text)
