"""One plan over all clouds: side by side, by whatever workers, interrupted, taken over; and no secret travels."""

from __future__ import annotations

import pickle
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from auditor import collection
from auditor.collecting.executors import THREADS, Inline, Means
from auditor.collecting.plan import LostError, Patience
from auditor.collecting.processes import ThreadedProcesses
from auditor.collecting.scopes import Reading, Refusal, Scope, alone, attempt, gather
from auditor.config import AwsTargets, AzureTargets, Config, GcpTargets, Targets
from auditor.errors import CollectError, NothingAskedError, UsageError
from auditor.organizations import ANY
from auditor.progress import Progress, Stage, silent
from auditor.providers import PROVIDERS
from auditor.providers.aws.connections import Connections
from auditor.snapshot import Coverage, Document, Snapshot, Status, ordered
from fixtures.loopback import aws_organisation
from fixtures.loopback.aws import LoopbackAws
from fixtures.loopback.azure import LoopbackAzure
from fixtures.loopback.gcp import LoopbackGoogle
from tests.estate import TIMES, FakeCloud, FakeScope
from tests.faults.clouds import MEMBERS, trust
from tests.providers.azure.tenant import ESTATE as TENANT
from tests.providers.gcp.organisation import ESTATE as ORGANISATION

INLINE = Means(Inline, elsewhere=False)
PROCESSES = Means(partial(ThreadedProcesses, 2), lambda: 2)
EVERYTHING = Config(
    targets=Targets(
        aws=AwsTargets(organization=ANY, external_id="heard"),
        gcp=GcpTargets(organizations=("100",)),
        azure=AzureTargets(),
    )
)


@pytest.fixture
def clouds(aws: LoopbackAws, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackAws]:
    """All three, and this process and its children turned to them."""
    with ExitStack() as stack:
        google, azure = stack.enter_context(LoopbackGoogle()), stack.enter_context(LoopbackAzure())
        google.load(ORGANISATION)
        azure.load(TENANT)
        aws_organisation.load(aws, ((f"member-{n}", trust(n)) for n in range(MEMBERS)))
        for name, value in {**google.environment, **azure.environment}.items():
            monkeypatch.setenv(name, value)
        yield aws


def collect(means: Means = THREADS, **options: Any) -> Snapshot:
    return collection.collect([make() for make in PROVIDERS.values()], EVERYTHING, {}, silent, means=means, **options)


def timeless(found: Snapshot) -> Snapshot:
    return replace(ordered(found), started="", finished="")


def test_three_clouds_side_by_side_are_what_each_is_alone(clouds: LoopbackAws) -> None:
    told: list[str | Stage] = []
    providers = [make() for make in PROVIDERS.values()]
    whole = collection.collect(providers, EVERYTHING, {}, told.append)
    assert whole.complete
    for provider in providers:
        single = collection.collect([provider], EVERYTHING, {}, silent, means=INLINE)
        assert list(single.documents) == [doc for doc in whole.documents if doc.provider == provider.id]
        assert single.coverage == [row for row in whole.coverage if row.provider == provider.id]
    assert timeless(collect(PROCESSES)) == timeless(whole)
    counted = [one for one in told if isinstance(one, Stage) and one.what == "reading AWS accounts"]
    assert counted == [Stage("reading AWS accounts", done, MEMBERS + 1) for done in range(MEMBERS + 2)]


SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIASECRETSECRET",
    "AWS_SECRET_ACCESS_KEY": "aws-secret-key",
    "AWS_SESSION_TOKEN": "aws-secret-token",
    "AZURE_CLIENT_ID": "azure-secret-client",
    "AZURE_CLIENT_SECRET": "azure-secret-secret",
}


