"""What is judged portion by portion comes to what is judged as a whole, and finding that out costs one look."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Iterable, Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.order import identity_order, trust_order
from auditor.providers.aws import PROVIDER, survey
from auditor.providers.aws.survey import survey_of
from auditor.snapshot import Coverage, Document, Snapshot, Status, ordered
from tests.bench import estates
from tests.providers.aws import power_cases
from tests.providers.aws.random_estates import ACCOUNTS, NOW, arn, estate
from tests.providers.aws.test_estate import on_disk


def portions_make_the_whole(snapshot: Snapshot) -> None:
    keys = PROVIDER.portions(snapshot)
    places = [(one.provider, one.scope) for one in snapshot.documents]
    places += [(row.provider, row.scope) for row in snapshot.coverage]
    assert keys == sorted({scope for provider, scope in places if provider == "aws"})
    parts = [PROVIDER.portion(snapshot, key) for key in keys]
    assert sorted((trust for part in parts for trust in PROVIDER.trusts(part)), key=trust_order) == sorted(
        PROVIDER.trusts(snapshot), key=trust_order
    )
    identities = dict.fromkeys(one for part in parts for one in PROVIDER.identities(part))
    assert sorted(identities, key=identity_order) == sorted(
        dict.fromkeys(PROVIDER.identities(snapshot)), key=identity_order
    )
    idle = [one for part in parts for one in PROVIDER.idle_registrations(part)]
    assert idle == list(PROVIDER.idle_registrations(snapshot))


@given(st.randoms(use_true_random=False), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_portions_make_the_whole(random: Random, hostile: bool, disk: bool) -> None:
    snapshot = estate(random, hostile=hostile)
    portions_make_the_whole(on_disk(snapshot) if disk else snapshot)


@pytest.mark.parametrize("case", power_cases.cases(), ids=lambda case: case["name"])
def test_portions_of_written_down_estates(case: power_cases.Case) -> None:
    portions_make_the_whole(ordered(power_cases.snapshot(case)))


def test_portions_of_a_large_organisation() -> None:
    portions_make_the_whole(on_disk(ordered(estates.snapshot(estates.organisation(400, seed=3)))))


def test_a_provider_is_used_by_the_roles_beside_it_alone() -> None:
    named = f"arn:aws:iam::{ACCOUNTS[1]}:oidc-provider/idp.example.com"
    statement = {"Effect": "Allow", "Principal": {"Federated": named}, "Action": "sts:AssumeRoleWithWebIdentity"}
    trusting = {"AssumeRolePolicyDocument": {"Statement": [statement]}}
    provider = Document("aws", ACCOUNTS[1], "oidc-provider", named, {"Url": "idp.example.com", "ClientIDList": []})
    rows = [Coverage("aws", account, "iam-role", Status.READ) for account in ACCOUNTS[:2]]
    for scope, idle in ((ACCOUNTS[0], [named]), (ACCOUNTS[1], [])):
        for account in ACCOUNTS[:2]:
            documents = [Document("aws", scope, "iam-role", arn(account, "app"), trusting), provider]
            snapshot = ordered(Snapshot(NOW, NOW, documents, rows))
            assert [one.id for one, _ in PROVIDER.idle_registrations(snapshot)] == idle
            portions_make_the_whole(snapshot)


# What comes along of an organisation


def target(ident: str, parent: str | None, *policies: str) -> Document:
    kind = "ACCOUNT" if ident.isdigit() else "ROOT" if parent is None else "ORGANIZATIONAL_UNIT"
    body = {"Id": ident, "Type": kind, "Parent": parent, "Policies": list(policies)}
    return Document("aws", "o-acme", "organization-target", ident, body)


def policy(ident: str) -> Document:
    return Document("aws", "o-acme", "organization-policy", ident, {"Type": "SERVICE_CONTROL_POLICY", "Content": {}})


def organisation(accounts: Iterable[str]) -> list[Document]:
    whole = Document("aws", "o-acme", "organization", "o-acme", {"Id": "o-acme", "MasterAccountId": ACCOUNTS[0]})
    units = [target("r-1", None, "p-root"), target("ou-1", "r-1", "p-unit"), target("ou-2", "r-1", "p-other")]
    members = [target(account, "ou-1" if account < "5" else "ou-2", f"p-{account}") for account in accounts]
    policies = [policy(f"p-{name}") for name in ("root", "unit", "other", *accounts)]
    return [whole, *policies, *units, *members]


def role(account: str, name: str) -> Document:
    return Document("aws", account, "iam-role", arn(account, name), {"RoleName": name})


def test_an_account_brings_its_own_nodes_and_their_policies() -> None:
    accounts = (ACCOUNTS[0], ACCOUNTS[1], "777777777777")
    documents = [*(role(account, "app") for account in accounts), *organisation(accounts)]
    rows = [Coverage("aws", scope, "iam-role", Status.READ) for scope in (*accounts, "o-acme")]
    whole = on_disk(Snapshot(NOW, NOW, documents, rows))
    assert list(PROVIDER.portions(whole)) == [*accounts, "o-acme"]
    found = PROVIDER.portion(whole, ACCOUNTS[1])
    assert [(one.scope, one.kind, one.id) for one in found.documents] == [
        (ACCOUNTS[1], "iam-role", arn(ACCOUNTS[1], "app")),
        ("o-acme", "organization", "o-acme"),
        ("o-acme", "organization-policy", "p-222222222222"),
        ("o-acme", "organization-policy", "p-root"),
        ("o-acme", "organization-policy", "p-unit"),
        ("o-acme", "organization-target", "222222222222"),
        ("o-acme", "organization-target", "ou-1"),
        ("o-acme", "organization-target", "r-1"),
    ]
    assert found.coverage == [rows[1]]
    assert (found.started, found.finished) == (whole.started, whole.finished)


def test_targets_that_lead_in_a_circle_come_once() -> None:
    documents = organisation(ACCOUNTS[:1])
    documents = [one for one in documents if one.id != "r-1"] + [target("r-1", "ou-1")]
    found = PROVIDER.portion(Snapshot(NOW, NOW, [role(ACCOUNTS[0], "app"), *documents]), ACCOUNTS[0])
    assert [one.id for one in found.documents if one.kind == "organization-target"] == ["ou-1", ACCOUNTS[0], "r-1"]


# One look


class Counted(list[Document]):
    """A list that counts how often somebody goes through it."""

    walks = 0

    def __iter__(self) -> Iterator[Document]:
        self.walks += 1
        return super().__iter__()


def test_a_snapshot_is_surveyed_once_and_forgotten_with_it() -> None:
    documents = Counted([*(role(account, "app") for account in ACCOUNTS), *organisation(ACCOUNTS)])
    snapshot = Snapshot(NOW, NOW, documents)
    for key in PROVIDER.portions(snapshot):
        PROVIDER.portion(snapshot, key)
    authority = PROVIDER.authority(snapshot)
    assert len(list(authority.identities())) == 4
    assert documents.walks == 2  # one of the snapshot's own index by scope
    found = survey_of(snapshot)
    assert survey_of(snapshot) is found
    copied, again = pickle.loads(pickle.dumps((snapshot, authority)))
    walks = copied.documents.walks
    assert survey_of(copied) is again._estate._survey
    assert copied.documents.walks == walks
    documents.append(role(ACCOUNTS[0], "late"))
    assert survey_of(snapshot) is not found
    gc.collect()
    known = len(survey._SURVEYS)
    del documents, snapshot, authority, copied, again
    gc.collect()
    assert len(survey._SURVEYS) == known - 2
