"""A comparison in words, and what formats for people make of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auditor.report.base import Comparison
from auditor.report.compared import headline, sentence
from tests.estate import DENIED, TIGHT, finding, report
from tests.report.formats import written
from tests.schemas import closed, complaints

TIMES = ("2026-10-01T10:00:00Z", "2026-10-01T10:00:05Z")
SINCE = "Compared with the snapshot of 2026-10-01 10:00 UTC"


def comparison(**changes: Any) -> Comparison:
    return replace(Comparison("snapshot", *TIMES, True, {"equal": 3}, 0, 2, 0), **changes)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, f"{SINCE}: 3 trusts let in the same as then. Findings: 0 new, 2 known, 0 gone."),
        ({"hidden": True}, f"{SINCE}: 3 trusts let in the same as then. Findings: 0 new, 2 known, not shown, 0 gone."),
        ({"trusts": {}}, f"{SINCE}: no trusts on either side. Findings: 0 new, 2 known, 0 gone."),
        (
            {"trusts": {"equal": 1200, "looser": 1, "incomparable": 2, "unknown": 1, "added": 1, "removed": 2}},
            (
                f"{SINCE}: 1 trust lets in more, 2 let in others, 1 may let in more, 1 is new, 2 are gone, "
                "1,200 let in the same as then. Findings: 0 new, 2 known, 0 gone."
            ),
        ),
        (
            {"kind": "report", "by_tokens": False, "trusts": {"tighter": 1}},
            (
                "Compared with the report of 2026-10-01 10:00 UTC by what reports say, not by the tokens that get in: "
                "1 trust lets in less. Findings: 0 new, 2 known, 0 gone."
            ),
        ),
    ],
)
def test_in_words(changes: dict[str, Any], text: str) -> None:
    assert sentence(comparison(**changes)) == text


def test_the_first_line_of_a_report_of_changes() -> None:
    only = comparison(changes_only=True)
    told = {
        name: written("table", replace(made, comparison=only)).splitlines()[0]
        for name, made in {
            "something": report([finding(TIGHT)], [TIGHT]),
            "nothing": report((), [TIGHT]),
            "not all": report((), [TIGHT], [DENIED]),
        }.items()
    }
    assert told == {
        "something": headline(1, complete=True),
        "nothing": headline(0, complete=True),
        "not all": headline(0, complete=False),
    }
    assert list(told.values()) == [
        "1 change to look at.",
        "Nothing grew, and nothing new was found.",
        "Nothing is known to have grown, but not everything could be compared.",
    ]


@pytest.mark.parametrize("name", ["table", "markdown", "html"])
def test_people_read_it_in(name: str) -> None:
    compared = replace(report([finding(TIGHT, known=True)], [TIGHT]), comparison=comparison())
    text = " ".join(written(name, compared).split())
    assert "Findings: 0 new, 2 known, 0 gone." in text


def test_the_schema_describes_it() -> None:
    import json

    compared = replace(report([finding(TIGHT, known=True, discriminator="x")], [TIGHT]), comparison=comparison())
    full = replace(compared, comparison=comparison(trusts=dict.fromkeys(KINDS, 0)))
    assert complaints(closed("report"), json.loads(written("json", full))) == []
    assert complaints(closed("report"), json.loads(written("json", compared))) != []


KINDS = ("equal", "tighter", "looser", "incomparable", "unknown", "added", "removed")
