"""The examples work as written: each is read by a parser of its kind, its commands parse, its scripts are run."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor import issuers, pipeline
from auditor.arguments import parser
from auditor.claims.verdict import Accepted
from auditor.compliance.catalogue import frameworks
from auditor.config import Config, load
from auditor.model import Severity
from auditor.providers import PROVIDERS
from auditor.report.assessment import Result, assess
from auditor.report.base import Report
from auditor.rules import RULES
from auditor.rules.base import Persona
from auditor.snapshot import Coverage, Document, Snapshot, Status
from auditor.snapshot_file import save
from tests.providers.azure import estates as azure
from tests.providers.gcp import estates as google

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
ACCOUNT = "111122223333"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/auditor"
VERSION = r"@(v\d+(\.\d+)*|[0-9a-f]{40})"


def documents(path: str) -> list[Any]:
    return list(yaml.safe_load_all((ROOT / path).read_text("utf-8")))


def command(line: str) -> Any:
    """The arguments of an `auditor` command line as the program takes them."""
    program, *arguments = shlex.split(line)
    assert Path(program).name == "auditor"
    return parser().parse_args(arguments)


def run(script: str, shell: str, environment: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    flags = {"bash": ["--noprofile", "--norc", "-eo", "pipefail"], "sh": []}[shell]
    return subprocess.run(
        [shell, *flags, "-c", script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_every_example_is_listed() -> None:
    listed = set(re.findall(r"^\| `([^`]+)`", (EXAMPLES / "README.md").read_text("utf-8"), re.MULTILINE))
    files = {str(file.relative_to(EXAMPLES)) for file in EXAMPLES.rglob("*") if file.is_file()}
    assert listed == (files - {"README.md"}) | {"../action.yml", "../Containerfile"}


# The GitHub Action

ACTION = documents("action.yml")[0]
INSTALL, SCAN = ACTION["runs"]["steps"]


def test_the_action_is_a_composite_one() -> None:
    assert ACTION["runs"]["using"] == "composite"
    assert all(step["shell"] == "bash" for step in ACTION["runs"]["steps"])
    assert all(one["description"] and isinstance(one["default"], str) for one in ACTION["inputs"].values())


def test_inputs_reach_the_scripts_as_variables_only() -> None:
    used = [re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", value) for value in SCAN["env"].values()]
    assert [match and match[1] for match in used] == list(ACTION["inputs"])
    assert "${{" not in SCAN["run"] + INSTALL["run"]
    assert set(re.findall(r"\$\{?([A-Z_]+)", SCAN["run"])) == {
        *SCAN["env"],
        *("RUNNER_TEMP", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"),
    }


def test_outputs_are_those_of_the_scan() -> None:
    for name, output in ACTION["outputs"].items():
        assert output["value"] == f"${{{{ steps.scan.outputs.{name} }}}}"
        assert f'echo "{name}=' in SCAN["run"]


def open_estate() -> Snapshot:
    policy = json.loads((EXAMPLES / "trust/aws-github.json").read_text("utf-8"))
    policy["Statement"][0]["Condition"]["StringEquals"] = {
        "token.actions.githubusercontent.com:aud": "sts.amazonaws.com"
    }
    return aws(policy, "token.actions.githubusercontent.com")


def tight_estate() -> Snapshot:
    policy = json.loads((EXAMPLES / "trust/aws-github.json").read_text("utf-8"))
    return aws(policy, "token.actions.githubusercontent.com")


@pytest.fixture
def runner(tmp_path: Path) -> Mapping[str, str]:
    """What a runner gives to a step, with the program where the first step puts it."""
    place = tmp_path / "temp/auditor/bin"
    place.mkdir(parents=True)
    (place / "auditor").symlink_to(Path(sys.executable).with_name("auditor"))
    inputs = {name: ACTION["inputs"][name]["default"] for name in ACTION["inputs"]}
    given = {variable: inputs[text[len("${{ inputs.") : -len(" }}")]] for variable, text in SCAN["env"].items()}
    for name, snapshot in (("open", open_estate()), ("tight", tight_estate())):
        with (tmp_path / f"{name} estate.jsonl").open("w", encoding="utf-8") as stream:
            save(snapshot, stream)
    files = {name: str(tmp_path / name.lower()) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    return {**given, **files, "RUNNER_TEMP": str(tmp_path / "temp")}


def outputs(folder: Path) -> dict[str, str]:
    lines = (folder / "github_output").read_text("utf-8").splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


REPORTS = {
    "json": "auditor-reports/auditor.json",
    "sarif": "auditor-reports/auditor.sarif",
    "markdown": "auditor-reports/auditor.md",
}


def test_the_action_reports_findings_and_fails(tmp_path: Path, runner: Mapping[str, str]) -> None:
    done = run(SCAN["run"], "bash", {**runner, "SNAPSHOTS": "open estate.jsonl\n"}, tmp_path)
    assert done.returncode == 13, done.stderr
    assert outputs(tmp_path) == {"exit-code": "13", **REPORTS}
    summary = (tmp_path / "github_step_summary").read_text("utf-8")
    assert summary == (tmp_path / REPORTS["markdown"]).read_text("utf-8")
    assert "Anyone on GitHub Actions can become auditor" in summary
    assert json.loads((tmp_path / REPORTS["sarif"]).read_text("utf-8"))["version"] == "2.1.0"


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"SNAPSHOTS": "open estate.jsonl", "FAIL": "false"}, 0),
        ({"SNAPSHOTS": "tight estate.jsonl", "PERSONA": "auditor"}, 0),
        ({"SNAPSHOTS": "tight estate.jsonl\ntight estate.jsonl", "CLOUDS": "aws", "STRICT": "true"}, 0),
        ({"SNAPSHOTS": "open estate.jsonl", "SUMMARY": "false"}, 13),
    ],
)
def test_inputs_of_the_action(tmp_path: Path, runner: Mapping[str, str], inputs: Mapping[str, str], code: int) -> None:
    done = run(SCAN["run"], "bash", {**runner, **inputs}, tmp_path)
    assert (done.returncode, outputs(tmp_path)["exit-code"]) == (code, str(code)), done.stderr
    assert (tmp_path / "github_step_summary").exists() == (inputs.get("SUMMARY") != "false")


def test_the_action_says_when_there_is_no_report(tmp_path: Path, runner: Mapping[str, str]) -> None:
    (tmp_path / "auditor-reports").mkdir()
    (tmp_path / REPORTS["sarif"]).write_text("of yesterday", "utf-8")
    done = run(SCAN["run"], "bash", {**runner, "SNAPSHOTS": "$(touch pwned).jsonl"}, tmp_path)
    assert done.returncode == 2
    assert outputs(tmp_path) == {"exit-code": "2"}
    assert not (tmp_path / "pwned").exists()
    assert not (tmp_path / REPORTS["sarif"]).exists()


# Workflows and pipelines


def test_github_workflow() -> None:
    (workflow,) = documents("examples/github/audit.yml")
    assert workflow["permissions"] == {}
    (job,) = workflow["jobs"].values()
    assert job["permissions"] == {"contents": "read", "id-token": "write", "security-events": "write"}
    used = {step["uses"].partition("@")[0]: step for step in job["steps"]}
    assert all(re.search(f"{VERSION}$", step["uses"]) for step in job["steps"])
    assert list(used) == [
        *("actions/checkout", "aws-actions/configure-aws-credentials", "google-github-actions/auth", "azure/login"),
        *("my-org/auditor", "github/codeql-action/upload-sarif", "actions/upload-artifact"),
    ]
    assert set(used["my-org/auditor"]["with"]) <= set(ACTION["inputs"])
    told = re.findall(r"steps\.audit\.outputs\.([a-z-]+)", json.dumps(workflow))
    assert set(told) <= set(ACTION["outputs"])
    assert used["aws-actions/configure-aws-credentials"]["with"]["role-to-assume"] == ROLE
    assert not re.search(r"secrets\.", json.dumps(workflow))


def test_gitlab_pipeline() -> None:
    (pipeline_file,) = documents("examples/gitlab/.gitlab-ci.yml")
    (job,) = pipeline_file.values()
    (line,) = job["script"]
    args = command(line)
    assert job["artifacts"]["reports"]["junit"] == dict(args.reports)["junit"]
    assert set(job["artifacts"]["paths"]) == {dict(args.reports)[name] for name in ("json", "html")}
    assert job["artifacts"]["when"] == "always"
    assert job["id_tokens"] == {"AWS_TOKEN": {"aud": "sts.amazonaws.com"}}
    assert job["allow_failure"]["exit_codes"] == [12]
    for script in (*job["before_script"], line, *job["after_script"]):
        subprocess.run(["sh", "-n", "-c", script], check=True)


# Machines


def stub(folder: Path, code: int) -> None:
    """An `auditor` that notes how it was called, prints, and ends with `code`."""
    program = folder / "bin/auditor"
    program.parent.mkdir()
    program.write_text(
        f'#!/bin/sh\necho "$@" >> "{folder}/calls"\necho REPORT\necho WARNING >&2\n'
        f'for one in "$@"; do case $one in json=*) test {code} -lt 3 || echo "{{}}" > "${{one#json=}}";; esac; done\n'
        f"test {code} -ne 0 || echo '{{}}' > \"$AUDITOR_STATE/report-$(date -u +%Y-%m-%d).json\"\nexit {code}\n"
    )
    program.chmod(0o755)


NIGHTLY = (EXAMPLES / "cron/auditor-nightly").read_text("utf-8")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (0, ""),
        (3, "auditor: not everything could be read; the report says what.\nWARNING\nREPORT\n"),
        (13, "auditor: there are findings that were not there before.\nWARNING\nREPORT\n"),
        (1, "auditor: no report could be made (exit code 1).\nWARNING\nREPORT\n"),
    ],
)
def test_cron_says_nothing_while_all_is_well(tmp_path: Path, code: int, told: str) -> None:
    stub(tmp_path, code)
    state = tmp_path / "state"
    state.mkdir()
    setting = {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}", "AUDITOR_STATE": str(state)}
    done = run(NIGHTLY, "sh", setting, tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (code, told, "")
    assert (state / "latest.json").exists() == (code != 1), "a report becomes the baseline"
    run(NIGHTLY, "sh", setting, tmp_path)
    first, second = (tmp_path / "calls").read_text("utf-8").splitlines()
    assert command(f"auditor {first}").baseline is None
    assert command(f"auditor {second}").baseline == (None if code == 1 else state / "latest.json")


def test_cron_table() -> None:
    lines = (EXAMPLES / "cron/auditor.cron").read_text("utf-8").splitlines()
    entries = [line for line in lines if line and not line.startswith("#") and not re.match(r"[A-Z_]+=", line)]
    (entry,) = entries
    *times, user, rest = entry.split(None, 6)
    assert re.fullmatch(r"\d+ \d+ \* \* \*", " ".join(times))
    assert user == "auditor"
    assert rest.endswith("/auditor-nightly")
    assert "%" not in rest, "cron would take it for the end of the line"
    assert os.access(EXAMPLES / "cron/auditor-nightly", os.X_OK)


def unit(name: str) -> configparser.ConfigParser:
    read = configparser.ConfigParser(interpolation=None, delimiters="=", comment_prefixes="#")
    read.optionxform = str  # type: ignore[method-assign,assignment] # systemd's names have capitals
    read.read_string((EXAMPLES / "systemd" / name).read_text("utf-8"))
    return read


def test_systemd() -> None:
    service, timer = unit("auditor.service"), unit("auditor.timer")
    assert service.sections() == ["Unit", "Service"]
    assert timer.sections() == ["Unit", "Timer", "Install"]
    args = command(service["Service"]["ExecStart"])
    state = f"/var/lib/{service['Service']['StateDirectory']}/"
    assert all(file.startswith(state) for _, file in args.reports)
    assert service["Service"]["Type"] == "oneshot"
    assert timer["Install"]["WantedBy"] == "timers.target"


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    for name in ("auditor.service", "auditor.timer"):
        text = (EXAMPLES / "systemd" / name).read_text("utf-8").replace("/opt/auditor/bin/auditor", "/bin/true")
        (tmp_path / name).write_text(text, "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.glob("auditor.*"))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "auditor." not in done.stderr


def test_kubernetes(tmp_path: Path) -> None:
    namespace, account, settings, job = documents("examples/kubernetes/cronjob.yaml")
    assert [one["kind"] for one in (namespace, account, settings, job)] == [
        *("Namespace", "ServiceAccount", "ConfigMap", "CronJob")
    ]
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    args = command(shlex.join(["auditor", *container["args"]]))
    (tmp_path / "auditor.toml").write_text(settings["data"][args.config.name], "utf-8")
    config = load(tmp_path / "auditor.toml", issuers.kinds())
    assert config.targets.aws is not None
    assert config.targets.gcp is None
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert mounts.keys() == {one["name"] for one in pod["volumes"]}
    assert str(args.config.parent) == mounts["config"]
    token = next(one for one in pod["volumes"] if one["name"] == "token")["projected"]["sources"][0]
    environment = {one["name"]: one["value"] for one in container["env"]}
    assert environment["AWS_WEB_IDENTITY_TOKEN_FILE"] == f"{mounts['token']}/token"
    assert environment["AWS_ROLE_ARN"] == ROLE
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    failing = job["spec"]["jobTemplate"]["spec"]["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"]
    assert failing == [2, 3, 11, 12, 13, 14]
    (statement,) = json.loads((EXAMPLES / "trust/aws-kubernetes.json").read_text("utf-8"))["Statement"]
    wanted = {key.rpartition(":")[2]: value for key, value in statement["Condition"]["StringEquals"].items()}
    subject = f"system:serviceaccount:{account['metadata']['namespace']}:{pod['serviceAccountName']}"
    assert wanted == {"aud": token["serviceAccountToken"]["audience"], "sub": subject}


def instructions(path: Path) -> Iterator[tuple[str, str]]:
    """Instruction and arguments of a container file, continued lines joined."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, rest = line.partition(" ")
            yield name, " ".join(rest.split())


