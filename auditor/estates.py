"""What an audit is about: the configuration, and the snapshots or live clouds that the command line names."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.delivery import progress_of
from auditor.errors import UsageError
from auditor.providers import PROVIDERS

if TYPE_CHECKING:
    from auditor.collecting.executors import Means
    from auditor.collecting.resume import Resumption
    from auditor.config import Config
    from auditor.progress import Progress
    from auditor.providers.base import Provider
    from auditor.shards import Shard
    from auditor.snapshot import Snapshot


def clouds() -> Mapping[str, Callable[[], Provider]]:
    """Every cloud there is, by id."""
    return PROVIDERS


def config_of(args: Namespace) -> Config:
    """The configuration that is named, else that of the folder; `args` get from it what they leave open.

    Raises `ConfigError` for whatever is wrong in it.
    """
    found = _config(args)
    for name in ("fail_on", "persona"):
        if getattr(args, name, "") is None:
            setattr(args, name, getattr(found.thresholds, name))
    return found


def _config(args: Namespace) -> Config:
    from auditor import config, issuers
    from auditor.issuers.catalogue import catalogue_of

    path = args.config or config.find(Path())
    if path is None:
        return config.Config()
    found = config.load(path, issuers.kinds())
    catalogue_of(found.issuers)  # what is wrong with a described issuer is told before anything is read
    if found.waivers or found.rules:
        from auditor.judging.waivers import check_rules, check_settings

        check_rules(found.waivers)
        check_settings(found.rules)
    return found


def estate_of(args: Namespace, config: Config) -> tuple[Snapshot, list[Provider]]:
    """What a question is asked about: the snapshots that are named, else the live clouds."""
    from auditor import pipeline

    _live_options_alone(args)
    if args.snapshots:
        snapshot = pipeline.restore(args.snapshots)
        names = args.providers or _known(snapshot)
    else:
        names = args.providers or targets_of(config)
        snapshot = live(args, names, config, progress_of(args))
    return snapshot, [PROVIDERS[name]() for name in dict.fromkeys(names)]


LIVE_OPTIONS: Mapping[str, Sequence[str]] = {
    "aws": ("profile", "organization", "role_name", "external_id", "role_session_name", "duration", "accounts"),
    "gcp": ("projects", "folders", "organizations"),
    "azure": ("tenant", "subscriptions", "management_groups"),
}
"""Provider → what its collector takes from the command line."""


def live(
    args: Namespace,
    names: Sequence[str],
    config: Config,
    progress: Progress,
    shard: Shard | None = None,
    kept: Resumption | None = None,
) -> Snapshot:
    """Read the live clouds called `names`. A cloud counts as asked for when anything names it or says what to read.

    What is `kept` of earlier is not read again, and what is read is kept.
    """
    from auditor import collection

    options = _options(args)
    told = [name for name, listed in LIVE_OPTIONS.items() if any(options[option] for option in listed)]
    unread = [name for name in told if name not in names]
    if unread:
        raise UsageError(f"{_flags(args, unread[0])} is for {unread[0]}, which is not among what is to be read")
    configured = [name for name in PROVIDERS if getattr(config.targets, name) is not None]
    asked = {*args.providers, *configured, *told}
    providers = [PROVIDERS[name]() for name in dict.fromkeys(names)]
    with _means(args) as means:
        known, done = (None, None) if kept is None else (kept.fresh, kept.done)
        return collection.collect(
            providers, config, _given(args), progress, asked, shard, means=means, known=known, done=done
        )


def _means(args: Namespace) -> AbstractContextManager[Means]:
    from auditor.collecting.cluster import Cluster
    from auditor.collecting.executors import means_of

    files = (args.cluster_ca, args.cluster_cert, args.cluster_key)
    if args.cluster is None and any(files):
        raise UsageError("--cluster-ca, --cluster-cert and --cluster-key are for a --cluster, which is missing")
    return means_of(args.workers, None if args.cluster is None else Cluster(args.cluster, *files))


def plan_of(args: Namespace, names: Sequence[str], config: Config) -> str:
    """Tells one collection from another: what is read, and nothing of how."""
    from auditor.collecting.resume import plan_name

    return plan_name(sorted(set(names)), config.targets, sorted(_given(args).items()), str(args.shard))


def _options(args: Namespace) -> dict[str, Any]:
    return {option: getattr(args, option) for listed in LIVE_OPTIONS.values() for option in listed}


def _given(args: Namespace) -> dict[str, Any]:
    """The options that say anything."""
    return {option: value for option, value in _options(args).items() if value}


def _live_options_alone(args: Namespace) -> None:
    """Raises `UsageError` when options of live clouds stand beside snapshots."""
    told = [name for name, listed in LIVE_OPTIONS.items() if any(getattr(args, option) for option in listed)]
    if args.snapshots and args.cluster:
        raise UsageError("--cluster reads live clouds; it has no meaning beside --from")
    if args.snapshots and told:
        raise UsageError(f"{_flags(args, told[0])} chooses what to read live; it has no meaning beside --from")


def _flags(args: Namespace, provider: str) -> str:
    """The first that was given of what chooses what to read of that cloud."""
    option = next(option for option in LIVE_OPTIONS[provider] if getattr(args, option))
    return f"--{option.removesuffix('s').replace('_', '-')}"


def targets_of(config: Config) -> list[str]:
    """The providers named under `[targets]`; all, when the configuration names none."""
    return [name for name in PROVIDERS if getattr(config.targets, name) is not None] or list(PROVIDERS)


def _known(snapshot: Snapshot) -> list[str]:
    """The providers a snapshot has anything of; what is of none of ours is for the ledger to tell."""
    return [name for name in PROVIDERS if name in snapshot.providers]
