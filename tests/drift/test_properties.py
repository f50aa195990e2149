"""What holds of every comparison: nothing changed between equal states, less is never more, and all is seen."""

from __future__ import annotations

import copy
import io
import random
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.issuers.catalogue import catalogue_of
from auditor.providers.aws import PROVIDER
from auditor.report import FORMATS
from auditor.report.base import Layout, Report
from auditor.rules import CHANGES
from tests.drift.estates import EVERYTHING, GITHUB, NOW, READS, THEN, diff, snapshot, statement

SUBJECTS = st.sampled_from(
    (
        *("repo:acme/app:ref:refs/heads/main", "repo:acme/app:ref:refs/heads/*", "repo:acme/app:*", "repo:acme/*"),
        *("repo:acme/web:pull_request", "repo:acme*/app:*", "repo:acme/app:environment:production", "*", "nothing"),
        *("repo:umbrella/app:ref:refs/tags/v1", "repo:acme@1/app@2:ref:refs/heads/main", "repo:acme/?pp:*"),
    )
)
LISTS = st.lists(SUBJECTS, min_size=1, max_size=4)
FURTHER = st.sampled_from(
    (
        {},
        {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com", f"{GITHUB}:repository": "acme/app"}},
        {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
        {"ForAllValues:StringLike": {f"{GITHUB}:job_workflow_ref": "acme/flows/*"}},
        {"StringEquals": {"nonsense:key": "x"}},
    )
)
Statements = list[dict[str, Any]]
STATEMENTS: st.SearchStrategy[Statements] = st.lists(
    st.builds(lambda subjects, further: statement(*subjects, further=further), LISTS, FURTHER), min_size=1, max_size=3
)
POWERS = st.sampled_from((READS, EVERYTHING, []))
ROLES = st.dictionaries(
    st.sampled_from(("deploy", "ship", "scan")),
    st.fixed_dictionaries({"trusts": STATEMENTS, "may": POWERS}),
    max_size=3,
)
DRIFT = {rule.id for rule in CHANGES}


def written(report: Report) -> str:
    stream = io.StringIO()
    FORMATS["json"]()(report, stream, Layout())
    return stream.getvalue()


def grew(old: Statements, new: Statements) -> list[str]:
    report = diff(snapshot({"deploy": {"trusts": old, "may": READS}}, THEN), state(new))
    return [one.rule for one in report.findings if one.rule == "trust-grew"]


def state(statements: Statements) -> Any:
    return snapshot({"deploy": {"trusts": statements, "may": READS}}, NOW)


@settings(max_examples=40)
@given(ROLES)
def test_nothing_changed_between_a_state_and_itself(roles: Mapping[str, Any]) -> None:
    report = diff(snapshot(roles, THEN), snapshot(copy.deepcopy(roles), NOW))
    assert report.findings == ()
    assert report.comparison is not None
    assert report.comparison.trusts["equal"] == sum(report.comparison.trusts.values()) == len(report.decisions)
    assert (report.comparison.new, report.comparison.gone) == (0, 0)
    assert report.summary().coverage_complete


@settings(max_examples=40)
@given(STATEMENTS, st.randoms(use_true_random=False))
def test_order_and_repetition_are_no_change(statements: Statements, chance: random.Random) -> None:
    other = copy.deepcopy(statements)
    other.append(copy.deepcopy(chance.choice(other)))
    chance.shuffle(other)
    for one in other:
        for key, values in one["Condition"].get("StringLike", {}).items():
            if isinstance(values, list):
                chance.shuffle(values)
                one["Condition"]["StringLike"][key] = [*values, values[0]]
    for report in (diff(state(statements), state(other)), diff(state(other), state(statements))):
        known = [one for one in report.findings if one.rule in DRIFT - {"finding-gone"}]
        assert known == []


@settings(max_examples=60)
@given(LISTS, LISTS, FURTHER, st.data())
def test_a_shorter_list_never_lets_in_more(
    first: Sequence[str], second: Sequence[str], further: Mapping[str, Any], data: st.DataObject
) -> None:
    values = [*first, *second]
    gone = data.draw(st.integers(0, len(values) - 1))
    left = [value for place, value in enumerate(values) if place != gone]
    old, new = [statement(*values, further=further)], [statement(*left, further=further)]
    assert grew(old, new) == []


@settings(max_examples=60)
@given(STATEMENTS, STATEMENTS)
def test_whoever_gets_in_now_and_did_not_is_seen(old: Statements, new: Statements) -> None:
    """The token that proves one state open is tried on the other, by the evaluator, which shares no code."""
    reports = [diff(state(one), state(one)) for one in (old, new)]
    decisions = [{one.trust.id: one for one in report.decisions} for report in reports]
    for name, now in decisions[1].items():
        then = decisions[0].get(name)
        proofs = [v.witness for v in (now.reachable, *now.classes.values()) if hasattr(v, "witness")]
        news = then is None or any(PROVIDER.admits(then.trust, proof) is False for proof in proofs)
        if proofs and news:
            report = diff(state(old), state(new))
            assert {"trust-grew", "trust-added"} & {one.rule for one in report.findings if one.subject == name}


@settings(max_examples=30)
@given(STATEMENTS, STATEMENTS)
def test_every_growth_is_proven_or_said_not_to_be_known(old: Statements, new: Statements) -> None:
    before = {trust.id: trust for trust in PROVIDER.trusts(state(old), catalogue_of())}
    after = {trust.id: trust for trust in PROVIDER.trusts(state(new), catalogue_of())}
    for one in diff(state(old), state(new)).findings:
        if one.rule == "trust-grew" and "not known" not in one.title:
            assert one.witness is not None
            assert PROVIDER.admits(before[one.subject], one.witness) is False
            assert PROVIDER.admits(after[one.subject], one.witness) is True


@settings(max_examples=20)
@given(ROLES, ROLES)
def test_the_same_answer_every_time_whatever_the_order(old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    backwards = [dict(reversed(list(one.items()))) for one in (old, new)]
    assert written(diff(snapshot(old, THEN), snapshot(new))) == written(
        diff(snapshot(backwards[0], THEN), snapshot(backwards[1]))
    )
