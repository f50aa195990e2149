"""Completion, by the shells themselves where they are installed. bash is always there."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from auditor import cli
from auditor.arguments import SHELLS, parser
from auditor.completion import script
from auditor.report import FORMATS


@pytest.fixture(autouse=True)
def _somewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("estate.jsonl", "estate two.jsonl", "report.json"):
        Path(name).touch()
    for shell in SHELLS:
        Path(f"auditor.{shell}").write_text(script(shell), "utf-8")


def installed(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


BASH = r"""
source auditor.bash
COMP_WORDS=("$@")
COMP_CWORD=$(( $# - 1 ))
_auditor
(( ${#COMPREPLY[@]} == 0 )) || printf '%s\n' "${COMPREPLY[@]}"
"""


def bash(*words: str) -> list[str]:
    """What bash would suggest for the last of `words`, taken apart as bash does it, at `=`."""
    command = [installed("bash"), "--norc", "-c", BASH, "bash", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


COMMANDS = list(cli.COMMANDS)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["auditor", "sc"], ["scan", "schema"]),
        (["auditor", "--v"], ["--version"]),
        (["auditor", "scan", ""], ["aws", "azure", "gcp"]),
        (["auditor", "scan", "aws", "g"], ["gcp"]),
        (["auditor", "scan", "--fail"], ["--fail-on"]),
        (["auditor", "scan", "--fail-on", ""], ["low", "medium", "high", "critical"]),
        (["auditor", "scan", "--fail-on", "low", ""], ["aws", "azure", "gcp"]),
        (["auditor", "scan", "--fail-on", "=", "h"], ["high"]),
        (["auditor", "scan", "--strict", "g"], ["gcp"]),
        (["auditor", "scan", "--profile", ""], []),
        (["auditor", "scan", "-f", "sar"], ["sarif"]),
        (["auditor", "scan", "--report", "ht"], ["html="]),
        (["auditor", "scan", "--report", "json", "=", "rep"], ["report.json"]),
        (["auditor", "scan", "--report", "json", "="], ["estate two.jsonl", "estate.jsonl", "report.json"]),
        (["auditor", "scan", "--report", "json", "=", "report.json", "a"], ["aws", "azure"]),
        (["auditor", "scan", "--from", "est"], ["estate two.jsonl", "estate.jsonl"]),
        (["auditor", "scan", "--from", "estate.jsonl", "rep"], ["report.json"]),
        (["auditor", "scan", "--from", "estate.jsonl", "--str"], ["--strict"]),
        (["auditor", "scan", "--from", "estate.jsonl", "-q", "a"], ["aws", "azure"]),
        (["auditor", "explain", "any-te"], ["any-tenant"]),
        (["auditor", "explain", "any-tenant", ""], []),
        (["auditor", "explain", "-f", ""], ["text", "markdown"]),
        (["auditor", "issuers", "githu"], ["github"]),
        (["auditor", "token", "rep"], ["report.json"]),
        (["auditor", "token", "report.json", "az"], ["azure"]),
        (["auditor", "completion", ""], ["bash", "zsh", "fish"]),
        (["auditor", "who", "deploy"], []),
        (["auditor", "diff", "rep"], ["report.json"]),
        (["auditor", "diff", "report.json", "est"], ["estate two.jsonl", "estate.jsonl"]),
        (["auditor", "compliance", "nist"], ["nist-800-53"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)  # fmt: skip
def test_bash(typed: list[str], expected: list[str]) -> None:
    found = [name for name in bash(*typed) if not name.startswith("auditor.")]
    assert sorted(found) == sorted(expected)


def test_every_command_and_every_option_is_suggested() -> None:
    assert sorted(bash("auditor", "")) == sorted(COMMANDS)
    for name in COMMANDS:
        with pytest.raises(SystemExit):
            parser().parse_args([name, "--help"])
        assert "--help" in bash("auditor", name, "--")
    assert set(bash("auditor", "scan", "-f", "")) == set(FORMATS)


FISH = "source auditor.fish; complete -C $argv[1]"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("auditor sc", ["scan", "schema"]),
        ("auditor scan --fail", ["--fail-on"]),
        ("auditor scan --fail-on c", ["critical"]),
        ("auditor scan g", ["gcp"]),
        ("auditor scan --report ht", ["html="]),
        ("auditor scan --report json=rep", ["json=report.json"]),
        ("auditor scan --from est", ["estate two.jsonl", "estate.jsonl"]),
        ("auditor explain any-te", ["any-tenant"]),
        ("auditor token rep", ["report.json"]),
        ("auditor completion z", ["zsh"]),
    ],
)
def test_fish(typed: str, expected: list[str], tmp_path: Path) -> None:
    command = [installed("fish"), "--no-config", "-c", FISH, typed]
    home = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=home)
    assert [line.partition("\t")[0].replace("\\ ", " ") for line in done.stdout.splitlines()] == expected
    assert done.stderr == ""


def test_zsh(tmp_path: Path) -> None:
    """In a terminal of its own, by the Tab key: completion of zsh runs nowhere else."""
    zsh = installed("zsh")
    process, terminal = pty.fork()
    if process == 0:
        environment = {**os.environ, "TERM": "dumb", "HOME": str(tmp_path), "ZDOTDIR": str(tmp_path)}
        os.execve(zsh, ["zsh", "-f", "-i"], environment)
    try:
        say(terminal, "autoload -U compinit; compinit -u -D; source auditor.zsh")
        say(terminal, "auditor() { print -rl -- GO''T $* DO''NE }; PROMPT=REA''DY'> '")
        assert "READY> " in until(terminal, "READY> ")
        for typed, expected in (
            ("auditor expl\tany-te\t", ["explain", "any-tenant"]),
            ("auditor scan aws --fail\tcrit\t", ["scan", "aws", "--fail-on", "critical"]),
            ("auditor scan --report html\treport.j\t", ["scan", "--report", "html=report.json"]),
            ("auditor scan --from estate.\t", ["scan", "--from", "estate.jsonl"]),
            ("auditor issuers githu\t", ["issuers", "github"]),
            ("auditor token report.j\taz\t", ["token", "report.json", "azure"]),
        ):
            say(terminal, typed)
            shown = until(terminal, "READY> ")
            assert shown.partition("GOT\r\n")[2].partition("DONE\r\n")[0].split() == expected, shown
    finally:
        os.close(terminal)
        os.waitpid(process, 0)


def say(terminal: int, text: str) -> None:
    os.write(terminal, f"{text}\n".encode())


def until(terminal: int, end: str) -> str:
    """What comes out of the terminal, up to `end` or for a minute."""
    shown = ""
    last = time.monotonic() + 60
    while end not in shown and time.monotonic() < last:
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if ready:
            shown += os.read(terminal, 4096).decode(errors="replace")
    return shown


def test_the_command_prints_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    for shell in SHELLS:
        assert cli.main(["completion", shell]) == 0
        assert capsys.readouterr() == (script(shell), "")
