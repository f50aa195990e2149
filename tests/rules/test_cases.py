"""Every rule on its cases: the findings it must give, and those it must not."""

from __future__ import annotations

from collections import Counter

import pytest

from auditor.model import Status
from auditor.rules import CHANGES, RULES
from tests.rules.cases import Case, cases, findings, judged, provider_of

CASES = list(cases())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case) -> None:
    found = findings(judged(case.snapshot(), case.ours, power=case.power))
    assert [one for one in found if one.status is not Status.OPEN] == []
    own = [one for one in found if one.rule.replace("-", "_") == case.rule]
    assert [one.title for one in own] == case.titles
    if "severities" in case.body:
        assert [str(one.severity) for one in own] == case.body["severities"]
    if "rules" in case.body:
        assert sorted({one.rule for one in found}) == case.body["rules"]


WAIVERS = {"expired_waiver", "unused_waiver"}
"""They are about the configuration: tests/judging/test_waivers.py."""

CHANGED = {rule.id.replace("-", "_") for rule in CHANGES}
"""They are about two states of an estate: tests/drift/."""


def test_every_rule_has_cases_of_either_sort() -> None:
    firing = Counter(case.rule for case in CASES if case.titles)
    silent = Counter(case.rule for case in CASES if not case.titles)
    names = {rule.id.replace("-", "_") for rule in RULES} - WAIVERS - CHANGED
    assert firing.keys() | silent.keys() == names
    assert {name for name in names if firing[name] < 2 or silent[name] < 2} == set()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_findings_hold_what_a_report_must_say(case: Case) -> None:
    context = judged(case.snapshot(), case.ours, power=case.power)
    provider = provider_of(case.snapshot())
    documents = {document.id for document in case.snapshot().documents}
    admitted = {decision.trust.id: decision.trust for decision in context.decisions}
    found = findings(context)
    assert len({one.id for one in found}) == len(found)
    for one in found:
        assert one.title
        assert "\n" not in one.title
        assert one.detail.endswith(".")
        assert one.fix is not None
        assert one.evidence
        assert {source.document for source in one.evidence} <= documents
        if one.witness is not None:
            assert provider.admits(admitted[one.subject], one.witness) is True
