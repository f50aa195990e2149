"""Estates built to trip the memo of kinds: their audit is the one that judges every trust by itself.

Two or more roles each are made from one policy by renaming, with names that are more than names somewhere: words of
subjects, of rules and of tables, parts of one another, ids, patterns, what the memo itself calls names. The differences
that are allowed are those that `known_as` leaves out, and only where another witness is shown.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from auditor import judgement
from auditor.claims import canonical
from auditor.claims.verdict import Accepted, Verdict
from auditor.config import Config, Ours, Owned
from auditor.judging.court import Court
from auditor.model import Decision, Finding, Trust
from auditor.providers import PROVIDERS
from auditor.providers.aws import PROVIDER
from auditor.rules import RULES, alike, forms, likeness
from auditor.rules.alike import Alike
from auditor.rules.base import Definition, Persona
from auditor.snapshot import Coverage, Document, Snapshot, Status, ordered
from tests.providers.aws import organised
from tests.rules.test_alike import check_compiled

GITHUB = "token.actions.githubusercontent.com"
GITLAB = "gitlab.com"
TERRAFORM = "app.terraform.io"
CLUSTER = "oidc.eks.eu-west-1.amazonaws.com/id/8F3A6C0D21B94E7FA5D3C6B7E8091A2B"
UNKNOWN = "oidc.example.com"
ONE, TWO = "111111111111", "222222222222"
NOW = "2026-11-22T12:00:00Z"

Condition = Mapping[str, Mapping[str, Any]]
Written = Sequence[tuple[str, Condition]]
"""Effect and condition of each statement; `{0}`, `{1}` and `{2}` stand for names."""

AUDIENCE: Condition = {"StringEquals": {"aud": "sts.amazonaws.com"}}


# --- estates ----------------------------------------------------------------------------------------------------------


def door(account: str, host: str) -> str:
    return f"arn:aws:iam::{account}:oidc-provider/{host}"


def filled(value: Any, names: Sequence[str]) -> Any:
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    for number, name in enumerate(names):
        value = value.replace(f"{{{number}}}", name)
    return value


def policy(account: str, written: Written, names: Sequence[str], host: str = GITHUB) -> dict[str, Any]:
    statements = [
        {
            "Effect": effect,
            "Principal": {"Federated": host if host == "accounts.google.com" else door(account, host)},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                operator: {key if ":" in key else f"{host}:{key}": filled(told, names) for key, told in tests.items()}
                for operator, tests in condition.items()
            },
        }
        for effect, condition in written
    ]
    return {"Version": "2012-10-17", "Statement": statements}


Role = tuple[str, str, dict[str, Any]]
"""Account, name and trust policy."""


def estate(
    roles: Iterable[Role], hosts: Sequence[str] = (GITHUB,), clients: Sequence[str] = ("sts.amazonaws.com",)
) -> Snapshot:
    found: list[Document] = []
    for account, name, trusted in roles:
        ident = f"arn:aws:iam::{account}:role/{name}"
        body = {"Arn": ident, "RoleName": name, "AssumeRolePolicyDocument": trusted}
        found.append(Document("aws", account, "iam-role", ident, body))
    accounts = sorted({one.scope for one in found})
    for account in accounts:
        found.append(Document("aws", account, "account", account, {"Account": account, "Partition": "aws"}))
        for host in hosts:
            body = {"Arn": door(account, host), "Url": host, "ClientIDList": list(clients)}
            found.append(Document("aws", account, "oidc-provider", door(account, host), body))
    kinds = ("account", "iam-policy", "iam-role", "oidc-provider", "organization")
    return ordered(
        Snapshot(NOW, NOW, found, [Coverage("aws", a, kind, Status.READ) for a in accounts for kind in kinds])
    )


def renamed(
    written: Written, first: Sequence[str], second: Sequence[str], host: str = GITHUB, **more: Any
) -> tuple[Snapshot, Snapshot]:
    """The same policy with two sets of names, in either order."""
    return (
        estate([(ONE, "one", policy(ONE, written, first, host)), (TWO, "two", policy(TWO, written, second, host))],
               (host,), **more),
        estate([(ONE, "one", policy(ONE, written, second, host)), (TWO, "two", policy(TWO, written, first, host))],
               (host,), **more),
    )  # fmt: skip


def above(snapshot: Snapshot, **policies: Mapping[str, Any]) -> Snapshot:
    """The snapshot of accounts under an organisation with resource control policies, by the names of those."""
    contents = {f"p-{number}": organised.control(one) for number, one in enumerate(policies.values())}
    found: dict[tuple[str, str], Document] = {}
    for account in sorted({one.scope for one in snapshot.documents}):
        owner = {"Id": organised.ORGANISATION, "MasterAccountId": organised.MANAGER}
        for one in organised.organised(contents, {"r-1": list(contents)}, owner, account):
            found[one.kind, one.id] = one
    for place, name in enumerate(policies):
        one = found["organization-policy", f"p-{place}"]
        found[one.kind, one.id] = replace(one, body={**one.body, "Name": name})
    return ordered(replace(snapshot, documents=[*snapshot.documents, *found.values()]))


# --- audits -----------------------------------------------------------------------------------------------------------


class Nobody(Alike):
    """A memo in which nothing is known."""

    def decided(self, trust: Trust) -> Decision | None:
        return None

    def findings(self, rule: Definition, decision: Decision) -> Sequence[Finding] | None:
        return None


class Audit:
    """What is decided and found, and how many trusts were told by their kind."""

    def __init__(self, snapshot: Snapshot, config: Config, *, memo: bool = True) -> None:
        court = Court(snapshot, [PROVIDERS["aws"]()], config, RULES, Persona.AUDITOR)
        given = court._alike
        self.told = 0
        if not memo:
            given = Nobody(config.ours, court._admits, court._judge, court._reach)
            vars(court)["_alike"] = given
        decided = given.decided

        def counting(trust: Trust) -> Decision | None:
            known = decided(trust)
            self.told += known is not None
            return known

        given.decided = counting  # type: ignore[method-assign]  # to see it at work
        judged = [court.judged(court.decided(portion)) for portion in (*court.divided, *court.whole)]
        self.decisions = {one.trust.id: one for portion in judged for one in portion.decisions}
        self.findings = [one for portion in judged for one in portion.findings]
        self.failures = [one for portion in judged for one in portion.failures]


def decided_as(one: Decision) -> str:
    """A decision without its witnesses."""
    kinds = {
        name: replace(verdict, witness={}) if isinstance(verdict, Accepted) else verdict
        for name, verdict in verdicts(one)
    }
    return repr(replace(one, reachable=kinds["reachable"], classes={**kinds}))


def verdicts(one: Decision) -> Iterable[tuple[str, Verdict]]:
    return (("reachable", one.reachable), *one.classes.items())


def known_as(one: Finding) -> Finding:
    """A finding without its witness, and without what is said of that."""
    return replace(one, title="", detail="", witness=None, evidence=(), fix=None)


def check(snapshot: Snapshot, config: Config | None = None) -> int:
    """The audit with the memo is the one without; returns how many trusts the memo spoke of."""
    config = config or Config()
    known, alone = Audit(snapshot, config), Audit(snapshot, config, memo=False)
    assert [*known.failures, *alone.failures] == []
    assert [*map(decided_as, known.decisions.values())] == [*map(decided_as, alone.decisions.values())]
    for one in known.decisions.values():
        proofs = [verdict.witness for _, verdict in verdicts(one) if isinstance(verdict, Accepted)]
        assert all(PROVIDER.admits(one.trust, proof) is True for proof in proofs)
    assert len(known.findings) == len(alone.findings)
    for found, other in zip(known.findings, alone.findings, strict=True):
        if found.witness is not None:
            assert PROVIDER.admits(known.decisions[found.subject].trust, found.witness) is True
        assert found == other or (found.witness != other.witness and known_as(found) == known_as(other))
    return known.told


# --- at random --------------------------------------------------------------------------------------------------------

NAMES = (
    *("ap", "app", "app-1", "app-12", "acme", "acme-app", "beta", "shop", "web", "blue", "dev", "zz", "qq"),
    *("names", "heads", "one", "two", "mallory", "zqzqzqzqzqzq", "x" * 30, "ours-corp"),
)
NASTY = (
    *("main", "production", "deploy", "pull", "refs", "repo", "ref", "environment", "true", "false", "sub", "null"),
    *("name", "name0", "surname1", "evil-org", "Acme", "ACME", "acm\u00e9", "\ue000", "123456", "12-34", "my.app"),
    *("my_app", "a-", "a", "x" * 31, ONE, TWO, likeness.ACCOUNT, "app*", "*", "a?c", "${aws:username}", "${*}", "a:b"),
    *("a/b", "%3a", "sts", "github", "project", "workspace", "default", "system", "organization"),
)
SUBJECTS = {
    GITHUB: (
        *("repo:{0}/{1}:ref:refs/heads/main", "repo:{0}/{1}:*", "repo:{0}/*", "repo:{0}/{1}:environment:{2}"),
        *("repo:{0}/{1}:pull_request", "repo:{0}*", "repo:{0}/{1}*", "repo:*", "repo:{0}/{1}:ref:refs/heads/{2}"),
        *("repo:{0}/{2}:ref:refs/tags/*", "repo:{0}/{1}:environment:*", "*:environment:{2}", "repo:{1}/{0}:*"),
        *("repo:{0}/{0}:ref:refs/heads/{0}", "repository_owner:{0}:environment:{2}", "repo:{0}@1/{1}@2:*", "*{0}*"),
        *("workflow:{2}:repo:{0}/{1}", "repo:{0}/{1}:ref:refs/heads/{2}/*", "repo:*/{1}:*", "repo:{0}-*/{1}:*"),
    ),
    GITLAB: (
        *("project_path:{0}/{1}:ref_type:branch:ref:main", "project_path:{0}/*", "project_path:{0}/{1}:*"),
        *("project_path:{0}/{2}/{1}:ref_type:*", "project_path:{0}/{1}:ref_type:tag:ref:{2}", "project_path:{0}*"),
    ),
    TERRAFORM: (
        *("organization:{0}:project:{1}:workspace:{2}:run_phase:*", "organization:{0}:*", "organization:*"),
        *("organization:{0}:project:*:workspace:{2}:run_phase:apply", "organization:{0}:project:{1}:*"),
    ),
    CLUSTER: ("system:serviceaccount:{0}:{1}", "system:serviceaccount:*:{1}", "system:serviceaccount:{0}:*"),
    UNKNOWN: ("{0}", "{0}/{1}", "{0}:*", "*{0}*"),
}
FURTHER: tuple[tuple[str, str, Any], ...] = (
    ("StringEquals", "repository", "{0}/{1}"),
    ("StringEquals", "repository_owner_id", "123456"),
    ("StringEquals", "environment", "{2}"),
    ("StringNotEquals", "environment", "{2}"),
    ("StringNotLike", "sub", "repo:{0}/{1}:*"),
    ("Null", "environment", "true"),
    ("Null", "environment", "{2}"),
    ("StringEqualsIfExists", "ref", "refs/heads/{2}"),
    ("StringLike", "job_workflow_ref", "{0}/{1}/.github/workflows/{2}.yml@*"),
    ("ForAnyValue:StringEquals", "sub", ["repo:{0}/{1}:pull_request"]),
    ("ForAllValues:StringLike", "sub", ["repo:{0}/{1}:*"]),
    ("StringEquals", "repository_id", "{1}"),
    ("StringEquals", "ref", ["refs/heads/{2}", "refs/heads/{0}"]),
    ("Bool", "ref_protected", "true"),
    ("StringEquals", "nothing", "{0}"),
    ("StringEquals", f"{GITLAB}:sub", "{0}"),
    ("ArnLike", "sub", "arn:{0}:{1}:{2}:a:b"),
    ("StringLike", "aud", ["sts*", "{2}"]),
)
CONFIGURED = (
    Config(),
    Config(ours=Ours(tenants={"github": (Owned("acme"), Owned("ours-corp", "42"))}, declared=True)),
    Config(ours=Ours(tenants={"github": (), "gitlab": (Owned("beta"),)}, declared=True)),
    Config(
        ours=Ours(
            {"github": (Owned("acme"),)}, subject_templates={"github:acme": ("repo", "environment")}, declared=True
        )
    ),
    Config(
        ours=Ours({"github": (Owned("Zz"),)}, subject_templates={"github:beta/app": ("repo", "ref")}, declared=True)
    ),
)


def some_names(random: Random) -> list[str]:
    return [random.choice(NAMES if random.random() < 0.8 else NASTY) for _ in range(3)]


def some_policy(random: Random, host: str) -> list[tuple[str, dict[str, dict[str, Any]]]]:
    statements: list[tuple[str, dict[str, dict[str, Any]]]] = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        condition = {operator: dict(tests) for operator, tests in AUDIENCE.items()} if random.random() < 0.8 else {}
        subjects = [random.choice(SUBJECTS[host]) for _ in range(random.choice((1, 1, 1, 2, 3)))]
        operator = random.choice(("StringLike", "StringLike", "StringEquals", "StringLikeIfExists", "StringNotLike"))
        condition.setdefault(operator, {})["sub"] = subjects if random.random() < 0.5 else subjects[0]
        for _ in range(random.choice((0, 0, 1, 1, 2))):
            operator, key, told = random.choice(FURTHER)
            condition.setdefault(operator, {})[key] = told
        statements.append(("Deny" if statements and random.random() < 0.4 else "Allow", condition))
    return statements


def changed(random: Random, written: list[tuple[str, dict[str, dict[str, Any]]]]) -> Written:
    """The policy with one operator changed for another."""
    other = copy.deepcopy(written)
    _, condition = random.choice(other)
    operator = random.choice(list(condition))
    tests = condition.pop(operator)
    condition[random.choice(("StringLike", "StringEquals", "StringNotEquals", f"{operator}IfExists"))] = tests
    return other


def some_estate(random: Random) -> tuple[Snapshot, Config]:
    host = random.choice((GITHUB, GITHUB, GITHUB, *SUBJECTS))
    written = some_policy(random, host)
    roles: list[Role] = []
    for plain, nasty in zip(("one", "two", "three"), ("acme", "app", "name1"), strict=True):
        account = random.choice((ONE, TWO))
        own = changed(random, written) if random.random() < 0.25 else written
        name = plain if random.random() < 0.7 else nasty
        roles.append((account, name, policy(account, own, some_names(random), host)))
    usual = ("sts.amazonaws.com",)
    clients = random.choice((usual, usual, usual, (*usual, "acme"), ("beta",), ("name1", *usual), ()))
    found = estate(roles, (host,), clients)
    if random.random() < 0.25:
        denied = random.choice(
            (
                {"StringNotLike": {f"{host}:sub": filled("*{0}/*", some_names(random))}},
                {"StringEquals": {f"{host}:environment": filled("{2}", some_names(random))}},
                {"StringNotEquals": {f"{host}:aud": "sts.amazonaws.com"}},
                {"StringNotEqualsIfExists": {"aws:ResourceOrgID": organised.ORGANISATION}},
            )
        )
        found = above(found, **{random.choice(("guard", "hostname1", "\ue002")): organised.refusing(denied)})
    return found, random.choice(CONFIGURED)


@pytest.mark.parametrize("part", range(3))
def test_estates_at_random(part: int) -> None:
    told = sum(check(*some_estate(Random(seed))) for seed in range(part * 6, part * 6 + 6))
    assert told, "the memo was not asked"


# --- what else could be taken for a name, and names that are more -----------------------------------------------------

OPEN: Written = [("Allow", {**AUDIENCE, "StringLike": {"sub": "repo:*"}})]
ORGANISATION: Written = [("Allow", {**AUDIENCE, "StringLike": {"sub": "repo:{0}/*"}})]
SUBJECT = ["repo:{0}/{1}:ref:refs/heads/main", "repo:{0}/{1}:nonsense"]
DEAD: Written = [("Allow", {"StringEquals": {"aud": ["sts.amazonaws.com", "other"], "sub": SUBJECT}})]
FIRST, SECOND = ("acme", "app", "blue"), ("zebra", "ant", "dev")


def declared(*names: Owned, **more: Any) -> Config:
    return Config(ours=Ours({"github": names}, declared=True, **more))


@pytest.mark.parametrize("name", ["name0", "surname1", "Name1"])
def test_an_organisation_of_ours_is_called_like_a_placeholder(name: str) -> None:
    check(renamed(OPEN, FIRST, SECOND)[0], declared(Owned(name)))


def test_what_is_ours_looks_like_a_placeholder_elsewhere() -> None:
    snapshot, _ = renamed(ORGANISATION, FIRST, SECOND)
    check(snapshot, declared(Owned("acme", likeness.ACCOUNT), subject_templates={"github:name0": ("repo", "ref")}))


@pytest.mark.parametrize("client", ["name1", likeness.ACCOUNT, "\ue002"])
def test_a_registered_audience_is_called_like_a_placeholder(client: str) -> None:
    unchecked: Written = [("Allow", {"StringLike": {"sub": "repo:{0}/{1}:*"}})]
    for written in (unchecked, DEAD):
        check(renamed(written, FIRST, SECOND, clients=(client, "sts.amazonaws.com"))[0])


@pytest.mark.parametrize(
    ("host", "condition"),
    [
        ("accounts.google.com", {"StringEquals": {"aud": "abc"}}),
        ("accounts.google.com", {"StringLike": {"sub": "1*"}}),
        ("acme.eu.auth0.com", {"StringLike": {"sub": "*"}}),
        ("ghe.name1.example.com/_services/token", ORGANISATION[0][1]),
        ("name1", {"StringEquals": {"sub": "{0}"}}),
        (f"oidc.example.com/{ONE}", {"StringEquals": {"sub": "{0}"}}),
        (f"oidc.example.com/{likeness.ACCOUNT}", {"StringEquals": {"sub": "{0}"}}),
    ],
)
def test_an_issuer_has_ids_and_names_that_look_like_placeholders(host: str, condition: Condition) -> None:
    check(renamed([("Allow", condition)], FIRST, SECOND, host)[0])


def test_no_issuer_has_the_number_of_the_account_that_stands_for_all() -> None:
    (trust,) = PROVIDER.trusts(estate([(ONE, "one", policy(ONE, ORGANISATION, FIRST))]))
    assert not likeness._mistakable(trust.issuer, trust.issuer.grammar.shapes, frozenset(("acme",)))
    assert likeness._mistakable(trust.issuer, trust.issuer.grammar.shapes, frozenset(("name1",)))
    assert likeness._mistakable(replace(trust.issuer, name="Gate name1"), (), frozenset())


@pytest.mark.parametrize("name", ["guard", "hostname1", "\ue000\ue002"])
def test_a_policy_above_is_called_like_a_placeholder(name: str) -> None:
    other = organised.refusing({"StringLike": {f"{GITHUB}:sub": ["repo:*:nonsense", "repo:acme/app:pull*"]}})
    written: Written = [("Allow", {**AUDIENCE, "StringLike": {"sub": ["repo:{0}/{1}:pull_request", "repo:{0}/{2}:*"]}})]
    check(above(renamed(written, FIRST, SECOND)[0], **{name: other}))


def test_a_policy_above_is_about_roles() -> None:
    """One role is refused, its like is not."""
    refused = organised.refusing({}, Resource="arn:aws:iam::*:role/one")
    for snapshot in renamed(ORGANISATION, FIRST, SECOND):
        held = above(snapshot, guard=refused)
        check(held)
        verdicts = {
            one.trust.identity.name: type(one.reachable).__name__ for one in Audit(held, Config()).decisions.values()
        }
        assert verdicts == {"one": "Rejected", "two": "Accepted"}


def test_whether_a_claim_is_there_is_no_name() -> None:
    """`Null` asks for `true` or `false`, which are names of organisations besides: one lets nobody in, one somebody."""
    written: Written = [
        (
            "Allow",
            {
                "StringEquals": {
                    "aud": "sts.amazonaws.com",
                    "sub": "repo:{0}/app:environment:blue",
                    "environment": "blue",
                },
                "Null": {"environment": "{0}"},
            },
        )
    ]
    for snapshot in renamed(written, ("true",), ("false",)):
        check(snapshot)
        for document in snapshot.documents:
            if document.kind == "iam-role":
                trusted = document.body["AssumeRolePolicyDocument"]
                trusted["Statement"] = trusted["Statement"][0]
        check(snapshot)


def test_policies_alike_but_for_the_order_they_are_written_in() -> None:
    """What a fix shows is the policy as somebody wrote it."""
    written: Written = [("Allow", {"StringLike": {"sub": "repo:{0}/*"}, "StringEquals": {"aud": "sts.amazonaws.com"}})]
    usual = policy(ONE, written, FIRST)
    other = policy(TWO, [("Allow", dict(reversed([*written[0][1].items()])))], SECOND)
    turned = policy(TWO, written, SECOND)
    turned["Statement"] = [dict(reversed(turned["Statement"][0].items()))]
    alone = policy(TWO, written, SECOND)
    alone["Statement"] = alone["Statement"][0]
    twice = policy(TWO, [*written, ("Allow", {})], SECOND)
    for one in (other, turned, alone, twice):
        check(estate([(ONE, "one", usual), (TWO, "two", one)]))
    check(estate([(TWO, "b", turned), (TWO, "a", policy(TWO, written, FIRST))]))


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize("operator", ["StringEquals", "StringNotLike", "Null"])
def test_an_operator_without_a_key(effect: str, operator: str) -> None:
    """What it tests is not known, while a condition without it is."""
    allow = ("Allow", {"StringEquals": {**AUDIENCE["StringEquals"], "sub": "repo:{0}/{1}:pull_request"}})
    for rest in ({}, {"StringLike": {"sub": "repo:{0}/{1}:*"}}):
        known: Written = [allow, (effect, rest)]
        unknown: Written = [allow, (effect, {**rest, operator: {}})]
        one, two = policy(ONE, known, FIRST), policy(TWO, unknown, SECOND)
        check(estate([(ONE, "one", one), (TWO, "two", two)]))
        check(estate([(ONE, "two", one), (TWO, "one", two)]))


def test_an_account_in_a_key() -> None:
    """It is somebody else's claim in one account, and in the other too, but not the same."""
    for operator, value in (("StringNotEquals", "x"), ("StringEquals", "{0}"), ("Null", "true")):
        roles = []
        for account, name, names in ((ONE, "one", FIRST), (TWO, "two", SECOND)):
            found = policy(account, [("Allow", AUDIENCE)], names)
            (statement,) = found["Statement"]
            key = f"oidc.example.com/{account}:sub"
            statement["Condition"].setdefault(operator, {})[key] = value.format(*names)
            roles.append((account, name, found))
        check(estate(roles))


