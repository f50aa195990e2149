"""The verdict, how wide a trust is, and whom it lets in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.model import Breadth, Extent, Level, Severity, Status
from auditor.report.base import Report
from auditor.report.verdict import Reach, origins, reach, verdict
from tests.estate import DENIED, OPEN, READ, STRANGER, TIGHT, UNREAD, decision, finding, report
from tests.report.formats import REPORTS, whole

IN = Accepted(STRANGER)
OUT = Rejected()
DOUBT = Undecided("too many")


@pytest.mark.parametrize(
    ("classes", "reachable", "wide"),
    [
        ({"any-tenant": IN, "any-project": IN}, IN, Reach.ANYONE),
        ({"any-tenant": IN}, DOUBT, Reach.ANYONE),
        ({"any-tenant": OUT, "any-project": IN, "any-branch": DOUBT}, IN, Reach.ORGANISATION),
        ({"any-tenant": DOUBT, "any-project": IN}, IN, Reach.UNKNOWN),
        ({"any-tenant": OUT, "any-project": DOUBT, "any-branch": IN}, IN, Reach.UNKNOWN),
        ({"any-tenant": OUT, "any-project": OUT, "any-branch": IN}, IN, Reach.RUN),
        ({"any-tenant": OUT, "any-tag": IN}, IN, Reach.RUN),
        ({"any-tenant": OUT, "any-environment": IN}, IN, Reach.RUN),
        ({"any-tenant": OUT, "pull-request": IN}, IN, Reach.RUN),
        ({"any-tenant": OUT, "any-project": OUT, "any-branch": DOUBT}, IN, Reach.UNKNOWN),
        ({"any-tenant": OUT, "any-project": OUT, "unchecked-audience": IN}, IN, Reach.PINNED),
        ({"any-tenant": OUT}, DOUBT, Reach.UNKNOWN),
        ({"any-tenant": OUT}, OUT, Reach.NOBODY),
        ({}, IN, Reach.PINNED),
    ],
)
def test_reach(classes: Mapping[str, Verdict], reachable: Verdict, wide: Reach) -> None:
    assert reach(decision("deploy", "repo:*", classes, reachable)) is wide


def extent(*values: str, label: str = "exact") -> Extent:
    return Extent("any") if not values else Extent("list" if len(values) > 1 else "exact", values)


@pytest.mark.parametrize(
    ("breadth", "classes", "names"),
    [
        (({"tenant": extent("acme"), "project": extent("app"), "branch": extent("main")},), {}, ("acme/app",)),
        (({"tenant": extent("acme"), "project": extent("app", "web")},), {}, ("acme/app", "acme/web")),
        (({"tenant": extent("acme"), "project": extent()},), {}, ("acme/*",)),
        (({"tenant": Extent("pattern", ("acme*",)), "project": extent()},), {"any-tenant": IN}, ("acme*/*",)),
        (({"tenant": extent(), "project": extent()},), {"any-tenant": IN}, ("anyone",)),
        (({"tenant": extent(), "project": extent(), "tenant-id": extent("77")},), {}, ("tenant id 77",)),
        (({"tenant": extent(), "project": extent()},), {"any-tenant": OUT}, ("everything there",)),
        (
            ({"tenant": extent("acme"), "project": extent(*(f"p{number}" for number in range(9)))},),
            {},
            ("acme/p0", "acme/p1", "acme/p2", "acme/p3", "acme/p4", "4 more"),
        ),
        (({"subject": extent("team:a")},), {}, ("team:a",)),
        (({"subject": extent()},), {}, ("any subject",)),
    ],
)
def test_origins(breadth: Breadth, classes: Mapping[str, Verdict], names: tuple[str, ...]) -> None:
    made = replace(decision("deploy", "repo:*", classes, IN), breadth=breadth)
    assert origins(made) == names


def test_whom_nobody_knows() -> None:
    made = replace(OPEN, breadth=(), classes={})
    assert origins(replace(made, reachable=OUT)) == ()
    assert origins(replace(made, reachable=DOUBT)) == ("not known",)


LOW = finding(TIGHT, severity=Severity.LOW)
HIGH = finding(TIGHT, severity=Severity.HIGH)
INFO = finding(TIGHT, severity=Severity.INFO)
FAILED = finding(TIGHT, status=Status.ERROR)


@pytest.mark.parametrize(
    ("about", "tone", "headline"),
    [
        (REPORTS["nothing read"], "unknown", "Nothing was read, so nothing is known."),
        (whole(), "bad", "Strangers can get in: 1 of 4 trusts admits anyone on GitHub Actions."),
        (report((), [OPEN, OPEN]), "bad", "Strangers can get in: 2 of 2 trusts admit anyone on GitHub Actions."),
        (report([LOW], [TIGHT]), "warn", "No stranger gets in, but 1 finding of 1 trust should be looked at."),
        (report([HIGH], [TIGHT]), "bad", "No stranger gets in, but 1 finding of 1 trust should be looked at."),
        (
            report([LOW], [TIGHT], [*READ, DENIED]),
            "warn",
            "No stranger is known to get in, but 1 finding of 1 trust should be looked at.",
        ),
        (
            report([LOW], [TIGHT, UNREAD]),
            "warn",
            "No stranger is known to get in, but 1 finding of 2 trusts should be looked at.",
        ),
        (report((), [TIGHT], [*READ, DENIED]), "unknown", "Nothing was found, but this is not a clean report."),
        (report((), [TIGHT, UNREAD]), "unknown", "Nothing was found, but this is not a clean report."),
        (report([FAILED], [TIGHT]), "unknown", "Nothing was found, but this is not a clean report."),
        (report([INFO], [TIGHT]), "good", "No stranger gets in: 1 trust judged, and nothing to act on."),
        (report(), "good", "No federated trust exists in what was read."),
    ],
)
def test_verdict(about: Report, tone: str, headline: str) -> None:
    told = verdict(about)
    assert (told.tone, told.headline) == (tone, headline)


def test_the_worst_stranger_is_named() -> None:
    strong = replace(
        decision("boss", "repo:*", {"any-tenant": IN}, IN), power=Level.ADMIN, then="do anything in the account"
    )
    told = verdict(report((), [OPEN, strong, TIGHT]))
    assert told.detail == (
        "Among them: anyone on GitHub Actions may become boss, and then do anything in the account. "
        "3 trusts of 3 identities judged."
    )
    assert verdict(whole()).detail == (
        "Among them: anyone on GitHub Actions may become deploy-web. 4 trusts of 5 identities judged; "
        "1 not decided in every respect; 1 check failed, which is no pass; 1 finding waived."
    )


def test_a_report_of_changes_speaks_of_changes() -> None:
    compared = REPORTS["compared"]
    assert compared.comparison is not None
    changes = replace(compared, comparison=replace(compared.comparison, changes_only=True))
    told = verdict(changes)
    assert (told.tone, told.headline) == ("bad", "2 changes to look at.")
    assert told.detail.startswith("Compared with the report of 2026-11-21")
    nothing = replace(changes, findings=())
    assert (verdict(nothing).tone, verdict(nothing).headline) == ("good", "Nothing grew, and nothing new was found.")
    lost = replace(nothing, coverage=(*READ, DENIED))
    assert verdict(lost).tone == "unknown"
    assert verdict(compared).headline.startswith("Strangers can get in")
