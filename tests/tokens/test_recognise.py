"""Whose token is it, what do its parts say, and who chose them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.config import Ours, Owned
from auditor.tokens.recognise import Membership, Misfit, Recognition, Standing
from tests.tokens.material import OURS, SHA, github, pull_request, recognised


def told(recognition: Recognition) -> list[tuple[str, str, str, str]]:
    """Mark, label, value, controller."""
    return [(part.mark, part.label, part.value, part.control.id) for part in recognition.parts]


def test_a_pull_request_part_by_part() -> None:
    recognition = recognised(pull_request(odd="x"))
    assert (recognition.issuer.kind, recognition.run, recognition.form) == (
        "github",
        "pull request",
        "repo:{owner}/{repo}:pull_request",
    )
    assert told(recognition)[:11] == [
        (" ", "owner", "acme", "anyone"),
        (" ", "repository", "app", "anyone"),
        ("!", "pull request", "17", "anyone"),
        ("!", "head ref", "patch-1", "fork_pr"),
        ("!", "base ref", "main", "fork_pr"),
        ("+", "audience", "sts.amazonaws.com", "job_code"),
        (" ", "owner id", "7007", "platform"),
        (" ", "repo id", "70007", "platform"),
        ("+", "workflow name", "ship", "branch_writer"),
        ("+", "workflow file", "ship", "branch_writer"),
        (" ", "yaml", "yml", "platform"),
    ]
    assert recognition.parts[0].claims == (
        "sub",
        "job_workflow_ref",
        "repository",
        "repository_owner",
        "workflow_ref",
    )
    assert ("+", "sha", SHA, "branch_writer") in told(recognition)
    assert (recognition.misfits, recognition.missing, recognition.strange, recognition.others) == ((), (), ("odd",), ())
    assert recognition.classes == {
        "any-tenant": Membership(False, "[ours] github names acme"),
        "pull-request": Membership(True, "minted for code that nobody has merged"),
    }


def test_names_of_strangers_are_the_choice_of_somebody_outside() -> None:
    recognition = recognised(github("repo:evil/x:ref:refs/heads/main", repository="evil/x"))
    assert told(recognition)[:2] == [("!", "owner", "evil", "anyone"), ("!", "repository", "x", "anyone")]


WITH_IDS = Ours(tenants={"github": (Owned("acme", "7007"),)}, declared=True)
STANDINGS: dict[str, tuple[dict[str, Any], Ours, Standing]] = {
    "ours": (github(), OURS, Standing("ours", "[ours] github names acme")),
    "ours, in another spelling": (
        github("repo:ACME/app:ref:refs/heads/main", repository="ACME/app"),
        OURS,
        Standing("ours", "[ours] github names acme"),
    ),
    "ours, by name and id": (github(), WITH_IDS, Standing("ours", "[ours] github names acme")),
    "the name of ours, reused": (
        github(repository_owner_id="9"),
        WITH_IDS,
        Standing("stranger", "its name is acme, but its id is not the 7007 of ours"),
    ),
    "renamed, but by id ours": (
        github("repo:acme-new/app:ref:refs/heads/main", repository="acme-new/app"),
        WITH_IDS,
        Standing("ours", "[ours] github names the id 7007 (of acme)"),
    ),
    "a stranger": (
        github("repo:acme-evil/app:ref:refs/heads/main", repository="acme-evil/app"),
        OURS,
        Standing("stranger", "[ours] github does not name acme-evil"),
    ),
    "no configuration": (github(), Ours(), Standing("unknown", "no [ours] is configured")),
    "another kind only": (
        github(),
        Ours(tenants={"gitlab": ()}, declared=True),
        Standing("unknown", "[ours] says nothing about github"),
    ),
    "nothing there is ours": (
        github(),
        Ours(tenants={"github": ()}, declared=True),
        Standing("stranger", "[ours] says that nothing on GitHub Actions is ours"),
    ),
    "an issuer of ours": (
        {"iss": "https://idp.example", "sub": "x", "aud": "y"},
        Ours(issuers=("https://idp.example",), declared=True),
        Standing("ours", "the issuer is declared ours altogether"),
    ),
    "no tenant in it": (
        {"iss": "https://token.actions.githubusercontent.com", "aud": "x"},
        OURS,
        Standing("unknown", "which tenant it belongs to cannot be read from it"),
    ),
}


@pytest.mark.parametrize(("payload", "ours", "standing"), STANDINGS.values(), ids=STANDINGS)
def test_standing(payload: dict[str, Any], ours: Ours, standing: Standing) -> None:
    recognition = recognised(payload, ours)
    assert recognition.standing == standing
    expected = {"ours": False, "stranger": True, "unknown": None}[standing.whose]
    assert recognition.classes["any-tenant"] == Membership(expected, standing.why)


def test_runs_that_are_not_for_unmerged_code() -> None:
    assert recognised(github()).classes["pull-request"] == Membership(
        False, "a branch run runs code that was merged or pushed"
    )
    prod = github("repo:acme/app:environment:prod", environment="prod")
    assert recognised(prod).classes["pull-request"].result is False
    gated = {**pull_request(environment="prod"), "sub": "repo:acme/app:environment:prod"}
    assert recognised(gated).classes["pull-request"] == Membership(
        True,
        "minted for code that nobody has merged; the environment's protection rules decide whether such a run starts",
    )


def test_contradictions_are_told_with_what_the_rest_says() -> None:
    recognition = recognised(github(repository_owner="eve", environment="prod"))
    assert recognition.misfits == (Misfit("repository_owner", "eve", "acme"), Misfit("environment", "prod", None))
    assert recognition.classes["pull-request"].result is None


def test_a_token_cut_down() -> None:
    recognition = recognised({name: value for name, value in github().items() if name in ("iss", "sub", "aud")})
    assert recognition.misfits == ()
    assert {"repository", "ref", "job_workflow_ref"} <= set(recognition.missing)
    assert told(recognition)[:3] == [
        (" ", "owner", "acme", "anyone"),
        (" ", "repository", "app", "anyone"),
        ("+", "branch", "main", "branch_writer"),
    ]


def test_an_issuer_nobody_described() -> None:
    recognition = recognised({"iss": "https://idp.example", "sub": "alice", "aud": "us", "dept": "it"})
    assert not recognition.known
    assert [(part.label, part.value) for part in recognition.parts][:2] == [("sub", "alice"), ("audience", "us")]


def test_a_subject_the_owner_composed() -> None:
    sub = "repo:acme/app:ref:refs/heads/main:job_workflow_ref:acme/app/.github/workflows/ship.yml@refs/heads/main"
    recognition = recognised(github(sub))
    assert recognition.misfits == ()
    assert "job_workflow_ref" in recognition.template


FOLDER = Path(__file__).parents[2] / "fixtures/tokens"
ROWS = [
    pytest.param(json.loads(line), id=f"{path.stem}: {json.loads(line)['scenario']}")
    for path in sorted(FOLDER.glob("*.jsonl"))
    for line in path.read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("row", ROWS)
def test_every_example_is_recognised(row: dict[str, Any]) -> None:
    recognition = recognised(row["claims"])
    assert recognition.known
    assert recognition.misfits == ()
    assert recognition.run
    broken = {**row["claims"], **row["broken"]}
    other = recognised({name: value for name, value in broken.items() if value is not None})
    elsewhere = other.issuer is not recognition.issuer
    fits = other.known and not other.misfits and not other.missing
    assert elsewhere or not fits or (recognition.run, recognition.form) != (other.run, other.form)


@given(st.dictionaries(st.sampled_from(sorted(github())), st.none() | st.text(max_size=12) | st.integers(), max_size=4))
def test_anything_is_recognised_as_something(changes: dict[str, Any]) -> None:
    payload = {**github(), **changes, "iss": "https://token.actions.githubusercontent.com"}
    recognition = recognised({name: value for name, value in payload.items() if value is not None})
    assert recognition.issuer.kind == "github"
