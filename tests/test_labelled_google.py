"""Google providers and bindings as third parties wrote them, labelled by people.

The cases are not part of this repository. `AUDITOR_LABELLED_CASES` names the folder they lie in; `gcp.jsonl` there, or
in the folder above, has one a line: project, pool, provider, bindings, labels and confidence.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.config import Config
from auditor.model import Decision
from auditor.pipeline import audit
from auditor.providers.gcp import PROVIDER
from auditor.rules.base import Persona
from auditor.snapshot import Coverage, Document, Snapshot, Status

FOLDER = os.environ.get("AUDITOR_LABELLED_CASES")
CLASS_OF = {
    "any_tenant": "any-tenant",
    "any_project": "any-project",
    "any_branch": "any-branch",
    "any_environment": "any-environment",
    "pull_request": "pull-request",
    "unchecked_audience": "unchecked-audience",
}
WORD = {Accepted: True, Rejected: False, Undecided: "unknown", type(None): "no such class"}
FULL_NAMES = {
    "serviceAccount": "//iam.googleapis.com/projects/{project}/serviceAccounts/{name}",
    "bucket": "//storage.googleapis.com/{name}",
    "project": "//cloudresourcemanager.googleapis.com/projects/{name}",
    "folder": "//cloudresourcemanager.googleapis.com/folders/{name}",
    "organization": "//cloudresourcemanager.googleapis.com/organizations/{name}",
}


def file() -> Path | None:
    """The list of cases."""
    places = [] if FOLDER is None else [Path(FOLDER) / "gcp.jsonl", Path(FOLDER).parent / "gcp.jsonl"]
    return next((place for place in places if place.is_file()), None)


def snapshot(case: Mapping[str, Any]) -> Snapshot:
    """The estate that a case describes."""
    project, number = case["project"], case["project_number"]
    documents = {
        ("project", f"projects/{number}"): {"name": f"projects/{number}", "projectId": project, "state": "ACTIVE"},
        ("workload-identity-pool", case["pool"]["name"]): case["pool"],
        ("workload-identity-pool-provider", case["provider"]["name"]): case["provider"],
    }
    for binding in case["bindings"]:
        kind, _, name = binding["resource"].partition(":")
        owner = name.partition("@")[2].partition(".")[0] or project
        full = FULL_NAMES[kind].format(project=owner, name=number if name == project else name)
        if kind == "serviceAccount":
            documents["service-account", name] = {"email": name, "projectId": owner}
        policy = documents.setdefault(
            ("iam-policy", full), {"resource": full, "policy": {"version": 3, "bindings": []}}
        )
        policy["policy"]["bindings"].append({key: value for key, value in binding.items() if key != "resource"})
    kinds = [*dict.fromkeys(kind for kind, _ in documents), "service-account", "role"]
    return Snapshot(
        "2026-11-21T12:00:00Z",
        "2026-11-21T12:00:00Z",
        [Document("gcp", project, kind, name, body) for (kind, name), body in documents.items()],
        [Coverage("gcp", project, kind, Status.READ) for kind in dict.fromkeys(kinds)],
    )


def wrong(case: Mapping[str, Any], decision: Decision) -> list[str]:
    """The labels that one trust of the case does not meet."""
    labels = case["labels"]
    verdicts = {"reachable": decision.reachable, **{name: decision.classes.get(c) for name, c in CLASS_OF.items()}}
    got = {name: WORD[type(verdict)] for name, verdict in verdicts.items()}
    return [
        f"{case['id']} {name}: labelled {labels[name]}, decided {got[name]}"
        for name in got
        if isinstance(labels.get(name), bool) and got[name] != labels[name]
    ]


@pytest.mark.skipif(file() is None, reason="AUDITOR_LABELLED_CASES names no folder with gcp.jsonl")
def test_every_label_of_high_confidence_is_met() -> None:
    place = file()
    assert place is not None
    cases = [json.loads(line) for line in place.read_text("utf-8").splitlines() if line.strip()]
    assert cases
    missed: list[str] = []
    for case in cases:
        report = audit(snapshot(case), (PROVIDER,), Config(), (), Persona.AUDITOR, lambda text: None)
        decisions = [one for one in report.decisions if one.trust.member == case["principal"]]
        assert decisions, case["id"]
        if case["confidence"] == "high":
            missed += [line for decision in decisions for line in wrong(case, decision)]
    assert missed == []
