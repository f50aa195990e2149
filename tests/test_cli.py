"""The command line: what goes where, and every exit code."""

from __future__ import annotations

import itertools
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import tty
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import auditor.rules
from auditor import __version__, cli
from auditor.arguments import EXIT_CODES, parser
from auditor.config import Config
from auditor.delivery import exit_code
from auditor.errors import OutputError
from auditor.model import Severity, Status
from auditor.report.base import Report, Summary
from auditor.rules.base import Persona
from auditor.rules.docs import page
from auditor.snapshot import Coverage, Snapshot
from auditor.snapshot import Status as Reading
from auditor.snapshot_file import load, save
from tests.estate import ACCOUNT, DENIED, READ, TIMES, AnyTenant, Broken, FakeCloud, finding, report, snapshot
from tests.schemas import closed, complaints, schema

OPEN_ESTATE = {"deploy-web": "repo:*"}
TIGHT_ESTATE = {"deploy-api": "repo:acme/api:ref:refs/heads/main"}


def install(monkeypatch: pytest.MonkeyPatch, cloud: FakeCloud, rules: Sequence[AnyTenant] = (AnyTenant(),)) -> None:
    """Put a made-up cloud and rules in the place of the real ones."""
    monkeypatch.setattr("auditor.estates.PROVIDERS", {"aws": lambda: cloud})
    monkeypatch.setattr(auditor.rules, "RULES", tuple(rules), raising=False)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def saved(subject: Snapshot, name: str = "snapshot.jsonl") -> str:
    with Path(name).open("w", encoding="utf-8") as stream:
        save(subject, stream)
    return name


# Exit codes


def table() -> list[tuple[int | None, bool, bool, str, bool, bool, int]]:
    """Highest open severity, coverage complete, a failed check, --fail-on, --strict, --exit-zero → exit code.

    Written out by the three sentences of the contract, not by the code under test.
    """
    rows = []
    for worst, complete, failed, fail_on, strict, zero in itertools.product(
        (None, 0, 1, 2, 3, 4), (True, False), (True, False), (1, 2, 3, 4), (True, False), (True, False)
    ):
        incomplete = not complete or failed
        counts = worst is not None and worst >= fail_on
        if counts and not zero and not (incomplete and strict):
            code = {1: 11, 2: 12, 3: 13, 4: 14}[worst or 0]
        elif incomplete:
            code = 3
        else:
            code = 0
        name = {1: "low", 2: "medium", 3: "high", 4: "critical"}[fail_on]
        rows.append((worst, complete, failed, name, strict, zero, code))
    return rows


def summary(worst: int | None, *, complete: bool, failed: bool = False) -> Summary:
    return Summary(
        trusts=1,
        identities=1,
        by_severity={level: int(level == worst) for level in sorted(Severity, reverse=True)},
        coverage_complete=complete,
        waived=3,
        errors=int(failed),
        undecided=0,
    )


def test_the_whole_table_of_exit_codes() -> None:
    rows = table()
    assert len(rows) == 384
    for worst, complete, failed, fail_on, strict, zero, code in rows:
        found = exit_code(
            summary(worst, complete=complete, failed=failed), fail_on=fail_on, strict=strict, exit_zero=zero
        )
        assert found == code, (worst, complete, failed, fail_on, strict, zero)


