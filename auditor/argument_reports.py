"""What becomes of a report: formats, files, colours, exit code. Imports nothing that takes time."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from auditor.report import FORMATS

SEVERITIES = ("low", "medium", "high", "critical")
COLOURS = ("auto", "always", "never")
PERSONAS = ("regular", "pedantic", "auditor")
WIDTH_HELP = "width of the table (default: the terminal's)"


def reporting(command: argparse.ArgumentParser) -> None:
    """What becomes of a report, and of the exit code."""
    report = command.add_argument_group("report")
    report.add_argument(
        "-f",
        "--format",
        metavar="FORMAT",
        choices=FORMATS,
        default="table",
        help=formats(FORMATS),
    )
    report.add_argument("-o", "--output", metavar="FILE", default="-", help="write the report there, not to stdout")
    report.add_argument(
        "--report",
        dest="reports",
        metavar="FORMAT=FILE",
        action="append",
        type=_report,
        default=[],
        help="write a further report in another format; may be repeated",
    )
    report.add_argument("--details", action="store_true", help="write out the lesser findings of the table too")
    report.add_argument("--width", type=columns, metavar="COLUMNS", help=WIDTH_HELP)
    colour(report)
    report.add_argument(
        "--persona",
        metavar="WHO",
        choices=PERSONAS,
        help="how much to hear: regular, pedantic, auditor (most) (default: [thresholds], else regular)",
    )
    codes = command.add_argument_group("exit code")
    codes.add_argument(
        "--fail-on",
        metavar="LEVEL",
        choices=SEVERITIES,
        help="findings that count: low, medium, high, critical, and worse (default: [thresholds], else low)",
    )
    codes.add_argument(
        "--strict", action="store_true", help="exit 3 on incomplete coverage even when there are findings"
    )
    codes.add_argument("--exit-zero", action="store_true", help="exit 0 or 3 whatever is found")


def output(command: argparse.ArgumentParser, names: Iterable[str]) -> None:
    """In which of the formats, and where to."""
    command.add_argument("-f", "--format", metavar="FORMAT", choices=tuple(names), default="table", help=formats(names))
    command.add_argument("-o", "--output", metavar="FILE", default="-", help="write it there, not to stdout")


def colour(command: argparse.ArgumentParser | argparse._ArgumentGroup) -> None:
    """Whether there is any."""
    command.add_argument(
        "--color",
        dest="colour",
        metavar="WHEN",
        choices=COLOURS,
        default="auto",
        help="auto (default: on a terminal, heeding NO_COLOR and FORCE_COLOR), always, never",
    )


def formats(names: Iterable[str]) -> str:
    """The help of an option that chooses among them."""
    return f"{', '.join(names)} (default: table)"


def _report(text: str) -> tuple[str, str]:
    name, equals, file = text.partition("=")
    if name not in FORMATS or not equals or file in ("", "-"):
        raise argparse.ArgumentTypeError(f"{text!r} is not FORMAT=FILE, with one of {', '.join(FORMATS)}")
    return name, file


def columns(text: str) -> int:
    """A width. Raises `argparse.ArgumentTypeError`."""
    if not text.isascii() or not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of columns")
    return int(text)
