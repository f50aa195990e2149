"""The identity somebody means by a name."""

from __future__ import annotations

import pytest

from auditor.errors import UsageError
from auditor.model import Identity, Trust
from auditor.tokens.answer import find
from tests.estate import trust

TRUSTS = [trust(name, "repo:*") for name in ("deploy-web", "deploy-web-legacy", "billing", "Billing", "ci", "ci-x")]
ARN = "arn:aws:iam::123456789012:role/"


def elsewhere(one: Trust, account: str) -> Trust:
    old = one.identity
    identity = Identity(old.provider, account, old.kind, old.id.replace("123456789012", account), old.name)
    return type(one)(**{name: getattr(one, name) for name in one.__slots__} | {"identity": identity})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        (f"{ARN}deploy-web", "deploy-web"),
        ("deploy-web", "deploy-web"),
        ("billing", "billing"),
        ("Billing", "Billing"),
        ("DEPLOY-WEB", "deploy-web"),
        ("legacy", "deploy-web-legacy"),
        ("role/ci-", "ci-x"),
        ("ci", "ci"),
    ],
)
def test_meant(name: str, meant: str) -> None:
    assert find(name, identities(TRUSTS)).name == meant


def identities(trusts: list[Trust]) -> list[Identity]:
    return [one.identity for one in trusts]


def refusal(name: str, trusts: list[Trust], others: tuple[str, ...] = ()) -> str:
    with pytest.raises(UsageError) as caught:
        find(name, identities(trusts), others)
    return str(caught.value)


def test_several_may_be_meant() -> None:
    assert refusal("deploy", TRUSTS) == (
        f"'deploy' may be any of 2; say which:\n  {ARN}deploy-web\n  {ARN}deploy-web-legacy"
    )
    twins = [TRUSTS[0], elsewhere(TRUSTS[0], "999999999999")]
    assert refusal("deploy-web", twins).startswith("'deploy-web' may be any of 2; say which:\n")
    many = [trust(f"role-{number:02}", "repo:*") for number in range(10)]
    assert refusal("role", many).endswith(f"  {ARN}role-07\n  … and 2 more")


def test_nobody_is_meant() -> None:
    assert refusal("deploy-wbe", TRUSTS) == (
        "no identity that trusts an OIDC issuer is called 'deploy-wbe'; did you mean one of these?\n"
        f"  {ARN}deploy-web\n  {ARN}deploy-web-legacy"
    )
    assert refusal("zzz", TRUSTS[2:3]) == (
        f"no identity that trusts an OIDC issuer is called 'zzz'; known:\n  {ARN}billing"
    )
    assert refusal("zzz", []) == "no identity is called 'zzz': none that was read trusts an OIDC issuer"


def test_an_identity_without_any_trust() -> None:
    message = f"{ARN}plain was read, but trusts no OIDC issuer: no such token can become it"
    assert refusal("plain", TRUSTS, (f"{ARN}plain",)) == message
    assert refusal(f"{ARN}plain", [], (f"{ARN}plain",)) == message
