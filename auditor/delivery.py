"""What leaves the program: reports, the line of progress, messages, and the exit code. No audit logic.

stdout carries the report and nothing else.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import TooLargeError, UsageError
from auditor.output import require_writable, whole_file
from auditor.report import FORMATS
from auditor.report.text import visible

if TYPE_CHECKING:
    from auditor.progress import Progress
    from auditor.report.base import Layout, Report, Summary
    from auditor.terminal import Diary, Meter

OK, NO_REPORT, USAGE, INCOMPLETE = 0, 1, 2, 3
FINDINGS = 10
"""Plus the severity, 1 (low) to 4 (critical)."""
INTERRUPTED = 130
"""As shells write a death by Ctrl-C; no report was made."""

STDOUT = "-"

METERS: list[Meter | Diary] = []
"""Where progress is told, if it is. A line on a terminal goes before anything else is written."""


def exit_code(summary: Summary, *, fail_on: str, strict: bool, exit_zero: bool) -> int:
    """0, 3 or 11-14. A finding of status `error` counts as incomplete: something asked for was not judged."""
    from auditor.model import Severity

    incomplete = not summary.coverage_complete or summary.errors > 0
    threshold = Severity[fail_on.upper()]
    counts = {level: count - summary.known.get(level, 0) for level, count in summary.by_severity.items()}
    worst = max((level for level, count in counts.items() if count and level >= threshold), default=None)
    if worst is None or exit_zero or (strict and incomplete):
        return INCOMPLETE if incomplete else OK
    return FINDINGS + worst


def outputs_of(args: Namespace) -> list[tuple[str, str]]:
    """Format and file of every report that is asked for. Raises `UsageError` for what clearly cannot be written."""
    outputs = [(args.format, args.output), *args.reports]
    files = [Path(file).absolute() for _, file in outputs if file != STDOUT]
    for path in files:
        if files.count(path) > 1:
            raise UsageError(f"{path}: two reports cannot go into one file")
        require_writable(path)
    return outputs


def deliver(report: Report, outputs: Sequence[tuple[str, str]], args: Namespace) -> int:
    """Write a report in every form it is wanted in, and choose the exit code.

    Raises `TooLargeError` for a form that does not hold so much, after the others were written.
    """
    from auditor.report.compared import sentence

    refused: list[TooLargeError] = []
    for name, file in outputs:
        try:
            _write(report, name, file, args)
        except TooLargeError as error:
            refused.append(error)
    if refused:
        raise refused[0]
    summary = report.summary()
    code = exit_code(summary, fail_on=args.fail_on, strict=args.strict, exit_zero=args.exit_zero)
    if not args.quiet:
        if report.comparison is not None:
            say(sentence(report.comparison))
        say(f"exit code {code}: {_reason(code, summary, args.fail_on)}")
    return code


def _write(report: Report, name: str, file: str, args: Namespace) -> None:
    from auditor.report.base import Layout
    from auditor.terminal import WIDTH

    write = FORMATS[name]()
    if file == STDOUT:
        write(report, sys.stdout, layout_of(args))
        sys.stdout.flush()
        return
    with whole_file(Path(file)) as stream:
        write(report, stream, Layout(args.width or WIDTH, details=args.details))
    if not args.quiet:
        say(f"{name} report written to {file}")


def layout_of(args: Namespace) -> Layout:
    """The room there is on stdout, which is about to be written to."""
    from auditor.report.base import Layout
    from auditor.terminal import coloured, columns

    clear()
    colour = coloured(getattr(args, "colour", "never"), sys.stdout, os.environ)
    width = getattr(args, "width", None) or columns(sys.stdout)
    return Layout(width, details=getattr(args, "details", False), colour=colour)


def _reason(code: int, summary: Summary, fail_on: str) -> str:
    gaps = [] if summary.coverage_complete else ["coverage is incomplete"]
    gaps += [f"{summary.errors} checks failed"] if summary.errors else []
    trouble = " and ".join(gaps)
    if code == OK:
        return f"everything was read, nothing counts at {fail_on} or above"
    if code == INCOMPLETE:
        return trouble
    severity = {11: "low", 12: "medium", 13: "high", 14: "critical"}[code]
    return f"the highest finding is {severity}" + (f"; also, {trouble}" if trouble else "")


def progress_of(args: Namespace) -> Progress:
    """Tells what is going on: a person at a terminal all the time, a log every minute."""
    from auditor.progress import silent
    from auditor.terminal import Diary, Meter

    if args.quiet:
        return silent
    if not METERS:
        METERS.append(Meter(sys.stderr) if sys.stderr.isatty() else Diary(sys.stderr))
    return METERS[0]


def end_progress() -> None:
    """Nothing more is told of what is going on."""
    while METERS:
        METERS.pop().close()


def clear() -> None:
    """Take the line of progress away: something else is about to be written."""
    for meter in METERS:
        meter.clear()


def say(text: str) -> None:
    """Tell something on stderr."""
    clear()
    for line in text.splitlines():
        sys.stderr.write(f"auditor: {visible(line)}\n")
