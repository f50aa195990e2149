"""The loopback Azure answers as the published API descriptions and recordings say the real one does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from azure.core.credentials import AzureKeyCredential
from azure.core.pipeline.policies import AzureKeyCredentialPolicy
from azure.identity import ClientSecretCredential
from azure.mgmt.msi import ManagedServiceIdentityClient

from fixtures.loopback.azure import TOKEN, Fault, LoopbackAzure
from fixtures.loopback.azure_many import many_applications

ESTATE: dict[str, Any] = json.loads(
    (Path(__file__).parent.parent / "fixtures/estates/azure/demo.json").read_text(encoding="utf-8")
)
TENANT = ESTATE["tenants"][0]["tenantId"]
SUBSCRIPTIONS = {body["displayName"]: body["subscriptionId"] for body in ESTATE["subscriptions"]}
DATA = SUBSCRIPTIONS["Tracking and data"]
IDENTITY = next(body for body in ESTATE["user-assigned-identities"] if body["name"] == "id-warehouse-load")
FEDERATED = f"{IDENTITY['id']}/federatedIdentityCredentials"
EXPRESSION = {
    "value": "claims['sub'] matches 'repo:northwind-freight/*' and claims['repository_owner_id'] eq '48213377'",
    "languageVersion": 1,
}
LADDER = "$filter=federatedIdentityCredentials/$count ne 0&$count=true&$expand=federatedIdentityCredentials"
EVENTUAL = {"ConsistencyLevel": "eventual"}
AUTHORIZATION = f"/subscriptions/{DATA}/providers/Microsoft.Authorization"


class Caller:
    """A session with one loopback: `get` and `post` give status and decoded body."""

    def __init__(self, azure: LoopbackAzure) -> None:
        self.azure = azure
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {TOKEN}"
        self._session.trust_env = False
        self._session.verify = azure.certificate or True

    def get(self, path: str, **headers: str) -> tuple[int, Any]:
        return _read(self._session.get(self._url(path), headers=headers, timeout=10))

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        return _read(self._session.post(self._url(path), json=body, timeout=10))

    def graph(self, path: str) -> tuple[int, Any]:
        return _read(self._session.get(self._url(path), headers=EVENTUAL, timeout=10))

    def pages(self, path: str) -> list[list[Any]]:
        """The entries of every page, by the links."""
        found, place = [], path
        while place:
            status, body = self.graph(place)
            assert status == 200, body
            found.append(body["value"])
            place = body.get("nextLink") or body.get("@odata.nextLink")
        return found

    def query(self, text: str, options: dict[str, Any] | None = None, version: str = "2022-10-01") -> Any:
        body = {"query": text, "options": options or {}}
        return self.post(f"/providers/Microsoft.ResourceGraph/resources?api-version={version}", body)

    def _url(self, path: str) -> str:
        return path if "://" in path else self.azure.url + path


def _read(response: requests.Response) -> tuple[int, Any]:
    return response.status_code, response.json()


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackAzure]:
    with LoopbackAzure() as azure:
        yield azure


@pytest.fixture
def azure(server: LoopbackAzure) -> Caller:
    server.load(ESTATE)
    return Caller(server)


def ids(listed: list[Any]) -> list[str]:
    return [body["id"] for body in listed]


# Resource Manager


def test_older_versions_drop_expressions(azure: Caller) -> None:
    for version in ("2022-01-31-preview", "2023-01-31", "2024-11-30"):
        _, body = azure.get(f"{FEDERATED}?api-version={version}")
        assert body["value"][0]["properties"].keys() == {"issuer", "audiences"}
    for version in ("2025-05-31-preview", "2026-04-30"):
        _, body = azure.get(f"{FEDERATED}?api-version={version}")
        assert body["value"][0]["properties"]["claimsMatchingExpression"] == EXPRESSION
        _, one = azure.get(f"{FEDERATED}/GITHUB-organisation?api-version={version}")
        assert one == body["value"][0]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (f"{FEDERATED}?api-version=2099-01-01", 400, "NoRegisteredProviderFound"),
        (f"{FEDERATED}?api-version=2018-11-30", 400, "NoRegisteredProviderFound"),
        (f"{AUTHORIZATION}/roleAssignments?api-version=2099-01-01", 404, "InvalidResourceType"),
        ("/subscriptions?api-version=2099-01-01", 400, "InvalidApiVersionParameter"),
        ("/subscriptions", 400, "MissingApiVersionParameter"),
        ("/subscriptions/none?api-version=2022-12-01", 404, "SubscriptionNotFound"),
        (f"{IDENTITY['id']}-2/federatedIdentityCredentials?api-version=2024-11-30", 404, "ResourceNotFound"),
        ("/beta/nothing", 400, "BadRequest"),
        ("/beta/applications/none", 404, "Request_ResourceNotFound"),
        ("/v1.0/reports/servicePrincipalSignInActivities", 400, "BadRequest"),
        ("/beta/applications?$top=1000", 400, "Request_BadRequest"),
        (
            "/beta/applications?$filter=federatedIdentityCredentials/$count ne 0&$count=true",
            400,
            "Request_UnsupportedQuery",
        ),
    ],
)
def test_what_is_refused(azure: Caller, path: str, status: int, code: str) -> None:
    answered, body = azure.get(path)
    assert (answered, body["error"]["code"]) == (status, code)


def test_ids_are_found_ignoring_case(azure: Caller) -> None:
    assert "/resourcegroups/" in IDENTITY["id"]
    status, body = azure.get(f"{IDENTITY['id'].upper()}?api-version=2024-11-30")
    assert (status, body) == (200, {key: value for key, value in IDENTITY.items() if key not in {"about", "shows"}})


def test_resource_manager_pages(server: LoopbackAzure) -> None:
    server.load(ESTATE, page_size=2)
    azure = Caller(server)
    path = f"/subscriptions/{DATA}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?api-version=2024-11-30"
    pages = azure.pages(path)
    held = [body["id"] for body in ESTATE["user-assigned-identities"] if f"/{DATA}/" in body["id"]]
    assert [identity for one in pages for identity in ids(one)] == held
    assert {len(one) for one in pages[:-1]} == {2}
    assert server.calls == {"arm.userAssignedIdentities.list": len(pages)}
    assert "$skipToken=" in server.paths[-1]
    assert "api-version=2024-11-30" in server.paths[-1]


def test_management_groups(azure: Caller) -> None:
    status, body = azure.post("/providers/Microsoft.Management/getEntities?api-version=2020-05-01")
    assert status == 200
    found = next(one for one in body["value"] if one["name"] == DATA)
    assert found["type"] == "/subscriptions"
    assert found["properties"]["parentNameChain"] == [TENANT, "nwf", "nwf-landing-zones"]
    assert body["count"] == 10
    _, below = azure.get("/providers/Microsoft.Management/managementGroups/nwf/descendants?api-version=2020-05-01")
    assert len(below["value"]) == 8
    _, tree = azure.get(
        f"/providers/Microsoft.Management/managementGroups/{TENANT}?api-version=2020-05-01&$expand=children&$recurse=true"
    )
    (company,) = tree["properties"]["children"]
    assert [child["name"] for child in company["children"]] == ["nwf-platform", "nwf-landing-zones", "nwf-sandbox"]


def roles(azure: Caller, path: str) -> list[str]:
    status, body = azure.get(path)
    assert status == 200, body
    return sorted({one["properties"]["scope"] for one in body["value"]})


def test_assignments_are_inherited(azure: Caller) -> None:
    """The subscription lists what holds at, above and below it; `atScope()` leaves the last out."""
    zones = "/providers/Microsoft.Management/managementGroups/nwf-landing-zones"
    company = "/providers/Microsoft.Management/managementGroups/nwf"
    path = f"{AUTHORIZATION}/roleAssignments?api-version=2022-04-01"
    assert roles(azure, f"{path}&$filter=atScope()") == ["/", company, zones, f"/subscriptions/{DATA}"]
    everything = roles(azure, path)
    assert {"/", company, zones, f"/subscriptions/{DATA}/resourceGroups/rg-tracking"} <= set(everything)
    assert not [scope for scope in everything if SUBSCRIPTIONS["Sandbox"] in scope]
    assert roles(azure, f"{zones}/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01") == [
        "/",
        company,
        zones,
    ]
    assert roles(azure, "/providers/Microsoft.Authorization/roleAssignments?api-version=2022-04-01") == ["/"]
    principal = IDENTITY["properties"]["principalId"]
    assert roles(azure, f"{path}&$filter=principalId eq '{principal}'") == []
    assert roles(azure, f"{path}&$filter=assignedTo('{principal}')") == [
        f"/subscriptions/{DATA}",
        f"/subscriptions/{DATA}/resourceGroups/rg-warehouse",
    ]


def test_conditions_need_a_version_that_has_them(azure: Caller) -> None:
    path = f"/subscriptions/{SUBSCRIPTIONS['Platform identity']}/providers/Microsoft.Authorization/roleAssignments"
    _, new = azure.get(f"{path}?api-version=2022-04-01")
    _, old = azure.get(f"{path}?api-version=2018-09-01-preview")
    assert any(one["properties"]["condition"] for one in new["value"])
    assert not any("condition" in one["properties"] for one in old["value"])


def test_definitions_are_named_by_where_they_were_asked_for(azure: Caller) -> None:
    _, body = azure.get(f"{AUTHORIZATION}/roleDefinitions?api-version=2022-04-01")
    names = {one["properties"]["roleName"] for one in body["value"]}
    assert "Northwind deployer" in names  # assignable to the management group above
    assert "Northwind CDN purger" not in names  # assignable to another subscription only
    assert {one["id"].rpartition("/")[0] for one in body["value"]} == {f"{AUTHORIZATION}/roleDefinitions"}


def test_a_forbidden_subscription(azure: Caller) -> None:
    azure.azure.forbid(DATA)
    status, body = azure.get(f"{AUTHORIZATION}/roleAssignments?api-version=2022-04-01")
    assert (status, body["error"]["code"]) == (403, "AuthorizationFailed")
    assert "Microsoft.Authorization/roleAssignments/read" in body["error"]["message"]
    _, found = azure.query("resources | project id", {"$top": 1000})
    assert found["totalRecords"] == len(
        [one for one in ESTATE["user-assigned-identities"] if f"/{DATA}/" not in one["id"]]
    )


# Resource Graph


def test_resource_graph_pages_by_id(server: LoopbackAzure) -> None:
    server.load(ESTATE, page_size=10)
    azure = Caller(server)
    text = "resources | where type =~ 'Microsoft.ManagedIdentity/userAssignedIdentities' | {} | order by name asc"
    found: list[str] = []
    token = None
    while True:
        options = {"$top": 1000} if token is None else {"$top": 1000, "$skipToken": token}
        _, body = azure.query(text.format("project id, name"), options)
        found += [row["name"] for row in body["data"]]
        assert body["resultTruncated"] == "false"
        token = body.get("$skipToken")
        if token is None:
            break
    assert found == sorted(one["name"] for one in ESTATE["user-assigned-identities"])
    _, cut = azure.query(text.format("project name"), {"$top": 1000})
    assert (len(cut["data"]), cut["resultTruncated"], "$skipToken" in cut) == (10, "true", False)


def test_resource_graph_shows_what_is_above_only_when_asked(azure: Caller) -> None:
    text = (
        "authorizationresources | where type == 'microsoft.authorization/roleassignments' | extend s = properties.scope"
    )
    _, few = azure.query(text, {"$top": 1000})
    _, all_ = azure.query(text, {"$top": 1000, "authorizationScopeFilter": "AtScopeAboveAndBelow"})
    above = [row["s"] for row in all_["data"] if not row["s"].startswith("/subscriptions/")]
    assert len(all_["data"]) == len(ESTATE["role-assignments"])
    assert len(few["data"]) == len(all_["data"]) - len(above)
    assert above == [
        "/",
        "/providers/Microsoft.Management/managementGroups/nwf-landing-zones",
        "/providers/Microsoft.Management/managementGroups/nwf",
    ]
    status, body = azure.query(text, {"authorizationScopeFilter": "AtScopeAboveAndBelow"}, "2021-03-01")
    assert (status, body["error"]["details"][0]["code"]) == (400, "InvalidQuery")


@pytest.mark.parametrize(
    "query", ["federatedcredentials", "resources | summarize count()", "resources | where a has 'b'"]
)
def test_resource_graph_refuses_what_it_does_not_know(azure: Caller, query: str) -> None:
    status, body = azure.query(query)
    assert (status, body["error"]["details"][0]["code"]) == (400, "InvalidQuery")


def test_resource_graph_knows_the_chain_of_management_groups(azure: Caller) -> None:
    _, body = azure.query("resourcecontainers | where subscriptionId in~ ('" + DATA.upper() + "')")
    (row,) = body["data"]
    assert [one["name"] for one in row["properties"]["managementGroupAncestorsChain"]] == [
        "nwf-landing-zones",
        "nwf",
        TENANT,
    ]


# Graph


def test_the_best_rung(azure: Caller) -> None:
    (page,) = azure.pages(f"/beta/applications?{LADDER}&$top=999&$select=id,appId,passwordCredentials")
    held = [body for body in ESTATE["applications"] if body["federatedIdentityCredentials"]]
    assert [body["appId"] for body in page] == [body["appId"] for body in held]
    assert page[0].keys() == {"id", "appId", "passwordCredentials", "federatedIdentityCredentials"}
    assert not any({"about", "shows"} & one.keys() for body in page for one in body["federatedIdentityCredentials"])


def test_nothing_is_expanded_unless_asked_for(azure: Caller) -> None:
    status, body = azure.get("/beta/applications")
    assert status == 200
    assert not any("federatedIdentityCredentials" in one or "owners" in one for one in body["value"])
    status, body = azure.get("/beta/applications?$expand=federatedIdentityCredentials,owners")
    assert (status, body["error"]["code"]) == (400, "Request_UnsupportedQuery")


def test_lists_are_expanded_to_twenty_entries(server: LoopbackAzure) -> None:
    application = ESTATE["applications"][0]
    held = [{**application["federatedIdentityCredentials"][0], "name": f"c{number}"} for number in range(23)]
    server.load({"applications": [{**application, "federatedIdentityCredentials": held}]})
    azure = Caller(server)
    _, body = azure.get("/beta/applications?$expand=federatedIdentityCredentials")
    assert len(body["value"][0]["federatedIdentityCredentials"]) == 20
    _, body = azure.get(f"/beta/applications(appId='{application['appId']}')/federatedIdentityCredentials")
    assert len(body["value"]) == 23


def test_v1_hides_expressions(azure: Caller) -> None:
    application = next(body for body in ESTATE["applications"] if body["displayName"] == "nwf-docs")
    path = f"applications/{application['id']}/federatedIdentityCredentials"
    _, beta = azure.get(f"/beta/{path}")
    _, v1 = azure.get(f"/v1.0/{path}")
    assert (
        beta["value"][0]["claimsMatchingExpression"]["value"] == "claims['sub'] matches 'repo:northwind-freight/docs:*'"
    )
    assert v1["value"][0]["subject"] is None
    assert "claimsMatchingExpression" not in v1["value"][0]


def test_graph_pages(server: LoopbackAzure) -> None:
    server.load(ESTATE, page_size=7)
    azure = Caller(server)
    pages = azure.pages(f"/beta/applications?{LADDER}")
    assert [len(one) for one in pages] == [7, 7, 7, 4]
    assert len({body["id"] for one in pages for body in one}) == 25


def test_batches(azure: Caller) -> None:
    application = ESTATE["applications"][0]
    azure.azure.fail("graph.servicePrincipals.list", Fault.RATE_LIMITED, times=1)
    asked = [
        {"id": "a", "method": "GET", "url": f"/applications/{application['id']}/federatedIdentityCredentials"},
        {"id": "b", "method": "GET", "url": "/applications/none/federatedIdentityCredentials"},
        {"id": "c", "method": "GET", "url": "/servicePrincipals?$filter=servicePrincipalType eq 'ManagedIdentity'"},
    ]
    status, body = azure.post("/beta/$batch", {"requests": asked})
    assert status == 200
    answers = {one["id"]: one for one in body["responses"]}
    assert [one["id"] for one in body["responses"]] == ["c", "b", "a"]
    assert {key: one["status"] for key, one in answers.items()} == {"a": 200, "b": 404, "c": 429}
    assert answers["c"]["headers"]["Retry-After"] == "2"
    assert [one["name"] for one in answers["a"]["body"]["value"]] == ["github-main"]
    assert azure.azure.calls == {"graph.batch": 1}
    assert azure.azure.inner == {
        "graph.applications.federatedIdentityCredentials.list": 2,
        "graph.servicePrincipals.list": 1,
    }
    assert azure.post("/beta/$batch", {"requests": asked * 7})[0] == 400
    assert azure.post("/beta/$batch", {"requests": [{**asked[0], "url": azure.azure.url}]})[0] == 400


def test_relations_of_principals(azure: Caller) -> None:
    principal = IDENTITY["properties"]["principalId"]
    _, groups = azure.get(f"/v1.0/servicePrincipals/{principal}/transitiveMemberOf/microsoft.graph.group")
    assert [one["displayName"] for one in groups["value"]] == ["data-writers", "data-platform"]
    _, direct = azure.get(f"/v1.0/servicePrincipals/{principal}/memberOf")
    assert [one["displayName"] for one in direct["value"]] == ["data-writers"]
    _, granted = azure.get("/v1.0/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')/appRoleAssignedTo")
    assert granted["value"] == ESTATE["app-role-assignments"]
    application = next(body for body in ESTATE["applications"] if body["displayName"] == "nwf-web-release")
    _, owners = azure.get(f"/v1.0/applications/{application['id']}/owners")
    assert [(one["@odata.type"], one["displayName"]) for one in owners["value"]] == [
        ("#microsoft.graph.servicePrincipal", "nwf-team-registrar"),
        ("#microsoft.graph.user", "Jin Lee"),
    ]
    _, view = azure.get(f"/beta/servicePrincipals/{principal}/federatedIdentityCredentials")
    assert [one["claimsMatchingExpression"] for one in view["value"]] == [EXPRESSION]


def test_the_directory(azure: Caller) -> None:
    for kind, key in (
        ("roleAssignments", "directory-role-assignments"),
        ("roleDefinitions", "directory-role-definitions"),
        ("roleEligibilitySchedules", "directory-role-eligibilities"),
    ):
        assert azure.get(f"/v1.0/roleManagement/directory/{kind}")[1]["value"] == ESTATE[key]
    _, body = azure.get("/v1.0/roleManagement/directory/roleAssignments?$expand=principal($select=id)")
    assert [(one["principal"]["@odata.type"], one["principal"]["id"]) for one in body["value"]] == [
        ("#microsoft.graph.servicePrincipal", one["principalId"]) for one in ESTATE["directory-role-assignments"]
    ]
    assert {len(one["principal"]) for one in body["value"]} == {2}
    _, body = azure.get("/v1.0/roleManagement/directory/roleEligibilitySchedules?$expand=roleDefinition")
    assert [one["roleDefinition"]["displayName"] for one in body["value"]] == ["Application Administrator"]
    _, body = azure.get("/beta/reports/servicePrincipalSignInActivities?$top=999")
    assert body["value"] == ESTATE["sign-in-activities"]


# Trouble


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.FORBIDDEN, 403),
        (Fault.NO_LICENCE, 403),
        (Fault.UNAUTHENTICATED, 401),
        (Fault.NOT_FOUND, 404),
        (Fault.BAD_REQUEST, 400),
        (Fault.RATE_LIMITED, 429),
        (Fault.OUT_OF_QUOTA, 429),
        (Fault.UNAVAILABLE, 503),
    ],
)
def test_errors(azure: Caller, fault: Fault, status: int) -> None:
    azure.azure.fail("graph.", fault, after=1, times=1)
    assert [azure.get("/beta/applications")[0] for _ in range(3)] == [200, status, 200]
    assert azure.get("/tenants?api-version=2022-12-01")[0] == 200


def test_answers_that_are_spoilt(azure: Caller) -> None:
    path = "/tenants?api-version=2022-12-01"
    faults = (Fault.NOT_AN_OBJECT, Fault.WRONG_SHAPE, Fault.NOT_JSON_OBJECTS, Fault.SAME_TOKEN, Fault.FOREIGN_LINK)
    for fault in faults:
        azure.azure.fail("arm.tenants", fault, times=1)
    tenant = [{key: value for key, value in ESTATE["tenants"][0].items() if key != "about"}]
    assert [azure.get(path)[1] for _ in range(6)] == [
        [],
        {"value": "text"},
        {"value": ["text"]},
        {"value": tenant, "nextLink": azure.azure.url + path},
        {"value": tenant, "nextLink": "https://graph.example.net/beta/applications?$skiptoken=x"},
        {"value": tenant},
    ]
    azure.azure.fail("graph.applications.list", Fault.EMPTY_PAGE, times=1)
    empty, *rest = azure.pages("/beta/applications?$top=999")
    assert empty == []
    assert [len(one) for one in rest] == [len(ESTATE["applications"])]


def test_answers_that_are_no_json(azure: Caller) -> None:
    for fault in (Fault.HTML_200, Fault.HTML_502, Fault.CUT_SHORT):
        azure.azure.fail("arm.tenants", fault, times=1)
        with pytest.raises(requests.exceptions.JSONDecodeError):
            azure.get("/tenants?api-version=2022-12-01")
    azure.azure.fail("arm.tenants", Fault.HANG_UP, times=1)
    with pytest.raises(requests.exceptions.RequestException):
        azure.get("/tenants?api-version=2022-12-01")


def test_rungs_can_be_taken_away(azure: Caller) -> None:
    single = f"/beta/applications/{ESTATE['applications'][0]['id']}/federatedIdentityCredentials"

    def open_rungs() -> list[int]:
        batch = {"requests": [{"id": "1", "method": "GET", "url": single.removeprefix("/beta")}]}
        ladder = azure.graph(f"/beta/applications?{LADDER}")[0]
        expand = azure.get("/beta/applications?$expand=federatedIdentityCredentials")[0]
        return [ladder, expand, azure.post("/beta/$batch", batch)[0], azure.get(single)[0]]

    assert open_rungs() == [200, 200, 200, 200]
    found = []
    for number in (1, 2, 3):
        azure.azure.load(ESTATE)
        azure.azure.refuse_rungs(number)
        found.append(open_rungs())
    assert found == [[400, 200, 200, 200], [400, 400, 200, 200], [400, 400, 400, 200]]


def test_over_tls() -> None:
    with LoopbackAzure(ESTATE, tls=True, page_size=3) as server:
        azure = Caller(server)
        assert server.url.startswith("https://127.0.0.1:")
        assert server.environment["REQUESTS_CA_BUNDLE"] == server.certificate
        assert sum(map(len, azure.pages("/subscriptions?api-version=2022-12-01"))) == 5
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{server.url}/tenants", timeout=10, verify=True)
    assert not Path(str(server.certificate)).exists()


def test_credentials_of_the_sdk() -> None:
    """A token opens only the service it is for, as the audiences of real ones have it."""
    with LoopbackAzure(ESTATE, tls=True) as server:
        credential = ClientSecretCredential(
            TENANT,
            "client",
            "secret",
            authority=server.url.removeprefix("https://"),
            disable_instance_discovery=True,
            connection_verify=server.certificate,
        )
        session = requests.Session()
        session.trust_env, session.verify = False, server.certificate
        found = []
        for area in ("https://graph.microsoft.com/.default", "https://management.azure.com/.default"):
            token = credential.get_token(area).token
            for path in ("/beta/applications", "/tenants?api-version=2022-12-01"):
                answer = session.get(server.url + path, headers={"Authorization": f"Bearer {token}"}, timeout=10)
                found.append(answer.status_code)
        assert found == [200, 401, 401, 200]


def test_the_stable_sdk_drops_expressions() -> None:
    """What azure-mgmt-msi makes of them is the reason why credentials are not read with its models."""
    with LoopbackAzure(ESTATE, tls=True) as server:
        client = ManagedServiceIdentityClient(
            AzureKeyCredential(TOKEN),  # type: ignore[arg-type] # never used: the policy below signs in
            DATA,
            base_url=server.url,
            connection_verify=server.certificate,
            authentication_policy=AzureKeyCredentialPolicy(AzureKeyCredential(TOKEN), "Authorization", prefix="Bearer"),
        )
        assert len(list(client.user_assigned_identities.list_by_subscription())) == 10
        (credential,) = client.federated_identity_credentials.list("rg-warehouse", "id-warehouse-load")
        assert (credential.subject, "claims" in str(credential.as_dict())) == (None, False)


def test_a_large_tenant() -> None:
    estate = many_applications(300, federated=10, identities=20)
    with LoopbackAzure(estate) as server:
        azure = Caller(server)
        assert [len(one) for one in azure.pages(f"/beta/applications?{LADDER}&$top=999")] == [30]
        assert [len(one) for one in azure.pages("/beta/applications")] == [100, 100, 100]
        assert [len(one) for one in azure.pages("/v1.0/servicePrincipals?$top=999")] == [321]
