"""Snapshots → trusts: doors, gates, statements, and the worked verdicts on concrete tokens."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.claims.predicate import FALSE, TRUE, Token, Unknown, evaluate
from auditor.model import Identity, Source, Trust
from auditor.providers.aws.trust import identities, idle_registrations, trusts
from auditor.snapshot import Coverage, Document, Snapshot, Status

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"
GH = "token.actions.githubusercontent.com"
GITHUB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GH}"
GITLAB = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"
ACTION = "sts:AssumeRoleWithWebIdentity"
READ = (Coverage("aws", ACCOUNT, "iam-role", Status.READ), Coverage("aws", ACCOUNT, "oidc-provider", Status.READ))


def provider(arn: str, *client_ids: str, **changes: Any) -> Document:
    host = arn.partition("oidc-provider/")[2]
    body = {"Arn": arn, "Url": host, "ClientIDList": list(client_ids), "ThumbprintList": [], "Tags": [], **changes}
    return Document("aws", ACCOUNT, "oidc-provider", arn, body)


def role(policy: Any, arn: str = ROLE, **changes: Any) -> Document:
    body = {"RoleName": "deploy", "Arn": arn, "AssumeRolePolicyDocument": policy, "Tags": [], **changes}
    return Document("aws", ACCOUNT, "iam-role", arn, body)


def snapshot(*documents: Document, coverage: tuple[Coverage, ...] = READ) -> Snapshot:
    return Snapshot("2026-11-21T12:00:00Z", "2026-11-21T12:30:00Z", list(documents), list(coverage))


def allow(condition: Any = None, federated: Any = GITHUB, **changes: Any) -> dict[str, Any]:
    body = {"Effect": "Allow", "Principal": {"Federated": federated}, "Action": ACTION, **changes}
    return body if condition is None else {**body, "Condition": condition}


def deny(condition: Any = None, **changes: Any) -> dict[str, Any]:
    return {**allow(condition), "Effect": "Deny", **changes}


def without(element: str, statement: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in statement.items() if name != element}


def policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


STANDARD = (provider(GITHUB, "sts.amazonaws.com"), provider(GITLAB, "https://gitlab.com"))


def all_trusts(document: Any, **options: Any) -> list[Trust]:
    return list(trusts(snapshot(*STANDARD, role(document), **options), NOW))


def only(*statements: Any) -> Trust:
    (trust,) = all_trusts(policy(*statements))
    return trust


def token(sub: str = "repo:acme/app:ref:refs/heads/main", **claims: Any) -> Token:
    return {"iss": f"https://{GH}", "aud": "sts.amazonaws.com", "sub": sub, **claims}


# --- the worked verdicts of IAM's documents and of practice -----------------------------------------------------------


def when(operator: str = "StringLike", /, **keys: Any) -> dict[str, Any]:
    return {operator: {f"{GH}:{key}": value for key, value in keys.items()}}


AUD = {"StringEquals": {f"{GH}:aud": "sts.amazonaws.com"}}
EVIL = "repo:evil/x:ref:refs/heads/main"
MAIN = "repo:acme/app:ref:refs/heads/main"

WORKED: list[tuple[str, list[Any], list[Token], list[Token]]] = [
    ("only aud: any tenant", [allow(AUD)], [token(), token(EVIL)], [token(aud="other")]),
    (
        "any project of acme, no immutable token",
        [allow(when(sub="repo:acme/*"))],
        [token(), token("repo:acme/x:pull_request")],
        [token(EVIL), token("repo:acme@1/app@2:ref:refs/heads/main"), token("repo:acme-evil/x:pull_request")],
    ),
    (
        "any tenant that begins with acme",
        [allow(when(sub="repo:acme*"))],
        [token("repo:acme-evil/x:pull_request")],
        [token(EVIL)],
    ),
    (
        "one character is anybody",
        [allow(when(sub="repo:acm?/app:ref:refs/heads/main"))],
        [token("repo:acmx/app:ref:refs/heads/main")],
        [token("repo:acm/app:ref:refs/heads/main")],
    ),
    (
        "a bridge over both subject forms",
        [allow(when(sub="repo:acme*/app*:ref:refs/heads/main"))],
        [token("repo:acme@1/app@2:ref:refs/heads/main"), token("repo:acme-evil/x/app:ref:refs/heads/main")],
        [token(EVIL)],
    ),
    (
        "tenant 123 only",
        [allow(when(sub="repo:acme@123/*"))],
        [token("repo:acme@123/x@9:pull_request")],
        [token(), token("repo:acme@1234/x@9:pull_request")],
    ),
    (
        "a branch name may contain @123/",
        [allow(when(sub="repo:*@123/*"))],
        [token("repo:evil/x:ref:refs/heads/a@123/b")],
        [token(EVIL)],
    ),
    (
        "not anchored at repo:",
        [allow(when(sub="*:ref:refs/heads/main"))],
        [token(EVIL), token("workflow:x:ref:refs/heads/main")],
        [token("repo:acme/app:pull_request")],
    ),
    ("a star under StringEquals", [allow(when("StringEquals", sub="repo:acme/*"))], [], [token(), token(EVIL)]),
    (
        "all but evil",
        [allow(when("StringNotLike", sub="repo:evil/*"))],
        [token(), token("repo:evil@9/x@9:pull_request")],
        [token(EVIL)],
    ),
    ("IfExists on sub is tight", [allow(when("StringEqualsIfExists", sub=MAIN))], [token()], [token(EVIL)]),
    ("ForAllValues on sub is tight", [allow(when("ForAllValues:StringLike", sub=MAIN))], [token()], [token(EVIL)]),
    (
        "ForAllValues on environment is open",
        [allow(when("ForAllValues:StringEquals", environment=["prod"]))],
        [token(EVIL), token("repo:evil/x:environment:prod", environment="prod")],
        [token("repo:evil/x:environment:dev", environment="dev")],
    ),
    (
        "one project, one branch",
        [allow({**when(sub="repo:acme/*"), **when("StringEquals", repository_id="5678", ref="refs/heads/main")})],
        [token(repository_id="5678", ref="refs/heads/main")],
        [
            token(repository_id="5679", ref="refs/heads/main"),
            token(repository_id="5678", ref="refs/heads/x"),
            token(EVIL, repository_id="5678", ref="refs/heads/main"),
            token(),
        ],
    ),
    (
        "the same without sub",
        [allow(when("StringEquals", repository_id="5678", ref="refs/heads/main"))],
        [token(EVIL, repository_id="5678", ref="refs/heads/main")],
        [token(repository_id="5678")],
    ),
    (
        "repository_owner is no key",
        [allow({**when("StringEquals", repository_owner="acme"), **when(sub="repo:acme/*")})],
        [],
        [token(repository_owner="acme")],
    ),
    (
        "any caller of a workflow",
        [allow(when(job_workflow_ref="o/shared/.github/workflows/x.yml@*"))],
        [token(EVIL, job_workflow_ref="o/shared/.github/workflows/x.yml@refs/heads/main")],
        [token(job_workflow_ref="evil/shared/.github/workflows/x.yml@refs/heads/main"), token()],
    ),
    (
        "Deny narrows an Allow",
        [allow(when(sub="repo:acme/*")), deny(when("StringNotEquals", sub=MAIN))],
        [token()],
        [token("repo:acme/app:pull_request"), token(EVIL)],
    ),
    (
        "upper-case keys",
        [allow({"StringEquals": {"TOKEN.actions.githubusercontent.com:SUB": MAIN}})],
        [token()],
        [token(EVIL), token(MAIN.upper())],
    ),
    ("sts:*", [allow(AUD, Action="sts:*")], [token(EVIL)], [token(aud="other")]),
    (
        "statements are a union",
        [allow(when("StringEquals", sub=MAIN)), allow(when("StringEquals", sub="repo:acme/b:pull_request"))],
        [token(), token("repo:acme/b:pull_request")],
        [token(EVIL)],
    ),
    (
        "Deny of an absent key",
        [allow(AUD), deny(when("StringNotLike", environment="prod*"))],
        [token(environment="prod-1")],
        [token(), token(environment="dev")],
    ),
    (
        "Deny with IfExists fires on an absent key",
        [allow(AUD), deny(when("StringEqualsIfExists", environment="dev"))],
        [token(environment="prod")],
        [token(), token(environment="dev")],
    ),
    (
        "a positive Deny of an absent key protects nothing",
        [allow(AUD), deny({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})],
        [token(EVIL)],
        [],
    ),
    ("Deny of everybody", [allow(AUD), deny(Principal="*")], [], [token()]),
    ("Deny of another issuer", [allow(AUD), deny(Principal={"Federated": GITLAB})], [token()], []),
    ("Deny of another action", [allow(AUD), deny(Action="sts:AssumeRole")], [token()], []),
    ("Deny through NotAction", [allow(AUD), without("Action", deny(NotAction="iam:*"))], [], [token()]),
    ("NotAction grants", [without("Action", allow(AUD, NotAction="iam:*"))], [token()], [token(aud="x")]),
    (
        "AWS star admits no OIDC caller",
        [allow(federated=GITLAB), {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*"}],
        [],
        [token()],
    ),
]


@pytest.mark.parametrize(("name", "statements", "accepted", "rejected"), WORKED, ids=[row[0] for row in WORKED])
def test_worked_verdicts(name: str, statements: list[Any], accepted: list[Token], rejected: list[Token]) -> None:
    trust = only(*statements)
    assert [evaluate(trust.predicate, t) for t in accepted] == [True] * len(accepted)
    assert [evaluate(trust.predicate, t) for t in rejected] == [False] * len(rejected)


# --- what a trust says about itself -----------------------------------------------------------------------------------


def test_a_trust_whole() -> None:
    statement = allow({**AUD, **when(sub=["repo:acme/app:*", "repo:acme/api:*"])})
    document = role(policy(statement))
    (trust,) = trusts(snapshot(*STANDARD, document), NOW)
    assert (trust.identity, trust.issuer.url, trust.issuer.kind, trust.via) == (
        Identity("aws", ACCOUNT, "iam-role", ROLE, "deploy"),
        f"https://{GH}",
        "github",
        GITHUB,
    )
    assert (trust.source, trust.audiences, trust.notes) == (
        Source(ROLE, "/AssumeRolePolicyDocument"),
        ("sts.amazonaws.com",),
        {},
    )
    assert trust.documents == {
        "role": document.body,
        "providers": {doc.id: doc.body for doc in STANDARD},
        "account": ACCOUNT,
        "providers_read": True,
        "audited_at": NOW,
    }
    (compiled,) = trust.statements
    place = "/AssumeRolePolicyDocument/Statement/0"
    assert (compiled.effect, compiled.source, compiled.issuers) == ("allow", Source(ROLE, place), (f"https://{GH}",))
    assert [(c.text, c.source.pointer, [v.source.pointer for v in c.values]) for c in compiled.clauses] == [
        (f"StringEquals {GH}:aud", f"{place}/Condition/StringEquals/{GH}:aud",
         [f"{place}/Condition/StringEquals/{GH}:aud"]),
        (f"StringLike {GH}:sub", f"{place}/Condition/StringLike/{GH}:sub",
         [f"{place}/Condition/StringLike/{GH}:sub/0", f"{place}/Condition/StringLike/{GH}:sub/1"]),
    ]  # fmt: skip


def test_a_list_of_issuers_gives_a_trust_each_and_the_hole_between_them() -> None:
    """For a token of one issuer the other's keys are absent: negated tests of them hold."""
    first, second = all_trusts(policy(allow({"StringNotLike": {"gitlab.com:sub": "x"}}, [GITHUB, GITLAB])))
    assert [(t.via, t.issuer.url, t.statements[0].issuers) for t in (first, second)] == [
        (GITHUB, f"https://{GH}", (f"https://{GH}", "https://gitlab.com")),
        (GITLAB, "https://gitlab.com", (f"https://{GH}", "https://gitlab.com")),
    ]
    assert evaluate(first.predicate, token(EVIL)) is True
    gitlab = {"aud": "https://gitlab.com", "sub": "x"}
    assert (evaluate(second.predicate, gitlab), evaluate(second.predicate, {**gitlab, "sub": "y"})) == (False, True)


