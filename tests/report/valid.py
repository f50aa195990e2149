"""One judge for each format: the official schema, the vendor's own validator, or a parser that is not ours."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import botocore.session
import cmarkgfm  # type: ignore[import-untyped]  # it has no types
import jsonschema
import orjson
import xmlschema
from botocore.validate import ParamValidator
from cmarkgfm.cmark import Options  # type: ignore[import-untyped]  # as above

from auditor.report.csv_report import COLUMNS
from tests.report import ocsf_schema
from tests.report.formats import HERE
from tests.schemas import closed
from tests.schemas import complaints as schema_complaints


def complaints(name: str, text: str) -> list[str]:
    """What is wrong with a report in the format `name`; nothing when it is as it must be."""
    if not text and name in ("asff", "ocsf"):
        return []  # one line for each finding and gap: none where there are none
    if not text.endswith("\n"):
        return ["does not end in a newline"]
    return list(JUDGES[name](text))


def _json(text: str) -> Iterator[str]:
    yield from schema_complaints(closed("report"), json.loads(text))


def _jsonl(text: str) -> Iterator[str]:
    """The lines put together are the report."""
    lists = {"coverage": "coverage", "trust": "trusts", "identity": "identities", "finding": "findings"}
    report: dict[str, Any] = {name: [] for name in lists.values()}
    order = []
    for line in text.splitlines():
        ((kind, record),) = json.loads(line).items()
        order.append(kind)
        match kind:
            case "header":
                report |= record
            case "comparison":
                report["comparison"] = record
            case "summary":
                report["summary"] = record
            case _:
                report[lists[kind]].append(record)
    ranks = ["header", "comparison", *lists, "summary"]
    if sorted(order, key=ranks.index) != order or {order[0], order[-1]} != {"header", "summary"}:
        yield "records out of order"
    yield from _json(json.dumps(report))


def _csv(text: str) -> Iterator[str]:
    if text.count("\n") != text.count("\r\n"):
        yield "a line ends otherwise than in CRLF"
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    if tuple(rows[0]) != COLUMNS:
        yield "header"
    for row in rows:
        if len(row) != len(COLUMNS):
            yield f"{len(row)} cells"
        yield from (f"formula {cell!r}" for cell in row if re.match(r"\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]", cell))
        yield from (f"cell of {len(cell)}" for cell in row if len(cell) > 32_767)


ALLOWED = {
    *("h2", "h3", "p", "strong", "b", "ul", "li", "code", "pre", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
"""Elements our Markdown is made of: no link, no image, no raw HTML but the fold."""


def html_of(markdown: str) -> str:
    """As GitHub renders it: its own parser with its own extensions, raw HTML let through so that none can hide."""
    html: str = cmarkgfm.github_flavored_markdown_to_html(markdown, options=Options.CMARK_OPT_UNSAFE)
    return html


def tags(html: str) -> list[tuple[str, str]]:
    """Every tag: its name, and its attributes as written."""
    return re.findall(r"<(/?[A-Za-z!][A-Za-z0-9]*)([^>]*)>", html)


def _markdown(text: str) -> Iterator[str]:
    if len(text) > 65_000:
        yield f"{len(text)} characters"
    for tag, attributes in tags(html_of(text)):
        if tag.removeprefix("/") not in ALLOWED:
            yield f"<{tag}>"
        elif attributes.strip(" /") and not re.fullmatch(
            r' (align="right"|lang="diff"|class="language-diff")', attributes
        ):
            yield f"<{tag}{attributes}>"


@cache
def _sarif_schema() -> Any:
    schema = json.loads((HERE / "schemas/sarif-2.1.0.json").read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema, format_checker=_formats())


def _formats() -> jsonschema.FormatChecker:
    """The formats both schemas use, by the standard library."""
    checker = jsonschema.FormatChecker(())
    moment = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")
    reference = re.compile(r"([A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")

    @checker.checks("date-time", ValueError)
    def _moment(value: object) -> bool:
        return bool(moment.fullmatch(str(value))) and datetime.fromisoformat(str(value)).tzinfo is not None

    @checker.checks("uri-reference", ValueError)
    def _reference(value: object) -> bool:
        return bool(reference.fullmatch(str(value))) and urlsplit(str(value)) is not None

    @checker.checks("uri", ValueError)
    def _uri(value: object) -> bool:
        return _reference(value) and bool(urlsplit(str(value)).scheme)

    return checker


def _sarif(text: str) -> Iterator[str]:
    """The schema, and what GitHub wants besides (its page on SARIF support)."""
    log = orjson.loads(text)
    yield from schema_complaints(_sarif_schema(), log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    if len({rule["id"] for rule in rules}) != len(rules):
        yield "a rule twice"
    for rule in rules:
        texts = (rule["shortDescription"]["text"], rule["fullDescription"]["text"], rule["help"]["text"])
        if not (all(texts) and len(rule["properties"]["tags"]) <= 20):
            yield f"rule {rule['id']}"
    for result in run["results"]:
        if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
            yield "ruleIndex"
        place = result["locations"][0]["physicalLocation"]
        steps = place["artifactLocation"]["uri"].split("/")
        if not all(step.strip(".") for step in steps) or ":" in steps[0] or place["region"]["startLine"] < 1:
            yield f"location {place}"
        if not result["partialFingerprints"]["primaryLocationLineHash"]:
            yield "fingerprint"
        if re.search(r"\[[^\]]*\]\(", result["message"]["text"]):
            yield "a link in a message"


@cache
def _junit_schema() -> Any:
    return xmlschema.XMLSchema(HERE / "schemas/junit-10.xsd")


def _junit(text: str) -> Iterator[str]:
    yield from (str(error.reason) for error in _junit_schema().iter_errors(text))
    root = ET.fromstring(text)
    for suite in root:
        cases = list(suite)
        for name, element in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            if int(suite.get(name, "-1")) != sum(case.find(element) is not None for case in cases):
                yield f"{name} of {suite.get('name')}"
        if int(suite.get("tests", "-1")) != len(cases):
            yield f"tests of {suite.get('name')}"
    for name in ("tests", "failures", "errors"):
        if int(root.get(name, "-1")) != sum(int(suite.get(name, "0")) for suite in root):
            yield name


def _ocsf(text: str) -> Iterator[str]:
    events = [orjson.loads(line) for line in text.splitlines()]
    if len({event["metadata"]["uid"] for event in events}) != len(events):
        yield "an event twice"
    for event in events:
        yield from ocsf_schema.complaints(event)


@cache
def _request() -> Any:
    service = botocore.session.get_session().get_service_model("securityhub")
    return service.operation_model("BatchImportFindings").input_shape


LIMITS = {"Title": 256, "Description": 1024, "Id": 512, "GeneratorId": 512, "ProductArn": 2048}


def _asff(text: str) -> Iterator[str]:
    """The service model, and the limits that its documentation tells in words."""
    for line in text.splitlines():
        request = orjson.loads(line)
        report = ParamValidator().validate(request, _request())
        if report.has_errors():
            yield report.generate_report()
        yield from _outside(request, _request())
        findings = request["Findings"]
        if not 1 <= len(findings) <= 100 or len(line) > 6_000_000:
            yield f"{len(findings)} findings in {len(line)} bytes"
        if len({finding["AwsAccountId"] for finding in findings}) != 1:
            yield "several accounts"
        for finding in findings:
            yield from _asff_finding(finding)


def _outside(value: Any, shape: Any) -> Iterator[str]:
    """Values that are none of those the model lists or describes by a pattern, which botocore leaves to the service."""
    match shape.type_name:
        case "structure":
            for name, one in value.items():
                yield from _outside(one, shape.members[name])
        case "list":
            for one in value:
                yield from _outside(one, shape.member)
        case "string":
            listed = shape.metadata.get("enum", [value])
            if value not in listed or not re.search(shape.metadata.get("pattern", ""), value):
                yield f"{value!r} is no {shape.name}"


def _asff_finding(finding: Mapping[str, Any]) -> Iterator[str]:
    yield from (name for name, most in LIMITS.items() if not 0 < len(finding[name]) <= most)
    fields = finding.get("ProductFields", {})
    if len(fields) > 50 or any(len(name) > 128 or len(text) > 2048 for name, text in fields.items()):
        yield "ProductFields"
    if not 1 <= len(finding["Resources"]) <= 32 or len(json.dumps(finding)) > 240_000:
        yield "size"
    if len(finding["Compliance"].get("RelatedRequirements", ())) > 32:
        yield "RelatedRequirements"
    if len(finding.get("Remediation", {}).get("Recommendation", {}).get("Text", "")) > 512:
        yield "Remediation"
    if not re.fullmatch(r"[0-9]{12}", finding["AwsAccountId"]):
        yield "AwsAccountId"
    if not re.fullmatch(r"arn:aws[a-z-]*:securityhub:[a-z0-9-]+:([0-9]{12}):product/\1/default", finding["ProductArn"]):
        yield "ProductArn"


@cache
def _oscal_schema() -> Any:
    schema = json.loads((HERE / "schemas/oscal-assessment-results-1.1.3.json").read_text(encoding="utf-8"))
    return jsonschema.Draft7Validator(schema, format_checker=_formats())


def _oscal(text: str) -> Iterator[str]:
    """The schema, and that every reference within the document leads somewhere."""
    document = orjson.loads(text)
    yield from schema_complaints(_oscal_schema(), document)
    results = document["assessment-results"]["results"][0]
    made: list[str] = []
    used: list[str] = []
    for name, value in _pairs(document):
        if name == "uuid":
            made.append(value)
        elif name.endswith("-uuid"):
            used.append(value)
    if len(set(made)) != len(made):
        yield "a uuid twice"
    yield from (f"{one} refers to nothing" for one in used if one not in made)
    if document["assessment-results"]["import-ap"]["href"].removeprefix("#") not in made:
        yield "no plan"
    yield from (f"{name} is empty" for name, value in results.items() if value == [])


def _pairs(node: object) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for name, value in node.items():
            yield name, value
            yield from _pairs(value)
    elif isinstance(node, list):
        for value in node:
            yield from _pairs(value)


def _table(text: str) -> Iterator[str]:
    """It is for people; its own tests hold it to its words."""
    if len(re.findall(r"^COVERAGE", text, re.MULTILINE)) != 1:
        yield "not one heading of what was read"


JUDGES: Mapping[str, Callable[[str], Iterator[str]]] = {
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
}
