"""Which trusts an estate makes: units, identities, places, notes; what was not read; hostile documents."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.claims.predicate import Unknown
from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.config import Ours
from auditor.decide import decide
from auditor.judging.checks import confirm
from auditor.model import Identity, Source, Trust
from auditor.providers.azure import PROVIDER
from auditor.providers.azure.subjects import coded, decoded
from auditor.snapshot import Coverage, Document, Snapshot, Status
from tests.providers.azure import estates
from tests.providers.azure.estates import DEFAULT, ISSUERS, STRANGER, SUBSCRIPTION, TENANT, guid, identity_id

MAIN = "repo:acme/app:ref:refs/heads/main"
PLACE = f"subscriptions/{SUBSCRIPTION}"
LISTING = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read"
DEVOPS = "499b84ac-1321-427f-aa17-267ca6975798"


def made(case: dict[str, Any]) -> list[Trust]:
    return list(PROVIDER.trusts(estates.snapshot(case)))


def word(trust: Trust) -> str:
    verdict = confirm(PROVIDER, decide(trust, Ours())).reachable
    return {Accepted: "accepted", Rejected: "rejected", Undecided: "unknown"}[type(verdict)]


def test_a_managed_identity() -> None:
    (trust,) = made({"host": "uami", "subject": MAIN})
    at = f"{identity_id()}/federatedIdentityCredentials/fic-0"
    assert trust.identity == Identity("azure", PLACE, "managed-identity", identity_id(), "deploy")
    assert (trust.via, trust.source, trust.issuer.kind) == (at, Source(at, "/properties"), "github")
    (statement,) = trust.statements
    assert [(clause.text, clause.source) for clause in statement.clauses] == [
        ("audiences", Source(at, "/properties/audiences/0")),
        ("subject", Source(at, "/properties/subject")),
    ]
    assert trust.documents["credential"]["properties"]["subject"] == MAIN
    assert trust.notes == {"expected-audience": DEFAULT, "tenant": TENANT}


def test_an_application_with_an_expression() -> None:
    first = "claims['sub'] matches 'repo:acme/app:environment:*'"
    second = "claims['repository_id'] eq '456'"
    (trust,) = made({"expression": f"{first} and {second}"})
    document, pointer = f"applications/{guid('object', 'deploy')}", "/federatedIdentityCredentials/0"
    assert trust.identity == Identity(
        "azure", f"tenants/{TENANT}", "application", guid("application", "deploy"), "deploy"
    )
    assert trust.via == f"{document}{pointer[:-1]}{guid('credential', 'deploy', '0')}"
    assert trust.source == Source(document, pointer)
    written = f"{pointer}/claimsMatchingExpression/value"
    (statement,) = trust.statements
    assert [(clause.text, clause.source) for clause in statement.clauses] == [
        ("audiences", Source(document, f"{pointer}/audiences/0")),
        (first, Source(document, written, (0, len(first)))),
        (second, Source(document, written, (len(first) + 5, len(second)))),
    ]
    assert [value.source for clause in statement.clauses for value in clause.values] == [
        Source(document, f"{pointer}/audiences/0"),
        Source(document, written, (23, 27)),
        Source(document, written, (len(first) + 5 + 28, 3)),
    ]
    assert trust.notes["expression"] == {"text": f"{first} and {second}", "claims": ["sub", "repository_id"]}
    assert trust.notes["undocumented"] == ["patterns are taken to match the whole value"]


def test_each_credential_is_a_trust() -> None:
    found = made({"host": "uami", "credentials": [{"subject": MAIN}, {"issuer": "gitlab", "subject": "x"}]})
    assert [trust.issuer.kind for trust in found] == ["github", "gitlab"]
    assert {trust.identity.id for trust in found} == {identity_id()}
    assert len({trust.id for trust in found}) == 2


def test_ids_are_compared_ignoring_letter_case() -> None:
    snapshot = estates.snapshot({"host": "uami", "subject": MAIN})
    (at,) = (n for n, document in enumerate(snapshot.documents) if document.kind == "federated-credential")
    assert isinstance(snapshot.documents, list)
    old = snapshot.documents[at]
    snapshot.documents[at] = Document(
        "azure", old.scope, old.kind, old.id.replace("resourcegroups", "resourceGroups"), old.body
    )
    (trust,) = PROVIDER.trusts(snapshot)
    assert trust.identity.id == identity_id()


def test_an_identity_without_credentials_makes_no_trust() -> None:
    for host in ("app", "uami"):
        snapshot = estates.snapshot({"host": host, "credentials": []})
        assert list(PROVIDER.trusts(snapshot)) == []
        assert list(PROVIDER.identities(snapshot)) == []
    assert list(PROVIDER.idle_registrations(snapshot)) == []


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        (
            {"host": "uami", "credentials": [], "unread": ["federated-credential"]},
            "the federated-credential was denied",
        ),
        (
            {
                "host": "uami",
                "credentials": [],
                "unread": [
                    Coverage(
                        "azure",
                        PLACE,
                        f"federated-credential {identity_id().upper()}",
                        Status.FAILED,
                        "the answer was cut short",
                        LISTING,
                    )
                ],
            },
            f"the answer was cut short (needs {LISTING})",
        ),
        (
            {"application": {"federatedIdentityCredentials": None}},
            f"no federated-credential was read in tenants/{TENANT}",
        ),
    ],
)
def test_a_list_that_was_not_read_is_a_trust(case: dict[str, Any], reason: str) -> None:
    (trust,) = made(case)
    assert (trust.via, trust.issuer.url, trust.notes["policy-unread"]) == ("unknown", "unknown", reason)
    assert "credential" not in trust.documents
    assert word(trust) == "unknown"
    assert list(PROVIDER.identities(estates.snapshot(case))) == [trust.identity]


def test_what_was_read_of_a_list_stays_beside_what_was_not() -> None:
    row = Coverage("azure", PLACE, f"federated-credential {identity_id()}", Status.FAILED, "page 2 was lost")
    known, unread = made({"host": "uami", "subject": MAIN, "unread": [row]})
    assert (word(known), word(unread)) == ("accepted", "unknown")
    assert unread.notes["policy-unread"] == "page 2 was lost"


def test_without_any_row_nothing_was_read() -> None:
    snapshot = estates.snapshot({"host": "uami", "credentials": []})
    snapshot.coverage.clear()
    (trust,) = PROVIDER.trusts(snapshot)
    assert trust.notes["policy-unread"] == f"no federated-credential was read in {PLACE}"


HIDDEN = "/subscriptions/77777777-aaaa-4bbb-8ccc-000000000007/resourcegroups/rg/providers/Microsoft.ManagedIdentity"


def unseen() -> Document:
    body = {
        "id": guid("hidden"),
        "appId": guid("hidden", "app"),
        "displayName": "hidden",
        "servicePrincipalType": "ManagedIdentity",
        "alternativeNames": ["isExplicit=True", f"{HIDDEN}/userAssignedIdentities/hidden"],
    }
    return Document("azure", f"tenants/{TENANT}", "service-principal", f"servicePrincipals/{guid('hidden')}", body)


def test_an_identity_of_a_subscription_nobody_may_see() -> None:
    _, trust = made({"subject": MAIN, "documents": [unseen()]})
    assert trust.identity == Identity(
        "azure",
        "subscriptions/77777777-aaaa-4bbb-8ccc-000000000007",
        "managed-identity",
        f"{HIDDEN}/userAssignedIdentities/hidden",
        "hidden",
    )
    assert trust.notes["policy-unread"] == (
        "no user-assigned-identity was read in subscriptions/77777777-aaaa-4bbb-8ccc-000000000007"
    )


def test_which_is_no_gap_where_it_was_not_asked_for_or_is_gone() -> None:
    narrow = Coverage("azure", f"tenants/{TENANT}", "subscription", Status.SKIPPED, "only two were asked for")
    gone = Coverage(
        "azure", "subscriptions/77777777-aaaa-4bbb-8ccc-000000000007", "user-assigned-identity", Status.READ
    )
    for row in (narrow, gone):
        assert len(made({"subject": MAIN, "documents": [unseen()], "unread": [row]})) == 1


def test_secrets_that_are_still_good() -> None:
    (trust,) = made(
        {
            "subject": MAIN,
            "passwords": [
                {"keyId": "k0", "displayName": "old", "endDateTime": "2026-11-21T12:00:00Z"},
                {"keyId": "k1", "displayName": None, "endDateTime": "2027-01-01T00:00:00.1234567Z"},
                {"keyId": "k2", "displayName": "for ever", "endDateTime": None},
                7,
            ],
            "keys": [
                {"keyId": "k3", "displayName": "CN=deploy", "usage": "Verify", "endDateTime": "2299-12-31T00:00:00Z"},
                {"keyId": "k4", "displayName": "tokens", "usage": "Encrypt", "endDateTime": None},
            ],
            "principal": {"keyCredentials": [{"keyId": "k5", "usage": "Sign", "endDateTime": "soon"}]},
        }
    )
    document, owner = f"applications/{guid('object', 'deploy')}", f"servicePrincipals/{guid('principal', 'deploy')}"
    assert trust.notes["secrets"] == [
        ["password", "k1", None, "2027-01-01T00:00:00.1234567Z", document, "/passwordCredentials/1"],
        ["password", "k2", "for ever", None, document, "/passwordCredentials/2"],
        ["certificate", "k3", "CN=deploy", "2299-12-31T00:00:00Z", document, "/keyCredentials/0"],
        ["certificate", "k5", None, "soon", owner, "/keyCredentials/0"],
    ]


def test_a_managed_identity_as_credential_of_an_application() -> None:
    builder = {"name": "builder", "host": "uami", "subject": MAIN}
    trust, other = made({"issuer": "entra", "subject": guid("principal", "builder"), "others": [builder]})[::-1]
    assert trust.notes["identity-of"] == ["managed-identity", identity_id("builder"), "builder"]
    assert "home-tenant" not in trust.notes
    assert other.identity.name == "builder"


def test_a_token_of_another_tenant() -> None:
    issuer = f"https://login.microsoftonline.com/{STRANGER}/v2.0"
    builder = {"name": "builder", "host": "uami", "subject": MAIN}
    found = made({"issuer": issuer, "subject": guid("principal", "builder"), "others": [builder]})
    (trust,) = (trust for trust in found if trust.identity.name == "deploy")
    assert trust.notes["home-tenant"] == STRANGER
    assert "identity-of" not in trust.notes


def test_further_notes() -> None:
    (trust,) = made({"subject": MAIN, "application": {"signInAudience": "AzureADMultipleOrgs"}})
    assert trust.notes["multi-tenant"] is True
    (trust,) = made({"issuer": "devops", "subject": "sc://acme/web/prod", "cloud": "AzureUSGovernment"})
    assert trust.notes["migrated-connection"] is True
    assert trust.notes["expected-audience"] == "api://AzureADTokenExchangeUSGov"
    code = f"/eid1/c/pub/t/{coded(TENANT)}/a/{coded(DEVOPS)}/sc/{STRANGER}/{STRANGER}"
    (trust,) = made({"issuer": "entra", "subject": code})
    assert trust.issuer.kind == "azure-devops"
    assert trust.notes["eid1"] == {
        "tenant": TENANT,
        "application": DEVOPS,
        "application-name": "Azure DevOps",
        "rest": ["sc", STRANGER, STRANGER],
    }


@pytest.mark.parametrize(
    ("segment", "expected"),
    [
        ("v4j5cvGGr0GRqy180BHbRw", "72f988bf-86f1-41af-91ab-2d7cd011db47"),
        ("rISbSSETf0KqFyZ8ppdXmA", "499b84ac-1321-427f-aa17-267ca6975798"),
        ("9ExAW52n_ky4ZiS_jhpJIQ", "5b404cf4-a79d-4cfe-b866-24bf8e1a4921"),
        ("m1WPnYRZpEaQKq1Cceg--g", "9d8f559b-5984-46a4-902a-ad4271e83efa"),
        ("qzXoWDkuqUa3l6zM5mM0Rw", "58e835ab-2e39-46a9-b797-accce6633447"),
        ("qzXoWDkuqUa3l6zM5mM0Rx", None),
        ("short", None),
        ("qzXoWDkuqUa3l6zM5mM0R=", None),
    ],
)
def test_coded_guids(segment: str, expected: str | None) -> None:
    found = decoded(f"/eid1/c/pub/t/{segment}/a/{segment}/n/plugin")
    assert found is not None
    assert (found.tenant, found.application, found.rest) == (expected, expected, ("n", "plugin"))
    if expected is not None:
        assert coded(expected) == segment


def test_the_issuer_that_is_meant() -> None:
    (trust,) = made({"issuer": "https://token.actions.githubusercontent.com/ ", "subject": MAIN})
    assert trust.issuer.url == ISSUERS["github"]
    assert trust.notes["closed"] == (
        "no token carries the issuer 'https://token.actions.githubusercontent.com/ ', for its issuer is "
        "https://token.actions.githubusercontent.com (blanks or quotes surround it, the slash at the end is too much)"
    )


def test_applications_of_other_tenants_are_listed_where_they_are_granted_something() -> None:
    app, quiet = guid("vendor", "app"), guid("quiet", "app")
    vendors = [
        Document(
            "azure",
            f"tenants/{TENANT}",
            "service-principal",
            f"servicePrincipals/{guid(name)}",
            {"id": guid(name), "appId": application, "displayName": name, "appOwnerOrganizationId": STRANGER},
        )
        for name, application in (("vendor", app), ("quiet", quiet))
    ]
    grant = Document("azure", PLACE, "role-assignment", "r", {"properties": {"principalId": guid("vendor").upper()}})
    snapshot = estates.snapshot({"credentials": [], "documents": [*vendors, grant]})
    assert list(PROVIDER.trusts(snapshot)) == []
    assert list(PROVIDER.identities(snapshot)) == [
        Identity("azure", f"tenants/{TENANT}", "foreign-application", app, "vendor")
    ]


def test_points_left_open_are_named() -> None:
    (trust,) = made({"expression": "claims['sub'] matches 'repo:acme/app:ref:refs/heads/main*'"})
    assert trust.notes["undocumented"] == [
        "whether `*` in an expression also stands for nothing at all is not documented",
        "whether an expression compares letter case is not documented",
        "patterns are taken to match the whole value",
    ]
    (trust,) = made({"expression": "claims['repository_id'] eq '456'"})
    assert "undocumented" not in trust.notes
    (trust,) = made({"expression": "claims['sub'] matches 'repo:acme/app:ref:refs/heads/**'"})
    assert trust.notes["undocumented"][0].startswith("whether `*`")


def test_many_tests_are_not_looked_into() -> None:
    text = " and ".join(["claims['sub'] matches 'repo:acme/*'"] * 33)
    (trust,) = made({"expression": text})
    assert trust.allows[0].clauses[1].predicate == Unknown(
        "budget: an expression of more than 32 tests was not looked into"
    )


KEYS = [
    "issuer", "subject", "audiences", "claimsMatchingExpression", "value", "languageVersion", "properties", "id",
    "name",
    "federatedIdentityCredentials", "passwordCredentials", "keyCredentials", "endDateTime", "appId", "displayName",
    "principalId", "tenantId", "alternativeNames", "servicePrincipalType", "accountEnabled", "signInAudience",
    "appOwnerOrganizationId", "cloud", "usage",
]  # fmt: skip
JUNK = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=True),
        st.text(st.characters(exclude_categories=()), max_size=12),
        st.sampled_from(
            [*ISSUERS.values(), MAIN, "*", "claims['sub'] matches '*'", TENANT, "/eid1/c/pub/t/x/a/y/z", "[", "[a](b)"]
        ),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=8,
)
BODIES = st.dictionaries(st.sampled_from(KEYS), JUNK, max_size=8)
DOCUMENT_KINDS = [*estates.KINDS, "graph-role-assignment"]
IDS = [identity_id(), f"{identity_id()}/federatedIdentityCredentials/a", f"tenants/{TENANT}", "", "x", "applications/1"]
DOCUMENTS = st.builds(
    Document,
    st.just("azure"),
    st.sampled_from([PLACE, f"tenants/{TENANT}", "-", ""]),
    st.sampled_from(DOCUMENT_KINDS),
    st.sampled_from(IDS),
    BODIES,
)


@settings(max_examples=400, deadline=None)
@given(st.lists(DOCUMENTS, max_size=6))
def test_no_document_makes_it_raise(documents: list[Document]) -> None:
    end = "2026-11-21T12:00:00Z"
    snapshot = Snapshot(end, end, documents, [])
    found = list(PROVIDER.trusts(snapshot))
    assert {trust.identity for trust in found} <= set(PROVIDER.identities(snapshot))
    for trust in found:
        assert PROVIDER.admits(trust, {"iss": trust.issuer.url, "sub": MAIN, "aud": DEFAULT}) in (True, False, None)


@settings(max_examples=300, deadline=None)
@given(BODIES)
def test_no_credential_makes_it_raise(body: dict[str, Any]) -> None:
    credential = {**estates.credential({"subject": MAIN}), **body}
    for host in ("app", "uami"):
        (trust,) = made({"host": host, "credentials": [{"credential": credential}]})
        decision = decide(trust, Ours())
        assert confirm(PROVIDER, decision) == decision
