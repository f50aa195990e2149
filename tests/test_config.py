"""The configuration: what it means, and what each mistake is told."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.config import AwsTargets, AzureTargets, Config, GcpTargets, Ours, Owned, Targets, find, load
from auditor.errors import ConfigError
from tests.schemas import complaints, validator

KINDS = ("github", "gitlab", "terraform-cloud")
SCHEMA = validator("config")

FULL = """\
[ours]
github = ["my-org", "other-org@123456", "my-org"]
gitlab = []
issuers = ["https://ghe.example.com/_services/token"]
[ours.subject-templates]
"github:my-org" = ["repo", "context", "job_workflow_ref"]
"github:my-org/app" = ["repo"]
[targets.aws]
profiles = ["prod", "dev"]
[targets.gcp]
projects = ["web-prod", "web-prod"]
folders = ["2"]
organizations = ["100"]
[targets.azure]
tenant = "acme.example"
subscriptions = ["b", "b"]
management-groups = ["platform"]
cloud = "AzureUSGovernment"
"""

EXPECTED = Config(
    ours=Ours(
        tenants={"github": (Owned("my-org"), Owned("other-org", "123456")), "gitlab": ()},
        issuers=("https://ghe.example.com/_services/token",),
        subject_templates={"github:my-org": ("repo", "context", "job_workflow_ref"), "github:my-org/app": ("repo",)},
        declared=True,
    ),
    targets=Targets(
        aws=AwsTargets(("prod", "dev")),
        gcp=GcpTargets(("web-prod",), ("2",), ("100",)),
        azure=AzureTargets("acme.example", ("b",), ("platform",), "AzureUSGovernment"),
    ),
)


def read(folder: Path, text: str, name: str = "auditor.toml") -> Config:
    file = folder / name
    file.write_text(text, "utf-8")
    return load(file, KINDS)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("true", "any"), ("false", None), ("'o-a1b2c3d4e5'", "o-a1b2c3d4e5")],
)
def test_an_organisation_of_aws(tmp_path: Path, written: str, meant: str | None) -> None:
    text = (
        f"[targets.aws]\nprofiles = ['payer']\norganization = {written}\nrole-name = 'audit/Reader'\n"
        "external-id = 'x y'\nrole-session-name = 'nightly'\nduration = 43200\n"
    )
    expected = AwsTargets(("payer",), meant, "audit/Reader", "x y", "nightly", 43200)
    assert read(tmp_path, text).targets.aws == expected
    assert not list(SCHEMA.iter_errors(tomllib.loads(text)))


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    assert read(tmp_path, FULL) == EXPECTED


def test_the_same_in_pyproject(tmp_path: Path) -> None:
    nested = FULL.replace("[ours", "[tool.auditor.ours").replace("[targets", "[tool.auditor.targets")
    assert read(tmp_path, '[project]\nname = "x"\n' + nested, "pyproject.toml") == EXPECTED


def test_saying_nothing_and_declaring_nothing_differ(tmp_path: Path) -> None:
    assert read(tmp_path, "") == Config() == Config(ours=Ours(declared=False), targets=Targets(aws=None))
    assert read(tmp_path, "[ours]\n[targets.aws]\n") == Config(
        ours=Ours(declared=True), targets=Targets(aws=AwsTargets(()))
    )


WAIVER = "[[waiver]]\nrule = 'any-branch'\nsubject = 's'\nreason = 'r'\nowner = 'o'\n"

MISTAKES = [
    ("[our]\n", 1, "unknown key 'our'; did you mean 'ours'?"),
    (
        "\n\nzoo = 1\n",
        3,
        "unknown key 'zoo'; known here: issuer, issuer-tables, ours, rules, targets, thresholds, waiver",
    ),
    (
        "\n\n[[waiver]]\nrule = 'x'\nreason = 'y'\n",
        3,
        "a waiver needs subject and owner and expires: who decided what, why, and until when",
    ),
    (f"{WAIVER}expires = '2027-03-31'\n", 6, "`expires` must be a date without quotes, such as 2027-03-31"),
    (f"{WAIVER}expires = 2027-03-31T00:00:00Z\n", 6, "`expires` must be a date without quotes, such as 2027-03-31"),
    (
        f"{WAIVER}expires = 2027-03-31\nuntil = 1\n",
        7,
        "unknown key 'until' in `waiver`; known here: expires, owner, reason, rule, subject",
    ),
    ("[thresholds]\nfail-on = 'info'\n", 2, "'info' is none of low, medium, high, critical"),
    ("[thresholds]\npersona = 1\n", 2, "`thresholds.persona` must be a string, not a number"),
    ("[thresholds]\nfailon = 'low'\n", 2, "unknown key 'failon' in `thresholds`; did you mean 'fail-on'?"),
    ("[rules.any-tag]\nseverity = 'none'\n", 2, "'none' is none of info, low, medium, high, critical"),
    ("[rules.any-tag]\ndays = 3\n", 2, "unknown key 'days' in `rules.any-tag`; known here: severity"),
    ("[rules.unused-identity]\ndays = 0\n", 2, "`days` must be a whole number from 1 on"),
    ("[rules.unused-identity]\ndays = true\n", 2, "`days` must be a whole number from 1 on"),
    ("[rules]\nany-tag = 'low'\n", 2, "`rules.any-tag` must be a table, not a string"),
    ("[waiver]\nrule = 'x'\n", 1, "`waiver` must be a list of tables, `[[waiver]]`"),
    (
        "[[waiver]]\nrule = 1\nsubject='s'\nreason='r'\nowner='o'\nexpires=2027-03-31\n",
        2,
        "`waiver.rule` must be a string, not a number",
    ),
    ("[ours]\n\ngithb = ['x']\n", 3, "unknown key 'githb' in `ours`; did you mean 'github'?"),
    (
        "[ours]\nsvn = ['x']\n",
        2,
        "unknown key 'svn' in `ours`; known here: github, gitlab, issuers, subject-templates, terraform-cloud",
    ),
    ("ours = 3\n", 1, "`ours` must be a table, not a number"),
    ("ours = [1]\n", 1, "`ours` must be a table, not a list"),
    ("[ours]\ngithub = 'my-org'\n", 2, "`ours.github` must be a list of strings, not a string"),
    ("[ours]\ngithub = { x = 1 }\n", 2, "`ours.github` must be a list of strings, not a table"),
    ("[ours]\ngithub = [\n  'a',\n  7,\n]\n", 4, "`ours.github` must hold strings only, not a number"),
    ("[ours]\ngithub = [true]\n", 2, "`ours.github` must hold strings only, not a truth value"),
    ("[ours]\ngithub = [1979-05-27]\n", 2, "`ours.github` must hold strings only, not a date or time"),
    ("[ours]\ngithub = ['']\n", 2, "`ours.github` holds '': empty, padded or not printable"),
    ("[ours]\ngithub = [' a']\n", 2, "`ours.github` holds ' a': empty, padded or not printable"),
    ('[ours]\ngithub = ["a\\u001b"]\n', 2, "`ours.github` holds 'a\\x1b': empty, padded or not printable"),
    ("[ours]\ngithub = ['my-*']\n", 2, "'my-*': names are compared whole, there are no wildcards here"),
    ("[ours]\ngithub = ['@1']\n", 2, "'@1' is neither a name nor NAME@ID"),
    ("[ours]\ngithub = ['my-org@']\n", 2, "'my-org@' is neither a name nor NAME@ID"),
    (
        "[ours]\nissuers = ['ghe.example.com']\n",
        2,
        "'ghe.example.com' is not an issuer URL; write it as tokens do, with https://",
    ),
    (
        "[ours.subject-templates]\nmy-org = ['repo']\n",
        2,
        "'my-org' is not KIND:OWNER or KIND:OWNER/PROJECT, with one of github, gitlab, terraform-cloud",
    ),
    (
        "[ours.subject-templates]\n'svn:x' = ['repo']\n",
        2,
        "'svn:x' is not KIND:OWNER or KIND:OWNER/PROJECT, with one of github, gitlab, terraform-cloud",
    ),
    ("[ours.subject-templates]\n'github:x' = []\n", 2, "a subject template needs at least one claim"),
    ("[targets.aws]\nprofile = 'x'\n", 2, "unknown key 'profile' in `targets.aws`; did you mean 'profiles'?"),
    (
        "[targets.aws]\norganization = 'my-org'\n",
        2,
        "`organization` must be true, false or an id such as o-a1b2c3d4e5",
    ),
    ("[targets.aws]\n\nduration = 60\n", 3, "`duration` must be seconds, from 900 to 43200"),
    ("[targets.aws]\nduration = true\n", 2, "`duration` must be seconds, from 900 to 43200"),
    ("[targets.aws]\nrole-name = ''\n", 2, "`targets.aws.role-name` holds '': empty, padded or not printable"),
    ("[targets.ibm]\n", 1, "unknown key 'ibm' in `targets`; known here: aws, azure, gcp"),
    ("[targets.gcp]\nproject = ['x']\n", 2, "unknown key 'project' in `targets.gcp`; did you mean 'projects'?"),
    (
        "[targets.azure]\nsubscription = ['x']\n",
        2,
        "unknown key 'subscription' in `targets.azure`; did you mean 'subscriptions'?",
    ),
    ("[targets.azure]\ntenant = ['x']\n", 2, "`targets.azure.tenant` must be a string, not a list"),
    ("[targets.azure]\ntenant = ' x'\n", 2, "`targets.azure.tenant` holds ' x': empty, padded or not printable"),
    (
        "[targets.azure]\n\ncloud = 'AzureGermanCloud'\n",
        3,
        "'AzureGermanCloud' is no Azure cloud; known: AzureCloud, AzureUSGovernment, AzureChinaCloud",
    ),
    ("[targets.gcp]\nfolders = [1]\n", 2, "`targets.gcp.folders` must hold strings only, not a number"),
    ("[targets]\naws = []\n", 2, "`targets.aws` must be a table, not a list"),
]


@pytest.mark.parametrize(("text", "line", "message"), MISTAKES)
def test_mistakes_name_file_and_line(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert str(caught.value) == f"{tmp_path}/auditor.toml:{line}: {message}"


def test_in_pyproject_lines_and_names_are_those_of_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "[project]\nname = 'x'\n[tool.auditor.ours]\ngitub = []\n", "pyproject.toml")
    assert str(caught.value) == (
        f"{tmp_path}/pyproject.toml:4: unknown key 'gitub' in `tool.auditor.ours`; did you mean 'github'?"
    )


def test_what_is_no_toml_no_text_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"auditor\.toml:2: not TOML: "):
        read(tmp_path, "[ours]\ngithub = [\n")
    (tmp_path / "auditor.toml").write_bytes(b"[ours]\ngithub = ['\xff']\n")
    with pytest.raises(ConfigError, match="holds bytes that are not UTF-8 text"):
        load(tmp_path / "auditor.toml", KINDS)
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        load(tmp_path / "missing.toml", KINDS)
    with pytest.raises(ConfigError, match="nested too deeply to be read"):
        read(tmp_path, "a = " + "[" * 5000 + "]" * 5000)
    with pytest.raises(ConfigError, match=r"has no \[tool.auditor\] table"):
        read(tmp_path, "[project]\n", "pyproject.toml")


def test_where_the_configuration_is_looked_for(tmp_path: Path) -> None:
    own, project = tmp_path / "auditor.toml", tmp_path / "pyproject.toml"
    assert find(tmp_path) is None
    project.write_text("[tool.other]\n")
    assert find(tmp_path) is None
    own.write_text("")
    assert find(tmp_path) == own
    project.write_text("[tool.auditor]\n")
    with pytest.raises(ConfigError, match="keep one of them"):
        find(tmp_path)
    own.unlink()
    assert find(tmp_path) == project


def test_the_published_schema_accepts_what_is_accepted(tmp_path: Path) -> None:
    waived = f"{WAIVER}expires = 2027-03-31\n"
    for text in ("", FULL, waived, "[ours]\n[targets.aws]\n", "[ours]\ngithub = ['a@b@1']\n"):
        read(tmp_path, text)
        assert complaints(SCHEMA, as_editors_read(text)) == []


KNOWN_TO_THE_PROGRAM_ONLY = (
    *("unknown key 'svn'", "unknown key 'githb'", "'svn:x' is not", "`expires` must be a date"),
    "`ours.github` must hold strings only, not a date",
)
"""The schema does not list issuer kinds: they are data, and more of them come without a new schema. And JSON, in which
schemas are written, knows no dates: editors show them to a schema as text."""


def as_editors_read(text: str) -> object:
    """Decoded TOML with its dates as text."""
    return json.loads(json.dumps(tomllib.loads(text), default=str))


@pytest.mark.parametrize(("text", "message"), [(text, message) for text, _, message in MISTAKES])
def test_the_published_schema_refuses_what_is_refused(text: str, message: str) -> None:
    known_here_only = message.startswith(KNOWN_TO_THE_PROGRAM_ONLY)
    assert (complaints(SCHEMA, as_editors_read(text)) == []) == known_here_only


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_text_at_all_ends_in_anything_but_a_configuration_or_a_plain_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    for content in (text, f"[ours]\n{text}", f"[ours]\ngithub = [{text}]", f"[ours.subject-templates]\n{text}"):
        complaint = f"{folder}/auditor.toml:"
        try:
            read(folder, content)
        except ConfigError as error:
            complaint = str(error)
        assert complaint.startswith(f"{folder}/auditor.toml:")
