"""The stages joined: live or saved, in any order, one report; and nothing unread or unknown gets lost on the way."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from auditor.claims.verdict import Accepted, Undecided
from auditor.collection import collect
from auditor.config import Config
from auditor.errors import CollectError, SnapshotError
from auditor.judging.checks import REFUSED
from auditor.model import Decision, Finding, Status
from auditor.pipeline import audit, restore
from auditor.progress import Stage, silent
from auditor.report import FORMATS
from auditor.report.base import Layout, Report
from auditor.rules.base import Context, Persona, Rule
from auditor.snapshot import Coverage, Document, Snapshot, ordered
from auditor.snapshot import Status as Reading
from auditor.snapshot_file import save
from tests.estate import ACCOUNT, DENIED, READ, TIMES, AnyTenant, Broken, FakeCloud, finding, role_arn, snapshot, trust

ESTATE = {
    "deploy-web": "repo:*",
    "deploy-api": "repo:acme/api:ref:refs/heads/main",
    "deploy-all": "repo:acme/*",
}
CLOUD = FakeCloud()


def audited(
    subject: Snapshot,
    rules: Sequence[Rule] = (AnyTenant(),),
    persona: Persona = Persona.REGULAR,
    cloud: FakeCloud = CLOUD,
) -> Report:
    return audit(subject, [cloud], Config(), rules, persona, silent)


def written(report: Report, name: str) -> str:
    stream = io.StringIO()
    FORMATS[name]()(report, stream, Layout())
    return stream.getvalue()


def test_every_trust_is_decided_and_every_finding_reported() -> None:
    report = audited(snapshot(ESTATE))
    assert [one.trust.identity.name for one in report.decisions] == ["deploy-all", "deploy-api", "deploy-web"]
    assert [isinstance(one.classes["any-tenant"], Accepted) for one in report.decisions] == [False, False, True]
    assert [(one.rule, one.subject) for one in report.findings] == [("any-tenant", report.decisions[2].trust.id)]
    assert [one.id for one in report.identities] == sorted(role_arn(name) for name in ESTATE)
    assert (report.started, report.finished) == TIMES
    assert report.summary().coverage_complete


@pytest.mark.parametrize("name", list(FORMATS))
def test_saved_and_loaded_gives_the_same_report_to_the_byte(tmp_path: Path, name: str) -> None:
    subject = snapshot(ESTATE, [*READ, DENIED])
    with (tmp_path / "s.jsonl").open("w", encoding="utf-8") as stream:
        save(subject, stream)
    assert written(audited(restore([tmp_path / "s.jsonl"])), name) == written(audited(subject), name)


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_order_of_collection_does_not_show(name: str) -> None:
    texts = set()
    for roles, rows in zip(itertools.permutations(ESTATE), itertools.permutations((*READ, DENIED)), strict=False):
        subject = snapshot({role: ESTATE[role] for role in roles}, rows)
        texts.add(written(audited(subject), name))
    assert len(texts) == 1


def test_several_snapshots_are_audited_as_one(tmp_path: Path) -> None:
    paths = []
    for name, subject in ESTATE.items():
        paths.append(tmp_path / name)
        with paths[-1].open("w", encoding="utf-8") as stream:
            save(snapshot({name: subject}), stream)
    assert written(audited(restore([*paths, *paths])), "json") == written(audited(snapshot(ESTATE)), "json")
    with pytest.raises(SnapshotError):
        restore([*paths, tmp_path / "missing"])


def test_a_witness_that_the_source_refuses_is_withdrawn_and_reported() -> None:
    report = audited(snapshot({"deploy-web": "repo:*"}), cloud=FakeCloud(admits=False))
    (decision,) = report.decisions
    assert decision.reachable == decision.classes["any-tenant"] == Undecided(REFUSED)
    assert {one.rule for one in report.findings} == {"witness-check"}
    assert {one.status for one in report.findings} == {Status.ERROR}
    assert report.summary().errors == len(report.findings) >= 2


def test_open_findings_come_first_worst_first_and_failed_rules_are_counted() -> None:
    subject = snapshot(ESTATE)
    assert isinstance(subject.documents, list)
    subject.documents.append(Document("aws", ACCOUNT, "oidc-provider", "arn:idle", {}))
    report = audited(subject, [Broken(), AnyTenant()], Persona.PEDANTIC)
    shown = [(one.status.value, str(one.severity)) for one in report.findings]
    assert shown == [("open", "critical")] * 2 + [("open", "low")] + [("error", "high")] * 4
    assert (report.summary().open, report.summary().errors) == (3, 4)
    assert [one.id for one in report.identities] == [*sorted(role_arn(name) for name in ESTATE), "arn:idle"]


def test_a_rule_for_another_persona_is_not_run() -> None:
    assert list(audited(snapshot(ESTATE), [Broken()]).findings) == []


class Asks(AnyTenant):
    """A rule that has a changed copy of each trust judged."""

    def check(self, decision: Decision, context: Context) -> Iterable[Finding]:
        other = trust(decision.trust.identity.name, "repo:*")
        verdict = context.judge(other).classes["any-tenant"]
        yield finding(decision, detail=type(verdict).__name__)


@pytest.mark.parametrize(("admits", "answer"), [(True, "Accepted"), (False, "Undecided"), (None, "Undecided")])
def test_rules_may_have_other_trusts_judged_and_get_confirmed_answers(admits: bool | None, answer: str) -> None:
    report = audited(snapshot({"deploy-api": ESTATE["deploy-api"]}), [Asks()], cloud=FakeCloud(admits=admits))
    assert [one.detail for one in report.findings if one.rule == "any-tenant"] == [answer]


def test_documents_of_a_provider_that_is_not_asked_for_or_not_known_are_never_passed_over_in_silence() -> None:
    subject = snapshot(ESTATE)
    assert isinstance(subject.documents, list)
    subject.documents.append(Document("oracle", "-", "thing", "1", {}))
    report = audited(subject)
    unknown = Coverage("oracle", "-", "everything", Reading.FAILED, "this version does not know this provider")
    assert report.coverage == (*READ, unknown)
    assert not report.summary().coverage_complete
    other = audited(snapshot(ESTATE, [DENIED]), cloud=FakeCloud(name="other"))
    assert other.coverage == (Coverage("aws", "-", "everything", Reading.SKIPPED, "not asked for"),)


def test_live_clouds_are_read_with_the_profile() -> None:
    live = snapshot(ESTATE)
    cloud = FakeCloud(live)
    said: list[str | Stage] = []
    assert collect([cloud], Config(), {"profile": "prod"}, said.append) == ordered(live)
    assert (cloud.profiles, said) == (["prod"], ["reading aws"])


def test_a_cloud_that_fails_beside_others_is_a_row_of_the_ledger() -> None:
    merged = collect([FakeCloud(snapshot(ESTATE)), FakeCloud(name="other")], Config(), {}, silent)
    reason = "no AWS credentials were found; log in or name a --profile"
    assert merged.coverage == [*READ, Coverage("other", "-", "account", Reading.FAILED, reason)]
    assert not merged.complete


def test_when_none_can_be_read_there_is_no_report() -> None:
    with pytest.raises(CollectError, match="no AWS credentials were found; log in or name a --profile"):
        collect([FakeCloud()], Config(), {}, silent)


def test_an_account_without_federation_is_a_clean_report() -> None:
    report = audited(Snapshot(*TIMES, coverage=list(READ)))
    assert [*report.decisions, *report.identities, *report.findings] == []
    assert report.summary().coverage_complete
    assert ACCOUNT in written(report, "table")
