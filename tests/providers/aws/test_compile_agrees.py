"""The compiled predicate and the concrete evaluator agree on every (policy, token) both are sure of.

They were written apart, from one specification, and share no code: a slip has to be made twice to go unseen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from auditor.claims.predicate import evaluate
from auditor.model import Trust
from auditor.providers.aws.evaluate import admits
from auditor.providers.aws.trust import trusts
from auditor.snapshot import Coverage, Document, Snapshot, Status
from tests.providers.aws.concrete_cases import TABLE, matrix, trust_and_token
from tests.providers.aws.material import ACCOUNT, NOW, ROLE_ARN, SESSION_NAME, door_of
from tests.providers.aws.organised import UNREAD, organised
from tests.providers.aws.strategies import World, make_token, make_world

POLICIES = 3000
TOKENS = 6


def snapshot_of(world: World) -> Snapshot:
    """The world as it would have been collected."""
    listed = Status.READ if world.providers_read else Status.DENIED
    return Snapshot(
        started="2026-11-21T12:00:00Z",
        finished="2026-11-21T12:00:01Z",
        documents=[
            Document("aws", ACCOUNT, "account", ACCOUNT, {"Account": ACCOUNT, "Partition": "aws"}),
            Document("aws", ACCOUNT, "iam-role", world.role.get("Arn", ROLE_ARN), world.role),
            *(Document("aws", ACCOUNT, "oidc-provider", arn, body) for arn, body in world.providers.items()),
            *above(world),
        ],
        coverage=[
            Coverage("aws", ACCOUNT, "iam-role", Status.READ),
            Coverage("aws", ACCOUNT, "oidc-provider", listed, None if world.providers_read else "AccessDenied"),
        ],
    )


def above(world: World) -> list[Document]:
    """The organisation, the policies attached to the unit of the account."""
    if world.organisation is None:
        return []
    contents = {f"p-{number}": UNREAD if one is None else one for number, one in enumerate(world.controls)}
    return organised(contents, {"ou-1": list(contents)}, world.organisation, ACCOUNT)


def as_modelled(token: Mapping[str, Any]) -> Mapping[str, Any]:
    """The claim model writes a list of one audience as that audience."""
    match token.get("aud"):
        case (one,):
            return {**token, "aud": one}
    return token


def explain(trust: Trust, token: Mapping[str, Any], compiled: bool, read: bool) -> str:
    policy = trust.documents["role"]["AssumeRolePolicyDocument"]
    controls = {name: body for name, body in trust.documents.items() if name.startswith("resource-control-policy ")}
    told = f"policy {policy!r}\nabove {controls!r}"
    return f"compiled {compiled}, read {read}\nvia {trust.via}\n{told}\ntoken {token!r}"


def kept_out_from_above(trust: Trust, token: Mapping[str, Any], read: bool | None) -> bool:
    """Whether the role's own policy admits what the policies above refuse."""
    documents = {name: body for name, body in trust.documents.items() if not name.startswith("resource-control-")}
    return read is False and admits(replace(trust, documents=documents), token, NOW) is True


def compare(random: Random, seen: Counter[str]) -> None:
    world = make_world(random)
    for trust in trusts(snapshot_of(world), NOW):
        door = door_of(trust.issuer.url)
        if door is None:  # a policy nobody can tell the issuer of
            continue
        for _ in range(TOKENS):
            token = make_token(random, world, door)
            compiled, read = evaluate(trust.predicate, as_modelled(token)), admits(trust, token, NOW)
            seen["pairs"] += 1
            seen["kept out from above only"] += kept_out_from_above(trust, token, read)
            if compiled is None or read is None:
                seen["only one definite"] += compiled is not read
                continue
            seen["admitted" if read else "refused"] += 1
            assert compiled is read, explain(trust, token, compiled, read)


@settings(max_examples=40, derandomize=True, database=None, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_smallest_disagreement(random: Random) -> None:
    """Few examples, but a disagreement shrinks: raise `max_examples` when the next test has found one."""
    compare(random, Counter())


def test_compiled_and_read_agree() -> None:
    seen: Counter[str] = Counter()

    @settings(max_examples=POLICIES, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(st.randoms(use_true_random=True))
    def check(random: Random) -> None:
        compare(random, seen)

    check()
    definite = seen["admitted"] + seen["refused"]
    print(f"{seen['pairs']} pairs, {definite / seen['pairs']:.1%} definite on both sides: {dict(seen)}")
    assert seen["pairs"] >= 5000
    assert definite >= 0.8 * seen["pairs"], seen
    assert min(seen["admitted"], seen["refused"]) >= 0.2 * seen["pairs"], seen
    assert seen["kept out from above only"] >= 0.03 * seen["pairs"], seen


READ_ONLY_BY_THE_EVALUATOR = {
    # The grammars see to it: no issuer mints another `iss`, no caller has another session name, no token brings tags.
    *("session-name-illegal", "session-name-short", "session-name-long", "tags-claim-action"),
    *("issuer-differs", "issuer-path-differs"),
    # The compiled trust is about the URL the provider is registered for, the table's about the one its ARN names.
    *("provider-url-differs", "provider-url-slash"),
}


@pytest.mark.parametrize("case", [*TABLE["cases"], *matrix()], ids=lambda case: case["id"])
def test_the_table_holds_for_what_was_compiled(case: Mapping[str, Any]) -> None:
    written, token = trust_and_token(case)
    providers = written.documents["providers"]
    world = World(
        written.documents["role"],
        providers if isinstance(providers, dict) else {},
        providers_read=written.documents["providers_read"],
    )
    found = {trust.via: trust for trust in trusts(snapshot_of(world), NOW)}
    if written.via not in found:  # nobody becomes the role by this door, unless the policy cannot be read at all
        assert case["admitted"] is not True
        return
    modelled = {SESSION_NAME: "anything", **as_modelled(token)}
    answers = {evaluate(found[written.via].predicate, modelled), case["admitted"]}
    assert answers != {True, False} or case["id"] in READ_ONLY_BY_THE_EVALUATOR
