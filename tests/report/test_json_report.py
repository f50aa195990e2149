"""JSON version 1: the whole text, the schema, and what it must refuse."""

from __future__ import annotations

import copy
import io
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auditor.claims.verdict import Accepted
from auditor.model import Confidence, Fix, Severity, Source, Status
from auditor.report.base import Layout, Report
from auditor.report.json_report import verdict_record, write
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading
from tests.estate import DENIED, OPEN, READ, TIGHT, UNREAD, finding, report
from tests.schemas import closed, complaints, validator

CLOSED = closed("report")
PUBLISHED = validator("report")
FULL = report([finding(), finding(UNREAD, status=Status.ERROR, fix=None)], [OPEN, TIGHT, UNREAD], [*READ, DENIED])


def text_of(subject: Report) -> str:
    stream = io.StringIO()
    write(subject, stream, Layout())
    return stream.getvalue()


def test_the_whole_text() -> None:
    assert text_of(report([finding()], [OPEN], READ[:1])) == (
        '{\n"version": 1,\n'
        '"tool": {"name": "oidc-trust-auditor", "version": "0.0.0"},\n'
        '"started": "2026-11-21T10:00:00Z",\n"finished": "2026-11-21T10:00:05Z",\n'
        '"coverage": [\n'
        '{"provider": "aws", "scope": "123456789012", "kind": "account", "status": "read", "reason": null, '
        '"permission": null}\n],\n'
        '"trusts": [\n'
        '{"id": "fd48072f9fd50859", "provider": "aws", "scope": "123456789012", '
        '"issuer": "https://token.actions.githubusercontent.com", "issuer_kind": "github", '
        '"via": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com", '
        '"identity": {"kind": "iam-role", "id": "arn:aws:iam::123456789012:role/deploy-web", "name": "deploy-web"}, '
        '"source": {"document": "arn:aws:iam::123456789012:role/deploy-web", "pointer": "/AssumeRolePolicyDocument"}, '
        '"statement": "Somebody on GitHub Actions may become deploy-web.", '
        '"breadth": [{"project": {"label": "exact", "values": ["app"]}, "tenant": {"label": "any", "values": []}}], '
        '"breadth_complete": true, '
        '"reachable": {"result": "accepted", "witness": {"iss": "https://token.actions.githubusercontent.com", '
        '"sub": "repo:evil-org/evil-repo:ref:refs/heads/main", "aud": "sts.amazonaws.com", '
        '"repository": "evil-org/evil-repo"}, "reason": null}, '
        '"classes": {"any-tenant": {"result": "accepted", "witness": '
        '{"iss": "https://token.actions.githubusercontent.com", '
        '"sub": "repo:evil-org/evil-repo:ref:refs/heads/main", "aud": "sts.amazonaws.com", '
        '"repository": "evil-org/evil-repo"}, "reason": null}}}\n],\n'
        '"identities": [\n'
        '{"id": "arn:aws:iam::123456789012:role/deploy-web", "provider": "aws", "scope": "123456789012", '
        '"kind": "iam-role", "name": "deploy-web", '
        '"power": {"level": "unknown", "may": [], "must": [], "evidence": []}}\n],\n'
        '"findings": [\n'
        '{"id": "9c52828c4faa1161", "rule": "any-tenant", "severity": "critical", "confidence": "high", '
        '"trust": "fd48072f9fd50859", "title": "Anyone on GitHub Actions can become deploy-web", '
        '"detail": "The condition on the subject names no owner.", '
        '"witness": {"iss": "https://token.actions.githubusercontent.com", '
        '"sub": "repo:evil-org/evil-repo:ref:refs/heads/main", "aud": "sts.amazonaws.com", '
        '"repository": "evil-org/evil-repo"}, '
        '"evidence": [{"document": "arn:aws:iam::123456789012:role/deploy-web", '
        '"pointer": "/AssumeRolePolicyDocument/Statement/0/Condition/StringLike"}], '
        '"fix": {"summary": "Name the repository.", "before": "\\"sub\\": \\"repo:*\\"", '
        '"after": "\\"sub\\": \\"repo:acme/web:ref:refs/heads/main\\""}, "status": "open"}\n],\n'
        '"summary": {"trusts": 1, "identities": 1, "by_severity": '
        '{"critical": 1, "high": 0, "medium": 0, "low": 0, "info": 0}, "coverage_complete": true, '
        '"waived": 0, "errors": 0, "undecided": 0}\n}\n'
    )


@pytest.mark.parametrize("subject", [FULL, report(), report(coverage=())], ids=["full", "no findings", "nothing read"])
def test_every_field_is_described_by_the_published_schema(subject: Report) -> None:
    document = json.loads(text_of(subject))
    assert complaints(PUBLISHED, document) == []
    assert complaints(CLOSED, document) == []


