"""What the tests of all formats share: reports to write, one small rule, the demo estates as reports.

`python -m tests.report.formats` writes the golden reports anew; read what changed before keeping it.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

from auditor import collection, pipeline
from auditor.compliance.catalogue import Control, Framework
from auditor.config import load
from auditor.graph import Standing
from auditor.issuers import kinds
from auditor.model import Confidence, Fix, Identity, Level, Severity, Source, Status, Waived
from auditor.power import Capability, Power, Profile, Step
from auditor.providers import PROVIDERS
from auditor.report import FORMATS
from auditor.report.base import Comparison, Layout, Report
from auditor.report.subjects import described
from auditor.rules import RULES
from auditor.rules.base import Definition, Persona
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading
from fixtures import demo
from fixtures.loopback.aws import LoopbackAws
from fixtures.loopback.azure import LoopbackAzure
from fixtures.loopback.gcp import LoopbackGoogle
from tests.estate import ACCOUNT, DENIED, OPEN, READ, TIGHT, TIMES, UNREAD, decision, finding, report, role_arn

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
SUFFIXES = {
    "jsonl": "jsonl",
    "csv": "csv",
    "markdown": "md",
    "sarif": "sarif",
    "junit": "xml",
    "ocsf": "jsonl",
    "asff": "jsonl",
    "oscal": "json",
}
"""Format → how its golden report is called; table, JSON and HTML are written out in tests of their own."""

DOCUMENTATION = """Anyone gets in.

## What it finds

A trust that names no tenant.

## Why it matters

Because.

## Example

    *

## Use instead

A name.
"""
RULE = Definition(
    id="any-tenant",
    documentation=DOCUMENTATION,
    confidence=Confidence.HIGH,
    references=("https://docs.example.com/oidc",),
)
FRAMEWORKS = {
    "OWASP Top 10 CI/CD Security Risks": ("CICD-SEC-2",),
    "NIST SP 800-53 Rev. 5": ("AC-6(7)", "AC-3"),
}
CONTROLS = tuple(
    (Framework(name, name, "https://f.example", "", (), None), Control(control, "", "https://f.example", "", ()))
    for name, controls in FRAMEWORKS.items()
    for control in controls
)
"""What `RULE` bears on."""

ADMIN = Identity("aws", ACCOUNT, "iam-role", role_arn("admin"), "admin")
_EVERYTHING = Profile(
    Power((Capability(Level.ADMIN, "do anything in the account", ("*",), "*", (Source(ADMIN.id, ""),)),))
)
POWERFUL = Standing(
    profile=Profile(Power()),
    level=Level.ADMIN,
    way=(Step(ADMIN, "assume-role", "assume it", ("sts:AssumeRole",), ()),),
    holder=ADMIN,
    held=_EVERYTHING,
)
PIPE = decision("build|ship", "repo:acme/app:*", {}, OPEN.reachable)
ORPHAN = Identity("aws", ACCOUNT, "oidc-provider", f"arn:aws:iam::{ACCOUNT}:oidc-provider/old.example.com", "old")


def whole() -> Report:
    """Everything a report can hold, once: open, waived and failed; read, denied and skipped; undecided; power."""
    rows = (
        *READ,
        DENIED,
        Coverage("gcp", "-", "account", Reading.SKIPPED, "there are no credentials"),
    )
    found = (
        finding(),
        finding(
            PIPE,
            rule="dead-value",
            severity=Severity.LOW,
            confidence=Confidence.MEDIUM,
            title="Nobody ever matches repo:acme/app:*",
            witness=None,
            fix=Fix("Remove it."),
        ),
        finding(
            rule="orphan-provider",
            severity=Severity.INFO,
            subject=ORPHAN.id,
            subject_kind="identity",
            title="No role trusts old.example.com",
            detail="",
            witness=None,
            evidence=(Source(ORPHAN.id, ""),),
            fix=None,
        ),
        finding(UNREAD, rule="dead-trust", status=Status.ERROR, title="The rule failed", witness=None, fix=None),
        finding(
            TIGHT,
            rule="reusable-name",
            severity=Severity.MEDIUM,
            title="By its name alone acme/api can become deploy-api",
            status=Status.WAIVED,
            waiver=Waived("the name is ours for good", "platform@acme.example", "2027-03-31"),
        ),
    )
    made = report(found, [OPEN, PIPE, TIGHT, UNREAD], rows)
    return described(replace(made, identities=(*made.identities, ORPHAN), standings={OPEN.trust.identity: POWERFUL}))


CHANGES = {"equal": 2, "tighter": 0, "looser": 0, "incomparable": 0, "unknown": 0, "added": 0, "removed": 0}

REPORTS = {
    "whole": whole(),
    "clean": report((), [TIGHT]),
    "no findings": report(),
    "nothing read": report(coverage=()),
    "denied": report(coverage=(DENIED,)),
    "unknown provider": report(coverage=(Coverage("oci", "-", "everything", Reading.FAILED, "unknown"),)),
    "compared": replace(
        report([finding(known=True), finding(TIGHT, known=False)], [OPEN, TIGHT]),
        comparison=Comparison("report", *TIMES, by_tokens=False, trusts=CHANGES, new=1, known=1, gone=0),
    ),
    "estate": report([finding(subject="estate", subject_kind="identity", witness=None)]),
}


def written(name: str, subject: Report, *, details: bool = False) -> str:
    """`subject` in the format `name`."""
    stream = io.StringIO()
    FORMATS[name]()(subject, stream, Layout(details=details))
    return stream.getvalue()


@contextmanager
def one_rule() -> Iterator[None]:
    """Only `RULE` is there: golden reports must not change with the documentation of rules."""
    with (
        mock.patch("auditor.rules.RULES", (RULE,)),
        mock.patch("auditor.report.rulebook.bearing", return_value={RULE.id: CONTROLS}),
        mock.patch("auditor.rules.docs.bearing", return_value={RULE.id: CONTROLS}),
        mock.patch.dict(os.environ, {"AWS_REGION": "eu-central-1"}),
    ):
        yield


def golden(name: str) -> Path:
    return GOLDEN / f"{name}.{SUFFIXES[name]}"


def demo_report() -> Report:
    """The demo estates of all clouds, collected over loopback and audited with every rule."""
    config = load(demo.ROOT / demo.CONFIG, kinds())
    organisation, tenant = (
        json.loads((demo.ROOT / path).read_text(encoding="utf-8")) for path in (demo.GOOGLE, demo.AZURE)
    )
    with ExitStack() as stack:
        aws = stack.enter_context(LoopbackAws(managed_policies=True))
        google = stack.enter_context(LoopbackGoogle(organisation))
        azure = stack.enter_context(LoopbackAzure(tenant))
        aws.load_estate(demo.ROOT / demo.AWS)
        settings = {**aws.environment, **google.environment, **azure.environment}
        stack.enter_context(mock.patch.dict(os.environ, settings))
        providers = [make() for make in PROVIDERS.values()]
        snapshot = collection.collect(providers, config, {}, lambda _: None)
    return pipeline.audit(snapshot, providers, config, RULES, Persona.AUDITOR, lambda _: None)


def main() -> None:
    GOLDEN.mkdir(exist_ok=True)
    with one_rule():
        for name in SUFFIXES:
            golden(name).write_text(written(name, whole()), "utf-8", newline="")


if __name__ == "__main__":
    main()