@pytest.mark.parametrize(
    ("worst", "complete", "options", "code"),
    [
        (None, True, [], 0),
        (Severity.INFO, True, [], 0),
        (Severity.LOW, True, [], 11),
        (Severity.MEDIUM, True, [], 12),
        (Severity.HIGH, True, [], 13),
        (Severity.CRITICAL, True, [], 14),
        (Severity.HIGH, True, ["--fail-on", "critical"], 0),
        (Severity.CRITICAL, True, ["--fail-on", "medium"], 14),
        (None, False, [], 3),
        (Severity.LOW, False, [], 11),
        (Severity.LOW, False, ["--strict"], 3),
        (Severity.LOW, False, ["--fail-on", "high"], 3),
        (Severity.CRITICAL, True, ["--strict"], 14),
        (Severity.CRITICAL, True, ["--exit-zero"], 0),
        (Severity.CRITICAL, False, ["--exit-zero"], 3),
    ],
)
def test_scan_ends_with_the_code_of_its_report(
    worst: Severity | None, complete: bool, options: list[str], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, FakeCloud())
    found = [] if worst is None else [finding(severity=worst)]
    monkeypatch.setattr("auditor.pipeline.audit", lambda *_: report(found, coverage=READ if complete else [DENIED]))
    assert cli.main(["scan", "--from", saved(snapshot({})), *options]) == code


def test_waived_findings_do_not_count_and_failed_checks_are_incomplete(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, FakeCloud())
    path = saved(snapshot({}))
    monkeypatch.setattr("auditor.pipeline.audit", lambda *_: report([finding(status=Status.WAIVED)]))
    assert cli.main(["scan", "--from", path]) == 0
    monkeypatch.setattr("auditor.pipeline.audit", lambda *_: report([finding(status=Status.ERROR)]))
    assert cli.main(["scan", "--from", path]) == 3


def test_no_report_could_be_made(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, FakeCloud())
    assert cli.main(["scan", "aws"]) == 1
    assert cli.main(["collect", "-o", "x"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "auditor: no AWS credentials were found; log in or name a --profile\n" * 2
    assert not Path("x").exists()


def test_a_report_that_cannot_be_written_is_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, FakeCloud())

    def full_disk(path: Path) -> None:
        raise OutputError(f"{path}: cannot be written: No space left on device")

    monkeypatch.setattr("auditor.delivery.whole_file", full_disk)
    assert cli.main(["scan", "--from", saved(snapshot({})), "-o", "report.json"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["scam"], "invalid choice: 'scam'"),
        (["scan", "asw"], "argument PROVIDER: 'asw' is no provider; known: aws"),
        (["scan", "-f", "xml"], "invalid choice: 'xml'"),
        (["scan", "--report", "json"], "'json' is not FORMAT=FILE, with one of table, json"),
        (["scan", "--report", "xml=x"], "'xml=x' is not FORMAT=FILE, with one of table, json"),
        (["scan", "--report", "json=-"], "'json=-' is not FORMAT=FILE, with one of table, json"),
        (["scan", "--fail-on", "info"], "invalid choice: 'info'"),
        (["scan", "--width", "0"], "'0' is no number of columns"),
        (["scan", "--persona", "boss"], "invalid choice: 'boss'"),
        (["scan", "--exit"], "unrecognized arguments: --exit"),
        (["collect"], "the following arguments are required: -o/--output"),
        (["permissions", "ibm"], "invalid choice: 'ibm'"),
        (["schema", "all"], "invalid choice: 'all'"),
        (["scan", "--color", "red"], "invalid choice: 'red'"),
        (["explain", "any-tenant", "-f", "html"], "invalid choice: 'html'"),
        (["completion", "tcsh"], "invalid choice: 'tcsh'"),
        (["completion"], "the following arguments are required: SHELL"),
    ],
)
def test_wrong_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scan", "--from", "missing"], "missing: cannot be read: No such file or directory"),
        (["scan", "--from", "broken"], "broken:1: not JSON; the file is damaged or cut short"),
        (["scan", "--config", "missing.toml"], "missing.toml: cannot be read: No such file or directory"),
        (["scan", "--config", "bad.toml"], "bad.toml:2: unknown key 'gitub' in `ours`; did you mean 'github'?"),
        (["collect", "-o", "x", "--config", "bad.toml"], "bad.toml:2: unknown key 'gitub' in `ours`"),
        (["scan", "--from", "good", "--profile", "p"], "--profile chooses what to read live; it has no meaning"),
        (["scan", "--from", "good", "-o", "no/folder"], "/no/folder: there is no folder"),
        (["scan", "--from", "good", "-o", "x", "--report", "json=./x"], "/x: two reports cannot go into one file"),
        (["collect", "-o", "."], ".: is a folder, not a file"),
        (["explain", "any-tenent"], "there is no rule 'any-tenent'; did you mean any-tenant?"),
        (["explain", "\x1b[2J"], "there is no rule '\\x1b[2J'; `auditor rules` lists them"),
    ],
)  # fmt: skip
def test_what_cannot_be_carried_out(
    arguments: list[str], message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, FakeCloud(snapshot({})))
    saved(snapshot({}), "good")
    Path("broken").write_text("{")
    Path("bad.toml").write_text("[ours]\ngitub = []\n")
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.startswith("auditor: ")
    assert err.count("\n") == 1