def test_verdicts() -> None:
    classes = [trust["classes"]["any-tenant"] for trust in json.loads(text_of(FULL))["trusts"]]
    assert [(verdict["result"], verdict["witness"] is None, verdict["reason"]) for verdict in classes] == [
        ("accepted", False, None),
        ("rejected", True, None),
        ("unknown", True, "the policy is no JSON"),
    ]


def test_summary_counts_open_findings_and_the_rest_apart() -> None:
    many = report(
        [
            finding(),
            finding(severity=Severity.LOW),
            finding(severity=Severity.LOW, status=Status.WAIVED),
            finding(severity=Severity.HIGH, status=Status.ERROR),
        ],
        [OPEN, UNREAD],
        [*READ, DENIED],
    )
    assert json.loads(text_of(many))["summary"] == {
        "trusts": 2,
        "identities": 2,
        "by_severity": {"critical": 1, "high": 0, "medium": 0, "low": 1, "info": 0},
        "coverage_complete": False,
        "waived": 1,
        "errors": 1,
        "undecided": 1,
    }


def changed(path: str, value: object) -> dict[str, Any]:
    """The full report with one place changed; a value of None removes it."""
    document = copy.deepcopy(json.loads(text_of(FULL)))
    *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
    node: Any = document
    for part in parents:
        node = node[part]
    if value is None:
        del node[last]
    else:
        node[last] = value
    return document  # type: ignore[no-any-return]  # json.loads is Any


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", 2),
        ("started", "yesterday"),
        ("coverage.0.status", "fine"),
        ("coverage.0.reason", None),
        ("trusts.0.id", "1"),
        ("trusts.0.source.pointer", "no/slash"),
        ("trusts.0.source.pointer", "/bad~2escape"),
        ("trusts.0.breadth.0.tenant.label", "some"),
        ("trusts.0.breadth.0.tenant.values", ["x"]),
        ("trusts.0.breadth.0.project.values", []),
        ("trusts.0.reachable.result", "unknown"),
        ("trusts.0.reachable.witness", {}),
        ("trusts.0.reachable.reason", 7),
        ("trusts.2.reachable.reason", None),
        ("trusts.2.reachable.result", "accepted"),
        ("trusts.0.classes.any-thing", {"result": "rejected", "witness": None, "reason": None}),
        ("identities.0.power.level", "root"),
        ("findings.0.trust", None),
        ("findings.0.identity", "both"),
        ("findings.0.severity", "CRITICAL"),
        ("findings.0.status", "closed"),
        ("findings.0.witness.sub", 1.5),
        ("findings.0.fix.after", 1),
        ("summary.by_severity.info", None),
        ("summary.by_severity.awful", 1),
        ("summary.coverage_complete", 1),
    ],
)
def test_the_schema_refuses(path: str, value: object) -> None:
    assert complaints(PUBLISHED, changed(path, value)) != []


@pytest.mark.parametrize("path", ["later", "trusts.0.later", "findings.0.later", "summary.later", "coverage.0.later"])
def test_the_published_schema_lets_fields_be_added_and_only_the_closed_one_does_not(path: str) -> None:
    document = changed(path, "a field of a later day")
    assert complaints(PUBLISHED, document) == []
    assert complaints(CLOSED, document) != []


ANY_TEXT = st.text(st.characters())


@settings(deadline=None)
@given(ANY_TEXT)
@example('\x00\x1b\x7f\x9f\u202e\ud800\U000e0041"\\</script>')
def test_any_text_comes_back_as_it_was_and_only_as_printable_ascii(text: str) -> None:
    hostile = finding(
        title=text,
        detail=text,
        confidence=Confidence.LOW,
        witness={"sub": text, text: (text, text), "n": 1, "b": True},
        evidence=(Source(text, text),),
        fix=Fix(text, text, text),
    )
    written = text_of(report([hostile], [OPEN], [Coverage("aws", text, text, Reading.FAILED, text, text)]))
    assert all(char == "\n" or " " <= char <= "~" for char in written)
    document = json.loads(written)
    shown = document["findings"][0]
    assert (shown["title"], shown["evidence"], shown["fix"]["after"]) == (
        text,
        [{"document": text, "pointer": text}],
        text,
    )
    assert document["coverage"][0]["reason"] == text


def test_claims_stand_in_one_order_whatever_order_they_come_in() -> None:
    claims = {"zeta": "1", "aud": "2", "sub": "3", "alpha": "4", "iss": "5"}
    backwards = dict(reversed(claims.items()))
    assert text_of(report([finding(witness=claims)])) == text_of(report([finding(witness=backwards)]))
    document = json.loads(text_of(report([finding(witness=claims)])))
    assert list(document["findings"][0]["witness"]) == ["iss", "sub", "aud", "alpha", "zeta"]


def test_a_way_in_by_a_customised_subject_says_so() -> None:
    assert verdict_record(Accepted({"sub": "workflow:x"}, ("workflow",))) == {
        "result": "accepted",
        "witness": {"sub": "workflow:x"},
        "reason": "the token's owner composes its subject of workflow",
    }
