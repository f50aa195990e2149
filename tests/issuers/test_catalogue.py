"""Issuers a user describes: in the configuration or in files, judged like the built-in ones, told by file and line."""

from __future__ import annotations

import pickle
import re
import tomllib
from pathlib import Path

import pytest

from auditor.claims.languages.pattern import Pattern
from auditor.claims.parse import readings
from auditor.claims.predicate import Match
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted
from auditor.cli import main
from auditor.config import Config, load
from auditor.errors import ConfigError
from auditor.issuers.catalogue import Catalogue, catalogue_of, identify, kinds
from auditor.pipeline import audit
from auditor.providers.aws import PROVIDER
from auditor.report.base import Report
from auditor.rules import RULES
from auditor.rules.base import Persona
from tests.rules.cases import policy, snapshot
from tests.schemas import complaints, validator

PAGE = Path(__file__).parents[2] / "docs/describing-issuers.md"
LIKE, WHOLE = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
BUILDS = "https://builds.example.com"


def configured(folder: Path, text: str) -> Catalogue:
    file = folder / "auditor.toml"
    file.write_text(text, "utf-8")
    return catalogue_of(load(file, kinds()).issuers)


def test_the_examples_of_the_page(tmp_path: Path) -> None:
    known = configured(tmp_path, LIKE + WHOLE)
    issuer = known.identify("https://code.example.com")
    assert (issuer.kind, issuer.name) == ("gitlab", "GitLab CI/CD")
    own = known.identify(BUILDS)
    assert (own.kind, own.name, own.grammar.single_tenant) == ("builds", "Our build system", True)
    token = {"iss": BUILDS, "sub": "team:web:change:12", "team": "web", "aud": "x"}
    (reading,) = readings(token, own.grammar)
    assert reading.exact
    assert {variable.name: value for variable, value in reading.values.items()} == {
        "team": "web",
        "change": "12",
        "aud": "x",
    }
    assert reading.shape.run == "pull request"
    verdict = solve(Match("sub", Pattern.glob("team:w*")), own.grammar)
    assert isinstance(verdict, Accepted)
    assert "builds" in known.kinds()
    assert set(known.kinds()) - {"builds"} == set(kinds())
    assert known.table_of("builds") in known.tables


def test_the_schema_knows_the_examples() -> None:
    assert complaints(validator("config"), tomllib.loads(LIKE + WHOLE)) == []


def test_a_file_of_its_own(tmp_path: Path) -> None:
    table = WHOLE.replace("[[issuer]]\n", "").replace("[[issuer.", "[[").replace("[issuer.", "[")
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables/builds.toml").write_text(table, "utf-8")
    known = configured(tmp_path, 'issuer-tables = ["tables/builds.toml"]\n[ours]\nbuilds = ["web"]\n')
    assert known.identify(BUILDS).kind == "builds"


def test_the_users_word_goes_first(tmp_path: Path) -> None:
    known = configured(tmp_path, WHOLE.replace(r"builds\.example", r"gitlab\.example"))
    assert known.identify("https://gitlab.example.com").kind == "builds"
    assert identify("https://gitlab.example.com").kind == "gitlab"


def test_pyproject(tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    file.write_text(LIKE.replace("[issuer", "[tool.auditor.issuer"), "utf-8")
    known = catalogue_of(load(file, kinds()).issuers)
    assert known.identify("https://code.example.com").kind == "gitlab"


MISTAKES = [
    (
        'by = "fork_pr"',
        'by = "forker"',
        22,
        (
            "`variables.change.by` must be one of platform, tenant_admin, branch_writer, job_code, fork_pr, anyone, "
            "not 'forker'"
        ),
    ),
    ("{team}:<what>", "{taem}:<what>", 29, "there is no variable 'taem' in this table"),
    ("{team}:<what>", "{team}:<waht>", 29, "there is no fragment 'waht' in this table"),
    (
        r"url = 'https://builds\.example\.com'",
        "url = '('",
        6,
        "`issuers.url` is no regular expression: missing ), unterminated subpattern at position 0",
    ),
    ('hints = ["17"]', 'hints = ["x"]', 20, "variable change: the hint 'x' is not one of its values"),
    (
        'tenancy = "single"',
        'tenacy = "single"',
        7,
        (
            "unknown key 'tenacy'; known here: url, tenancy, name, example, shown, without, subject, generic, visible, "
            "confidence, about"
        ),
    ),
    ('id = "builds"', 'id = "gitlab"', 2, "the id 'gitlab' is taken; `like` adds URLs to the table that has it"),
    ('id = "builds"', "", 1, "the table needs the key 'id'"),
    ("unmerged = true", 'unmerged = { chnge = ["1"] }', 38, "there is no variable 'chnge' in this table"),
    (
        "unmerged = true",
        "fragmnts = {}",
        42,
        (
            "unknown key 'fragmnts'; known here: name, run, fragments, claims, constants, certain, note, unmerged, "
            "fresh_unmerged, fixed, narrower, optional"
        ),
    ),
    ("unmerged = true", 'optional = ["tem"]', 42, "there is no claim 'tem' in this table"),
    ('characters = "a-z-"', 'characters = "z-a"', 10, "the range z-a runs backwards"),
    ('characters = "a-z-"', "length = [9, 1]", 10, "`variables.team.length` must be [shortest, longest]"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), MISTAKES)
def test_mistakes_name_file_and_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert WHOLE.count(old) == 1
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, WHOLE.replace(old, new))
    assert str(caught.value) == f"{tmp_path}/auditor.toml:{line}: {message}"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (LIKE.replace('"gitlab"', '"gitlub"'), 2, f"`like` must be one of {', '.join(kinds())}, not 'gitlub'"),
        (LIKE + "[issuer.claims]\n", 7, "unknown key 'claims'; known here: like, issuers"),
        (LIKE.replace("[[issuer.issuers]]", "[issuer.issuers]"), 4, "`issuers` must be a list"),
    ],
)
def test_mistakes_in_a_further_address(tmp_path: Path, text: str, line: int, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, text)
    assert str(caught.value) == f"{tmp_path}/auditor.toml:{line}: {message}"


