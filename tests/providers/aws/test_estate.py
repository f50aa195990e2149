"""An estate looked at account by account comes to what it comes to as a whole, whatever its documents say."""

from __future__ import annotations

import gc
import pickle
import tracemalloc
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from pkgutil import iter_modules
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model import Identity
from auditor.providers import aws
from auditor.providers.aws.authority import AwsAuthority
from auditor.providers.aws.estate import Estate
from auditor.providers.aws.tables import FORMS
from auditor.snapshot import Coverage, Document, Snapshot, Status
from auditor.storage.shelf import Shelf
from tests.providers.aws.random_estates import NOW, arn, estate
from tests.providers.aws.whole_estate import WholeEstate

HUB = "999999999999"
END = datetime.fromisoformat(NOW)
RANDOMS = st.randoms(use_true_random=False)


def on_disk(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, documents=Shelf(snapshot.documents, limit=100, gathered=100))


@given(RANDOMS, st.booleans())
@settings(max_examples=80, deadline=None)
def test_every_role_has_the_profile_it_has_in_the_whole(random: Random, hostile: bool) -> None:
    snapshot = estate(random, hostile=hostile)
    whole = WholeEstate(snapshot, END)
    told = whole.profiles()
    for held in (snapshot, on_disk(snapshot)):
        authority = AwsAuthority(held, END)
        identities = list(authority.identities())
        assert identities == [role.identity for role in whole.roles.values()]
        for identity in identities:
            assert authority.profile(identity) == told[identity.id]
        travelled = pickle.loads(pickle.dumps(authority))
        assert {one.id: travelled.profile(one) for one in reversed(identities)} == told


@given(RANDOMS)
@settings(max_examples=50, deadline=None)
def test_roles_are_open_to_the_same_in_the_same_order(random: Random) -> None:
    snapshot = estate(random, hostile=False)
    whole = WholeEstate(snapshot, END)
    lazy = Estate(on_disk(snapshot), END)
    for ident, role in whole.roles.items():
        found = lazy.role(ident)
        assert found is not None
        room, same = found
        assert [one.arn for one in room.open_to(same)] == [one.arn for one in whole.open_to(role)]
        own = role.account
        assert [one.arn for one in room.open_within(same)] == [
            one.arn for one in whole.open_to(role) if one.account == own
        ]
        assert [one.arn for one in room.naming(same)] == [one.arn for one in whole.naming(role) if one.account == own]
        for service in ("lambda.amazonaws.com", "ec2.amazonaws.com"):
            assert [one.arn for one in room.serving(own, service)] == [one.arn for one in whole.serving(own, service)]


# Memory


def organisation(accounts: int, roles: int) -> Iterator[Document]:
    """No two accounts with a text in common, but for what each of them trusts."""
    for number in range(accounts):
        account = f"{100_000_000_000 + number}"
        shared = f"arn:aws:iam::{account}:policy/shared-{account}"
        statements = [allow([f"s3:Get*{number}", "sns:Publish"], f"arn:aws:s3:::{account}-*/*"), allow("ec2:*")]
        version = {"IsDefaultVersion": True, "Document": {"Version": "2012-10-17", "Statement": statements}}
        yield Document("aws", account, "iam-policy", shared, {"PolicyVersionList": [version]})
        for place in range(roles):
            ident = arn(account, f"r{place}-{account}")
            own = [
                allow("s3:PutObject", f"arn:aws:s3:::{account}-{place}/*"),
                allow("sts:AssumeRole", arn(account, "*")),
            ]
            principal = {"AWS": arn(HUB, "hub") if place == 0 else f"arn:aws:iam::{account}:root"}
            body = {
                "RoleName": f"r{place}-{account}",
                "AssumeRolePolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
                },
                "RolePolicyList": [
                    {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": own}}
                ],
                "AttachedManagedPolicies": [{"PolicyArn": shared}],
            }
            yield Document("aws", account, "iam-role", ident, body)
    everywhere = {"Version": "2012-10-17", "Statement": [allow("sts:AssumeRole")]}
    body = {"RoleName": "hub", "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": everywhere}]}
    yield Document("aws", HUB, "iam-role", arn(HUB, "hub"), {**body, "AssumeRolePolicyDocument": {"Statement": []}})


