"""The page as a file: one for all reports but for its JSON, whole in itself, and nothing of a cloud in its markup."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.claims.verdict import Accepted
from auditor.report.base import Report
from auditor.report.html_data import CHUNK
from auditor.report.text import visible
from tests.report.formats import REPORTS
from tests.report.pages import OPEN, Outline, blocks, documented, many, page, role, skeleton
from tests.report.test_hostile_formats import TEXTS, poisoned, shown

PLAIN = page(REPORTS["clean"])


def texts_of(value: Any) -> list[str]:
    """Every text in decoded JSON, names included."""
    match value:
        case str():
            return [value]
        case dict():
            return [text for name, one in value.items() for text in (name, *texts_of(one))]
        case list():
            return [text for one in value for text in texts_of(one)]
        case _:
            return []


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_the_markup_is_the_same_for_every_report(report: Report) -> None:
    text = page(report)
    assert skeleton(text) == skeleton(PLAIN)
    assert set(blocks(text)) == {"head", *(f"part-{number}" for number in range(len(blocks(text)) - 1))}
    assert page(report) == text


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(TEXTS, min_size=1, max_size=7))
def test_hostile_texts_stay_texts(texts: list[str]) -> None:
    text = page(poisoned(texts))
    assert text.isascii() or set(text) - set(skeleton(PLAIN)) <= set(map(chr, range(128)))
    assert skeleton(text) == skeleton(PLAIN)
    outline, plain = Outline(text), Outline(PLAIN)
    data = ("script", (("type", "application/json"),))
    assert [tag for tag in outline.tags if tag[1][:1] != data[1]] == [
        tag for tag in plain.tags if tag[1][:1] != data[1]
    ]
    assert outline.comments == plain.comments == []
    assert outline.texts == plain.texts
    for one in texts_of(list(blocks(text).values())):
        assert shown(one.replace("\n", ""))


def test_the_judge_of_hostile_texts_refuses() -> None:
    text = page(REPORTS["clean"]).replace('"id": "', '"id": "</script><b>', 1)
    assert skeleton(text) != skeleton(PLAIN)
    assert Outline(text).tags != Outline(PLAIN).tags
    assert not shown("\u202e")


def test_nothing_in_the_json_ends_its_element() -> None:
    text = page(poisoned(["</script><!--<script>&\u2028"]))
    inside = re.findall(r'<script type="application/json" id="[a-z0-9-]+">(.*?)</script>', text, re.DOTALL)
    assert len(inside) == len(blocks(text)) == 2
    assert not any(char in body for body in inside for char in "<>&\u2028")
    assert "</script><!--<script>&\\u2028" in "\n".join(texts_of(list(blocks(text).values())))


def test_the_policy_names_this_program_and_this_style_and_nothing_else() -> None:
    outline = Outline(PLAIN)
    [policy] = [dict(attributes)["content"] for _, attributes in outline.tags if "http-equiv" in dict(attributes)]
    assert policy is not None
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    [style] = outline.styles
    program = outline.scripts[-1]
    assert len(outline.scripts) == 1 + len(blocks(PLAIN))
    assert rules == {
        "default-src": "'none'",
        "script-src": digest(program),
        "style-src": digest(style),
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_page_is_whole_in_itself_and_small() -> None:
    bare = skeleton(PLAIN)
    assert len(bare.encode()) < 200_000
    outline = Outline(bare)
    assert [
        name for _, attributes in outline.tags for name, _ in attributes if name in ("src", "srcset", "style")
    ] == []
    assert [tag for tag, _ in outline.tags if tag in ("link", "img", "iframe", "object", "embed", "base")] == []
    program = outline.scripts[-1]
    forbidden = (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "fetch(",
        "url(",
    )
    assert [word for word in forbidden if word in program + outline.styles[0]] == []
    assert "@import" not in outline.styles[0]
    assert [line for line in program.splitlines() if "://" in line and "http://www.w3.org/2000/svg" not in line] == [
        line for line in program.splitlines() if 'startsWith("https://")' in line
    ]


def test_what_is_not_known_is_there() -> None:
    head = blocks(page(documented()))["head"]
    assert head["gaps"] == [
        [
            "not-read",
            "aws",
            "oidc-provider of aws 123456789012 may not be read",
            "AccessDenied",
            "iam:ListOpenIDConnectProviders",
        ],
        [
            "not-decided",
            "aws",
            "It is not known who on GitHub Actions can become legacy",
            "the policy is no JSON (reachable, any-tenant)",
            None,
        ],
    ]
    assert [row[:2] for row in head["findings"]] == [
        ["critical", "open"],
        ["low", "open"],
        ["info", "open"],
        ["critical", "error"],
        ["medium", "waived"],
    ]
    assert head["summary"]["errors"] == head["summary"]["waived"] == head["summary"]["undecided"] == 1


def test_one_trust_in_full() -> None:
    found = blocks(page(documented()))
    place = next(at for at, one in enumerate(found["head"]["subjects"]) if one["id"] == OPEN.trust.id)
    trust = found["part-0"]["subjects"][place]
    texts = found["part-0"]["texts"]
    [token] = trust.pop("tokens")
    named = [texts[at] for at in token["claims"]]
    assert isinstance(OPEN.reachable, Accepted)
    assert dict(zip(named[::2], named[1::2], strict=True)) == OPEN.reachable.witness
    assert named[: 2 * token["read"] : 2] == ["sub", "aud"]
    lines = trust["excerpts"][0].pop("lines")
    assert lines == json.dumps(role("deploy-web", "repo:*").body["AssumeRolePolicyDocument"], indent=2).splitlines()
    finding = trust["findings"][0]
    assert finding["fix"]["changes"] == [
        ["-", '"sub": "repo:*"'],
        ["+", '"sub": "repo:acme/web:ref:refs/heads/main"'],
    ]
    assert trust == {
        "issuer": "https://token.actions.githubusercontent.com",
        "via": OPEN.trust.via,
        "member": None,
        "audiences": ["sts.amazonaws.com"],
        "boxes": [[["tenant", "any", [], 0], ["project", "exact", ["app"], 1]]],
        "boxes_in_all": 1,
        "whole": True,
        "classes": [["reachable", "accepted", 0, None], ["any-tenant", "accepted", 0, None]],
        "findings": [finding],
        "excerpts": [
            {
                "document": OPEN.trust.identity.id,
                "pointer": "/AssumeRolePolicyDocument",
                "marks": [[0, 14, 14, 59, 60]],
            }
        ],
        "missing": [],
    }
    assert lines[14][59:60] == "*"


def test_a_waiver_is_told() -> None:
    found = blocks(page(documented()))
    told = [one for subject in found["part-0"]["subjects"] for one in subject["findings"] if "waived" in one]
    assert [one["waived"] for one in told] == ["the name is ours for good (platform@acme.example, until 2027-03-31)"]


def test_many_subjects_are_kept_in_parts() -> None:
    found = blocks(page(many(90)))
    head = found.pop("head")
    assert [len(found[f"part-{at}"]["subjects"]) for at in range(len(found))] == [CHUNK] * 4 + [180 - 4 * CHUNK]
    assert len(head["subjects"]) == 180
    assert len(head["findings"]) == 135
    for row in head["findings"]:
        part, place = divmod(row[3], CHUNK)
        assert found[f"part-{part}"]["subjects"][place]["findings"][row[4]]["id"] == row[6]


def test_visible_is_what_the_page_gets() -> None:
    texts = texts_of(list(blocks(page(poisoned(["\x1b[2J\u202e"]))).values()))
    assert any(visible("\x1b[2J\u202e") in text for text in texts)
    assert not any("\x1b" in text or "\u202e" in text for text in texts)