@pytest.mark.parametrize(
    ("federated", "vias"),
    [
        (GITHUB, [GITHUB]),
        ([GITLAB, GITHUB, GITLAB], [GITLAB, GITHUB]),
        ("cognito-identity.amazonaws.com", ["cognito-identity.amazonaws.com"]),
        ("accounts.google.com", ["accounts.google.com"]),
        ("www.amazon.com", ["www.amazon.com"]),
        ("graph.facebook.com", ["graph.facebook.com"]),
        (f"arn:aws:iam::{ACCOUNT}:saml-provider/corp", []),
        ([], []),
        ("*", [GITHUB, GITLAB, "unknown"]),
        (f"arn:aws:iam::{ACCOUNT}:oidc-provider/*", [GITHUB, GITLAB, "unknown"]),
        ([GITHUB, 5], [GITHUB, GITLAB, "unknown"]),
    ],
)
def test_doors(federated: Any, vias: list[str]) -> None:
    assert [trust.via for trust in all_trusts(policy(allow(federated=federated)))] == vias


def test_roles_without_an_oidc_principal_have_no_trust() -> None:
    ec2 = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    public = {"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}
    assert all_trusts(policy(ec2)) == []
    assert all_trusts(policy(public)) == []
    assert all_trusts(policy()) == []
    assert all_trusts(policy(ec2, deny())) == []


def test_a_principal_without_the_action_is_a_dead_trust() -> None:
    trust = only(allow(Action="sts:AssumeRole"))
    assert (trust.statements, trust.predicate) == ((), FALSE)


def test_a_wildcard_principal_is_unknown_for_every_provider() -> None:
    found = all_trusts(policy(allow(AUD, "*")))
    assert [evaluate(t.predicate, token()) for t in found] == [None, False, None]  # GitLab asks for its own client id
    assert found[2].notes == {
        "policy-unread": "the federated principal * is neither an OIDC provider's ARN nor a built-in issuer"
    }
    assert found[2].issuer.kind == "unknown"


# --- gates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "accepted"),
    [
        ({"aud": "sts.amazonaws.com"}, True),
        ({"aud": "second"}, True),
        ({"aud": "STS.amazonaws.com"}, False),
        ({"aud": "other"}, False),
        ({}, False),
        ({"azp": "second", "aud": "other"}, True),
        ({"azp": "other", "aud": "second"}, False),
        ({"azp": "second", "aud": ("a", "b")}, True),
        ({"aud": ("second", "other")}, False),
    ],
)
def test_the_gate_is_the_registered_client_id(claims: Token, accepted: bool) -> None:
    documents = (provider(GITHUB, "sts.amazonaws.com", "second"), role(policy(allow())))
    (trust,) = trusts(snapshot(*documents), NOW)
    assert evaluate(trust.predicate, {"sub": "x", **claims}) is accepted
    assert trust.audiences == ("sts.amazonaws.com", "second")


