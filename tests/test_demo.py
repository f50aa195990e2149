"""`make demo`, without make: the real command, in a process of its own, against the loopback AWS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
REPORT = ROOT / "build/demo-report.json"
ESTATE = ROOT / "fixtures/estates/aws/demo.json"


# Settings of a user who works with AWS. The demo must heed none of them: the second one would lead it to AWS itself.
USER = {"AWS_PROFILE": "work", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", "AWS_SESSION_TOKEN": "x"}


def test_the_demo_says_what_it_does_and_where_the_report_lies() -> None:
    REPORT.unlink(missing_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "fixtures.demo"],
        cwd=ROOT,
        env={**os.environ, **USER},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    first, *_ = done.stdout.splitlines()
    assert first.startswith("The account of fixtures/estates/aws/demo.json now answers at http://127.0.0.1:")
    assert done.stdout.endswith(
        "That took 10 API calls. The same as JSON: build/demo-report.json\n"
        "Exit code 14 is as it should be: the worst finding is critical. A pipeline would stop here.\n"
        "The account is gone again.\n"
    )
    report = json.loads(REPORT.read_text(encoding="utf-8"))
    assert report["version"] == 1
    assert report["summary"]["coverage_complete"] is True
    assert len({trust["identity"]["id"] for trust in report["trusts"]}) == 47

    role_of = {trust["id"]: trust["identity"]["name"] for trust in report["trusts"]}
    found = {(role_of.get(finding.get("trust")), finding["rule"]) for finding in report["findings"]}
    roles = json.loads(ESTATE.read_text(encoding="utf-8"))["roles"]
    assert {(role["RoleName"], rule) for role in roles for rule in role["shows"]} - found == set()
    assert {finding["status"] for finding in report["findings"]} == {"open"}

    tight = {role["RoleName"] for role in roles if role["Description"].startswith("Tight")}
    classes = {
        trust["identity"]["name"]: {
            name for name, verdict in trust["classes"].items() if verdict["result"] != "rejected"
        }
        for trust in report["trusts"]
    }
    assert {name: sorted(classes[name]) for name in tight} == {name: [] for name in tight}
