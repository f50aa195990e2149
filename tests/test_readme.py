"""What the README says is what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor import cli, issuers
from auditor.arguments import EXIT_CODES, parser
from auditor.config import load

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"```\n\$ auditor (.*)\n([\s\S]*?)```\n", README)


@pytest.mark.parametrize(("arguments", "shown"), BLOCKS, ids=[arguments for arguments, _ in BLOCKS])
def test_help_is_shown_as_it_is(arguments: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(arguments.split())
    assert shown == capsys.readouterr().out


def test_the_commands_that_need_help_are_there() -> None:
    assert [arguments for arguments, _ in BLOCKS] == [
        "--help",
        "scan --help",
        "collect --help",
        "token --help",
        "issuers --help",
    ]


EXAMPLES = [line.split("#")[0].split() for line in re.findall(r"^    auditor (.*)$", README, re.MULTILINE)]


@pytest.mark.parametrize("arguments", EXAMPLES, ids=" ".join)
def test_every_example_parses(arguments: list[str]) -> None:
    parser().parse_args(arguments)


def test_every_target_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.findall(r"^    make (\w+)", README, re.MULTILINE)
    assert targets == ["demo", "test"]
    assert all(re.search(rf"^{target}:", makefile, re.MULTILINE) for target in targets)


def test_ci_runs_the_linters_and_the_test_command() -> None:
    assert (ROOT / ".ci" / "run").read_text("utf-8").splitlines()[-2:] == ["make lint", "make test"]


def test_every_exit_code_is_in_the_table() -> None:
    table = README.split("### Exit codes")[1].split("## ")[0]
    told = {int(code) for row in re.findall(r"^\| ([0-9, ]+) \|", table, re.MULTILINE) for code in row.split(",")}
    assert told == {int(line.split()[0]) for line in EXIT_CODES.splitlines()[1:]}


def test_the_configuration_example_is_one(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n([\s\S]*?)```", README)
    (tmp_path / "auditor.toml").write_text(example, "utf-8")
    config = load(tmp_path / "auditor.toml", issuers.kinds())
    assert (set(config.ours.tenants), config.targets.aws is not None) == ({"github", "gitlab"}, True)