def test_an_interrupt_is_no_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, FakeCloud())

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("auditor.collection.collect", interrupt)
    assert cli.main(["scan", "aws"]) == 130
    assert capsys.readouterr() == ("", "auditor: interrupted; no report was made\n")


# What goes where


def test_stdout_carries_the_report_and_stderr_the_rest(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install(monkeypatch, FakeCloud(snapshot(OPEN_ESTATE)))
    assert cli.main(["scan", "-f", "json"]) == 14
    out, err = capsys.readouterr()
    assert complaints(closed("report"), json.loads(out)) == []
    assert err == "auditor: exit code 14: the highest finding is critical\n"
    assert cli.main(["scan", "aws", "-q"]) == 14
    out, err = capsys.readouterr()
    assert out.startswith("Strangers can get in: ")
    assert err == ""


@pytest.mark.parametrize(
    ("roles", "coverage", "rules", "options", "last"),
    [
        (TIGHT_ESTATE, READ, [], [], "exit code 0: everything was read, nothing counts at low or above"),
        (TIGHT_ESTATE, [DENIED], [], [], "exit code 3: coverage is incomplete"),
        (TIGHT_ESTATE, READ, [Broken()], ["--persona", "auditor"], "exit code 3: 2 checks failed"),
        (OPEN_ESTATE, [DENIED], [], [], "exit code 14: the highest finding is critical; also, coverage is incomplete"),
    ],
)  # fmt: skip
def test_the_exit_code_is_explained(
    roles: dict[str, str],
    coverage: Sequence[Coverage],
    rules: list[AnyTenant],
    options: list[str],
    last: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    install(monkeypatch, FakeCloud(snapshot(roles, coverage)), [AnyTenant(), *rules])
    code = cli.main(["scan", *options])
    assert capsys.readouterr().err == f"auditor: {last}\n"
    assert last.startswith(f"exit code {code}:")


def test_several_reports_of_one_audit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, FakeCloud(snapshot(OPEN_ESTATE)))
    options = ["--report", "json=a.json", "--report", "table=b.txt", "-o", "c.json", "-f", "json", "--exit-zero"]
    assert cli.main(["scan", *options]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "auditor: json report written to c.json\n"
        "auditor: json report written to a.json\nauditor: table report written to b.txt\n"
        "auditor: exit code 0: everything was read, nothing counts at low or above\n"
    )
    assert Path("a.json").read_bytes() == Path("c.json").read_bytes()
    assert Path("b.txt").read_text("utf-8").startswith("Strangers can get in: ")


def test_width(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, FakeCloud(snapshot(OPEN_ESTATE)))
    widths = []
    for options in ([], ["--width", "70"]):
        cli.main(["scan", *options])
        widths.append(max(map(len, capsys.readouterr().out.splitlines())))
    assert 70 < widths[0] <= 100
    assert widths[1] <= 70


def test_details(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, FakeCloud())
    monkeypatch.setattr("auditor.pipeline.audit", lambda *_: report([finding(severity=Severity.INFO)]))
    shown = []
    for options in ([], ["--details"]):
        assert cli.main(["scan", "--from", saved(snapshot({})), *options]) == 0
        shown.append("names no owner" in capsys.readouterr().out)
    assert shown == [False, True]


def test_collect_then_scan_from_is_scan(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cloud = FakeCloud(snapshot(OPEN_ESTATE, [*READ, DENIED]))
    install(monkeypatch, cloud)
    assert cli.main(["collect", "aws", "-o", "s.jsonl", "--profile", "prod"]) == 3
    assert capsys.readouterr() == (
        "", "auditor: 1 documents saved; coverage INCOMPLETE, `auditor scan --from` tells what is missing\n"
    )  # fmt: skip
    assert cloud.profiles == ["prod"]
    saved = load(Path("s.jsonl"))
    assert [(visit.scope, visit.complete, visit.earlier) for visit in saved.visits] == [("fake", False, False)]
    assert replace(saved, visits=(), plan="") == cloud.live
    for name in ("json", "table"):
        live = cli.main(["scan", "-f", name]), capsys.readouterr()
        offline = cli.main(["scan", "-f", name, "--from", "s.jsonl"]), capsys.readouterr()
        assert live == offline
    assert cli.main(["collect", "aws", "-q", "-o", "-", "--profile", "prod"]) == 3
    assert capsys.readouterr() == (Path("s.jsonl").read_text("utf-8"), "")


def test_every_line_of_a_snapshot_is_described_by_the_published_schema() -> None:
    saved(snapshot(OPEN_ESTATE, [*READ, DENIED]), "s.jsonl")
    checker = closed("snapshot")
    lines = Path("s.jsonl").read_text("utf-8").splitlines()
    assert [complaints(checker, json.loads(line)) for line in lines] == [[]] * len(lines) != []
    other = {**json.loads(lines[0]), "version": 2}
    for line in ("{}", '{"end": {}}', '{"document": {"provider": "aws"}}', json.dumps(other)):
        assert complaints(checker, json.loads(line)) != []


def test_several_snapshots(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, FakeCloud())
    saved(snapshot(OPEN_ESTATE), "a")
    saved(snapshot(TIGHT_ESTATE), "b")
    outputs = set()
    for options in (["--from", "a", "b"], ["--from", "a", "--from", "b"], ["aws", "--from", "b", "a"]):
        assert cli.main(["scan", *options, "-f", "json"]) == 14
        outputs.add(capsys.readouterr().out)
    (text,) = outputs
    assert json.loads(text)["summary"]["trusts"] == 2


def test_configuration_is_found_and_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, FakeCloud(snapshot(TIGHT_ESTATE)))
    seen: list[Config] = []

    def audit(_snapshot: Snapshot, _providers: object, config: Config, *_: object) -> Report:
        seen.append(config)
        return report()

    monkeypatch.setattr("auditor.pipeline.audit", audit)
    for options in ([], ["--config", "elsewhere.toml"]):
        Path("auditor.toml").write_text('[ours]\ngithub = ["acme"]\n[targets.aws]\n')
        Path("elsewhere.toml").write_text("[ours]\n")
        assert cli.main(["scan", *options]) == 0
    assert [(list(one.ours.tenants), one.targets.aws is None) for one in seen] == [(["github"], False), ([], True)]


def test_personas_choose_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, FakeCloud())
    seen: list[object] = []

    def audit(*arguments: object) -> Report:
        seen.append(arguments[4])
        return report()

    monkeypatch.setattr("auditor.pipeline.audit", audit)
    path = saved(snapshot({}))
    for options in ([], ["--persona", "pedantic"], ["--persona", "auditor"]):
        assert cli.main(["scan", "--from", path, *options]) == 0
    assert seen == [Persona.REGULAR, Persona.PEDANTIC, Persona.AUDITOR]