DENIED = Coverage("aws", ACCOUNT, "oidc-provider", Status.DENIED, "access denied", "iam:ListOpenIDConnectProviders")
ONE_FAILED = Coverage(
    "aws", ACCOUNT, f"oidc-provider {GITHUB}", Status.FAILED, "throttled", "iam:GetOpenIDConnectProvider"
)
FOREIGN = GITHUB.replace(ACCOUNT, "999999999999")


@pytest.mark.parametrize(
    ("federated", "documents", "coverage", "gate", "audiences", "notes", "read"),
    [
        (GITHUB, (), READ, FALSE, None, {"provider-missing": True}, True),
        (GITHUB, (), (READ[0], DENIED), TRUE, None,
         {"provider-unread": "access denied (needs iam:ListOpenIDConnectProviders)"}, False),
        (GITHUB, (), (*READ, ONE_FAILED), TRUE, None,
         {"provider-unread": "throttled (needs iam:GetOpenIDConnectProvider)"}, False),
        (GITHUB, (), (READ[0],), TRUE, None,
         {"provider-unread": "the account's OIDC providers were not read"}, False),
        (GITHUB, (provider(GITHUB),), READ, FALSE, (), {}, True),
        (GITHUB, (provider(GITHUB, ClientIDList=["a", 5]),), READ, TRUE, None,
         {"provider-unread": "the document of the OIDC provider could not be understood"}, True),
        (GITHUB, (provider(GITHUB, "a", Url=None),), READ, TRUE, None,
         {"provider-unread": "the document of the OIDC provider could not be understood"}, True),
        (GITHUB, (Document("aws", ACCOUNT, "oidc-provider", GITHUB, []),), READ, TRUE, None,  # type: ignore[arg-type]
         {"provider-unread": "the document of the OIDC provider could not be understood"}, True),
        (FOREIGN, (), READ, FALSE, None, {"provider-foreign": True}, True),
        (FOREIGN, (provider(FOREIGN, "sts.amazonaws.com"),), READ, FALSE, None, {"provider-foreign": True}, True),
        ("cognito-identity.amazonaws.com", (), (), TRUE, None, {}, True),
    ],
)  # fmt: skip
def test_gates(
    federated: str,
    documents: tuple[Document, ...],
    coverage: tuple[Coverage, ...],
    gate: Any,
    audiences: Any,
    notes: Any,
    read: bool,
) -> None:
    scoped = allow({"StringEquals": {"cognito-identity.amazonaws.com:aud": "x"}, **when(sub="repo:acme/*")}, federated)
    (trust,) = trusts(snapshot(*documents, role(policy(scoped)), coverage=coverage), NOW)
    assert (trust.gate, trust.audiences, trust.notes, trust.documents["providers_read"]) == (
        gate, audiences, notes, read,
    )  # fmt: skip


