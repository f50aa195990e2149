"""What every test runs under: no network but loopback, and none of the developer's own cloud settings."""

from __future__ import annotations

import gc
import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from moto.moto_api._internal.models import moto_api_backend

from fixtures.loopback.aws import LoopbackAws
from tests import quick_boto
from tests.claims.proof import forget

# The machine that runs the tests may be busy: time limits per example fail where nothing is wrong.
# An unattended run tries the same examples each time; at a desk every run tries new ones.
settings.register_profile("auditor", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("auditor")

COLLECTOR = (20_000, 10, 10)
"""When the garbage collector runs: next to nothing that the tests make is cyclic, but the SDKs' clients are."""
gc.set_threshold(*COLLECTOR)

SCRUBBED = ("AWS_", "AUDITOR_", "AZURE_", "BOTO_", "CLOUDSDK_", "GCLOUD_", "GOOGLE_", "MOTO_")
SCRUBBED_NAMES = {
    *("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
    *("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TERM"),
}


GROWN = 300_000
"""So many more objects, about 30 megabytes, and what the program remembers is emptied, and what moto holds."""
HELD = pytest.StashKey[int]()
"""Objects when that was done last."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """A process of ten thousand tests stays as small as one of ten.

    An audit lets the collector rest and takes from it whatever was read, and the solver remembers what it was asked: it
    is the only one in its process. Here the next one follows.
    """
    yield
    gc.set_threshold(*COLLECTOR)
    gc.unfreeze()
    over, stash = nextitem is None or nextitem.path != item.path, item.config.stash
    if over and sys.getallocatedblocks() > stash.get(HELD, 0) + GROWN:
        forget()
        moto_api_backend.reset()
        gc.collect()
        stash[HELD] = sys.getallocatedblocks()


@pytest.fixture(scope="session", autouse=True)
def _own_environment() -> Iterator[None]:
    """No setting of the developer's reaches a test, not even through a file or an instance's metadata."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(SCRUBBED) or name.upper() in SCRUBBED_NAMES:
                patch.delenv(name)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("CLOUDSDK_CONFIG", os.devnull)
        patch.setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential")  # asks no instance metadata
        patch.setenv("NO_GCE_CHECK", "true")
        yield


@pytest.fixture(scope="session", autouse=True)
def _loopback_only() -> Iterator[None]:
    """A connection to anywhere else fails the test, whatever the code under test makes of errors."""
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(sock: socket.socket, address: Any) -> None:
        _must_be_local(sock.family, address)
        connect(sock, address)

    def guarded_connect_ex(sock: socket.socket, address: Any) -> int:
        _must_be_local(sock.family, address)
        return connect_ex(sock, address)

    def guarded_getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
        _must_be_local(socket.AF_INET, (host,))
        return getaddrinfo(host, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
        patch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
        yield


def _must_be_local(family: int, address: Any) -> None:
    if family not in {socket.AF_INET, socket.AF_INET6}:
        return
    host = address[0].decode() if isinstance(address[0], bytes) else address[0]
    if host in {None, "", "localhost"}:
        return
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        # Not an exception that a blanket handler in an SDK could swallow.
        pytest.fail(f"a test tried to reach {host}")


@pytest.fixture(scope="session", autouse=True)
def _quick_boto() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        quick_boto.hurry(patch)
        yield


@pytest.fixture(scope="session")
def _aws_server() -> Iterator[LoopbackAws]:
    with LoopbackAws() as aws:
        yield aws


@pytest.fixture
def aws(_aws_server: LoopbackAws, monkeypatch: pytest.MonkeyPatch) -> LoopbackAws:
    """An empty AWS account on loopback; this process's SDK and its children's talk to it."""
    _aws_server.reset()
    for name, value in _aws_server.environment.items():
        monkeypatch.setenv(name, value)
    return _aws_server
