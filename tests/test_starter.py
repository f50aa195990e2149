"""`auditor init`: a configuration that loads, says what was seen, and takes nothing doubtful for ours."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from auditor import cli, issuers, starter
from auditor.claims.verdict import Accepted, Rejected
from auditor.config import Owned, load
from auditor.model import Decision, Extent, Severity
from auditor.report.base import Report
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading
from auditor.snapshot_file import save
from tests.drift.estates import MAIN, NOW, role, rows, snapshot
from tests.estate import STRANGER, TIGHT, finding, report, trust

TODAY = date(2026, 11, 21)
KINDS = issuers.kinds()


def pinned(name: str, tenant: str, *, number: str | None = None, dead: bool = False, kind: str = "github") -> Decision:
    """A trust that names one tenant."""
    box = {"tenant": Extent("exact", (tenant,)), "project": Extent("any")}
    if number is not None:
        box["tenant-id"] = Extent("exact", (number,))
    made = trust(name, f"repo:{tenant}/*")
    return replace(
        TIGHT,
        trust=replace(made, issuer=replace(made.issuer, kind=kind, recipe=None)),
        tenants=(tenant,),
        breadth=(box,),
        reachable=Rejected() if dead else Accepted(STRANGER),
    )


def text_of(decisions: Sequence[Decision] = (), **options: Any) -> str:
    made = replace(report((), decisions), **options)
    return starter.draft(made, {}, KINDS, TODAY)


def loaded(text: str, tmp: Path) -> Any:
    (tmp / "auditor.toml").write_text(text, "utf-8")
    return load(tmp / "auditor.toml", KINDS)


def in_force(text: str) -> str:
    """The same with every setting in force that stands behind a mark."""
    return "\n".join(line if re.match(r"# \S", line) else line.removeprefix("#") for line in text.splitlines()) + "\n"


WHOLE = """\
# Settings of auditor. `auditor schema config` prints the JSON Schema; a key nobody knows is an error.
# Written from what was read on 2026-11-21: 5 trusts of 5 identities.
# Read it before you rely on it: what stands under [ours] is taken for yours from now on.
# Settings behind a # are not in force.

# What belongs to you, per kind of issuer (`auditor issuers` lists them). Once this table is here, trust in
# anybody else is a finding. A name is compared whole; NAME@ID pins the platform's own id as well.
[ours]
github = [
    "acme@7",  # 3 trusts, such as a, b
#    "umbrella",  # 1 trust, such as d; yours?
]
gitlab = [
    "acme",  # 1 trust, such as e
]
# Issuers that are yours altogether, with all their tokens: an own GitHub Enterprise Server, a cluster.
#issuers = [
#    "https://ghe.example.com/_services/token",
#]

# Owners or repositories that have customised the subject of their tokens, and the claims it is made of.
#[ours.subject-templates]
#"github:my-org" = ["repo", "context", "job_workflow_ref"]

# What `auditor scan` covers when it is called without a provider; without these tables, every cloud that
# there are credentials for.
[targets.aws]
# Read here: 123456789012. Name a profile for each account, or none.
#profiles = ["production", "staging"]
#[targets.gcp]
#organizations = ["123456789012"]
#[targets.azure]
#tenant = "my-org.onmicrosoft.com"
#management-groups = ["production"]

# What makes a run fail and how much there is to hear, where the command line does not say.
#[thresholds]
#fail-on = "medium"
#persona = "pedantic"

# What single rules are to do; `auditor rules` lists them.
#[rules.unused-identity]
#days = 180
#[rules.environment-gate]
#severity = "info"

# A finding you have decided to live with: all five are needed. Its subject is the id of the finding, of the
# trust, or of the identity, as the JSON report has them. It stays in every report, and fails no run.
# Anyone on GitHub Actions can become deploy-web (low)
#[[waiver]]
#rule = "any-tenant"
#subject = "9c52828c4faa1161"
#reason = "why nobody can or will change it"
#owner = "platform@example.com"
#expires = 2027-02-19

