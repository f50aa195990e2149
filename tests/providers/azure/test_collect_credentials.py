"""Who asks, in which cloud, and where: credentials, sovereign clouds, endpoints."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

from auditor.config import AZURE_CLOUDS
from auditor.errors import CollectError, NothingAskedError, UsageError
from auditor.providers.azure.clouds import CLOUDS, cloud_of
from auditor.providers.azure.collect import _Tokens
from auditor.providers.azure.endpoints import ARM_ENDPOINT, GRAPH_ENDPOINT, Endpoints, endpoints
from fixtures.loopback.azure import Fault, LoopbackAzure
from tests.providers.azure.tenant import ESTATE, IN_TENANT, TENANT, bodies, collected, gaps, row

PUBLIC = CLOUDS["AzureCloud"]


class Chain:
    """As much of DefaultAzureCredential as is used."""

    made: list[dict[str, Any]]
    asked: list[tuple[tuple[str, ...], dict[str, Any]]]
    error: Exception | None

    def __init__(self, **options: Any) -> None:
        self.made.append(options)
        self.credentials = (SimpleNamespace(), SimpleNamespace())

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        self.asked.append((scopes, options))
        if self.error:
            raise self.error
        area = "graph" if "graph" in scopes[0] else "arm"
        return AccessToken(f"loopback-{area}", int(time.time()) + 3600)


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch) -> type[Chain]:
    made = type("Fake", (Chain,), {"made": [], "asked": [], "error": None})
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", made)
    return made


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackAzure]:
    """A cloud that is taken for a real one: over TLS, with a token of its own for each service."""
    with LoopbackAzure(ESTATE, tls=True) as azure:
        assert azure.certificate
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", azure.certificate)
        place = Endpoints(azure.url, azure.url, local=False)
        monkeypatch.setattr("auditor.providers.azure.collect.endpoints", lambda *_: place)
        yield azure


def test_each_service_gets_a_token_for_itself_and_once(elsewhere: LoopbackAzure, chain: type[Chain]) -> None:
    elsewhere.fail("arm.resourceGraph", Fault.FORBIDDEN)  # so that the SDK's own lists are asked for too
    snapshot = collected()
    assert [one[1] for one in gaps(snapshot)] == ["resource-graph"]
    assert len(bodies(snapshot, "user-assigned-identity")) == 3
    assert [scopes for scopes, _ in chain.asked] == [
        ("https://management.azure.com/.default",),
        ("https://graph.microsoft.com/.default",),
    ]
    assert chain.made == [
        {
            "authority": "login.microsoftonline.com",
            "exclude_interactive_browser_credential": True,
            "additionally_allowed_tenants": [],
        }
    ]


def test_the_tenant_that_is_named_is_asked_for(elsewhere: LoopbackAzure, chain: type[Chain]) -> None:
    collected(tenant=TENANT)
    assert chain.made[0]["additionally_allowed_tenants"] == [TENANT]
    assert {options.get("tenant_id") for _, options in chain.asked} == {TENANT}


@pytest.mark.parametrize(
    ("cloud", "authority", "scopes"),
    [
        (
            "AzureUSGovernment",
            "login.microsoftonline.us",
            ["https://management.usgovcloudapi.net/.default", "https://graph.microsoft.us/.default"],
        ),
        (
            "azurechinacloud",
            "login.chinacloudapi.cn",
            ["https://management.chinacloudapi.cn/.default", "https://microsoftgraph.chinacloudapi.cn/.default"],
        ),
    ],
)
def test_a_sovereign_cloud_has_its_own(
    elsewhere: LoopbackAzure, chain: type[Chain], cloud: str, authority: str, scopes: list[str]
) -> None:
    snapshot = collected(cloud=cloud)
    assert chain.made[0]["authority"] == authority
    assert [asked[0] for asked, _ in chain.asked] == scopes
    assert bodies(snapshot, "tenant")[IN_TENANT]["cloud"].lower() == cloud.lower()


def test_a_directory_that_gives_no_token_is_a_gap(
    elsewhere: LoopbackAzure, chain: type[Chain], monkeypatch: pytest.MonkeyPatch
) -> None:
    get_token = chain.get_token

    def only_arm(self: Chain, *scopes: str, **options: Any) -> AccessToken:
        if "graph" in scopes[0]:
            raise ClientAuthenticationError("AADSTS65001: no consent")
        return get_token(self, *scopes, **options)

    monkeypatch.setattr(chain, "get_token", only_arm)
    snapshot = collected()
    assert row(snapshot, IN_TENANT, "application").reason == "AADSTS65001: no consent"
    assert len(bodies(snapshot, "federated-credential")) == 3


def test_tokens_are_kept_until_they_run_out(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, Any]] = []

    class Credential:
        def get_token(self, *scopes: str, **options: Any) -> AccessToken:
            asked.append({"scopes": scopes, **options})
            return AccessToken(f"t{len(asked)}", 1_000)

    tokens = _Tokens(Credential(), None)
    now = [0.0]
    monkeypatch.setattr("auditor.providers.azure.collect.time.time", lambda: now[0])
    assert [tokens.get_token("a").token, tokens.get_token("a").token, tokens.get_token("b").token] == ["t1", "t1", "t2"]
    now[0] = 701
    assert tokens.get_token("a").token == "t3"
    now[0] = 0
    assert tokens.get_token("a", claims="more").token == "t4"  # Azure wants to see somebody again
    assert asked[-1] == {"scopes": ("a",), "claims": "more"}


# None, or none that is accepted


def test_no_credentials(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(NothingAskedError, match=r"^Azure: no usable credentials\. Log in again \(`az login`"):
        collected()
    assert logging.getLogger("azure").handlers  # nothing of the SDK's goes to stderr by itself


def refused(*attempts: str) -> ClientAuthenticationError:
    """What the chain says at its end."""
    return ClientAuthenticationError(
        "Fake failed to retrieve a token.\nAttempted credentials:\n\t" + "\n\t".join(attempts)
    )


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (
            refused("SimpleNamespace: authentication unavailable."),
            NothingAskedError,
            "Azure: no usable credentials. Log in",
        ),
        (
            refused("EnvironmentCredential: Authentication failed: bad secret."),
            CollectError,
            "Azure refused the credentials: EnvironmentCredential: Authentication failed: bad secret. Log in",
        ),
        (
            refused("SimpleNamespace: AADSTS700082: The refresh token has expired.", "Trace ID: 1"),
            CollectError,
            "Azure refused the credentials: SimpleNamespace: AADSTS700082: The refresh token has expired. Log in",
        ),
        (ServiceRequestError("nobody there"), CollectError, "Azure: no token could be had: nobody there. Log in"),
        (ValueError("invalid tenant"), CollectError, "Azure: the credentials cannot be used: invalid tenant. Log in"),
    ],
)
def test_credentials_that_cannot_be_used(
    chain: type[Chain], error: Exception, kind: type[CollectError], message: str
) -> None:
    chain.error = error
    with pytest.raises(CollectError) as caught:
        collected()
    assert type(caught.value) is kind
    assert str(caught.value).startswith(message)


def test_real_credentials_never_reach_a_loopback(azure: LoopbackAzure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("azure.identity.DefaultAzureCredential", lambda **_: pytest.fail("real credentials"))
    assert collected().complete


# Clouds and endpoints


@pytest.mark.parametrize(
    ("named", "environment", "cloud"),
    [
        (None, {}, "AzureCloud"),
        ("azureusgovernment", {"AZURE_CLOUD": "AzureChinaCloud"}, "AzureUSGovernment"),
        (
            None,
            {"AZURE_CLOUD": "AzureChinaCloud", "AZURE_AUTHORITY_HOST": "login.microsoftonline.us"},
            "AzureChinaCloud",
        ),
        (None, {"AZURE_CLOUD": "AZURE_US_GOVERNMENT"}, "AzureUSGovernment"),
        (None, {"AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us/"}, "AzureUSGovernment"),
        (None, {"AZURE_AUTHORITY_HOST": "login.partner.microsoftonline.cn"}, "AzureChinaCloud"),
        (None, {"AZURE_AUTHORITY_HOST": ""}, "AzureCloud"),
    ],
)
def test_which_cloud(named: str | None, environment: dict[str, str], cloud: str) -> None:
    assert cloud_of(named, environment).name == cloud


@pytest.mark.parametrize(
    ("named", "environment", "message"),
    [
        ("Azure", {}, "'Azure' is no Azure cloud; known: AzureCloud, AzureUSGovernment, AzureChinaCloud"),
        (
            None,
            {"AZURE_AUTHORITY_HOST": "login.evil.example"},
            "AZURE_AUTHORITY_HOST=login.evil.example is the host of no",
        ),
    ],
)
def test_clouds_that_are_not_known(named: str | None, environment: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        cloud_of(named, environment)
    assert str(caught.value).startswith(message)


def test_the_configuration_knows_the_same_clouds() -> None:
    assert tuple(CLOUDS) == AZURE_CLOUDS


def test_endpoints() -> None:
    assert endpoints({}, PUBLIC) == Endpoints(
        "https://management.azure.com", "https://graph.microsoft.com", local=False
    )
    private = {ARM_ENDPOINT: "https://arm.acme.example/", GRAPH_ENDPOINT: ""}
    assert endpoints(private, PUBLIC) == Endpoints(
        "https://arm.acme.example", "https://graph.microsoft.com", local=False
    )
    local = {ARM_ENDPOINT: "http://127.0.0.1:1/", GRAPH_ENDPOINT: "https://localhost:2"}
    assert endpoints(local, PUBLIC) == Endpoints("http://127.0.0.1:1", "https://localhost:2", local=True)


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1", "127.0.0.1:80", "http://", "http://arm.example", "https://x/?a=b", "https://[", "https://u@x"],
)
@pytest.mark.parametrize("name", [ARM_ENDPOINT, GRAPH_ENDPOINT])
def test_an_endpoint_that_cannot_be_used(name: str, url: str) -> None:
    with pytest.raises(UsageError, match=f"^{name}="):
        endpoints({name: url}, PUBLIC)


@pytest.mark.parametrize(
    "environment",
    [
        {ARM_ENDPOINT: "http://127.0.0.1:1"},
        {GRAPH_ENDPOINT: "http://127.0.0.1:1"},
        {ARM_ENDPOINT: "http://127.0.0.1:1", GRAPH_ENDPOINT: "https://graph.example"},
    ],
)
def test_what_is_made_up_is_not_mixed_with_what_is_real(environment: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="must both be on a loopback address, or neither"):
        endpoints(environment, PUBLIC)
