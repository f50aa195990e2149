"""What an audit says about frameworks, for people: as a table, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, TextIO

from auditor.report.assessment import Assessed, Assessment, Compliance, Result
from auditor.report.base import Layout, Report
from auditor.report.columns import columns
from auditor.report.facts import Gaps
from auditor.report.gfm import cell, say
from auditor.report.ink import Ink, Tint
from auditor.report.neutral import clip
from auditor.report.text import count, wrap
from auditor.snapshot import Status as Reading

MEANING = (
    "A control fails when something open was found that it is about. It passes only as far as this audit sees of it "
    "(federated identities: who can become them, what they may do), and only when all of that was read, decided and "
    "checked. Everything else is not assessed, and so are all controls that are not listed."
)
MINIMUM_WIDTH = 60
MOST_GAPS = 15
TINTS = {Result.FAIL: Tint.BAD, Result.NOT_ASSESSED: Tint.WARN, Result.PASS: Tint.GOOD}
_TINTS: Mapping[str, Tint] = {result.words: tint for result, tint in TINTS.items()}


class ComplianceFormat(Protocol):
    """One way to write down what an audit says about frameworks."""

    def __call__(self, compliance: Compliance, stream: TextIO, layout: Layout, /) -> None:
        """Write the whole of it, ending in a newline."""
        ...


def write_table(compliance: Compliance, stream: TextIO, layout: Layout) -> None:
    """Write it for a terminal; at least 60 columns are used. `details` shows what of each control the audit sees."""
    width = max(layout.width, MINIMUM_WIDTH)
    ink = Ink(on=layout.colour)
    stream.writelines(f"{line.rstrip()}\n" for line in _table(compliance, width, ink, details=layout.details))


def _table(compliance: Compliance, width: int, ink: Ink, *, details: bool) -> Iterator[str]:
    yield ink("COVERAGE", Tint.STRONG)
    yield from wrap(_coverage(compliance.report), width)
    told = [gap.text for gap in Gaps(compliance.report)]
    for text in told if details else told[:MOST_GAPS]:
        yield from (f"  {line}" for line in wrap(clip(text, 400), width - 2))
    if len(told) > MOST_GAPS and not details:
        yield f"  and {len(told) - MOST_GAPS:,} more, see --details"
    yield ""
    for assessment in compliance.assessments:
        yield ink(assessment.framework.name, Tint.STRONG)
        yield f"  {_counted(assessment)}"
        rows = [_row(one, details=details) for one in assessment.controls]
        headers = ("control", "result", "about, and why")
        yield from columns(rows, width, headers=headers, indent=2, ink=ink, tint=_tint)
        yield ""
    yield from wrap(MEANING, width)


def _tint(row: Sequence[str], column: int) -> Tint | None:
    return _TINTS[row[1]] if column == 1 else None


def _row(one: Assessed, *, details: bool) -> tuple[str, str, str]:
    sees = f" Seen of it: {one.control.sees}." if details else ""
    return one.control.id, one.result.words, f"{one.control.title}.{sees} {why(one)}"


def why(one: Assessed) -> str:
    """The reasons for the result, as a sentence; what was waived is told."""
    told = "; ".join(one.reasons)
    waived = f" {count(one.waived, 'finding')} waived." if one.waived else ""
    return f"{told[:1].upper()}{told[1:]}.{waived}"


def _counted(assessment: Assessment) -> str:
    return ", ".join(f"{number:,} {result.words}" for result, number in assessment.counts.items())


def _coverage(report: Report) -> str:
    """What was read, and of which clouds nothing was."""
    scopes: dict[str, set[str]] = {}
    passed: dict[str, str] = {}
    for row in report.coverage:
        if row.status is Reading.READ:
            scopes.setdefault(row.provider, set()).add(row.scope)
        else:
            passed.setdefault(row.provider, row.reason or row.status.value)
    read = [f"{provider}: {count(len(names), 'scope')} read" for provider, names in scopes.items()]
    read += [f"{provider}: nothing read ({reason})" for provider, reason in passed.items() if provider not in scopes]
    summary = report.summary()
    end = "Everything that was asked for was read." if summary.coverage_complete else "Coverage is INCOMPLETE."
    return f"{'; '.join(read) or 'Nothing was read'}. {end}"


def write_markdown(compliance: Compliance, stream: TextIO, layout: Layout) -> None:
    """Write it as Markdown of GitHub and GitLab, whatever the layout."""
    del layout
    stream.writelines(f"{line}\n" for line in _markdown(compliance))


def _markdown(compliance: Compliance) -> Iterator[str]:
    report = compliance.report
    yield "## Compliance of federated identities"
    yield ""
    yield say(_coverage(report), 2000)
    told = [f"- {say(gap.text, 400)}" for gap in Gaps(report)]
    if told:
        yield ""
        yield from told[:MOST_GAPS]
        if len(told) > MOST_GAPS:
            yield f"- and {len(told) - MOST_GAPS:,} more"
    for assessment in compliance.assessments:
        framework = assessment.framework
        yield ""
        yield f"### [{framework.name}]({framework.url})"
        yield ""
        yield f"{_counted(assessment)}."
        yield ""
        yield "| control | result | about | why |"
        yield "|---|---|---|---|"
        for one in assessment.controls:
            control = one.control
            result = f"**{one.result.words}**" if one.result is Result.FAIL else one.result.words
            yield f"| [{control.id}]({control.url}) | {result} | {control.title} | {cell(why(one), 1000)} |"
    yield ""
    yield MEANING
