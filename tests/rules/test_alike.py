"""What is found of a kind of trusts is what is found of each of them by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from itertools import islice
from random import Random
from typing import Any

import pytest

from auditor.claims import canonical
from auditor.claims.predicate import Token
from auditor.claims.verdict import Accepted, Verdict
from auditor.config import Ours, Owned
from auditor.decide import case_of, decide
from auditor.judgement import reached
from auditor.judging.checks import confirm, confirmed
from auditor.model import Decision, Finding, Level, Trust
from auditor.providers.aws import PROVIDER
from auditor.providers.aws.conditions import compile_conditions
from auditor.rules import RULES, alike, likeness
from auditor.rules.alike import Alike
from auditor.rules.base import Context
from tests.bench import estates, policies
from tests.bench.memos import forget

OF_NAMES = tuple(rule for rule in RULES if rule.of_names)
GITHUB = policies.GITHUB
Told = tuple[Decision, tuple[Finding, ...]]


def judge(trust: Trust, ours: Ours) -> Decision:
    return confirm(PROVIDER, decide(trust, ours))


def reach(trust: Trust, ours: Ours) -> Verdict:
    return confirmed(PROVIDER, trust, reached(case_of(trust, ours)))


def memo(ours: Ours) -> Alike:
    return Alike(ours, PROVIDER.admits, lambda trust: judge(trust, ours), lambda trust: reach(trust, ours))


def told(trust: Trust, ours: Ours, kinds: Alike | None) -> Told:
    """What is decided and found of a trust, with a memo of kinds or without one."""
    decision = (kinds.decided(trust) if kinds else None) or judge(trust, ours)
    context = Context(ours, (decision,), (), lambda t: judge(t, ours), lambda t: reach(t, ours), alike=kinds)
    return decision, tuple(finding for rule in OF_NAMES for finding in rule.check(decision, context))


def trusts_of(roles: Iterable[estates.Role]) -> list[Trust]:
    return list(PROVIDER.trusts(estates.snapshot(roles)))


@cache
def made(seed: int) -> list[Trust]:
    """Some trusts that repeat one another and some that do not."""
    rng = Random(seed)
    roles = [*estates.organisation(50, seed), *islice(estates.different(seed), 6)]
    return trusts_of(rng.sample(roles, len(roles)))


OURS = {
    "undeclared": Ours(),
    "declared": Ours({"github": (Owned("acme", None), Owned("shop-api-1", None))}, declared=True),
}


@cache
def alone(seed: int, name: str) -> dict[str, Told]:
    """What is found of each by itself."""
    return {trust.id: told(trust, OURS[name], None) for trust in made(seed)}


def essence(one: Told) -> tuple[object, ...]:
    """All but which of several tokens, equally good, is shown."""
    decision, findings = one
    verdicts = {name: type(verdict) for name, verdict in {"reachable": decision.reachable, **decision.classes}.items()}
    known = (decision.breadth, decision.breadth_complete, decision.tenants, decision.projects, decision.statement)
    return verdicts, known, [(one.id, one.rule, one.severity, one.confidence, one.subject) for one in findings]


def check_kinds(seed: int, name: str) -> None:
    """What a memo tells is what is found without one, and every witness gets in."""
    kinds = memo(OURS[name])
    for trust in made(seed):
        known, itself = told(trust, OURS[name], kinds), alone(seed, name)[trust.id]
        assert essence(known) == essence(itself), trust.id
        for finding, other in zip(known[1], itself[1], strict=True):
            assert finding == other or finding.witness != other.witness
        verdicts = (known[0].reachable, *known[0].classes.values())
        proofs = [one.witness for one in verdicts if isinstance(one, Accepted)]
        proofs += [one.witness for one in known[1] if one.witness is not None]
        assert all(PROVIDER.admits(trust, proof) is True for proof in proofs)
    assert any(kind is not None for kind in kinds._kinds.values())


def check_all(name: str) -> None:
    for seed in range(3):
        check_kinds(seed, name)


@pytest.mark.parametrize("name", OURS)
def test_what_is_found_of_a_kind_is_found_of_each(name: str) -> None:
    check_all(name)


def check_compiled(trusts: Iterable[Trust]) -> int:
    """What is taken for one kind compiles to the same, the names aside; returns how many trusts met another."""
    grounds, first, met = cache(likeness.ground_of), dict[Any, Trust](), 0
    for trust in trusts:
        found = likeness.likeness(trust, trust.issuer.grammar.shapes, frozenset(), grounds)
        if found is None or not likeness.plain(trust, found):
            continue
        like = likeness.kind_of(trust, found)
        met += found.key in first
        other = first.setdefault(found.key, like)
        assert like.statements == other.statements, trust.id
        assert (like.predicate, like.issuer, like.via) == (other.predicate, other.issuer, other.via)
        assert likeness.plain(trust, found)
    return met


def test_a_kind_compiles_to_one_condition() -> None:
    roles = [*estates.organisation(900, 3), *estates.organisation(900, 4)]
    assert check_compiled(trusts_of(roles)) > 1000


def test_only_one_of_a_kind_is_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []

    def counting(*given: Any) -> Any:
        compiled.append(given[2])
        return compile_conditions(*given)

    monkeypatch.setattr("auditor.providers.aws.trust.compile_conditions", counting)
    kinds = memo(Ours())
    trusts = trusts_of([("123456789012", f"deploy-{n}", plain(f"repo:acme/shop-{n}x:*")) for n in range(5)])
    assert [kinds.decided(trust) is not None for trust in trusts] == [True] * 5
    assert compiled == [trusts[0].identity.id]


def test_what_was_asked_before_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    trusts = made(0)[::4]
    first: dict[str, str] = {}
    for trust in trusts:
        forget()  # what the solver remembers as well
        first[trust.id] = repr(told(trust, Ours(), memo(Ours())))
    kinds = memo(Ours())
    for order in (trusts, trusts[::-1], Random(1).sample(trusts, len(trusts))):
        assert {trust.id: repr(told(trust, Ours(), kinds)) for trust in order} == first
    monkeypatch.setattr(alike, "KINDS", 2)
    monkeypatch.setattr(alike, "TRUSTS", 2)
    kinds = memo(Ours())
    assert {trust.id: repr(told(trust, Ours(), kinds)) for trust in trusts} == first
    assert len(kinds._kinds) == len(kinds._seen) == 2


# --- planted bugs -----------------------------------------------------------------------------------------------------


def conditions_are_left_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(likeness, "exchanged", lambda *_: "")


def names_are_all_one(patch: pytest.MonkeyPatch) -> None:
    original = canonical.placeholders_for
    patch.setattr(likeness, "placeholders_for", lambda *given: dict.fromkeys(original(*given), "name0"))


def the_account_stays_in_the_texts(patch: pytest.MonkeyPatch) -> None:
    original = likeness.likeness

    def planted(*given: Any) -> likeness.Likeness | None:
        found = original(*given)
        return found and replace(found, account="100000000000")

    patch.setattr(alike, "likeness", planted)


@pytest.mark.parametrize("plant", [conditions_are_left_out, names_are_all_one, the_account_stays_in_the_texts])
def test_a_planted_bug_is_noticed(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    monkeypatch.setattr(Alike, "_proven", lambda *_: True)  # it would mend most of it
    with pytest.raises((AssertionError, LookupError)):
        check_all("undeclared")


def test_a_trust_whose_source_refuses_a_witness_is_judged_by_itself() -> None:
    trust = trusts_of([("123456789012", "deploy", plain("repo:acme/shop:pull_request"))])[0]

    def refuses(trust: Trust, token: Token) -> bool | None:
        return False if trust.identity.name == "deploy" else PROVIDER.admits(trust, token)

    kinds = Alike(Ours(), refuses, lambda one: judge(one, Ours()))
    assert kinds.decided(trust) is None
    assert all(kinds.findings(rule, judge(trust, Ours())) is None for rule in OF_NAMES)


# --- which trusts have a kind -----------------------------------------------------------------------------------------


def plain(subject: str | Sequence[str], further: dict[str, Any] | None = None) -> dict[str, Any]:
    listed = subject if isinstance(subject, str) else list(subject)
    condition: dict[str, dict[str, Any]] = {
        "StringLike": {f"{GITHUB}:sub": listed},
        "StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"},
    }
    for operator, tests in (further or {}).items():
        condition.setdefault(operator, {}).update(tests)
    account = "123456789012"
    principal = {"Federated": f"arn:aws:iam::{account}:oidc-provider/{GITHUB}"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRoleWithWebIdentity"}
    return {"Version": "2012-10-17", "Statement": [{**statement, "Condition": condition}]}


def names_of(policy: dict[str, Any], role: str = "deploy") -> tuple[str, ...] | None:
    """The names that a kind leaves open; None where there is no kind."""
    (trust,) = trusts_of([("123456789012", role, policy)])
    found = likeness.likeness(trust, trust.issuer.grammar.shapes, frozenset(("ours",)), likeness.ground_of)
    return None if found is None or not likeness.plain(trust, found) else tuple(found.placeholders)


def test_the_names_of_a_kind() -> None:
    assert names_of(plain("repo:acme/shop:*")) == ("acme", "shop")
    assert names_of(plain(["repo:acme/shop:ref:refs/heads/main", "repo:acme/shop:environment:blue"])) == (
        "acme",
        "shop",
        "blue",
    )
    assert names_of(plain("repo:ours/shop:*")) == ("shop",)
    assert names_of(plain("repo:acme/shop-*")) == ("acme",)


@pytest.mark.parametrize(
    "policy",
    [
        plain("repo:acme/${aws:PrincipalTag/repo}:*"),
        plain("repo:acme/shop:*", {"StringEquals": {"aws:PrincipalAccount": "123456789012"}}),
        plain("repo:acme/shop:*", {"DateLessThan": {"aws:CurrentTime": "2027-01-01T00:00:00Z"}}),
        plain("repo:acme/shop:*", {"StringEquals": {f"{GITHUB}:actor": "123456789012"}}),
        plain("repo:acme/shop:*", {"StringEqualsIgnoreCase": {f"{GITHUB}:environment": "blue"}}),
        plain("repo:acme/shop:*", {"StringEquals": {f"{GITHUB}:ref": "refs/heads/*"}}),
        plain("repo:acme/shop:*", {"Bool": {f"{GITHUB}:repository": True}}),
        plain("repo:name0/shop:*"),
        plain("repo:acme/\ue000:*"),
        plain(f"repo:acme/{likeness.ACCOUNT}:*"),
        plain("repo:deploying/Federated:*") | {"Id": "deploying"},
    ],
    ids=lambda policy: str(policy)[-90:],
)
def test_trusts_without_a_kind(policy: dict[str, Any]) -> None:
    assert names_of(policy) is None


def test_a_name_that_the_policy_uses_elsewhere_makes_no_kind() -> None:
    policy = plain("repo:acme/shop:*")
    policy["Statement"][0]["Sid"] = "shop"
    assert names_of(policy) is None
    policy["Statement"][0]["Sid"] = "Shop"
    assert names_of(policy) == ("acme", "shop")


@pytest.mark.parametrize("name", ["name0", "\ue000", "\ue001\ue002\ue003", likeness.ACCOUNT, "name7-\ue002"])
def test_names_of_roles_are_not_taken_for_gaps(name: str) -> None:
    subjects = ["repo:acme/shop:pull_request", "repo:acme/shop:ref:refs/heads/main"]
    role = ("123456789012", name, plain(subjects))
    (trust,) = trusts_of([role])
    kinds = memo(Ours())
    assert told(trust, Ours(), kinds) == told(trust, Ours(), None)
    assert kinds._seen[id(trust)].kind is not None


def test_severities_follow_the_power_of_each() -> None:
    (trust,) = trusts_of([("123456789012", "deploy", plain("repo:acme/*"))])
    kinds = memo(Ours())
    decided = kinds.decided(trust)
    assert decided is not None
    for level in Level:
        for then in (None, "do anything", "\ue000 name0 \ue003"):
            decision = replace(decided, power=level, then=then)
            context = Context(Ours(), (decision,), (), lambda t: judge(t, Ours()), lambda t: reach(t, Ours()))
            for rule in OF_NAMES:
                known = kinds.findings(rule, decision)
                assert known is not None
                assert list(known) == list(rule.check(decision, context))
