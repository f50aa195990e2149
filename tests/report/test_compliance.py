"""What is said about frameworks, in each of its forms: whole outputs, the schema, and names nobody should obey."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from auditor.compliance.catalogue import Because, Control, Framework, frameworks
from auditor.config import Ours, Owned
from auditor.model import Severity
from auditor.report import COMPLIANCE_FORMATS
from auditor.report.assessment import Compliance, assess
from auditor.report.base import Layout
from auditor.report.compliance import MEANING
from auditor.rules import RULES
from auditor.snapshot import Coverage
from tests.estate import DENIED, READ, TIGHT, UNREAD, finding, report
from tests.report.test_assessment import known
from tests.report.valid import ALLOWED, html_of, tags
from tests.schemas import closed, complaints

OURS = Ours({"github": (Owned("acme"),)}, declared=True)
BRANCH = Control("B-1", "Few branches", "https://b.example", "branches", (Because(("any-branch",), "many push"),))
TENANT = Control("B-2", "No strangers", "https://b.example", "tenants", (Because(("any-tenant",), "they come in"),))
GATE = Control(
    "B-3",
    "Gates hold",
    "https://b.example/3",
    "environments",
    (Because(("any-environment",), "none is asked for"), Because(("environment-gate",), "not read", doubt=True)),
)
FRAMES = (
    Framework("frame", "Frame 2.0", "https://b.example", "About.", (BRANCH, TENANT, GATE), None),
    Framework("other", "Other 1", "https://o.example", "About.", (BRANCH,), frozenset({"gcp"})),
)


def compliance() -> Compliance:
    judged = (TIGHT,)
    found = (finding(severity=Severity.HIGH), finding(rule="environment-gate", severity=Severity.INFO))
    made = replace(report(found, judged), standings=known(*judged))
    return assess(made, FRAMES, RULES, OURS)


def written(name: str, told: Compliance, layout: Layout | None = None) -> str:
    stream = io.StringIO()
    COMPLIANCE_FORMATS[name]()(told, stream, layout or Layout(width=80))
    return stream.getvalue()


def test_table() -> None:
    assert written("table", compliance()) == (
        "COVERAGE\n"
        "aws: 1 scope read. Everything that was asked for was read.\n"
        "\n"
        "Frame 2.0\n"
        "  1 fail, 1 not assessed, 1 pass\n"
        "  control  result        about, and why\n"
        "  -------  ------------  -------------------------------------------------------\n"
        "  B-1      pass          Few branches. Nothing found among 1 trust of 1\n"
        "                         identity.\n"
        "  B-2      fail          No strangers. 1 open finding, the worst high:\n"
        "                         any-tenant.\n"
        "  B-3      not assessed  Gates hold. For a person to look at: environment-gate.\n"
        "\n"
        "Other 1\n"
        "  0 fail, 1 not assessed, 0 pass\n"
        "  control  result        about, and why\n"
        "  -------  ------------  --------------------------------------\n"
        "  B-1      not assessed  Few branches. Nothing of gcp was read.\n"
        "\n"
        "A control fails when something open was found that it is about. It passes only\n"
        "as far as this audit sees of it (federated identities: who can become them, what\n"
        "they may do), and only when all of that was read, decided and checked.\n"
        "Everything else is not assessed, and so are all controls that are not listed.\n"
    )


def test_details_of_the_table_and_colour() -> None:
    text = written("table", compliance(), Layout(width=120, details=True, colour=True))
    assert "Few branches. Seen of it: branches. Nothing found among 1 trust of 1 identity." in text
    assert "\x1b[31mfail\x1b[0m" in text


def test_what_is_not_known_stands_before_the_controls() -> None:
    made = report((), (UNREAD,), (*READ, DENIED))
    text = written("table", assess(made, FRAMES, RULES, OURS))
    assert text.startswith(
        "COVERAGE\n"
        "aws: 1 scope read. Coverage is INCOMPLETE.\n"
        "  oidc-provider of aws 123456789012 may not be read: AccessDenied. It needs\n"
        "  iam:ListOpenIDConnectProviders.\n"
        "  It is not known who on GitHub Actions can become legacy: the policy is no JSON\n"
        "  (reachable, any-tenant).\n"
        "\n"
        "Frame 2.0\n"
        "  0 fail, 3 not assessed, 0 pass\n"
    )


def test_nothing_read() -> None:
    text = written("table", assess(report(coverage=()), FRAMES, RULES, OURS))
    assert text.startswith("COVERAGE\nNothing was read. Coverage is INCOMPLETE.\n")


def test_markdown() -> None:
    assert written("markdown", compliance()) == (
        "## Compliance of federated identities\n"
        "\n"
        "aws: 1 scope read. Everything that was asked for was read.\n"
        "\n"
        "### [Frame 2.0](https://b.example)\n"
        "\n"
        "1 fail, 1 not assessed, 1 pass.\n"
        "\n"
        "| control | result | about | why |\n"
        "|---|---|---|---|\n"
        "| [B-1](https://b.example) | pass | Few branches | Nothing found among 1 trust of 1 identity. |\n"
        "| [B-2](https://b.example) | **fail** | No strangers | 1 open finding, the worst high: any-tenant. |\n"
        "| [B-3](https://b.example/3) | not assessed | Gates hold | For a person to look at: environment-gate. |\n"
        "\n"
        "### [Other 1](https://o.example)\n"
        "\n"
        "0 fail, 1 not assessed, 0 pass.\n"
        "\n"
        "| control | result | about | why |\n"
        "|---|---|---|---|\n"
        "| [B-1](https://b.example) | not assessed | Few branches | Nothing of gcp was read. |\n"
        "\n"
        f"{MEANING}\n"
    )


def test_csv() -> None:
    rows = list(csv.DictReader(io.StringIO(written("csv", compliance()))))
    assert [(row["framework"], row["control"], row["result"]) for row in rows] == [
        ("Frame 2.0", "B-1", "pass"),
        ("Frame 2.0", "B-2", "fail"),
        ("Frame 2.0", "B-3", "not assessed"),
        ("Other 1", "B-1", "not assessed"),
    ]
    assert rows[1] == {
        "framework": "Frame 2.0",
        "control": "B-2",
        "result": "fail",
        "title": "No strangers",
        "sees": "tenants",
        "reasons": "1 open finding, the worst high: any-tenant",
        "rules": "any-tenant",
        "findings": finding().id,
        "waived": "0",
        "url": "https://b.example",
    }


def test_json() -> None:
    told = json.loads(written("json", compliance()))
    first, second = told["frameworks"]
    assert (first["providers"], second["providers"]) == (None, ["gcp"])
    assert first["summary"] == {"fail": 1, "not-assessed": 1, "pass": 1}
    assert first["controls"][2] == {
        "id": "B-3",
        "title": "Gates hold",
        "url": "https://b.example/3",
        "sees": "environments",
        "result": "not-assessed",
        "reasons": ["for a person to look at: environment-gate"],
        "rules": [
            {"rule": "any-environment", "reason": "none is asked for", "doubt": False},
            {"rule": "environment-gate", "reason": "not read", "doubt": True},
        ],
        "findings": [finding(rule="environment-gate").id],
        "waived": 0,
    }


@pytest.mark.parametrize("coverage", [(), READ, (*READ, DENIED)], ids=["nothing", "all", "some"])
def test_json_is_as_its_schema_says(coverage: tuple[Coverage, ...]) -> None:
    made = replace(compliance().report, coverage=coverage)
    text = written("json", assess(made, frameworks().values(), RULES, OURS))
    assert complaints(closed("compliance"), json.loads(text)) == []


HOSTILE = "\x1b[31m=cmd() </script> |x\u202e <b>*evil*</b> [l](javascript:x) @all\x00\n# Clean"


@pytest.mark.parametrize("name", COMPLIANCE_FORMATS)
def test_names_from_clouds_are_shown_and_not_obeyed(name: str) -> None:
    rows = (*READ, replace(DENIED, scope=HOSTILE, reason=HOSTILE, kind=HOSTILE))
    made = replace(report((finding(rule=HOSTILE),), (UNREAD,), rows), standings={})
    text = written(name, assess(made, frameworks().values(), RULES, OURS))
    assert not {char for char in text if not char.isprintable()} - {"\n", "\r"}
    assert "\n# Clean" not in text
    if name == "markdown":
        links = {value for tag, value in tags(html_of(text)) if tag == "a"}
        assert all("https://" in value for value in links), links
        assert {tag.removeprefix("/") for tag, _ in tags(html_of(text))} <= {*ALLOWED, "a"}
    if name == "json":
        assert complaints(closed("compliance"), json.loads(text)) == []
