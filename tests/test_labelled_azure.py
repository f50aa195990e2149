"""Federated credentials of Azure as third parties wrote them, labelled by people.

The cases are not part of this repository. `AUDITOR_LABELLED_CASES` names the folder they lie in; `azure.jsonl` there,
or in the folder above, has one a line: host, credential, labels and confidence.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.config import Config, Ours
from auditor.model import Decision
from auditor.pipeline import audit
from auditor.providers.azure import PROVIDER
from auditor.rules.base import Persona
from auditor.snapshot import Coverage, Document, Snapshot, Status

FOLDER = os.environ.get("AUDITOR_LABELLED_CASES")
TENANT = "tenants/7f6b1284-17c5-5505-8527-5767d2db5da3"
CLASS_OF = {
    "any_tenant": "any-tenant",
    "any_project": "any-project",
    "any_branch": "any-branch",
    "any_environment": "any-environment",
    "pull_request": "pull-request",
    "unchecked_audience": "unchecked-audience",
}
NOT_DOCUMENTED = frozenset(("the subject of a pull-request review run is not documented",))
"""Points of the issuer's tables on which people and program may differ: the program says so."""
WORD = {Accepted: True, Rejected: False, Undecided: "unknown", type(None): "no such class"}


def file() -> Path | None:
    """The list of cases."""
    places = [] if FOLDER is None else [Path(FOLDER) / "azure.jsonl", Path(FOLDER).parent / "azure.jsonl"]
    return next((place for place in places if place.is_file()), None)


def snapshot(case: Mapping[str, Any]) -> Snapshot:
    """The estate that a case describes."""
    raw = case["fic"]
    if case["host"] == "app":
        body = {"id": "7", "appId": "8", "displayName": "deploy", "federatedIdentityCredentials": [raw]}
        documents = [Document("azure", TENANT, "application", "applications/7", body)]
        scope = TENANT
    else:
        scope = "/".join(raw["id"].split("/")[1:3])
        place = raw["id"].partition("/federatedIdentityCredentials/")[0]
        held = {"id": place, "name": place.rpartition("/")[2], "properties": {}}
        documents = [
            Document("azure", scope, "user-assigned-identity", place, held),
            Document("azure", scope, "federated-credential", raw["id"], raw),
        ]
    tenant = {"tenantId": TENANT.partition("/")[2], "cloud": "AzureCloud"}
    documents.append(Document("azure", TENANT, "tenant", TENANT, tenant))
    kinds = ("application", "user-assigned-identity", "federated-credential")
    rows = [Coverage("azure", scope, kind, Status.READ) for kind in kinds]
    return Snapshot("2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z", documents, rows)


def ours(trusted: Mapping[str, Any]) -> Ours:
    """The customised subject of the case's own estate, if it has one."""
    keys = trusted.get("sub_template")
    if not isinstance(keys, list):
        return Ours()
    place = trusted.get("owner") or trusted.get("group")
    return Ours(subject_templates={f"{trusted['platform']}:{place}": tuple(keys)})


def wrong(case: Mapping[str, Any], decision: Decision) -> list[str]:
    """The labels that the trust of a case does not meet."""
    labels = case["labels"]
    verdicts = {"reachable": decision.reachable, **{name: decision.classes.get(c) for name, c in CLASS_OF.items()}}
    got = {name: WORD[type(verdict)] for name, verdict in verdicts.items()}
    if case["verdict"] == "unknown":
        return [] if got["reachable"] == "unknown" else [f"{case['id']}: nobody can tell, decided {got}"]
    return [
        f"{case['id']} {name}: labelled {labels[name]}, decided {got[name]}"
        for name in got
        if isinstance(labels.get(name), bool)
        and got[name] != labels[name]
        and getattr(verdicts[name], "reason", None) not in NOT_DOCUMENTED
    ]


@pytest.mark.skipif(file() is None, reason="AUDITOR_LABELLED_CASES names no folder with azure.jsonl")
def test_every_label_of_high_confidence_is_met() -> None:
    place = file()
    assert place is not None
    cases = [json.loads(line) for line in place.read_text("utf-8").splitlines() if line.strip()]
    assert cases
    missed: list[str] = []
    for case in cases:
        config = Config(ours=ours(case["trusted"]))
        report = audit(snapshot(case), (PROVIDER,), config, (), Persona.AUDITOR, lambda text: None)
        (decision,) = report.decisions
        if case["confidence"] == "high" or case["verdict"] == "unknown":
            missed += wrong(case, decision)
    assert missed == []
