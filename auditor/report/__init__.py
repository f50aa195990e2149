"""The formats a report can be written in, each loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `auditor --help` names the formats without loading any
    from auditor.report.base import Format


def _table() -> Format:
    from auditor.report import table

    return table.write


def _json() -> Format:
    from auditor.report import json_report

    return json_report.write


FORMATS: Mapping[str, Callable[[], Format]] = {"table": _table, "json": _json}