def test_container_file() -> None:
    # Nothing here can build it; what can be told from its text is told.
    listed = list(instructions(ROOT / "Containerfile"))
    assert {name for name, _ in listed} <= {
        *("FROM", "WORKDIR", "COPY", "RUN", "LABEL", "ENV", "USER", "ENTRYPOINT", "CMD")
    }
    assert [rest for name, rest in listed if name == "FROM"] == ["python:3.12-slim AS build", "python:3.12-slim"]
    names = [name for name, _ in listed]
    last = dict(listed[len(names) - names[::-1].index("FROM") - 1 :])
    assert last["USER"] == "65532:65532"
    assert json.loads(last["ENTRYPOINT"]) == ["auditor"]
    parser_takes = json.loads(last["CMD"])
    assert parser_takes == ["--help"]
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for name, rest in listed:
        if name == "COPY" and not rest.startswith("--from="):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists()
                assert f"!{source}" in ignored
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    assert 'readme = "README.md"' in project
    assert 'packages = ["auditor"]' in project


# The trusts: what this program says of those that it is to be given


def aws(policy: Mapping[str, Any], host: str) -> Snapshot:
    """An account with the auditor's own role, as `auditor permissions aws` and the trust make it."""
    door = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
    grants = json.loads(PROVIDERS["aws"]().permissions())
    role = {
        "Arn": ROLE,
        "RoleName": "auditor",
        "AssumeRolePolicyDocument": policy,
        "RolePolicyList": [{"PolicyName": "read", "PolicyDocument": grants}],
        "AttachedManagedPolicies": [],
        "CreateDate": "2026-11-01T00:00:00Z",
        "RoleLastUsed": {"LastUsedDate": "2026-11-20T00:00:00Z", "Region": "eu-west-1"},
    }
    provider = {"Arn": door, "Url": host, "ClientIDList": ["sts.amazonaws.com"], "ThumbprintList": [], "Tags": []}
    rows = [
        Coverage("aws", ACCOUNT, kind, Status.READ)
        for kind in ("account", "iam-policy", "iam-role", "oidc-provider", "organization")
    ]
    listed = [
        Document("aws", ACCOUNT, "account", ACCOUNT, {"Account": ACCOUNT, "Partition": "aws"}),
        Document("aws", ACCOUNT, "iam-role", ROLE, role),
        Document("aws", ACCOUNT, "oidc-provider", door, provider),
    ]
    return Snapshot("2026-11-21T10:00:00Z", "2026-11-21T10:00:05Z", listed, rows)