def test_mistakes_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text('id = "x"\nname = 7\n', "utf-8")
    with pytest.raises(ConfigError, match=re.escape(f"{tmp_path}/t.toml:2: `name` must be a text")):
        configured(tmp_path, 'issuer-tables = ["t.toml"]\n')
    with pytest.raises(ConfigError, match=re.escape(f"{tmp_path}/auditor.toml:1: 'u.toml': there is no such file")):
        configured(tmp_path, 'issuer-tables = ["u.toml"]\n')
    (tmp_path / "t.toml").write_text('id = "x\n', "utf-8")
    with pytest.raises(ConfigError, match=re.escape(f"{tmp_path}/t.toml:1: not TOML: ")):
        configured(tmp_path, 'issuer-tables = ["t.toml"]\n')


@pytest.mark.parametrize("text", ["issuer = 7\n", 'issuer-tables = "t.toml"\n', "issuer = [7]\n"])
def test_no_tables_at_all(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"{tmp_path}/auditor.toml:1: ")):
        configured(tmp_path, text)


def test_a_catalogue_and_its_issuers_are_the_same_in_every_process(tmp_path: Path) -> None:
    known = configured(tmp_path, LIKE + WHOLE)
    assert configured(tmp_path, LIKE + WHOLE) is known
    assert pickle.loads(pickle.dumps(known)) is known
    cluster = ("system:serviceaccount:a:b",)
    for issuer in (
        known.identify(BUILDS),
        known.identify("https://code.example.com"),
        known.identify("https://k8s.example.com", cluster),
        known.identify("https://nobody.example.com", (), ("team",)),
        known.identify("https://token.actions.githubusercontent.com", (), ("repo_property_x",)),
    ):
        assert pickle.loads(pickle.dumps(issuer)) is issuer
    assert known.identify("https://k8s.example.com", ("system:serviceaccount:c:d",)) is known.identify(
        "https://k8s.example.com", cluster
    )


def test_claims_of_an_issuer_nobody_described() -> None:
    plain, asked = identify("https://nobody.example.com"), identify("https://nobody.example.com", (), ("team", "sub"))
    assert asked.grammar.claims - plain.grammar.claims == {"team"}
    assert plain.kind == asked.kind == "unknown"


def audited(config: Config) -> Report:
    """A role that trusts any subject of a team at an issuer no built-in table knows."""
    body = {
        "issuer": "unheard-of",
        "condition": {"StringLike": {"sub": "team:web:*"}, "StringEquals": {"aud": "sts.amazonaws.com"}},
    }
    return audit(snapshot(policy(body), body), (PROVIDER,), config, RULES, Persona.AUDITOR, lambda text: None)


def test_a_described_issuer_is_judged_like_all_others(tmp_path: Path) -> None:
    file = tmp_path / "auditor.toml"
    file.write_text(WHOLE.replace(r"builds\.example", r"oidc\.example"), "utf-8")
    before, after = audited(Config()), audited(load(file, kinds()))
    assert {finding.rule for finding in before.findings} == {"undecided", "unknown-issuer"}
    assert {finding.rule for finding in after.findings} == {"pull-request"}
    (decision,) = after.decisions
    assert decision.trust.issuer.kind == "builds"
    assert decision.projects == ("web",)
    accepted = {name for name, verdict in decision.classes.items() if isinstance(verdict, Accepted)}
    assert accepted == {"any-branch", "pull-request"}


def test_a_mistake_is_told_before_anything_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "auditor.toml"
    file.write_text(LIKE.replace("gitlab", "gitlub"), "utf-8")
    assert main(["scan", "aws", "--config", str(file)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"auditor: {file}:2: `like` must be one of ")
