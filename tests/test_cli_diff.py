"""`auditor diff` and `auditor scan --baseline`: exit codes, formats, and what is told where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor import cli
from auditor.report import FORMATS
from auditor.snapshot import Snapshot
from auditor.snapshot_file import save
from tests.drift.estates import ACCOUNT, MAIN, NOW, THEN, Role, role, rows, snapshot
from tests.schemas import closed, complaints

TIGHT = "repo:acme@1/app@2:ref:refs/heads/main"
"""Gives no finding of any rule."""
NEXT = "repo:acme@1/app@2:ref:refs/heads/next"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def saved(name: str, roles: Mapping[str, Role], times: tuple[str, str] = NOW, **options: Any) -> str:
    state: Snapshot = snapshot(roles, times, **options)
    state.documents = [one for one in state.documents if "gitlab" not in one.id]  # nothing trusts it
    with Path(name).open("w", encoding="utf-8") as stream:
        save(state, stream)
    return name


def reported(name: str) -> str:
    """The JSON report of a snapshot."""
    cli.main(["scan", "--from", name, "-q", "-f", "json", "-o", f"{name}.json"])
    return f"{name}.json"


@pytest.fixture
def then() -> str:
    return saved("then", {"deploy": role(TIGHT)}, THEN)


@pytest.mark.parametrize(
    ("roles", "options", "coverage", "code"),
    [
        ({"deploy": role(TIGHT)}, [], None, 0),
        ({"deploy": role(TIGHT, NEXT)}, [], None, 11),
        ({"deploy": role(TIGHT, NEXT)}, ["--fail-on", "medium"], None, 0),
        ({"deploy": role("repo:acme@1/*")}, [], None, 12),
        ({"deploy": role("repo:*")}, [], None, 13),
        ({"deploy": role("repo:*")}, ["--exit-zero"], None, 0),
        ({}, [], None, 11),  # the issuer is still registered, and nothing trusts it any more
        ({"deploy": role(TIGHT)}, [], rows(but=["oidc-provider"]), 3),
        ({"deploy": role("repo:*")}, [], rows(but=["iam-policy"]), 13),
        ({"deploy": role("repo:*")}, ["--strict"], rows(but=["iam-policy"]), 3),
    ],
)
def test_exit_codes(
    then: str, roles: Mapping[str, Role], options: list[str], coverage: Any, code: int, capsys: Any
) -> None:
    now = saved("now", roles, coverage=coverage)
    assert cli.main(["diff", then, now, *options]) == code
    assert capsys.readouterr().err.splitlines()[-1].startswith(f"auditor: exit code {code}: ")


def test_incomplete_on_the_older_side_is_incomplete() -> None:
    saved("then", {"deploy": role(TIGHT)}, THEN, coverage=rows(but=["iam-policy"]))
    assert cli.main(["diff", "then", saved("now", {"deploy": role(TIGHT)})]) == 3


def test_what_goes_where(then: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["diff", then, saved("now", {"deploy": role(TIGHT, NEXT)})]) == 11
    out, err = capsys.readouterr()
    assert out.startswith("1 change to look at.\nCompared with the snapshot of 2026-10-01 10:00 UTC: 1 trust lets in")
    assert "trust-grew" in out
    assert err == (
        "auditor: Compared with the snapshot of 2026-10-01 10:00 UTC: 1 trust lets in more. "
        "Findings: 0 new, 0 known, 0 gone.\n"
        "auditor: exit code 11: the highest finding is low\n"
    )


@pytest.mark.parametrize("name", FORMATS)
def test_every_format(name: str, then: str) -> None:
    now = saved("now", {"deploy": role("repo:*"), "ship": role(MAIN)})
    assert cli.main(["diff", then, now, "-q", "-f", name, "-o", "out"]) == 13
    text = Path("out").read_text("utf-8")
    assert "trust-grew" in text
    assert "trust-added" in text


def test_the_json_of_it(then: str) -> None:
    now = saved("now", {"deploy": role(TIGHT, NEXT)})
    cli.main(["diff", then, now, "-q", "-f", "json", "-o", "out"])
    record = json.loads(Path("out").read_text("utf-8"))
    assert complaints(closed("report"), record) == []
    assert record["comparison"] == {
        "with": "snapshot",
        "started": THEN[0],
        "finished": THEN[1],
        "by": "tokens",
        "trusts": {
            **dict.fromkeys(("equal", "tighter", "incomparable", "unknown", "added", "removed"), 0),
            "looser": 1,
        },
        "findings": {"new": 0, "known": 0, "gone": 0},
        "known_hidden": False,
        "changes_only": True,
    }
    assert [one["rule"] for one in record["findings"]] == ["trust-grew"]


@pytest.mark.parametrize(("old", "new"), [(True, False), (False, True), (True, True)])
def test_reports_on_either_side(then: str, old: bool, new: bool) -> None:
    now = saved("now", {"deploy": role(TIGHT, NEXT)})
    sides = [reported(then) if old else then, reported(now) if new else now]
    assert cli.main(["diff", *sides, "-q", "-f", "json", "-o", "out"]) == 11
    record = json.loads(Path("out").read_text("utf-8"))
    assert record["comparison"]["by"] == "reports"
    (row,) = (one for one in record["coverage"] if one["kind"] == "comparison")
    assert (row["provider"], row["status"]) == ("aws", "skipped")
    assert "weaker than by the tokens that get in" in row["reason"]
    assert cli.main(["diff", sides[0], sides[0] if old else reported(then), "-q"]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["diff", "then", "missing"], "missing: cannot be read: No such file or directory"),
        (["diff", "text", "then"], "text: not JSON; the file is damaged or cut short"),
        (["diff", "object", "then"], "object: not a JSON report of this program"),
        (["diff", "cut", "then"], "cut: cut short: the end line is missing; collect again"),
        (["diff", "then", "then", "-o", "no/folder"], "/no/folder: there is no folder"),
        (["scan", "--from", "then", "--new-only"], "--new-only needs a --baseline: new against what?"),
        (["scan", "--from", "then", "--baseline", "missing"], "missing: cannot be read"),
        (["scan", "--from", "then", "--config", "waiver.toml"], "waiver.toml:1: trust-grew tells of a change"),
    ],
)
def test_what_cannot_be_carried_out(
    then: str, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("text").write_text("COVERAGE\n", "utf-8")
    Path("object").write_text("{}", "utf-8")
    Path("cut").write_text("\n".join(Path(then).read_text("utf-8").splitlines()[:-1]), "utf-8")
    Path("waiver.toml").write_text(
        '[[waiver]]\nrule = "trust-grew"\nsubject = "x"\nreason = "y"\nowner = "z"\nexpires = 2027-01-01\n', "utf-8"
    )
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


# scan --baseline


KNOWN = {"deploy": role("repo:acme@1/*")}
WITH_NEW = {**KNOWN, "ship": role("repo:*")}


@pytest.mark.parametrize("kind", ["snapshot", "report"])
def test_only_what_is_new_counts(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = saved("then", KNOWN, THEN)
    baseline = before if kind == "snapshot" else reported(before)
    now = saved("now", WITH_NEW)
    assert cli.main(["scan", "--from", saved("same", KNOWN)]) == 12
    assert cli.main(["scan", "--from", "same", "--baseline", baseline]) == 0
    assert "any-project" in capsys.readouterr().out
    assert cli.main(["scan", "--from", "same", "--baseline", baseline, "--new-only"]) == 0
    out, err = capsys.readouterr()
    assert "any-project" not in out
    assert "1 known, not shown, 0 gone" in err
    assert cli.main(["scan", "--from", now, "--baseline", baseline, "-q", "-f", "json", "-o", "out"]) == 13
    found = json.loads(Path("out").read_text("utf-8"))["findings"]
    assert {one["rule"]: one["known"] for one in found} == {
        "any-tenant": False,
        "any-project": True,
    }


def test_what_vanished_is_counted_where_the_run_ends(capsys: pytest.CaptureFixture[str]) -> None:
    baseline = saved("then", WITH_NEW, THEN)
    assert cli.main(["scan", "--from", saved("now", {"deploy": role(TIGHT)}), "--baseline", baseline]) == 0
    out, err = capsys.readouterr()
    assert "Findings: 0 new, 0 known, 2 gone." in " ".join(out.split())
    assert "1 trust lets in less, 1 is gone. Findings: 0 new, 0 known, 2 gone." in err


def test_a_known_finding_of_a_trust_that_grew_counts() -> None:
    baseline = saved("then", KNOWN, THEN)
    now = saved("now", {"deploy": role("repo:acme@1/*", "repo:umbrella@7/*")})
    assert cli.main(["scan", "--from", now, "--baseline", baseline, "--new-only"]) == 12


def test_a_baseline_without_the_account_knows_nothing_of_it() -> None:
    other = saved("then", KNOWN, THEN, account="210987654321")
    assert cli.main(["scan", "--from", saved("now", KNOWN), "--baseline", other]) == 12
    assert ACCOUNT not in Path(other).read_text("utf-8").splitlines()[1]