def config_of_the_readme(tmp_path: Path) -> Config:
    (tmp_path / "ours.toml").write_text('[ours]\ngithub = ["my-org@1234567"]\ngitlab = ["my-group"]\n', "utf-8")
    return load(tmp_path / "ours.toml", issuers.kinds())


def audit(snapshot: Snapshot, config: Config) -> Report:
    """With every rule there is."""
    (name,) = snapshot.providers
    return pipeline.audit(snapshot, [PROVIDERS[name]()], config, RULES, Persona.AUDITOR, lambda _: None)


def trusted(name: str) -> tuple[Mapping[str, Any], str]:
    policy = json.loads((EXAMPLES / "trust" / name).read_text("utf-8"))
    (statement,) = policy["Statement"]
    return policy, statement["Principal"]["Federated"].partition(":oidc-provider/")[2]


@pytest.mark.parametrize("name", ["aws-github.json", "aws-kubernetes.json"])
def test_nothing_is_found_about_the_trust_on_aws(name: str, tmp_path: Path) -> None:
    report = audit(aws(*trusted(name)), config_of_the_readme(tmp_path))
    assert [finding.title for finding in report.findings] == []
    (decision,) = report.decisions
    assert isinstance(decision.reachable, Accepted)
    assert [str(standing.level) for standing in report.standings.values()] == ["scoped"]


