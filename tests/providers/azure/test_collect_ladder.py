"""The four ways to read the federated credentials of applications: the same result from each, and what each costs."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from auditor.snapshot import Status
from fixtures.loopback.azure import Fault, LoopbackAzure
from fixtures.loopback.azure_many import TENANT as LARGE
from fixtures.loopback.azure_many import many_applications
from tests.providers.azure.tenant import (
    APPLICATION,
    ESTATE,
    IN_TENANT,
    WEB,
    bodies,
    collected,
    gaps,
    guid,
    of_application,
    plain,
    row,
)

LISTS = "federatedIdentityCredentials"
FILTER, EXPAND = f"$filter={LISTS}", f"$expand={LISTS}"
REFUSED = "BadRequest: Invalid filter clause"


def test_every_rung_gives_the_same_snapshot_and_is_named(azure: LoopbackAzure) -> None:
    best = collected()
    for refused, way in enumerate(("filter and expand", "expand", "$batch", "one by one")):
        azure.load(copy.deepcopy(ESTATE), page_size=1)
        azure.refuse_rungs(refused)
        snapshot = collected()
        found = row(snapshot, IN_TENANT, "application-enumeration")
        assert found.status is Status.READ
        assert (found.reason or "").startswith(f"rung {refused + 1} of 4: {way}")
        assert (found.reason or "").count("; rung") == max(refused - 1, 0)
        assert gaps(snapshot) == []
        assert snapshot.documents == best.documents
    assert bodies(best, "application") == {f"applications/{WEB}": plain(APPLICATION)}


RUNGS = {
    0: {"graph.applications.list": 1},
    1: {"graph.applications.list": 1 + 6},
    2: {"graph.applications.list": 2 + 6, "graph.batch": 250},
    3: {
        "graph.applications.list": 2 + 6,
        "graph.batch": 1,
        "graph.applications.federatedIdentityCredentials.list": 5000,
    },
}
"""Rungs refused → calls for 5,000 applications, of which 500 have credentials; refused ones included."""


@pytest.mark.parametrize("refused", RUNGS)
def test_the_calls_for_5000_applications(azure: LoopbackAzure, refused: int) -> None:
    azure.load(many_applications())
    azure.refuse_rungs(refused)
    snapshot = collected()
    assert len(bodies(snapshot, "application")) == 500
    assert row(snapshot, f"tenants/{LARGE}", "application-enumeration").status is Status.READ
    expected = RUNGS[refused]
    of_ladder = {name: count for name, count in azure.calls.items() if name.startswith("graph.applications.")}
    batches = azure.calls["graph.batch"]
    if refused < 3:
        batches -= 2 * 25 + 25  # permissions and groups of 500 service principals, owners of 500 applications
    else:
        batches -= 1  # refused once more, and everything is asked singly
        of_ladder.pop("graph.applications.owners.list")
    assert {**of_ladder, **({"graph.batch": batches} if batches else {})} == expected


# Answers that are not to be believed


def test_nothing_on_the_first_rung_is_checked_on_the_second(azure: LoopbackAzure) -> None:
    azure.load({**ESTATE, "applications": []})
    snapshot = collected()
    assert row(snapshot, IN_TENANT, "application-enumeration").reason == (
        "rung 2 of 4: expand (rung 1: no application came, and nothing else says that there is none)"
    )
    assert gaps(snapshot) == []


@pytest.mark.parametrize("fault", [Fault.HTML_200, Fault.WRONG_SHAPE, Fault.NOT_JSON_OBJECTS, Fault.SAME_TOKEN])
def test_a_spoilt_answer_leads_to_the_next_rung(azure: LoopbackAzure, fault: Fault) -> None:
    azure.fail(FILTER, fault)
    snapshot = collected()
    assert (row(snapshot, IN_TENANT, "application-enumeration").reason or "").startswith(
        "rung 2 of 4: expand (rung 1: "
    )
    assert list(bodies(snapshot, "application")) == [f"applications/{WEB}"]


class Shorn:
    """Microsoft Graph that leaves the expanded lists out, or announces more applications than come."""

    def __init__(self, azure: LoopbackAzure, **change: Any) -> None:
        self._answer = azure._graph.answer
        self._change = change

    def __call__(self, asked: Any) -> Any:
        page = dict(self._answer(asked))
        if "$filter" not in asked.query or "value" not in page:
            return page
        if "count" in self._change:
            return {**page, "@odata.count": self._change["count"]}
        return {**page, "value": [{key: one[key] for key in one if key != LISTS} for one in page["value"]]}


@pytest.mark.parametrize(
    ("change", "why"),
    [({}, "the answer leaves the credentials out"), ({"count": 7}, "1 applications came, 7 were counted")],
)
def test_an_expansion_that_is_left_out_is_no_empty_list(
    azure: LoopbackAzure, monkeypatch: pytest.MonkeyPatch, change: dict[str, int], why: str
) -> None:
    monkeypatch.setattr(azure._graph, "answer", Shorn(azure, **change))
    snapshot = collected()
    assert row(snapshot, IN_TENANT, "application-enumeration").reason == f"rung 2 of 4: expand (rung 1: {why})"
    assert list(bodies(snapshot, "application")) == [f"applications/{WEB}"]


def twenty_one() -> dict[str, Any]:
    """An estate with an application that has more credentials than an expansion shows."""
    estate = copy.deepcopy(ESTATE)
    many = [of_application(f"c{number}", subject=f"repo:acme/r{number}:pull_request") for number in range(21)]
    estate["applications"][0][LISTS] = many
    return estate


def test_a_list_of_twenty_is_read_again_whole(azure: LoopbackAzure) -> None:
    azure.load(twenty_one())
    snapshot = collected()
    assert gaps(snapshot) == []
    (found,) = bodies(snapshot, "application").values()
    assert len(found[LISTS]) == 21
    assert azure.calls["graph.applications.federatedIdentityCredentials.list"] == 1


def test_a_list_of_twenty_that_cannot_be_read_again_may_be_cut(azure: LoopbackAzure) -> None:
    azure.load(twenty_one())
    azure.fail("graph.applications.federatedIdentityCredentials.list", Fault.FORBIDDEN)
    snapshot = collected()
    assert [one[:3] for one in gaps(snapshot)] == [(IN_TENANT, f"federated-credential applications/{WEB}", "denied")]
    (found,) = bodies(snapshot, "application").values()
    assert len(found[LISTS]) == 20


def test_a_credential_that_shows_nothing_is_a_gap(azure: LoopbackAzure) -> None:
    estate = copy.deepcopy(ESTATE)
    estate["applications"][0][LISTS] = [of_application("hidden")]
    azure.load(estate)
    snapshot = collected()
    assert gaps(snapshot) == [
        (
            IN_TENANT,
            f"federated-credential applications/{WEB}",
            "failed",
            "the API shows neither subject nor expression",
        )
    ]
    assert azure.calls["graph.applications.federatedIdentityCredentials.list"] == 1  # once more, singly


# One by one


@pytest.mark.parametrize("refused", [2, 3])
def test_a_list_that_may_not_be_read_is_a_row_and_no_empty_list(azure: LoopbackAzure, refused: int) -> None:
    azure.refuse_rungs(refused)
    azure.fail(f"applications/{WEB}/{LISTS}", Fault.FORBIDDEN)
    snapshot = collected()
    assert [one[:3] for one in gaps(snapshot)] == [(IN_TENANT, f"federated-credential applications/{WEB}", "denied")]
    assert LISTS not in bodies(snapshot, "application")[f"applications/{WEB}"]


def test_an_application_that_has_gone_meanwhile_is_no_gap(azure: LoopbackAzure) -> None:
    azure.refuse_rungs(2)
    azure.fail(f"applications/{WEB}/{LISTS}", Fault.NOT_FOUND)
    snapshot = collected()
    assert gaps(snapshot) == []
    assert bodies(snapshot, "application") == {}


@pytest.mark.parametrize("fault", [Fault.RATE_LIMITED, Fault.OUT_OF_QUOTA, Fault.UNAVAILABLE])
def test_requests_in_a_batch_are_made_again_by_themselves(azure: LoopbackAzure, fault: Fault) -> None:
    azure.refuse_rungs(2)
    azure.fail(f"applications/{WEB}/{LISTS}", fault, times=2)
    snapshot = collected()
    assert gaps(snapshot) == []
    assert len(bodies(snapshot, "application")[f"applications/{WEB}"][LISTS]) == 2
    # Once for each of two applications, then twice for the one; and one call for its second page.
    assert azure.inner["graph.applications.federatedIdentityCredentials.list"] == 4
    assert azure.calls["graph.applications.federatedIdentityCredentials.list"] == 1


def test_a_batch_that_stays_throttled_is_asked_singly_and_then_told(azure: LoopbackAzure, slept: list[float]) -> None:
    azure.refuse_rungs(2)
    azure.fail(f"applications/{WEB}/{LISTS}", Fault.OUT_OF_QUOTA)
    snapshot = collected()
    (gap,) = gaps(snapshot)
    assert gap[:3] == (IN_TENANT, f"federated-credential applications/{WEB}", "failed")
    assert (gap[3] or "").endswith("(after 3 attempts)")


@pytest.mark.parametrize("fault", [Fault.HTML_200, Fault.CUT_SHORT, Fault.WRONG_SHAPE, Fault.NOT_AN_OBJECT])
def test_a_spoilt_batch_leads_to_single_reads(azure: LoopbackAzure, fault: Fault) -> None:
    azure.refuse_rungs(2)
    azure.fail("graph.batch", fault)
    snapshot = collected()
    assert gaps(snapshot) == []
    assert (row(snapshot, IN_TENANT, "application-enumeration").reason or "").startswith("rung 4 of 4: one by one")
    assert len(bodies(snapshot, "application")[f"applications/{WEB}"][LISTS]) == 2


def test_lists_in_a_batch_have_further_pages(azure: LoopbackAzure) -> None:
    estate = copy.deepcopy(ESTATE)
    estate["groups"] = [{"id": guid(letter), "displayName": letter, "members": [guid("9")]} for letter in "678"]
    azure.load(estate, page_size=1)
    body = bodies(collected(), "group-membership")[f"servicePrincipals/{guid('9')}/transitiveMemberOf"]
    assert [group["displayName"] for group in body["value"]] == ["6", "7", "8"]
    assert body.keys() == {"id", "value"}