@pytest.mark.parametrize("operator", ["Null", "Bool", "ForAnyValue:Bool"])
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_an_account_where_true_or_false_belongs(effect: str, operator: str) -> None:
    """What else is written there is nothing that a kind could be sure of, and the account would be lost in it."""

    def asks(told: str) -> Snapshot:
        return estate([
            (account, name, policy(account, [("Allow", AUDIENCE), (effect, {operator: {"environment": told}})], names))
            for account, name, names in ((ONE, "one", FIRST), (TWO, "two", SECOND))
        ])  # fmt: skip

    for told, of_a_kind in (("true", True), (ONE, False), ("True", False), ("acme", False)):
        held = asks(told)
        check(held)
        for trust in PROVIDER.trusts(held):
            found = likeness.likeness(trust, trust.issuer.grammar.shapes, frozenset(), likeness.ground_of)
            assert (found is not None) is of_a_kind


def test_an_account_in_odd_places_of_a_policy() -> None:
    base = policy(ONE, ORGANISATION, FIRST)
    (statement,) = base["Statement"]
    for odd in (
        {**base, "Id": ONE},
        {**base, "Statement": [{**statement, "Sid": f"x{ONE}1"}]},
        {**base, "Statement": [{**statement, ONE: ONE}]},
        {**base, "Statement": [{**statement, "Principal": {**statement["Principal"], "AWS": ONE}}]},
    ):
        check(estate([(ONE, "one", odd), (TWO, "two", json.loads(json.dumps(odd).replace(ONE, TWO)))]))


