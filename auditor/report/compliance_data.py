"""What an audit says about frameworks, for programs and spreadsheets: as JSON version 1, and as CSV."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import TextIO

from auditor.report.assessment import Assessed, Assessment, Compliance
from auditor.report.base import TOOL, Layout
from auditor.report.csv_report import cell
from auditor.report.json_report import Record, coverage_record
from auditor.report.neutral import dump

VERSION = 1
"""Within it, fields are only ever added; the schema is `auditor/schemas/compliance.json`."""

COLUMNS = ("framework", "control", "result", "title", "sees", "reasons", "rules", "findings", "waived", "url")


def write_json(compliance: Compliance, stream: TextIO, layout: Layout) -> None:
    """Write one JSON object, a framework a line, whatever the layout."""
    del layout
    report = compliance.report
    head = {
        "version": VERSION,
        "tool": {"name": TOOL, "version": report.tool_version},
        "started": report.started,
        "finished": report.finished,
        "coverage_complete": report.summary().coverage_complete,
        "coverage": [coverage_record(row) for row in report.coverage],
    }
    stream.write("{\n")
    stream.writelines(f"{dump(name)}: {dump(value)},\n" for name, value in head.items())
    stream.write('"frameworks": [\n')
    stream.write(",\n".join(dump(_framework(one)) for one in compliance.assessments))
    stream.write("\n]\n}\n")


def _framework(assessment: Assessment) -> Record:
    framework = assessment.framework
    return {
        "id": framework.id,
        "name": framework.name,
        "url": framework.url,
        "providers": sorted(framework.providers) if framework.providers is not None else None,
        "summary": {result.value: number for result, number in assessment.counts.items()},
        "controls": [_control(one) for one in assessment.controls],
    }


def _control(one: Assessed) -> Record:
    control = one.control
    return {
        "id": control.id,
        "title": control.title,
        "url": control.url,
        "sees": control.sees,
        "result": one.result.value,
        "reasons": list(one.reasons),
        "rules": [
            {"rule": rule, "reason": because.reason, "doubt": because.doubt}
            for because in control.because
            for rule in because.rules
        ],
        "findings": [finding.id for finding in one.findings],
        "waived": one.waived,
    }


def write_csv(compliance: Compliance, stream: TextIO, layout: Layout) -> None:
    """Write RFC 4180, one row a control, whatever the layout."""
    del layout
    table = csv.DictWriter(stream, COLUMNS, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    table.writeheader()
    for assessment in compliance.assessments:
        for one in assessment.controls:
            table.writerow({name: cell(text) for name, text in _row(assessment, one).items()})


def _row(assessment: Assessment, one: Assessed) -> Mapping[str, str]:
    control = one.control
    return {
        "framework": assessment.framework.name,
        "control": control.id,
        "result": one.result.words,
        "title": control.title,
        "sees": control.sees,
        "reasons": "; ".join(one.reasons),
        "rules": ", ".join(control.rules),
        "findings": ", ".join(finding.id for finding in one.findings),
        "waived": str(one.waived),
        "url": control.url,
    }
