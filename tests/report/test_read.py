"""A report read back is the same report: written again, byte for byte; and nothing half-read passes for one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from auditor.claims.predicate import Unknown
from auditor.claims.verdict import Accepted
from auditor.errors import ReportError
from auditor.graph import Standing
from auditor.issuers.catalogue import catalogue_of
from auditor.model import Level
from auditor.power import Power, Profile
from auditor.report import read
from auditor.report.base import Comparison, Report
from tests.estate import GITHUB, OPEN, STRANGER, finding, report
from tests.report.formats import ADMIN, POWERFUL, REPORTS, whole, written

COMPARED = replace(
    report(
        [finding(known=True), finding(known=False, discriminator="/Statement/1", evidence=())],
        [replace(OPEN, reachable=Accepted(STRANGER, ("repo", "ref")))],
    ),
    comparison=Comparison("report", "2026-01-01T00:00:00Z", "2026-01-01T00:00:05Z", False, {"equal": 1}, 1, 1, 2, True),
)
NOTHING = Profile(Power())
FURTHER = {
    "compared": COMPARED,
    "a member": report((), [replace(OPEN, trust=replace(OPEN.trust, notes={"member": "principal://x"}))]),
    "the end of a way is listed": replace(
        whole(),
        identities=(*whole().identities, ADMIN),
        standings={**whole().standings, ADMIN: Standing(POWERFUL.held, Level.ADMIN, (), ADMIN, POWERFUL.held)},
    ),
    "power unknown": replace(
        whole(),
        standings={OPEN.trust.identity: replace(POWERFUL, level=Level.UNKNOWN, held=Profile(Power(gaps=("x",))))},
    ),
    "nothing at the end": replace(
        whole(), standings={OPEN.trust.identity: Standing(NOTHING, Level.NONE, (), OPEN.trust.identity, NOTHING)}
    ),
}


def again(subject: Report, tmp: Path, name: str = "json") -> Report:
    (tmp / "report").write_text(written(name, subject), "utf-8")
    return read.load(tmp / "report", catalogue_of())


@pytest.mark.parametrize("subject", [*REPORTS.values(), *FURTHER.values()], ids=[*REPORTS, *FURTHER])
@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_round_trip(subject: Report, name: str, tmp_path: Path) -> None:
    assert written("json", again(subject, tmp_path, name)) == written("json", subject)


def test_the_demo_estates(demo: Report, tmp_path: Path) -> None:
    back = again(demo, tmp_path)
    assert written("json", back) == written("json", demo)
    assert [one.trust.id for one in back.decisions] == [one.trust.id for one in demo.decisions]
    assert list(back.findings) == list(demo.findings)
    about = [[one.about for one in made.findings] for made in (back, demo)]
    # A report has no policies, and tells of some powers only how great they are.
    told = [[one and replace(one, reads=(), power=None, then=None) for one in listed] for listed in about]
    assert told[0] == told[1]
    assert all(one.power for one in about[0] if one is not None and one.kind == "iam-role")
    assert {one.power for one in back.decisions} == {one.power for one in demo.decisions}
    issuers = [[(one.trust.issuer.url, one.trust.issuer.kind) for one in made.decisions] for made in (back, demo)]
    assert issuers[0] == issuers[1]


def test_a_policy_is_not_made_up(tmp_path: Path) -> None:
    trust = again(report((), [OPEN]), tmp_path).decisions[0].trust
    assert (trust.gate, trust.statements, trust.documents) == (Unknown(read.UNTOLD), (), {})
    assert (trust.issuer.url, trust.issuer.kind, trust.issuer.name) == (GITHUB, "github", "GitHub Actions")


def test_an_issuer_that_goes_by_another_table_now_keeps_its_kind(tmp_path: Path) -> None:
    text = written("json", report((), [OPEN])).replace('"issuer_kind": "github"', '"issuer_kind": "gitlab"')
    (tmp_path / "report").write_text(text, "utf-8")
    issuer = read.load(tmp_path / "report", catalogue_of()).decisions[0].trust.issuer
    assert (issuer.kind, issuer.name) == ("gitlab", "GitLab CI/CD")


def changed(change: Callable[[dict[str, Any]], object]) -> str:
    record = json.loads(written("json", whole()))
    change(record)
    return json.dumps(record)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON; the file is damaged or cut short"),
        ("{", "not JSON; the file is damaged or cut short"),
        ("[" * 100_000, "not JSON; the file is damaged or cut short"),
        ("[]", "not a JSON report of this program (`auditor scan -f json -o FILE` writes one)"),
        ("{}", "not a JSON report of this program"),
        ("COVERAGE", "not JSON"),
        ('{"header": {}}\n', "not JSON; the file is damaged or cut short"),
        (written("jsonl", whole()).rpartition('{"summary"')[0], "not JSON; the file is damaged or cut short"),
        (changed(lambda r: r.update(version=2)), "report version 2; this program reads version 1"),
        (changed(lambda r: r.update(tool={"name": "another"})), "not a JSON report of this program"),
        (changed(lambda r: r.pop("findings")), "has no list of findings: not a whole report"),
        (changed(lambda r: r.pop("finished")), "the head is of the wrong shape ('finished')"),
        (changed(lambda r: r["coverage"][1].pop("status")), "coverage[1] is of the wrong shape ('status')"),
        (changed(lambda r: r["coverage"][1].update(status="maybe")), "'maybe' is not a valid Status"),
        (changed(lambda r: r["trusts"][0].update(via="x")), "is not that of such a trust"),
        (changed(lambda r: r["trusts"][0]["reachable"].update(result="maybe")), "'maybe' is no result of a verdict"),
        (changed(lambda r: r["trusts"][0]["breadth"][0]["tenant"].update(label="most")), "is no label of an extent"),
        (changed(lambda r: r["findings"][0].update(rule="x")), "findings[0] is of the wrong shape (the id"),
        (changed(lambda r: r["findings"][0].update(title=1)), "1 stands where text belongs"),
        (changed(lambda r: r["identities"][0]["power"].update(gaps="x")), "'x' stands where a list belongs"),
    ],
)
def test_what_is_no_whole_report(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "report").write_text(text, "utf-8")
    with pytest.raises(ReportError) as caught:
        read.load(tmp_path / "report", catalogue_of())
    assert str(caught.value).startswith(f"{tmp_path / 'report'}: ")
    assert message in str(caught.value)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="missing: cannot be read: No such file or directory"):
        read.load(tmp_path / "missing", catalogue_of())
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(ReportError, match="binary: not a report: it holds bytes that are not UTF-8 text"):
        read.load(tmp_path / "binary", catalogue_of())
