"""The comparison by what reports say: never more sure than they allow, and never silent."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.drift import told
from auditor.issuers.catalogue import catalogue_of
from auditor.model import Breadth, Confidence, Decision, Extent
from auditor.report import FORMATS, read
from auditor.report.base import Layout, Report
from auditor.rules import trust_grew
from tests.drift.estates import MAIN, THEN, Role, changed, diff, role, snapshot
from tests.drift.test_tokens import CASES
from tests.estate import STRANGER, TIGHT

ANY = Extent("any")


def one(*values: str) -> Extent:
    return Extent("exact" if len(values) == 1 else "list", tuple(sorted(values)))


def like(*values: str) -> Extent:
    return Extent("pattern", values)


def box(**extents: Extent) -> Mapping[str, Extent]:
    return {name.replace("_", "-"): extent for name, extent in extents.items()}


MAIN_BOX = box(tenant=one("acme"), project=one("app"), run=one("branch"), branch=one("main"))


@pytest.mark.parametrize(
    ("wide", "narrow", "answer"),
    [
        ((), (), True),
        ((MAIN_BOX,), (), True),
        ((), (MAIN_BOX,), False),
        ((MAIN_BOX,), (MAIN_BOX,), True),
        (({**MAIN_BOX, "branch": ANY},), (MAIN_BOX,), True),
        ((MAIN_BOX,), ({**MAIN_BOX, "branch": ANY},), False),
        ((MAIN_BOX,), ({**MAIN_BOX, "branch": one("main", "next")},), False),
        (({**MAIN_BOX, "branch": one("main", "next")},), (MAIN_BOX,), True),
        # Two boxes hold together what neither holds alone.
        ((MAIN_BOX, {**MAIN_BOX, "branch": one("next")}), ({**MAIN_BOX, "branch": one("main", "next")},), True),
        (({**MAIN_BOX, "branch": like("m*")},), (MAIN_BOX,), None),
        (({**MAIN_BOX, "branch": like("m*")},), ({**MAIN_BOX, "branch": like("m*")},), True),
        (({**MAIN_BOX, "branch": like("m*")},), ({**MAIN_BOX, "branch": like("*")},), None),
        ((MAIN_BOX,), ({**MAIN_BOX, "branch": like("m*")},), None),
        # Elsewhere is elsewhere, whatever the patterns.
        ((MAIN_BOX,), ({**MAIN_BOX, "branch": like("m*"), "project": one("web")},), False),
        # A restriction that the other does not name is a doubt.
        (({**MAIN_BOX, "audience": one("x")},), (MAIN_BOX,), None),
        ((MAIN_BOX,), ({**MAIN_BOX, "audience": one("x")},), True),
        # What is said of tags says nothing of branches; what is said of environments may.
        (({**MAIN_BOX, "run": one("branch", "tag"), "tag": one("v1")},), (MAIN_BOX,), True),
        (({**MAIN_BOX, "environment": one("x")},), ({**MAIN_BOX, "environment": one("y")},), None),
        (({**MAIN_BOX, "run": one("tag")},), (MAIN_BOX,), False),
        ((MAIN_BOX,), ({**MAIN_BOX, "branch": one(*map(str, range(told.POINTS + 1)))},), None),
    ],
)
def test_what_one_breadth_holds_of_another(wide: Breadth, narrow: Breadth, answer: bool | None) -> None:
    assert told.covers(wide, narrow) is answer


BASE = replace(
    TIGHT, breadth=(MAIN_BOX,), classes={"any-tenant": Rejected(), "any-branch": Rejected()}, reachable=Rejected()
)
IN, OUT, OPEN = Accepted(STRANGER), Rejected(), Undecided("it was not read")


def change(**changes: Any) -> Decision:
    return replace(BASE, **changes)


@pytest.mark.parametrize(
    ("old", "new", "kind", "opened", "reason"),
    [
        (BASE, BASE, "equal", (), None),
        (BASE, change(classes={"any-tenant": OUT, "any-branch": IN}), "looser", ("any-branch",), None),
        (change(classes={"any-branch": IN}), change(classes={"any-branch": OUT}), "tighter", (), None),
        (
            change(classes={"any-tenant": OUT, "any-branch": IN}),
            change(classes={"any-tenant": IN, "any-branch": OUT}),
            "incomparable",
            ("any-tenant",),
            None,
        ),
        (BASE, change(reachable=IN), "looser", (), None),
        (change(reachable=IN), BASE, "tighter", (), None),
        (BASE, change(breadth=({**MAIN_BOX, "branch": ANY},)), "looser", (), None),
        (change(breadth=({**MAIN_BOX, "branch": ANY},)), BASE, "tighter", (), None),
        (BASE, change(breadth=({**MAIN_BOX, "branch": one("next")},)), "incomparable", (), None),
        (BASE, change(breadth=({**MAIN_BOX, "branch": like("*")},)), "unknown", (), told.PATTERNS),
        (BASE, change(breadth_complete=False), "unknown", (), "not everything that it admits is listed"),
        (BASE, change(reachable=OPEN), "unknown", (), "reachable: it was not read"),
        (change(reachable=OPEN), change(reachable=OPEN), "equal", (), None),
        (change(reachable=OPEN), BASE, "equal", (), None),
        (change(reachable=OPEN), change(reachable=IN), "unknown", (), "reachable: it was not read"),
        (change(classes={}), change(classes={"any-tag": IN}), "unknown", (), "any-tag: it was not asked before"),
    ],
)
def test_what_became_of_it(
    old: Decision, new: Decision, kind: str, opened: tuple[str, ...], reason: str | None
) -> None:
    found = told.change(old, new)
    assert (found.kind, found.opened, found.reason, found.by_tokens) == (kind, opened, reason, False)


def test_what_is_told_by_reports_is_said_to_be_and_less_certain() -> None:
    found = trust_grew.finding(told.change(BASE, change(classes={"any-tenant": IN, "any-branch": OUT})))
    assert found.confidence is Confidence.MEDIUM
    assert found.witness == STRANGER
    assert found.detail.endswith("This is by what reports say of the two trusts; their policies were not both at hand.")
    assert "The token shown was refused before" not in found.detail


def through_reports(tmp: Path, old: Mapping[str, Role], new: Mapping[str, Role]) -> Report:
    """The same comparison as `changed`, of what JSON reports keep of the two states."""
    sides: list[Report] = []
    for name, roles in (("old", old), ("new", new)):
        audited = diff(snapshot(roles, THEN), snapshot(roles))
        (tmp / name).write_text(written(replace(audited, comparison=None)), "utf-8")
        sides.append(read.load(tmp / name, catalogue_of()))
    return diff(sides[0], sides[1])


def written(report: Report) -> str:
    stream = io.StringIO()
    FORMATS["json"]()(report, stream, Layout())
    return stream.getvalue()


@pytest.mark.parametrize("name", CASES)
def test_it_never_says_less_than_the_tokens_do(name: str, tmp_path: Path) -> None:
    """Whatever the tokens prove to have grown, reports tell too, or say that they cannot; here at least."""
    old, new, trusts, _ = CASES[name]
    made = through_reports(tmp_path, old, new)
    assert made.comparison is not None
    assert not made.comparison.by_tokens
    rules = [one.rule for one in made.findings]
    assert ("trust-added" in rules) == ("added" in trusts)
    assert ("trust-removed" in rules) == ("removed" in trusts)
    if {"looser", "incomparable"} & set(trusts):
        assert "trust-grew" in rules
    if trusts == {"equal": 1}:
        assert rules == []


EXTENTS = st.sampled_from((ANY, one("a"), one("b"), one("a", "b"), like("a*")))
BOXES = st.lists(st.fixed_dictionaries({"tenant": EXTENTS, "project": EXTENTS}), max_size=3).map(tuple)


def holds(breadth: Breadth, tenant: str, project: str) -> bool:
    """Naively, with `a*` for what it means."""

    def admits(extent: Extent, name: str) -> bool:
        return extent.label == "any" or name in extent.values or (extent.label == "pattern" and name.startswith("a"))

    return any(admits(entry["tenant"], tenant) and admits(entry["project"], project) for entry in breadth)


@settings(max_examples=300)
@given(BOXES, BOXES)
def test_covers_is_right_whenever_it_is_sure(wide: Breadth, narrow: Breadth) -> None:
    names = ("a", "ab", "b", "z")
    more = any(holds(narrow, t, p) and not holds(wide, t, p) for t in names for p in names)
    answer = told.covers(wide, narrow)
    assert answer is None or answer is not more
    if "pattern" not in {extent.label for entry in (*wide, *narrow) for extent in entry.values()}:
        assert answer is not None


def test_a_change_of_the_policy_that_no_report_tells_is_why_it_is_weaker(tmp_path: Path) -> None:
    then, now = {"deploy": role(MAIN)}, {"deploy": role(MAIN, "repo:acme/app:ref:refs/heads/mai?")}
    assert [one.rule for one in changed(then, now).findings if one.rule == "trust-grew"] == ["trust-grew"]
    made = through_reports(tmp_path, then, now)
    assert [one.title for one in made.findings if one.rule == "trust-grew"] == [
        "It is not known whether more tokens of GitHub Actions can become deploy than before"
    ]