def test_of_gitlab_only_that_names_are_all_there_is(tmp_path: Path) -> None:
    # AWS reads no other claim of gitlab.com than subject and audience.
    report = audit(aws(*trusted("aws-gitlab.json")), config_of_the_readme(tmp_path))
    assert [(finding.rule, finding.severity) for finding in report.findings] == [("reusable-name", Severity.INFO)]


def test_what_the_frameworks_say_of_the_auditors_own_role(tmp_path: Path) -> None:
    config = config_of_the_readme(tmp_path)
    report = audit(aws(*trusted("aws-github.json")), config)
    told = assess(report, frameworks().values(), RULES, config.ours)
    (benchmark,) = (one for one in told.assessments if one.framework.id == "cis-aws")
    assert [one.result for one in benchmark.controls] == [Result.PASS]
    assert not [one.control.id for one in told.controls if one.result is Result.FAIL]
    left = {
        reason.partition(" (")[0] for one in told.controls if one.result is not Result.PASS for reason in one.reasons
    }
    assert left == {
        "nothing of gcp was read",
        "nothing of azure was read",
        "only a comparison with an older state",
    }


def google_estate() -> Snapshot:
    """What the commands of the example make, as the API returns it."""
    script = (EXAMPLES / "trust/gcp-github.sh").read_text("utf-8")
    calls = 'gcloud() { printf "%s\\037" "$@"; printf "\\n"; }\n'
    done = subprocess.run(["sh", "-c", calls + script], capture_output=True, text=True, check=True)
    _, provider, *bindings = (line.split("\x1f") for line in done.stdout.splitlines())
    options = dict(argument.removeprefix("--").split("=", 1) for argument in provider if argument.startswith("--"))
    members = [argument.removeprefix("--member=") for call in bindings for argument in call if "--member=" in argument]
    source, target = options["attribute-mapping"].split("=")
    return google.snapshot(
        {
            "issuer_url": options["issuer-uri"],
            "mapping": {source: target},
            "condition": options["attribute-condition"],
            "members": members,
        }
    )


def test_nothing_is_found_about_the_trust_on_google_cloud(tmp_path: Path) -> None:
    report = audit(google_estate(), config_of_the_readme(tmp_path))
    assert [finding.title for finding in report.findings] == []
    assert len(report.decisions) == 2
    assert all(isinstance(one.reachable, Accepted) for one in report.decisions)


def test_nothing_is_found_about_the_trust_on_azure(tmp_path: Path) -> None:
    body = json.loads((EXAMPLES / "trust/azure-github.json").read_text("utf-8"))
    assert body.keys() == {"name", "issuer", "subject", "audiences"}
    report = audit(azure.snapshot({"host": "app", **body}), config_of_the_readme(tmp_path))
    assert [finding.title for finding in report.findings] == []
    (decision,) = report.decisions
    assert isinstance(decision.reachable, Accepted)
