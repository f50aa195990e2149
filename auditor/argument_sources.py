"""The command line: what is to be read, live or saved. Imports nothing that takes time."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from auditor.organizations import ACCOUNT, ANY, ID, LONGEST, SHORTEST
from auditor.providers import PROVIDERS
from auditor.shards import Shard, parse
from auditor.visits import age

AWS_ORGANIZATION = "aws-organization"
"""What `auditor permissions` knows besides the providers: reading a whole organization of AWS needs more."""
MOST_WORKERS = 1_000
"""More processes than that are a slip of the pen."""
GOOGLE_DEFAULT = " (default: [targets.gcp], else the credentials' own project)"
AZURE_DEFAULT = " (default: [targets.azure], else the credentials' own)"
ROLE_DEFAULT = {
    "--role-name": " (default: OrganizationAccountAccessRole)",
    "--role-session-name": " (default: oidc-trust-auditor)",
}


def snapshots(command: argparse.ArgumentParser) -> None:
    """Saved snapshots."""
    command.add_argument(
        "--from",
        dest="snapshots",
        metavar="SNAPSHOT",
        action="extend",
        nargs="+",
        type=Path,
        help="audit saved snapshots instead of live clouds; several are audited as one",
    )


def sources(
    command: argparse.ArgumentParser, default: str = "what [targets] of the configuration names, else all"
) -> None:
    """Live clouds by name, and what of them."""
    command.add_argument(
        "providers",
        metavar="PROVIDER",
        nargs="*",
        type=provider,
        help=f"{', '.join(PROVIDERS)} (default: {default})",
    )
    live_sources(command)


def live_sources(command: argparse.ArgumentParser) -> None:
    """What of live clouds is read, the configuration, and whether to say how that goes."""
    command.add_argument("--profile", metavar="NAME", help="AWS profile (default: [targets.aws], else the usual chain)")
    command.add_argument(
        "--organization",
        dest="organizations",
        metavar="[ID]",
        nargs="?",
        const=ANY,
        action=_Organization,
        default=[],
        help="Google Cloud organization (a number; may be repeated); AWS organization (o-..., or without ID that of "
        "the credentials): all its accounts",
    )
    command.set_defaults(organization=None)
    command.add_argument(
        "--account",
        dest="accounts",
        metavar="ID",
        action="append",
        type=_account,
        default=[],
        help="AWS account to enter by a role; may be repeated (with --organization: only these of its accounts)",
    )
    for option, shown, told in (
        ("--role-name", "NAME", "role to assume in each of these AWS accounts"),
        ("--external-id", "ID", "what those roles want to hear"),
        ("--role-session-name", "NAME", "name of the sessions, as CloudTrail shows it"),
    ):
        command.add_argument(option, metavar=shown, help=told + ROLE_DEFAULT.get(option, ""))
    command.add_argument("--duration", metavar="SECONDS", type=_seconds, help="life of a session (default: 900)")
    for kind, shown in (("project", "ID"), ("folder", "NUMBER")):
        command.add_argument(
            f"--{kind}",
            dest=f"{kind}s",
            metavar=shown,
            action="append",
            default=[],
            help=f"Google Cloud {kind}; may be repeated" + (GOOGLE_DEFAULT if kind == "project" else ""),
        )
    command.add_argument("--tenant", metavar="ID", help=f"Azure tenant, id or domain{AZURE_DEFAULT}")
    for kind, shown in (("subscription", "ID"), ("management-group", "NAME")):
        command.add_argument(
            f"--{kind}",
            dest=f"{kind.replace('-', '_')}s",
            metavar=shown,
            action="append",
            default=[],
            help=f"Azure {kind.replace('-', ' ')}; may be repeated"
            + (" (default: all)" if kind == "subscription" else ""),
        )
    workers(command)
    configuration(command)
    command.add_argument("-q", "--quiet", action="store_true", help="no progress and no summary on stderr")


def workers(command: argparse.ArgumentParser) -> None:
    """Who does the work. How it is done is no matter of what is read, and so not for a configuration to say."""
    command.add_argument(
        "--workers", metavar="N", type=_workers, help="work with N processes, not with threads of this one"
    )
    command.add_argument(
        "--cluster", metavar="ADDRESS", help="read with the workers of the Dask scheduler at tls://HOST:PORT"
    )
    for option, told in (
        ("ca", "certificates that the cluster's are signed by"),
        ("cert", "certificate to show it"),
        ("key", "key of that certificate"),
    ):
        where = " (default: as Dask is configured)" if option == "ca" else ""
        command.add_argument(f"--cluster-{option}", metavar="FILE", type=Path, help=told + where)


def configuration(command: argparse.ArgumentParser) -> None:
    """The configuration file."""
    command.add_argument(
        "--config", metavar="FILE", type=Path, help="default: ./auditor.toml or [tool.auditor] of ./pyproject.toml"
    )


class _Organization(argparse.Action):
    """`--organization` is AWS's or Google's: each cloud writes the ids of its own in its own way."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        del parser, option_string
        text = str(values)
        if text.isascii() and text.isdecimal():
            namespace.organizations = [*namespace.organizations, text]
        elif text == ANY or ID.fullmatch(text):
            namespace.organization = text
        else:
            said = f"{text!r} is no organization of Google Cloud (a number) or AWS (o-..., or nothing after all else)"
            raise argparse.ArgumentError(self, said)


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not SHORTEST <= int(text) <= LONGEST:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from {SHORTEST} to {LONGEST}")
    return int(text)


def _account(text: str) -> str:
    if not ACCOUNT.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no AWS account: twelve digits")
    return text


def _workers(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= MOST_WORKERS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of processes from 1 to {MOST_WORKERS:,}")
    return int(text)


def provider(text: str) -> str:
    if text not in PROVIDERS:
        raise argparse.ArgumentTypeError(f"{text!r} is no provider; known: {', '.join(PROVIDERS)}")
    return text


def max_age(text: str) -> timedelta:
    """A span of time, as in `12h`."""
    try:
        return age(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def shard(text: str) -> Shard:
    """Which part of a whole, as in `2/8`."""
    try:
        return parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
