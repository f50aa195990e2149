"""Markdown for a comment: what stands first, and what is left out of a long one."""

from __future__ import annotations

import re

import pytest

from auditor.model import Confidence, Fix, Severity, Source, Status
from auditor.report.base import Report
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading
from tests.estate import DENIED, OPEN, READ, TIGHT, UNREAD, finding, report
from tests.report.formats import REPORTS, written
from tests.report.valid import complaints


def markdown(subject: Report, *, details: bool = False) -> str:
    text = written("markdown", subject, details=details)
    assert complaints("markdown", text) == []
    return text


@pytest.mark.parametrize(
    ("subject", "lines"),
    [
        (
            report((), [TIGHT]),
            [
                "## Federated trust: no open findings",
                "Everything that was asked for was read. 1 trust of 1 identity judged.",
            ],
        ),
        (
            report(coverage=()),
            [
                "## Federated trust: no open findings, but this is NOT a clean report",
                "**Coverage is INCOMPLETE**: nothing was read. 0 trusts of 0 identities judged.",
                "### Not known",
                "- Nothing was read.",
            ],
        ),
        (
            report((), [UNREAD]),
            [
                "## Federated trust: no open findings, but this is NOT a clean report",
                "Everything that was asked for was read. 1 trust of 1 identity judged; 1 not decided in every respect.",
                "### Not known",
                (
                    "- It is not known who on GitHub Actions can become legacy: "
                    "the policy is no JSON (reachable, any-tenant)."
                ),
            ],
        ),
        (
            report([finding(status=Status.ERROR)], [OPEN], [*READ, DENIED]),
            [
                "## Federated trust: no open findings, but this is NOT a clean report",
                (
                    "**Coverage is INCOMPLETE**: what was not read may hold anything. 1 trust of 1 identity judged; "
                    "1 check failed, which is no pass."
                ),
                "### Not known",
                (
                    "- oidc-provider of aws `123456789012` may not be read: AccessDenied. It needs "
                    "`iam:ListOpenIDConnectProviders`."
                ),
                "### Failed checks, which are no passes (1)",
            ],
        ),
    ],
    ids=["clean", "nothing read", "not decided", "denied and failed"],
)
def test_the_verdict_and_what_is_not_known_come_first(subject: Report, lines: list[str]) -> None:
    assert [line for line in markdown(subject).splitlines() if line][: len(lines)] == lines


def test_a_comparison_follows_the_verdict() -> None:
    told = "Compared with the report of 2026-11-21 `10:00` UTC by what reports say, not by the tokens that get in: 2 "
    lines = markdown(REPORTS["compared"]).splitlines()
    assert lines[4].startswith(told)
    assert "can become deploy-web (known)</summary>" in markdown(REPORTS["compared"])


def test_only_the_serious_are_written_out_unless_details_are_asked_for() -> None:
    subject = report([finding(severity=level) for level in sorted(Severity, reverse=True)], [OPEN])
    assert markdown(subject).count("- **why**") == 2
    assert markdown(subject, details=True).count("- **why**") == 5
    assert markdown(subject).count("<details>") == 5


def test_a_doubt_is_told() -> None:
    assert "</b>: Anyone on GitHub Actions can become deploy-web (confidence low)</summary>" in markdown(
        report([finding(confidence=Confidence.LOW)], [OPEN])
    )


def test_what_does_not_fit_is_counted() -> None:
    levels = [Severity.CRITICAL] * 90 + [Severity.HIGH] * 20 + [Severity.INFO] * 3
    many = [finding(severity=level, title=str(number), detail="word " * 200) for number, level in enumerate(levels)]
    text = markdown(report(many, [OPEN]))
    shown = text.count("<details>")
    assert 30 < shown < 90
    assert 60_000 < len(text) <= 65_000
    note = f"**Left out here, for length: {113 - shown} findings ({90 - shown} critical, 20 high, 3 info).**"
    assert f"{note} The other formats hold everything.\n" in text
    assert text.index("## Federated trust: 113 findings (90 critical, 20 high, 3 info)") == 0


def test_a_thousand_gaps_and_scopes_leave_room_for_findings() -> None:
    rows = [READ[0]] + [Coverage("gcp", f"p{number}", "pool", Reading.DENIED, "no") for number in range(1000)]
    text = markdown(report([finding()], [OPEN], rows))
    assert "- and 985 more; the other formats list them all.\n" in text
    assert text.count("<details>") == 1


def test_many_places_are_counted() -> None:
    evidence = tuple(Source("d", f"/{number}") for number in range(30))
    text = markdown(report([finding(evidence=evidence)], [OPEN]))
    assert text.count("- **where**") == 8
    assert "- and at 22 more places\n" in text


def test_a_long_change_is_cut() -> None:
    fix = Fix("Do it.", None, "\n".join(f"line {number}" for number in range(60)))
    text = markdown(report([finding(fix=fix)], [OPEN]))
    (change,) = re.findall(r"```diff\n([\s\S]*?)\n```", text)
    assert change.splitlines()[0] == "+ line 0"
    assert change.splitlines()[-1] == "  … 36 more lines, see the JSON report"
    assert len(change.splitlines()) == 25