def allow(actions: Any, resources: Any = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


class Counting(Shelf):
    """A shelf that notes which scopes somebody takes from it."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self.taken: list[str] = []
        super().__init__(documents, limit=100, gathered=100)

    def within(self, provider: str, scope: str) -> list[Document]:
        self.taken.append(scope)
        return super().within(provider, scope)


def collected(accounts: int, roles: int) -> tuple[Snapshot, Counting]:
    shelf = Counting(organisation(accounts, roles))
    rows = [Coverage("aws", scope, "iam-role", Status.READ) for scope in shelf.scopes("aws")]
    return Snapshot(NOW, NOW, shelf, rows), shelf


def caches() -> Iterator[tuple[str, Any]]:
    """Everything in the rooms of AWS that `functools` remembers."""
    rooms = [import_module(f"{aws.__name__}.{one.name}") for one in iter_modules(aws.__path__)]
    for room in rooms:
        for name, value in vars(room).items():
            for inner, found in ((name, value), *((f"{name}.{key}", one) for key, one in _members(value))):
                if hasattr(found, "cache_parameters"):
                    yield f"{room.__name__}.{inner}", found


def _members(value: object) -> Iterator[tuple[str, Any]]:
    return iter(list(vars(value).items()) if isinstance(value, type) else ())


def test_nothing_is_remembered_without_end() -> None:
    found = {name: cache.cache_parameters()["maxsize"] for name, cache in caches()}
    assert found["auditor.providers.aws.wildcards.matches"] == 1 << 14
    assert {name for name, most in found.items() if most is None} == {
        # The one list of all services there are.
        "auditor.providers.aws.catalogue._services"
    }
    assert max(most or 0 for most in found.values()) <= 1 << 14


def test_memory_does_not_grow_with_the_accounts_that_were_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.providers.aws.estate.WITHIN", 100)
    monkeypatch.setattr("auditor.providers.aws.authority.REMEMBERED", 2_000)
    snapshot, _ = collected(accounts=240, roles=6)
    authority = AwsAuthority(snapshot, END)

    def held() -> int:
        """Bytes that are held besides what `functools` remembers, which has a bound of its own."""
        for _, cache in caches():
            cache.cache_clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    peaks: dict[int, int] = {}
    stays: dict[int, int] = {}
    tracemalloc.start()
    try:
        for number, identity in enumerate(authority.identities()):
            assert authority.profile(identity).power.gaps == ()
            if number in (480, 1_400):
                peaks[number] = tracemalloc.get_traced_memory()[1]
                stays[number] = held()
                tracemalloc.reset_peak()
            elif number in (300, 1_220):
                held()
                tracemalloc.reset_peak()
    finally:
        tracemalloc.stop()
    assert stays[1_400] < stays[480] * 1.08
    assert peaks[1_400] < peaks[480] * 1.08


def test_a_hub_sees_every_account_that_lets_it_in_and_loads_none() -> None:
    snapshot, shelf = collected(accounts=50, roles=3)
    authority = AwsAuthority(snapshot, END)
    assert len(shelf.taken) == 51
    shelf.taken.clear()
    steps = authority.profile(Identity("aws", HUB, "iam-role", arn(HUB, "hub"), "hub")).steps
    assert [step.target.id for step in steps] == [
        arn(f"{100_000_000_000 + number}", f"r0-{100_000_000_000 + number}") for number in range(50)
    ]
    assert all(step.certain and step.kind == "assume-role" for step in steps)
    assert shelf.taken == [HUB]


def test_an_account_is_loaded_once_as_long_as_it_is_looked_at() -> None:
    snapshot, shelf = collected(accounts=3, roles=3)
    authority = AwsAuthority(snapshot, END)
    shelf.taken.clear()
    for identity in authority.identities():
        authority.profile(identity)
    assert shelf.taken == list(snapshot.scopes("aws"))


def test_what_was_worked_out_does_not_travel() -> None:
    snapshot, _ = collected(accounts=5, roles=5)
    authority = AwsAuthority(snapshot, END)
    before = len(pickle.dumps(authority))
    profiles = [authority.profile(identity) for identity in authority.identities()]
    assert len(pickle.dumps(authority)) == pytest.approx(before, abs=100)
    travelled = pickle.loads(pickle.dumps(authority))
    assert [travelled.profile(identity) for identity in travelled.identities()] == profiles


# Who lets whom in across accounts


def letting_in(principal: Any, **more: Any) -> list[Document]:
    """A role of one account that lets somebody in, and one of another that may assume whatever lets it."""
    other, own = "111111111111", "222222222222"
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    boss = {"RoleName": "boss", "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    granted = {"Version": "2012-10-17", "Statement": [allow("sts:AssumeRole")]}
    app = {"RoleName": "app", "RoleId": "AROA222APP", "AssumeRolePolicyDocument": {"Statement": []}}
    return [
        Document("aws", other, "iam-role", arn(other, "boss"), boss),
        Document(
            "aws",
            own,
            "iam-role",
            arn(own, "app"),
            {**app, "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": granted}]},
        ),
    ]


@pytest.mark.parametrize(
    ("principal", "doubt"),
    [
        ({"AWS": arn("222222222222", "app")}, None),
        ({"AWS": "222222222222"}, None),
        ({"AWS": "arn:aws:iam::222222222222:root"}, None),
        ({"AWS": ["arn:aws:iam::111111111111:root", "AROA222APP"]}, None),
        ("*", None),
        ({"AWS": "*"}, None),
        (
            {"AWS": "arn:aws:sts::222222222222:assumed-role/app/once"},
            "the session name once lets it through",
        ),
    ],
)
def test_a_role_is_let_in_by_whatever_name(principal: Any, doubt: str | None) -> None:
    authority = AwsAuthority(on_disk(Snapshot(NOW, NOW, letting_in(principal))), END)
    (app,) = [one for one in authority.identities() if one.name == "app"]
    assert [(step.target.name, step.doubt) for step in authority.profile(app).steps] == [("boss", doubt)]


def test_a_deny_does_not_hide_what_is_allowed_behind_it() -> None:
    boss, app = letting_in({"AWS": arn("222222222222", "app")})
    statements = boss.body["AssumeRolePolicyDocument"]["Statement"]
    denied = {"Effect": "Deny", "Principal": {"AWS": "333333333333"}, "Action": "sts:AssumeRole"}
    body = {**boss.body, "AssumeRolePolicyDocument": {"Statement": [denied, *statements]}}
    authority = AwsAuthority(on_disk(Snapshot(NOW, NOW, [replace(boss, body=body), app])), END)
    (step,) = [step for one in authority.identities() for step in authority.profile(one).steps]
    assert (step.target.name, step.doubt) == ("boss", None)


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": arn("222222222222", "another")},
        {"AWS": "111111111111"},
        {"AWS": "AROA222OTHER"},
        {"AWS": "arn:aws:sts::222222222222:assumed-role/another/once"},
        {"Service": "lambda.amazonaws.com"},
    ],
)
def test_nobody_else_is(principal: Any) -> None:
    authority = AwsAuthority(on_disk(Snapshot(NOW, NOW, letting_in(principal))), END)
    assert [authority.profile(one).steps for one in authority.identities()] == [(), ()]


def test_a_trust_policy_nobody_can_read_may_let_in_everybody() -> None:
    boss, app = letting_in("*")
    unread = replace(boss, body={**boss.body, "AssumeRolePolicyDocument": "not JSON"})
    authority = AwsAuthority(on_disk(Snapshot(NOW, NOW, [unread, app])), END)
    (step,) = [step for one in authority.identities() for step in authority.profile(one).steps]
    assert step.doubt == "its trust policy, which could not be understood, lets it in"


def test_of_documents_of_one_name_in_several_scopes_the_last_counts() -> None:
    one = Document("aws", "1", "iam-role", "role", {"RoleName": "first"})
    other = Document("aws", "2", "iam-role", "role", {"RoleName": "last"})
    authority = AwsAuthority(on_disk(Snapshot(NOW, NOW, [one, other])), END)
    assert [(found.name, found.scope) for found in authority.identities()] == [("last", "2")]
    boss, app = letting_in("*")
    shut = replace(boss, scope="999", body={**boss.body, "AssumeRolePolicyDocument": {"Statement": []}})
    authority = AwsAuthority(on_disk(Snapshot(NOW, NOW, [boss, app, shut])), END)
    assert [authority.profile(found).steps for found in authority.identities()] == [(), ()]


def test_a_policy_nested_too_deeply_to_travel_is_looked_at_all_the_same() -> None:
    deep: Any = {}
    for _ in range(2_000):
        deep = {"x": deep}
    snapshot = Snapshot(NOW, NOW, letting_in({"AWS": arn("222222222222", "app")}, Sid=deep))
    authority = AwsAuthority(snapshot, END)
    (step,) = [step for one in authority.identities() for step in authority.profile(one).steps]
    assert step.target.name == "boss"


def test_what_sessions_share_is_told_apart_by_action() -> None:
    _, app = letting_in("*")
    own = allow(["iam:*", "s3:*"], "arn:aws:iam::222222222222:role/*")
    policies = [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [own]}}]
    found = Estate(Snapshot(NOW, NOW, [replace(app, body={**app.body, "RolePolicyList": policies})]), END).role(app.id)
    assert found is not None
    room, role = found
    told = {action: room.standing(role).widely(action) for action in FORMS}
    assert told == {action: room.standing(role).on_unnamed(action) for action in FORMS}
    assert {grant is None for grant in told.values()} == {True, False}
