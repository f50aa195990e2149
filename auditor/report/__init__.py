"""The formats a report can be written in, each loaded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # `auditor --help` names the formats without loading any
    from auditor.report.base import Format, PageFormat
    from auditor.report.compliance import ComplianceFormat
    from auditor.report.issuers_json import IssuerFormat
    from auditor.report.reach_json import ReachFormat
    from auditor.report.token_json import TokenFormat


def _table() -> Format:
    from auditor.report import table

    return table.write


def _json() -> Format:
    from auditor.report import json_report

    return json_report.write


def _jsonl() -> Format:
    from auditor.report import jsonl

    return jsonl.write


def _csv() -> Format:
    from auditor.report import csv_report

    return csv_report.write


def _markdown() -> Format:
    from auditor.report import markdown

    return markdown.write


def _sarif() -> Format:
    from auditor.report import sarif

    return sarif.write


def _junit() -> Format:
    from auditor.report import junit

    return junit.write


def _ocsf() -> Format:
    from auditor.report import ocsf

    return ocsf.write


def _asff() -> Format:
    from auditor.report import asff

    return asff.write


def _oscal() -> Format:
    from auditor.report import oscal

    return oscal.write


def _html() -> Format:
    from auditor.report import html_report

    return html_report.write


FORMATS: Mapping[str, Callable[[], Format]] = {
    "table": _table,
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
    "markdown": _markdown,
    "sarif": _sarif,
    "junit": _junit,
    "ocsf": _ocsf,
    "asff": _asff,
    "oscal": _oscal,
    "html": _html,
}


def _token_table() -> TokenFormat:
    from auditor.report import token_table

    return token_table.write


def _token_json() -> TokenFormat:
    from auditor.report import token_json

    return token_json.write


TOKEN_FORMATS: Mapping[str, Callable[[], TokenFormat]] = {"table": _token_table, "json": _token_json}


def _issuers_table() -> IssuerFormat:
    from auditor.report import issuers_table

    return issuers_table


def _issuers_json() -> IssuerFormat:
    from auditor.report import issuers_json

    return issuers_json


ISSUER_FORMATS: Mapping[str, Callable[[], IssuerFormat]] = {"table": _issuers_table, "json": _issuers_json}


def _reach_table() -> ReachFormat:
    from auditor.report import reach_table

    return reach_table


def _reach_json() -> ReachFormat:
    from auditor.report import reach_json

    return reach_json


def _page() -> PageFormat:
    from auditor.report import explain

    return explain.write_page


def _page_markdown() -> PageFormat:
    from auditor.report import explain

    return explain.write_markdown


PAGE_FORMATS: Mapping[str, Callable[[], PageFormat]] = {"text": _page, "markdown": _page_markdown}

REACH_FORMATS: Mapping[str, Callable[[], ReachFormat]] = {"table": _reach_table, "json": _reach_json}


def _compliance_table() -> ComplianceFormat:
    from auditor.report import compliance

    return compliance.write_table


def _compliance_markdown() -> ComplianceFormat:
    from auditor.report import compliance

    return compliance.write_markdown


def _compliance_json() -> ComplianceFormat:
    from auditor.report import compliance_data

    return compliance_data.write_json


def _compliance_csv() -> ComplianceFormat:
    from auditor.report import compliance_data

    return compliance_data.write_csv


COMPLIANCE_FORMATS: Mapping[str, Callable[[], ComplianceFormat]] = {
    "table": _compliance_table,
    "markdown": _compliance_markdown,
    "json": _compliance_json,
    "csv": _compliance_csv,
}
