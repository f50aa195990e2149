"""Whole audits of damaged documents, and of two tenants in one snapshot: no rule fails, and nobody is mixed up."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import rules
from auditor.config import Config
from auditor.model import Status
from auditor.pipeline import audit
from auditor.providers.azure import PROVIDER
from auditor.report.base import Report
from auditor.rules.base import Persona
from auditor.snapshot import Snapshot, merge
from fixtures.loopback.azure import LoopbackAzure
from tests.providers.azure.estates import SUBSCRIPTION, TENANT, snapshot
from tests.providers.azure.tenant import ESTATE, collected

WRONG: list[Any] = [None, True, 7, -1, 1e400, "", "x", "\ud800", [], [None], [[]], ["a"], {}, {"a": 1}, {"value": 7}]


@pytest.fixture(scope="module")
def whole() -> Snapshot:
    """The small tenant, as it is collected over HTTP."""
    with LoopbackAzure(copy.deepcopy(ESTATE)) as azure, pytest.MonkeyPatch.context() as patch:
        for name, value in azure.environment.items():
            patch.setenv(name, value)
        return collected()


def report(of: Snapshot) -> Report:
    return audit(of, (PROVIDER,), Config(), rules.RULES, Persona.AUDITOR, lambda _: None)


def spoilt(body: Any, steps: list[int], value: Any) -> Any:
    """`body` with `value` somewhere in it: where the steps lead, each choosing among what is there."""
    if not steps or not isinstance(body, dict | list) or not body:
        return value
    keys = list(body) if isinstance(body, dict) else list(range(len(body)))
    key = keys[steps[0] % len(keys)]
    found = copy.copy(body)
    found[key] = spoilt(body[key], steps[1:], value)
    return found


DAMAGE = st.tuples(st.integers(0, 99), st.lists(st.integers(0, 9), min_size=1, max_size=6), st.sampled_from(WRONG))


@given(damage=st.lists(DAMAGE, min_size=1, max_size=12), again=st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_no_rule_fails_whatever_the_documents_hold(whole: Snapshot, damage: list[Any], again: int) -> None:
    documents = list(whole.documents)
    for number, steps, value in damage:
        place = number % len(documents)
        documents[place] = replace(documents[place], body=spoilt(documents[place].body, steps, value))
    documents.append(documents[again % len(documents)])
    found = report(replace(whole, documents=documents))
    assert [finding for finding in found.findings if finding.status is Status.ERROR] == []
    assert len(found.decisions) >= 1


@pytest.mark.parametrize("first", [0, 1])
def test_two_tenants_in_one_snapshot(first: int) -> None:
    """Alike but for their ids: each credential stays with its own, and each cloud with its audience."""
    other, place = "99999999-aaaa-4bbb-8ccc-000000000009", "22222222-aaaa-4bbb-8ccc-000000000007"
    here = snapshot({"host": "uami", "subject": "repo:acme/app:pull_request"})
    there = snapshot({"subject": "repo:acme/app:pull_request", "tenant": other, "cloud": "AzureChinaCloud"})
    there = replace(there, documents=[_moved(one, place) for one in there.documents])
    both = merge((here, there) if first == 0 else (there, here))
    trusts = {trust.identity.kind: trust for trust in PROVIDER.trusts(both)}
    assert {
        kind: (one.identity.scope, one.notes["tenant"], one.notes["expected-audience"]) for kind, one in trusts.items()
    } == {
        "managed-identity": (f"subscriptions/{SUBSCRIPTION}", TENANT, "api://AzureADTokenExchange"),
        "application": (f"tenants/{other}", other, "api://AzureADTokenExchangeChina"),
    }


def _moved(document: Any, subscription: str) -> Any:
    """The same in another subscription."""
    if SUBSCRIPTION not in document.scope:
        return document
    body = {**document.body, "subscriptionId": subscription}
    return replace(document, scope=f"subscriptions/{subscription}", id=f"subscriptions/{subscription}", body=body)