def test_names_the_solver_makes_up() -> None:
    """A branch and a repository go by the very names that stand for any."""
    for name in ("zqzqzqzqzqzq", "any-branch"):
        subjects = ["repo:{0}/{1}:ref:refs/heads/*", "repo:{0}/{1}:environment:{2}"]
        branch: Written = [
            ("Allow", {**AUDIENCE, "StringLike": {"sub": subjects}}),
            ("Deny", {"StringEquals": {"ref": "refs/heads/{2}"}}),
        ]
        project: Written = [("Allow", {**AUDIENCE, "StringLike": {"sub": ["repo:{0}/*", "repo:{0}/{2}:*"]}})]
        for written in (branch, project):
            check(renamed(written, ("acme", "app", name), SECOND)[0])


def two_letters(count: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return "/".join([f"{one}{two}" for one in "jkqvw" for two in letters][:count])


@pytest.mark.parametrize("count", [30, 44, 49, 80])
def test_placeholders_need_more_room_than_the_names(count: int) -> None:
    """An environment's name of 255 characters at most, of many short words: it lets somebody in, whatever they are."""
    written: Written = [
        ("Allow", {"StringEquals": {"aud": "sts.amazonaws.com", "sub": "repo:{0}/{1}:environment:{2}"}})
    ]
    snapshot, _ = renamed(written, ("acme", "app", two_letters(count)), ("zebra", "ant", two_letters(count)[::-1]))
    check(snapshot)
    assert all(isinstance(one.reachable, Accepted) for one in Audit(snapshot, Config()).decisions.values())


@pytest.mark.parametrize("depth", [300, 950, 990])
def test_a_policy_is_nested_deeply(depth: int) -> None:
    """No document of AWS's is; an audit of one ends all the same, and the role is judged."""
    nested: Any = "x"
    for _ in range(depth):
        nested = [nested]
    body = policy(ONE, ORGANISATION, FIRST)
    body["Statement"][0]["Sid"] = nested
    audit = Audit(estate([(ONE, "one", body), (TWO, "two", policy(TWO, ORGANISATION, SECOND))]), Config())
    assert [type(one.reachable) for one in audit.decisions.values()] == [Accepted, Accepted]


def test_names_too_long_for_a_fix() -> None:
    """What is shown of a policy with short names is left out of one with long names."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    subjects = [f"repo:{{0}}/{{1}}{one}{two}:*" for one in letters[:5] for two in letters[:23]]
    written: Written = [("Allow", {**AUDIENCE, "StringLike": {"sub": [*subjects, "nonsense"]}})]
    for snapshot in renamed(written, ("ab", "c", ""), ("o" * 30, "r" * 28, "")):
        check(snapshot)


def test_what_was_judged_before_changes_no_report() -> None:
    """A trust's findings are the same beside any others."""
    for seed in range(4):
        snapshot, config = some_estate(Random(1000 + seed))
        whole = Audit(snapshot, config)
        for account in snapshot.scopes("aws"):
            part = Audit(snapshot.within("aws", account), config)
            assert part.findings == [
                one for one in whole.findings if one.about is not None and one.about.scope == account
            ]


def test_what_is_taken_for_one_kind_compiles_to_one_condition() -> None:
    met = 0
    for seed in range(150):
        random = Random(7000 + seed)
        host = random.choice((GITHUB, GITHUB, *SUBJECTS))
        written = some_policy(random, host)
        roles = [
            (account, f"role-{place}", policy(account, written, some_names(random), host))
            for place, account in enumerate((ONE, TWO, ONE, TWO))
        ]
        met += check_compiled(PROVIDER.trusts(estate(roles, (host,))))
    assert met > 50


# --- planted bugs -----------------------------------------------------------------------------------------------------


def nothing_is_mistaken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(likeness, "_mistakable", lambda *_: False)


def no_text_is_mistaken(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(likeness, "_MISTAKABLE", re.compile("(?!)"))


def the_order_is_lost(patch: pytest.MonkeyPatch) -> None:
    parts = likeness._parts
    patch.setattr(likeness, "_parts", lambda policy, own: parts(json.loads(json.dumps(policy, sort_keys=True)), own))


def any_length_will_do(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(alike, "LARGEST", 10**9)
    patch.setattr(forms, "LONGEST", 10**9)


def no_room_is_asked_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(canonical, "room_of", lambda *_: 10**9)


PLANTED: dict[Callable[[pytest.MonkeyPatch], None], Callable[[], None]] = {
    nothing_is_mistaken: lambda: test_an_organisation_of_ours_is_called_like_a_placeholder("name1"),
    no_text_is_mistaken: lambda: test_a_registered_audience_is_called_like_a_placeholder("name1"),
    the_order_is_lost: test_policies_alike_but_for_the_order_they_are_written_in,
    any_length_will_do: test_names_too_long_for_a_fix,
    no_room_is_asked_for: lambda: test_placeholders_need_more_room_than_the_names(43),
}


@pytest.mark.parametrize("plant", PLANTED)
def test_a_planted_bug_is_noticed(plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    try:
        with pytest.raises((AssertionError, LookupError)):
            PLANTED[plant]()
    finally:
        judgement.remembered.cache_clear()  # it holds what the bug made of the cases