def test_an_empty_snapshot_is_not_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, FakeCloud())
    assert cli.main(["scan", "--from", saved(snapshot({}, coverage=()))]) == 3


def test_an_unread_account_is_not_clean(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, FakeCloud())
    failed = Coverage("aws", ACCOUNT, "iam-role", Reading.FAILED, "throttled")
    assert cli.main(["scan", "--from", saved(snapshot({}, [failed]))]) == 3
    assert capsys.readouterr().out.endswith("This is NOT a clean report: what was not read may hold anything.\n")


# The other commands


def test_rules(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, FakeCloud(), [AnyTenant(), Broken()])
    assert cli.main(["rules"]) == 0
    listed = capsys.readouterr().out
    assert listed == (
        "rule        severity  persona   finds\n"
        "----------  --------  --------  -----------------------------------\n"
        "any-tenant  critical  regular   Somebody else's project can get in.\n"
        "broken      critical  pedantic  Somebody else's project can get in.\n"
        "\n"
        "`auditor explain RULE` tells why a rule matters, and what to do.\n"
    )
    assert cli.main(["explain"]) == 0
    assert capsys.readouterr() == (listed, "")


def test_explain(capsys: pytest.CaptureFixture[str]) -> None:
    (rule,) = (rule for rule in auditor.rules.RULES if rule.id == "any-tag")
    assert cli.main(["explain", "any-tag", "-f", "markdown"]) == 0
    assert capsys.readouterr() == (page(rule), "")
    assert cli.main(["explain", "any-tag", "--width", "60"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("any-tag\n\n  ")
    assert max(map(len, text.splitlines())) <= 60
    assert cli.main(["explain", "any-tag", "--width", "60", "--color", "always"]) == 0
    assert capsys.readouterr().out.startswith("\x1b[1many-tag\x1b[0m\n")


# At a terminal


def at_a_terminal(*arguments: str, **environment: str) -> tuple[bytes, bytes]:
    """What a run writes to the terminal that is its stdout, and to the one that is its stderr."""
    screens = [pty.openpty() for _ in range(2)]
    for _, slave in screens:
        termios.tcsetwinsize(slave, (24, 72))
        tty.setraw(slave)
    with start(MAIN, *arguments, stdout=screens[0][1], stderr=screens[1][1], env=environment) as process:
        for _, slave in screens:
            os.close(slave)
        shown = [b"", b""]
        while process.poll() is None or any(select.select([master for master, _ in screens], [], [], 0)[0]):
            for number, (master, _) in enumerate(screens):
                if select.select([master], [], [], 0.05)[0]:
                    try:
                        shown[number] += os.read(master, 65536)
                    except OSError:  # the other end is closed, and everything was read
                        break
            else:
                continue
            break
    for master, _ in screens:
        os.close(master)
    return shown[0], shown[1]


def test_colour_progress_and_width_are_for_terminals() -> None:
    path = saved(Snapshot(*TIMES, coverage=[*READ, DENIED]))
    report, told = at_a_terminal("scan", "aws", "--from", path, TERM="xterm", NO_COLOR="")
    assert b"\x1b[31mdenied\x1b[0m" in report
    assert max(len(line) for line in re.sub(rb"\x1b\[[0-9;]*m", b"", report).splitlines()) <= 72
    assert told.startswith(b"\rauditor: looking for what is wrong: 0 of ")
    assert told.endswith(b"\r\x1b[Kauditor: exit code 3: coverage is incomplete\n")
    for arguments, environment in (([], {"NO_COLOR": "1"}), (["--color", "never"], {"FORCE_COLOR": "1"})):
        report, _ = at_a_terminal("scan", "aws", "--from", path, *arguments, TERM="xterm", **environment)
        assert b"\x1b" not in report
    _, told = at_a_terminal("scan", "aws", "--from", path, "-q", TERM="xterm")
    assert told == b""


def test_permissions(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    install(monkeypatch, FakeCloud())
    assert cli.main(["permissions", "aws"]) == 0
    assert capsys.readouterr() == ('{"Version": "2012-10-17"}\n', "")


@pytest.mark.parametrize("name", ["report", "snapshot", "config"])
def test_schema(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", name]) == 0
    assert json.loads(capsys.readouterr().out) == schema(name)


def test_the_exit_codes_of_the_help_are_those_there_are() -> None:
    told = [int(line.split()[0]) for line in EXIT_CODES.splitlines()[1:]]
    assert told == sorted({row[-1] for row in table()} | {1, 2})


def test_every_command_is_carried_out_by_one_function() -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--help"])
    for command in cli.COMMANDS:
        with pytest.raises(SystemExit) as stop:
            parser().parse_args([command, "--help"])
        assert stop.value.code == 0


# As a process of its own


def start(code: str, *arguments: str, **options: Any) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[1]), **options.pop("env", {})}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([sys.executable, "-c", code, *arguments], text=True, env=environment, **pipes)


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    with process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


MAIN = "import runpy; runpy.run_module('auditor', run_name='__main__')"

HEAVY = """
import sys
from auditor.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
names = {name.partition(".")[0] for name in sys.modules}
print(sorted(names & {"boto3", "botocore", "google", "azure", "tabulate", "tomllib", "hypothesis"}), file=sys.stderr)
print(sorted(name for name in sys.modules if name.startswith("auditor.")), file=sys.stderr)
"""


def test_help_imports_nothing_that_takes_time() -> None:
    _, _, err = ended(start(HEAVY, "--help"))
    libraries, modules = err.splitlines()
    assert libraries == "[]"
    assert modules == str(
        ["auditor.argument_reports", "auditor.argument_sources",
         "auditor.arguments", "auditor.cli", "auditor.compliance", "auditor.delivery",
         "auditor.errors", "auditor.estates", "auditor.organizations", "auditor.output",
         "auditor.providers", "auditor.report", "auditor.report.text", "auditor.shards", "auditor.storage",
         "auditor.storage.packing", "auditor.visits"]
    )  # fmt: skip


def test_an_audit_of_a_snapshot_imports_no_sdk() -> None:
    path = saved(snapshot({}))
    _, out, err = ended(start(HEAVY, "scan", "--from", path, "-f", "json"))
    assert complaints(closed("report"), json.loads(out)) == []
    assert not re.search("boto|google|azure", err.splitlines()[-2])


def test_version() -> None:
    assert ended(start(MAIN, "--version")) == (0, f"auditor {__version__}\n", "")


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_a_reader_that_goes_away_is_no_traceback(size: int) -> None:
    code = (
        "import sys\nfrom auditor import cli\n"
        f"cli.COMMANDS = {{'schema': lambda args: sys.stdout.write('x' * {size}) and 0}}\n"
        "sys.exit(cli.main(['schema', 'report']))"
    )
    read, write = os.pipe()
    os.close(read)
    assert ended(start(code, stdout=write))[::2] == (1, "")
    os.close(write)


def test_text_that_the_terminal_cannot_show_is_escaped() -> None:
    code = (
        "import sys\nfrom auditor import cli\n"
        "cli.COMMANDS = {'schema': lambda args: sys.stdout.write('caf\\u00e9 \\ud800') and 0}\n"
        "sys.exit(cli.main(['schema', 'report']))"
    )
    assert ended(start(code, env={"PYTHONIOENCODING": "ascii"})) == (0, "caf\\xe9 \\ud800", "")


def test_ctrl_c_during_a_slow_command() -> None:
    code = (
        "import sys, time\nfrom auditor import cli\n"
        "def slow(args):\n    print('ready', flush=True)\n    time.sleep(60)\n"
        "cli.COMMANDS = {'schema': slow}\nsys.exit(cli.main(['schema', 'report']))"
    )
    process = start(code)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert ended(process) == (130, "", "auditor: interrupted; no report was made\n")