def test_the_document_names_the_issuer_not_the_arn() -> None:
    documents = (provider(GITHUB, "sts.amazonaws.com", Url=f"https://{GH}/acme"), role(policy(allow())))
    (trust,) = trusts(snapshot(*documents), NOW)
    assert (trust.issuer.url, trust.via) == (f"https://{GH}/acme", GITHUB)


def test_keys_of_an_issuer_no_table_knows_are_free_claims() -> None:
    host = "idcs-0a1b.identity.oraclecloud.com"
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
    document = policy(allow({"StringEquals": {f"{host}:rpst_id": "ocid1.instance.x"}}, arn))
    (trust,) = trusts(snapshot(provider(arn, "b"), role(document)), NOW)
    assert trust.issuer.kind == "unknown"
    (shape,) = trust.issuer.grammar.shapes
    assert {"rpst_id", "sub", "aud"} <= set(shape.claims)
    assert evaluate(trust.predicate, {"sub": "a", "aud": "b", "rpst_id": "ocid1.instance.x"}) is True


def test_issuers_are_shared_between_trusts() -> None:
    """Grammars are compared by identity, so equal issuers have to be one object."""
    conditions = [{"StringLike": {"git.example.com:sub": f"project_path:acme/{name}:*"}} for name in "ab"]
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/git.example.com"
    roles = [role(policy(allow(c, arn)), f"{ROLE}{i}") for i, c in enumerate(conditions)]
    first, second = trusts(snapshot(provider(arn, "x"), *roles), NOW)
    assert first.issuer is second.issuer