# An address of a product auditor knows (`auditor issuers`), or an issuer of your own, by any name.
#[[issuer]]
#like = "gitlab"
#issuers = [{ url = 'https://code\\.example\\.com', tenancy = "instance" }]
"""


def test_the_whole_text(tmp_path: Path) -> None:
    seen = [
        *(pinned(name, "acme", number="7") for name in "abc"),
        pinned("d", "umbrella"),
        pinned("e", "acme", kind="gitlab"),
    ]
    found = (finding(severity=Severity.LOW), finding(rule="any-branch"), finding(severity=Severity.INFO, rule="info"))
    text = text_of(seen, findings=found)
    assert text == WHOLE
    config = loaded(text, tmp_path)
    assert config.ours.tenants == {"github": (Owned("acme", "7"),), "gitlab": (Owned("acme"),)}
    assert (config.targets.aws is not None, config.targets.gcp, config.targets.azure) == (True, None, None)
    assert config.waivers == ()


def test_without_the_marks_it_loads_as_well(tmp_path: Path) -> None:
    config = loaded(in_force(WHOLE), tmp_path)
    assert [one.name for one in config.ours.tenants["github"]] == ["acme", "umbrella"]
    assert (len(config.waivers), len(config.issuers), len(config.ours.issuers)) == (1, 1, 1)
    assert config.targets.azure.management_groups == ("production",)


def names(seen: Sequence[Decision], tmp: Path) -> dict[str, list[str]]:
    """What is taken for ours."""
    config = loaded(text_of(seen), tmp)
    return {
        kind: [f"{one.name}@{one.id}" if one.id else one.name for one in listed]
        for kind, listed in config.ours.tenants.items()
    }


def several(tenant: str, count: int, **options: Any) -> list[Decision]:
    return [pinned(f"{tenant}-{number}", tenant, **options) for number in range(count)]


@pytest.mark.parametrize(
    ("seen", "ours"),
    [
        ([], {}),
        (several("acme", 1), {"github": ["acme"]}),
        ([*several("acme", 1), *several("umbrella", 1)], {}),  # either may be the stranger
        ([*several("acme", 8), *several("umbrella", 2)], {"github": ["acme", "umbrella"]}),
        ([*several("acme", 9), *several("umbrella", 2)], {"github": ["acme"]}),
        ([*several("acme", 2), *several("umbrella", 1)], {"github": ["acme"]}),
        (several("acme", 3, dead=True), {}),
        # Ours elsewhere is ours here, beside one that is.
        (
            [*several("acme", 2), *several("Acme", 1, kind="gitlab"), *several("group", 2, kind="gitlab")],
            {"github": ["acme"], "gitlab": ["group", "Acme"]},
        ),
        (several("acme", 2, number="7"), {"github": ["acme@7"]}),
        ([*several("acme", 1, number="7"), *several("acme", 1)], {"github": ["acme"]}),
        ([*several("acme", 1, number="7"), *several("acme", 1, number="8")], {"github": ["acme"]}),
        (several("acme", 2, kind="unknown"), {}),
        (several("ac*me", 2), {}),
        (several("me@acme", 2), {}),
        (several("ac\u3164me", 2), {}),  # drawn as nothing: nobody would see whose name that is
        (several("", 2), {}),
    ],
)
def test_what_is_taken_for_ours(seen: list[Decision], ours: dict[str, list[str]], tmp_path: Path) -> None:
    assert names(seen, tmp_path) == ours


def test_two_ids_of_one_name_are_told() -> None:
    text = text_of([*several("acme", 1, number="7"), *several("acme", 1, number="8")])
    assert '    "acme",  # 2 trusts, such as acme-0; with different ids: 7, 8\n' in text


def test_a_name_that_cannot_be_written_is_told() -> None:
    assert "    # ac*me: 1 trust, such as ac*me-0; it cannot be written here\n" in text_of(several("ac*me", 1))


def test_long_lists_end(tmp_path: Path) -> None:
    seen = [one for number in range(starter.MOST + 5) for one in several(f"org-{number:02}", 2)]
    assert len(names(seen, tmp_path)["github"]) == starter.MOST
    assert "    # and 5 more names, each pinned by few trusts\n" in text_of(seen)


def row(provider: str, scope: str, status: Reading = Reading.READ) -> Coverage:
    return Coverage(provider, scope, "x", status)


@pytest.mark.parametrize(
    ("coverage", "given", "targets"),
    [
        ([], {}, {}),
        ([row("aws", "123456789012", Reading.DENIED)], {}, {}),
        ([row("aws", "123456789012")], {"profile": "production"}, {"aws": {"profiles": ["production"]}}),
        ([row("aws", "1"), row("aws", "2")], {}, {"aws": {}}),
        (
            [row("gcp", "-"), row("gcp", "organizations/1"), row("gcp", "folders/2"), row("gcp", "acme-app")],
            {},
            {"gcp": {"organizations": ["1"]}},
        ),
        ([row("gcp", "folders/2"), row("gcp", "folders/3"), row("gcp", "acme")], {}, {"gcp": {"folders": ["2", "3"]}}),
        ([row("gcp", "-"), row("gcp", "acme-app")], {}, {"gcp": {"projects": ["acme-app"]}}),
        (
            [row("gcp", "organizations/1"), row("gcp", "acme-app")],
            {"projects": ["acme-app"]},
            {"gcp": {"projects": ["acme-app"]}},
        ),
        (
            [row("azure", "tenants/t"), row("azure", "subscriptions/s")],
            {},
            {"azure": {"tenant": "t"}},
        ),
        ([row("azure", "tenants/t"), row("azure", "tenants/u")], {}, {"azure": {}}),
        (
            [row("azure", "tenants/t")],
            {"tenant": "acme.example", "subscriptions": ["s"], "management_groups": ["g"]},
            {"azure": {"tenant": "acme.example", "subscriptions": ["s"], "management-groups": ["g"]}},
        ),
    ],
)
def test_targets(coverage: list[Coverage], given: dict[str, Any], targets: dict[str, Any], tmp_path: Path) -> None:
    text = starter.draft(report(coverage=coverage), given, KINDS, TODAY)
    loaded(text, tmp_path)
    assert tomllib.loads(text).get("targets", {}) == targets


HOSTILE = st.text(st.characters(), max_size=12) | st.sampled_from(
    ('"', "\\", "'''", "\x1b[2J", "\u202e", "]", "\n[ours]\n", "#", "\ud800", "a@b", "=", "x" * 500)
)


@settings(max_examples=150)
@given(st.lists(st.tuples(HOSTILE, HOSTILE, st.booleans()), max_size=5), HOSTILE, HOSTILE)
@example([("a\nb", "c\n[x]", False)], "\n", "\n")
def test_whatever_the_names_it_loads(
    tmp_path_factory: pytest.TempPathFactory, seen: list[tuple[str, str, bool]], scope: str, title: str
) -> None:
    decisions = [pinned(name, tenant, number=name if dead else None, dead=dead) for tenant, name, dead in seen]
    made = report([finding(title=f"t{title}")], decisions, [row(cloud, scope) for cloud in ("aws", "gcp", "azure")])
    text = starter.draft(made, {"profile": scope, "tenant": title, "projects": [title]}, KINDS, TODAY)
    for written in (text, in_force(text)):
        loaded(written, tmp_path_factory.mktemp("hostile"))


# The command


@pytest.fixture
def estate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    state = snapshot({"deploy": role(MAIN), "ship": role("repo:acme/web:ref:refs/heads/main")}, NOW)
    with Path("estate.jsonl").open("w", encoding="utf-8") as stream:
        save(state, stream)
    return tmp_path


def test_a_file_from_a_snapshot(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["init", "--from", "estate.jsonl"]) == 0
    assert capsys.readouterr() == ("", "auditor: auditor.toml written; read it before you rely on it\n")
    config = load(estate / "auditor.toml", KINDS)
    assert config.ours.tenants == {"github": (Owned("acme"),)}
    assert cli.main(["scan", "--from", "estate.jsonl", "-q", "-o", "out"]) == 11


def test_what_is_there_is_kept(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (estate / "auditor.toml").write_text("[ours]\n", "utf-8")
    assert cli.main(["init", "--from", "estate.jsonl"]) == 2
    assert (
        "auditor.toml: is there already, and nothing is overwritten; -o FILE writes another" in capsys.readouterr().err
    )
    assert (estate / "auditor.toml").read_text("utf-8") == "[ours]\n"
    assert cli.main(["init", "-o", "other.toml"]) == 0


def test_settings_elsewhere_are_not_contradicted(estate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (estate / "pyproject.toml").write_text("[tool.auditor.ours]\n", "utf-8")
    assert cli.main(["init"]) == 2
    assert "auditor.toml: pyproject.toml beside it has a [tool.auditor]; keep one of the two" in capsys.readouterr().err
    assert not (estate / "auditor.toml").exists()


def test_with_nothing_to_read_it_is_a_skeleton(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init", "-o", "-"]) == 0
    text = capsys.readouterr().out
    assert (
        "# Nothing was read to write this: `auditor init --from SNAPSHOT` fills in the names that trusts pin." in text
    )
    empty = loaded(text, tmp_path)
    assert (empty.ours.declared, empty.targets.aws, empty.waivers) == (False, None, ())
    assert loaded(in_force(text), tmp_path).ours.tenants["github"] == (Owned("my-org"),)


def test_what_could_not_be_read_shows_in_the_exit_code(estate: Path) -> None:
    with Path("partial.jsonl").open("w", encoding="utf-8") as stream:
        save(snapshot({"deploy": role(MAIN)}, NOW, coverage=rows(but=["oidc-provider"])), stream)
    assert cli.main(["init", "--from", "partial.jsonl", "-o", "-"]) == 3


def test_it_does_not_depend_on_the_order(tmp_path: Path) -> None:
    seen = [*several("acme", 3), *several("umbrella", 3), *several("acme", 2, kind="gitlab")]
    made: Report = report((), seen)
    backwards = replace(made, coverage=made.coverage[::-1])
    assert starter.draft(made, {}, KINDS, TODAY) == starter.draft(backwards, {}, KINDS, TODAY)
    del tmp_path
