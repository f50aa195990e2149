"""What a token becomes, and every kind of doubt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auditor.claims.predicate import Token, evaluate
from auditor.model import Source, Trust
from auditor.providers.aws import Aws
from auditor.snapshot import Coverage, Snapshot, Status
from auditor.tokens.admission import INTERNAL, Ground, admissions, considered, judge
from auditor.tokens.answer import Answer
from tests.tokens.material import (
    ACCOUNT,
    GITHUB,
    HOST,
    READ,
    decoded,
    estate,
    github,
    held,
    provider,
    pull_request,
    role,
    role_arn,
    statement,
)

AUD = {"StringEquals": {"aud": "sts.amazonaws.com"}}
MAIN_ONLY = statement({"StringEquals": {"aud": "sts.amazonaws.com", "sub": "repo:acme/app:ref:refs/heads/main"}})
ANY = statement({"StringLike": {"sub": ["repo:other/*", "repo:acme/*"]}})


def results(answer: Answer) -> dict[str, bool | None]:
    return {one.trust.identity.name: one.result for one in answer.admissions}


def only(payload: dict[str, Any], *statements: dict[str, Any], client_ids: tuple[str, ...] = ()) -> Any:
    (one,) = held(payload, estate(provider(GITHUB, *client_ids), role("deploy", *statements))).admissions
    return one


def test_every_role_the_token_becomes_with_its_grounds() -> None:
    snapshot = estate(
        provider(),
        role("main", MAIN_ONLY),
        role("any", ANY, statement({"StringEquals": {"sub": "nobody"}})),
        role("guarded", ANY, statement({"StringLike": {"sub": "*:pull_request"}}, "Deny")),
        role("nobody", statement({"StringEquals": {"repository_owner": "acme"}})),
    )
    pull = held(pull_request(), snapshot)
    assert results(pull) == {"any": True, "guarded": False, "main": False, "nobody": False}
    assert results(held(github(), snapshot)) == {"any": True, "guarded": True, "main": True, "nobody": False}
    assert pull.admitted[0].grounds == (
        Ground(
            Source(role_arn("any"), "/AssumeRolePolicyDocument/Statement/0"),
            ((f"StringLike {HOST}:sub", "repo:acme/*"),),
        ),
    )
    assert pull.admissions[1].grounds == ()
    assert (pull.trusts, pull.complete, pull.undecided) == (4, True, ())


def test_a_test_that_tests_nothing_is_said_to() -> None:
    one = only(github(), statement({"StringEqualsIfExists": {"repository_owner": "acme"}}))
    assert one.grounds[0].tests == (
        (f"StringEqualsIfExists {HOST}:repository_owner, which is true of every token", None),
    )


def test_the_audience_has_to_be_registered() -> None:
    assert only(github(), ANY).result is True
    assert only(github(), ANY, client_ids=("https://github.com/acme",)).result is False
    assert only(github(aud=["sts.amazonaws.com"]), ANY).result is True
    assert only(github(aud=["sts.amazonaws.com", "other"]), ANY).result is False


def test_the_session_name_is_the_callers_choice() -> None:
    name = {"sts:RoleSessionName": "deploy-*"}
    one = only(github(), statement({"StringLike": {"sub": "repo:acme/*", **name}}))
    assert one.result is True
    assert one.chosen["request:RoleSessionName"].startswith("deploy-")
    refused = only(github(), statement({"StringLike": {"sub": "repo:evil/*", **name}}))
    assert (refused.result, refused.reason) == (False, "whatever RoleSessionName its bearer chooses")
    impossible = only(github(), statement({"StringEquals": {"sts:RoleSessionName": "no blanks allowed"}}))
    assert (impossible.result, impossible.reason) == (False, "whatever RoleSessionName its bearer chooses")


def test_what_cannot_be_known_is_unknown_with_its_reason() -> None:
    where = only(
        github(), statement({"StringLike": {"sub": "repo:acme/*"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    )
    assert (where.result, where.reason) == (None, "aws:SourceIp: it depends on where the call comes from")
    assert (
        only(github(), statement({"StringLike": {"sub": "x"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})).result
        is False
    )


ODD = github(environment=["prod", 1])
NOT_READ = "how the cloud reads a claim of the token is not known: environment is a list of something other than text"


@pytest.mark.parametrize("operator", ["StringEquals", "StringNotEquals", "StringEqualsIfExists", "Null"])
def test_a_claim_that_cannot_be_read_decides_nothing(operator: str) -> None:
    test = {"environment": "true" if operator == "Null" else "prod"}
    one = only(ODD, statement({operator: test}))
    assert (one.result, one.reason) == (None, NOT_READ)
    assert only(ODD, ANY, statement({operator: test}, "Deny")).result is None
    # ... and where nothing depends on it, it does no harm.
    assert only(ODD, statement({operator: test, "StringLike": {"sub": "repo:evil/*"}})).result is False
    assert only(ODD, ANY).result is True


def test_an_audience_that_cannot_be_read() -> None:
    payload = github(aud=["sts.amazonaws.com", 1])
    assert only(payload, ANY).result is None
    (why,) = held(payload, estate(provider(), role("deploy", ANY)), "deploy").why
    assert (why.door.result, why.door.note) == (None, "aud is a list of something other than text")


def test_what_the_platform_itself_reads_in_a_token() -> None:
    roles = "https://aws.amazon.com/roles"
    named, other = ({**github(), roles: [role_arn(name)]} for name in ("deploy", "other"))
    assert only(named, ANY).result is True
    refused = only(other, ANY)
    assert (refused.result, refused.reason) == (
        False,
        f"the conditions hold, but the platform refuses the token for its claim {roles}",
    )
    assert only({**github(), roles: [role_arn("deploy"), 1]}, ANY).result is None
    tags = {"https://aws.amazon.com/tags": {"principal_tags": {"team": ["x"]}}}
    assert only({**github(), **tags}, ANY).result is False


def test_a_policy_nobody_can_read_is_open_for_every_token() -> None:
    snapshot = estate(provider(), role("main", MAIN_ONLY), role("odd", {"Effect": "Allow"}))
    answer = held(github("repo:evil/x:ref:refs/heads/main", repository="evil/x"), snapshot)
    assert {one.trust.identity.name: one.result for one in answer.undecided} == {"odd": None}
    assert all(one.reason for one in answer.undecided)
    assert not answer.complete


def test_trusts_in_other_issuers_are_not_looked_at() -> None:
    gitlab = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"
    snapshot = estate(provider(), provider(gitlab), role("lab", statement({"StringLike": {"sub": "*"}}, via=gitlab)))
    answer = held(github(), snapshot)
    assert (answer.admissions, answer.trusts) == ((), 1)


def first_trust(*statements: dict[str, Any]) -> Trust:
    return next(iter(Aws().trusts(estate(provider(), role("deploy", *statements)))))


@pytest.mark.parametrize(
    ("issuer", "meant"),
    [
        (f"https://{HOST}", True),
        (f"https://{HOST}/", True),
        (f"https://{HOST.upper()}", True),
        (HOST, True),
        (f"https://{HOST}/acme", False),
        (f"https://evil-{HOST}", False),
    ],
)
def test_considered(issuer: str, meant: bool) -> None:
    assert considered(first_trust(ANY), issuer) is meant


@pytest.mark.parametrize(
    ("subject", "opinion", "result", "reason"),
    [
        ("repo:acme/*", True, True, ""),
        ("repo:acme/*", False, None, INTERNAL),
        ("repo:evil/*", True, None, INTERNAL),
        ("repo:evil/*", False, False, ""),
        ("repo:acme/*", None, None, "the source policy depends on something that neither it nor the token tells"),
    ],
)
def test_two_evaluations_that_differ_are_a_defect_and_no_answer(
    subject: str, opinion: bool | None, result: bool | None, reason: str
) -> None:
    trust = first_trust(statement({"StringLike": {"sub": subject}}))
    one = judge(trust, decoded(github()), lambda _trust, _token: opinion)
    assert (one.result, one.reason) == (result, reason)


def test_a_refusal_for_claims_only_together() -> None:
    def neither(_: Trust, token: Token) -> bool:
        return "one" not in token and "two" not in token

    one = judge(first_trust(ANY), decoded(github(one="1", two="2")), neither)
    assert one.result is False
    assert one.reason.startswith("the conditions hold, but the platform refuses the token for its claim ")


def test_the_answer_is_the_evaluators_for_every_token_and_role() -> None:
    """The compiled trust only explains: with it turned around, no answer turns into its opposite."""
    trust = first_trust(MAIN_ONLY)
    turned = replace(trust, statements=(replace(trust.statements[0], clauses=()),))
    for payload in (github(), pull_request()):
        token = decoded(payload)
        mine = judge(turned, token, Aws().admits).result
        assert mine in (Aws().admits(trust, token.claims), None)
        assert evaluate(turned.predicate, token.claims)


def incomplete(snapshot: Snapshot, kind: str) -> Snapshot:
    rows = [row if row.kind != kind else Coverage("aws", ACCOUNT, kind, Status.DENIED, "no", "iam:X") for row in READ]
    return replace(snapshot, coverage=rows)


def test_an_estate_that_was_not_read_whole_gives_no_whole_answer() -> None:
    snapshot = estate(provider(), role("main", MAIN_ONLY))
    assert held(github(), snapshot).complete
    assert not held(github(), incomplete(snapshot, "iam-role")).complete
    assert not held(github(), replace(snapshot, coverage=[])).complete
    # About one identity whose documents are there, the rest of the estate does not matter; its door does.
    assert held(github(), incomplete(snapshot, "iam-role"), "main").complete
    unregistered = incomplete(estate(role("main", MAIN_ONLY)), "oidc-provider")
    assert not held(github(), unregistered, "main").complete
    assert results(held(github(), unregistered)) == {"main": True}


WAYS = (
    MAIN_ONLY,
    ANY,
    statement({"StringLike": {"sub": "repo:acme/*", "sts:RoleSessionName": "deploy-*"}}),
    statement({"StringLike": {"sub": "repo:acme/*"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}),
    statement({"StringNotLike": {"sub": "repo:evil/*"}}),
    statement({"StringEquals": {"environment": "prod"}}),
    statement({"StringLike": {"sub": "*:pull_request"}}, "Deny"),
    statement({"StringEquals": {"sts:RoleSessionName": "root"}}, "Deny"),
)


@pytest.mark.parametrize(
    "payload", [github(), pull_request(), github(environment=["prod", 1])], ids=["push", "pr", "odd"]
)
def test_many_trusts_are_judged_as_few_are(payload: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [(one, other) for one in range(len(WAYS)) for other in range(len(WAYS))]
    roles = [role(f"role-{one}-{other}", WAYS[one], WAYS[other]) for one, other in pairs]
    few = held(payload, estate(provider(), *roles))
    monkeypatch.setattr("auditor.tokens.admission.THOROUGH", 0)
    many = held(payload, estate(provider(), *roles))
    assert results(many) == results(few)
    assert len(set(results(few).values())) >= 2
    assert many.admitted == few.admitted


def test_many_trusts_are_not_all_shown_to_the_evaluator(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing = [
        (MAIN_ONLY,),
        (ANY, statement({"StringLike": {"sub": "*:pull_request"}}, "Deny")),
        (statement({"StringEquals": {"sts:RoleSessionName": "x", "sub": "nobody"}}),),
    ]
    shown: list[str] = []

    def admits(trust: Trust, token: Token) -> bool | None:
        shown.append(trust.identity.name)
        return Aws().admits(trust, token)

    monkeypatch.setattr("auditor.tokens.admission.THOROUGH", 0)
    roles = [role(f"role-{number}", *one) for number, one in enumerate([*refusing, (ANY,)])]
    pairs = [(trust, admits) for trust in Aws().trusts(estate(provider(), *roles))]
    assert [one.result for one in admissions(pairs, decoded(pull_request()))] == [False, False, False, True]
    assert shown == ["role-3"]
    shown.clear()
    assert not any(one.result for one in admissions(pairs, decoded(pull_request(aud="https://other.example"))))
    assert shown == []