# --- what cannot be read ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("{cut", "the trust policy is not JSON"),
        ({}, "the trust policy has no Statement"),
        ({"foo": 1}, "the trust policy has no Statement"),
        (None, "the trust policy is not a JSON object"),
        ([], "the trust policy is not a JSON object"),
        ({"Statement": 7}, "the Statement of the trust policy is neither an object nor a list"),
    ],
)
def test_a_policy_that_cannot_be_read_is_one_unknown_trust(document: Any, reason: str) -> None:
    (trust,) = all_trusts(document)
    assert (trust.issuer.kind, trust.via, trust.notes) == ("unknown", "unknown", {"policy-unread": reason})
    assert (trust.predicate, trust.statements[0].effect) == (Unknown(reason), "allow")
    assert trust.identity == Identity("aws", ACCOUNT, "iam-role", ROLE, "deploy")


def test_a_role_document_that_is_no_object() -> None:
    document = Document("aws", ACCOUNT, "iam-role", ROLE, [])  # type: ignore[arg-type]  # a damaged snapshot
    (trust,) = trusts(snapshot(document), NOW)
    assert (trust.notes, trust.identity.name) == ({"policy-unread": "the role's document is not an object"}, "deploy")


@pytest.mark.parametrize(
    ("statements", "answer"),
    [
        ([allow(AUD, Resource="*")], None),
        ([allow(AUD, Effect="allow")], None),
        ([{**allow(AUD), "condition": {}}], None),
        ([allow(AUD, Effect="allow"), allow(AUD)], None),  # it may be a Deny
        ([allow(AUD, Resource="*"), allow(AUD)], True),
        ([allow(AUD, Resource="*"), deny()], False),
        ([allow(AUD), deny(Principal={"AWS": "*"})], None),
        ([allow(AUD), deny(Principal={"AWS": "*"}, Condition=when(sub="repo:evil/*"))], True),
        ([allow(AUD), without("Principal", deny(NotPrincipal={"Federated": GITHUB}))], None),
        ([allow(AUD), "Deny"], None),
        ([allow({"StringEquals": {f"{GH}:aud": "other"}, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], False),
        ([allow({**AUD, "IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], None),
        ([allow(AUD), deny({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], None),
    ],
)
def test_doubts_decide_nothing_and_hide_nothing(statements: list[Any], answer: bool | None) -> None:
    trust = next(t for t in all_trusts(policy(*statements)) if t.via == GITHUB)
    assert evaluate(trust.predicate, token()) is answer


def test_tags_of_the_role_decide_conditions_on_them() -> None:
    statement = allow({**AUD, "StringEquals": {"aws:ResourceTag/env": "prod"}})
    tags: tuple[Any, ...] = (
        [{"Key": "Env", "Value": "prod"}],
        [{"Key": "env", "Value": "dev"}],
        [],
        "junk",
        [{"Key": "env"}],
    )
    found = [next(iter(trusts(snapshot(*STANDARD, role(policy(statement), Tags=t)), NOW))) for t in tags]
    assert [evaluate(trust.predicate, token()) for trust in found] == [True, False, False, None, None]


def test_the_audit_time_decides_conditions_on_the_date() -> None:
    trust = only(allow({"DateLessThan": {"aws:CurrentTime": "2026-11-22T00:00:00Z"}}))
    (later,) = trusts(
        snapshot(*STANDARD, role(trust.documents["role"]["AssumeRolePolicyDocument"])), NOW.replace(year=2027)
    )
    assert (evaluate(trust.predicate, token()), evaluate(later.predicate, token())) == (True, False)


def test_old_versions_have_no_policy_variables() -> None:
    statement = allow(when("StringEquals", environment=f"${{{GH}:actor}}"))
    answers = []
    for document in (policy(statement), {"Statement": statement}, {"Version": "1999", "Statement": statement}):
        (trust,) = all_trusts(document)
        answers.append(evaluate(trust.predicate, token(environment="x", actor="x")))
    assert answers == [True, False, None]


# --- notes, identities, registrations ---------------------------------------------------------------------------------


def test_statements_aws_would_not_store_today() -> None:
    found = all_trusts(policy(allow(AUD), allow(when(sub="repo:acme/*")), allow(when(sub="*"), [GITHUB, GITLAB])))
    place = "/AssumeRolePolicyDocument/Statement"
    untested = "AWS would refuse this statement: no StringEquals, StringEqualsIgnoreCase or StringLike of"
    github = [
        [ROLE, f"{place}/0", f"{untested} {GH}:sub or {GH}:job_workflow_ref"],
        [ROLE, f"{place}/2/Condition/StringLike/{GH}:sub", f"AWS would refuse the value of {GH}:sub as not scoped"],
    ]
    gitlab = [[ROLE, f"{place}/2", f"{untested} gitlab.com:sub"]]
    assert [t.notes for t in found] == [{"refused-if-resaved": github}, {"refused-if-resaved": gitlab}]


def test_identities_are_the_roles_of_trusts_once() -> None:
    other = f"arn:aws:iam::{ACCOUNT}:role/ec2"
    service = policy({"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
    documents = (*STANDARD, role(policy(allow(federated=[GITHUB, GITLAB]))), role(service, other))
    assert list(identities(snapshot(*documents))) == [Identity("aws", ACCOUNT, "iam-role", ROLE, "deploy")]


def test_registrations_nobody_trusts() -> None:
    idle = [(Identity("aws", ACCOUNT, "oidc-provider", GITLAB, "gitlab.com"), Source(GITLAB, ""))]
    trusted = role(policy(allow()))
    assert list(idle_registrations(snapshot(*STANDARD, trusted))) == idle
    assert (
        list(
            idle_registrations(
                snapshot(*STANDARD, trusted, role(policy(deny(Principal={"Federated": GITLAB})), f"{ROLE}2"))
            )
        )
        == idle
    )


@pytest.mark.parametrize(
    ("documents", "coverage"),
    [
        ((role(policy(allow())),), (READ[1],)),
        ((role(policy(allow())),), (*READ, Coverage("aws", ACCOUNT, "iam-role", Status.FAILED))),
        ((role("{cut"),), READ),
        ((role(policy(allow(federated="*"))),), READ),
    ],
)
def test_nothing_is_idle_where_roles_were_not_read(
    documents: tuple[Document, ...], coverage: tuple[Coverage, ...]
) -> None:
    assert list(idle_registrations(snapshot(*STANDARD, *documents, coverage=coverage))) == []


# --- nothing a document may hold raises -------------------------------------------------------------------------------

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from((GITHUB, "*", ACTION)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
STATEMENTS = st.fixed_dictionaries(
    {},
    optional={
        "Effect": st.sampled_from(("Allow", "Deny")) | JSON,
        "Principal": st.dictionaries(st.sampled_from(("Federated", "AWS", "x")), JSON, max_size=2) | JSON,
        "NotPrincipal": JSON,
        "Action": st.just(ACTION) | JSON,
        "NotAction": JSON,
        "Condition": st.dictionaries(
            st.sampled_from(("StringLike", "Null", "ForAllValues:StringNotEquals")),
            st.dictionaries(st.sampled_from((f"{GH}:sub", "aws:CurrentTime")), JSON, max_size=2) | JSON,
            max_size=2,
        )
        | JSON,
        "Sid": JSON,
    },
)
POLICIES = JSON | st.fixed_dictionaries(
    {"Statement": st.lists(STATEMENTS | JSON, max_size=3) | STATEMENTS | JSON}, optional={"Version": JSON}
)


@settings(max_examples=300)
@given(POLICIES, JSON, JSON, JSON)
def test_any_json_as_a_policy(document: Any, tags: Any, url: Any, client_ids: Any) -> None:
    documents = (provider(GITHUB, Url=url, ClientIDList=client_ids), role(document, Tags=tags))
    found = list(trusts(snapshot(*documents), NOW))
    for trust in found:
        assert evaluate(trust.predicate, token()) in {True, False, None}
    readable = isinstance(document, dict) and isinstance(document.get("Statement"), dict | list)
    assert readable or [trust.via for trust in found] == ["unknown"]
    assert list(identities(snapshot(*documents))) == list(dict.fromkeys(trust.identity for trust in found))
    list(idle_registrations(snapshot(*documents)))


@given(JSON, JSON)
def test_any_json_as_documents(body: Any, provider_body: Any) -> None:
    documents = (
        Document("aws", ACCOUNT, "oidc-provider", GITHUB, provider_body),
        Document("aws", ACCOUNT, "iam-role", "no ARN", body),
    )
    found = list(trusts(snapshot(*documents, coverage=()), NOW))
    assert all(evaluate(trust.predicate, token()) in {True, False, None} for trust in found)
    assert found or "AssumeRolePolicyDocument" in body


def test_a_provider_document_with_a_name_that_is_none_opens_no_door() -> None:
    odd = Document("aws", ACCOUNT, "oidc-provider", "not-an-arn", {"Url": "example.com", "ClientIDList": []})
    found = trusts(snapshot(role(policy(allow(federated="example.com"))), odd), NOW)
    assert [trust.via for trust in found] == ["unknown"]