def test_no_scope_and_no_reading_holds_a_secret(clouds: LoopbackAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    secrets = set(SECRETS.values())
    asker = Connections.asker

    def listening(ways: Connections, keys: Mapping[str, str] | None = None, hasty: Sequence[str] = ()) -> Any:
        secrets.update((keys or {}).values())
        return asker(ways, keys, hasty)

    monkeypatch.setattr(Connections, "asker", listening)
    pickles: dict[str, bytes] = {}
    waiting = [scope for make in PROVIDERS.values() for scope in make().scopes(EVERYTHING)]
    while waiting:
        scope = waiting.pop()
        reading = attempt(scope)
        pickles[f"{scope}"] = pickle.dumps(scope) + pickle.dumps(reading)
        assert pickle.loads(pickle.dumps(scope)) == scope
        waiting += reading.further
    assert len(pickles) == 1 + MEMBERS + 1 + 2  # the tree, its accounts, Google's targets, Azure's tenant
    assert len(secrets) == len(SECRETS) + 3 * MEMBERS
    assert {secret for secret in secrets for written in pickles.values() if secret.encode() in written} == set()


def test_what_was_read_before_is_not_read_again_and_what_is_read_is_told_at_once(clouds: LoopbackAws) -> None:
    kept: dict[tuple[str, str | None], Snapshot] = {}

    def done(scope: Scope, part: Snapshot) -> None:
        assert (scope.provider, scope.name) not in kept
        kept[scope.provider, scope.name] = part

    first = collect(done=done)
    accounts = [doc.id for doc in first.of("aws", "account")]
    assert kept.keys() == {*(("aws", account) for account in accounts), ("gcp", "organizations/100")}
    clouds.calls.clear()
    again: list[str | None] = []
    second = collect(
        known=lambda scope: kept.get((scope.provider, scope.name)), done=lambda scope, _: again.append(scope.name)
    )
    assert (again, clouds.calls["AssumeRole"], clouds.calls["GetAccountAuthorizationDetails"]) == ([], 0, 0)
    assert clouds.calls["ListRoots"] == 1
    assert timeless(second) == timeless(first)


def test_ctrl_c_ends_the_reading_of_every_cloud(clouds: LoopbackAws) -> None:
    """What was read is there; of the rest there are rows."""

    def tell(told: str | Stage) -> None:
        if isinstance(told, Stage) and told.what == "reading AWS accounts" and told.done == 2:
            signal.raise_signal(signal.SIGINT)

    hasty = Means(Inline, lambda: 1, elsewhere=False)
    providers = [make() for make in PROVIDERS.values()]
    found = collection.collect(providers, EVERYTHING, {}, tell, means=hasty)
    lost = [row for row in found.coverage if row.reason and row.reason.endswith("was not read: interrupted")]
    read = {doc.id for doc in found.of("aws", "account")}
    assert len(read) == 2
    assert len([row for row in lost if row.provider == "aws"]) == MEMBERS + 1 - 2
    clouds_read = {
        provider for provider in ("gcp", "azure") if any(doc.provider == provider for doc in found.documents)
    }
    assert {row.provider for row in lost} == {"aws", "gcp", "azure"} - clouds_read
    assert not found.complete


class Told(FakeScope):
    """A scope that ends as it is told."""

    def __init__(self, provider: str, name: str, told: Reading | BaseException) -> None:
        super().__init__(FakeCloud(name=provider), Config(), {}, name=name, patience=Patience(pause=0))
        self.told = told

    def read(self, tell: Progress) -> Reading:
        if isinstance(self.told, BaseException):
            raise self.told
        return self.told

    def unread(self, why: str) -> Coverage:
        return Coverage(self.provider, self.name or "-", "account", Status.FAILED, f"it {why}")


def read_of(provider: str, name: str) -> Reading:
    row = Coverage(provider, name, "account", Status.READ)
    return Reading(Snapshot(*TIMES, [Document(provider, name, "account", name, {})], [row]))


def failed(provider: str, name: str, reason: str) -> Coverage:
    return Coverage(provider, name, "account", Status.FAILED, reason)


def test_a_cloud_of_which_nothing_can_be_read_and_one_of_which_something_can() -> None:
    given = [
        Told("aws", "1", CollectError("no")),
        Told("aws", "2", read_of("aws", "2")),
        Told("gcp", "3", NothingAskedError("nothing asked")),
        Told("gcp", "4", NothingAskedError("nothing asked")),
        Told("azure", "5", NothingAskedError("nothing asked")),
        Told("azure", "6", CollectError("no")),
    ]
    found = gather(given)
    assert found.refused == {"gcp": Refusal("nothing asked", True), "azure": Refusal("nothing asked\nno", False)}
    assert found.snapshot.coverage == [Coverage("aws", "2", "account", Status.READ), failed("aws", "-", "no")]
    assert [doc.id for doc in found.snapshot.documents] == ["2"]
    with pytest.raises(NothingAskedError, match=r"^nothing asked$"):
        alone(given[2:4])
    with pytest.raises(CollectError, match=r"^nothing asked\nno$"):
        alone(given[4:])
    with pytest.raises(UsageError, match=r"^cannot be meant$"):
        gather([Told("aws", "2", read_of("aws", "2")), Told("aws", "7", UsageError("cannot be meant"))])


def test_what_nobody_finished_is_a_row_in_words() -> None:
    class Dying(Inline):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
            if args[0].name == "1":
                fn = lost
            return super().submit(fn, *args, **kwargs)

    def lost(scope: Scope) -> Reading:
        raise LostError

    def late(tell: Progress) -> Reading:
        time.sleep(1)
        return read_of("aws", "2")

    slow = Told("aws", "2", read_of("aws", "2"))
    slow.patience = Patience(deadline=0.1, attempts=1)
    slow.read = late  # type: ignore[method-assign]  # this one takes its time
    assert gather([slow]).snapshot.coverage == [failed("aws", "2", "it was not read within 0.1 seconds")]
    dying = gather([Told("aws", "1", read_of("aws", "1"))], Means(Dying, elsewhere=False))
    assert dying.snapshot.coverage == [failed("aws", "1", "it was not read: the process that read it died")]


def test_ctrl_c_before_anything_was_read_is_no_snapshot() -> None:
    with pytest.raises(KeyboardInterrupt):
        gather([Told("aws", "1", KeyboardInterrupt()), Told("aws", "2", CollectError("no"))], INLINE)


def test_a_reading_with_gaps_that_may_pass_is_made_again() -> None:
    tried: list[int] = []
    scope = Told("aws", "1", read_of("aws", "1"))

    def read(tell: Progress) -> Reading:
        tried.append(1)
        return replace(read_of("aws", "1"), passing=2 - len(tried), throttled=3)

    scope.read, scope.what = read, "reading accounts"  # type: ignore[method-assign]  # this one keeps count
    told: list[str | Stage] = []
    assert gather([scope], tell=told.append).snapshot.complete
    assert (len(tried), told) == (2, [Stage("reading accounts", 0, 1), Stage("reading accounts", 1, 1, throttled=3)])
