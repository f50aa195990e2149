"""What permissions amount to, from `power.toml`: paths to more, what reads stored data, what lets others in.

Nothing here needs a catalogue of all actions, so that a service the catalogue does not know cannot hide anything.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from auditor.providers.aws.wildcards import FRESH, matches

PASS_ROLE = "iam:passrole"  # noqa: S105 - an action
ASSUME_ROLE = "sts:assumerole"
REWRITE_TRUST = "iam:updateassumerolepolicy"

ANYTHING = f"{FRESH}:{FRESH}"
"""An action of a service nobody uses: what only a statement about everything covers."""
ANY_OF_IAM = f"iam:{FRESH}"


@dataclass(frozen=True, slots=True)
class Way:
    """A known way to more than was granted."""

    id: str
    may: str
    needs: Mapping[str, str]
    """Permission, in lower case → on what it has to be granted; the words are explained in `power.toml`."""
    permissions: tuple[str, ...]
    """As AWS writes them."""
    mask: int
    services: tuple[str, ...]
    existing: str | None
    session: bool
    """Whether the session of a role can walk it."""
    assumed: bool
    gives: str | None
    """`role` where it leads to another role and grants nothing beyond that."""
    removes: str | None
    doubt: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Permissions any of which, granted on a name nobody uses, lets one do something all over the account."""

    may: str
    any: tuple[str, ...]
    """In lower case."""
    mask: int


def _read() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("power.toml").read_text(encoding="utf-8"))


_DATA = _read()

WRITTEN: Mapping[str, str] = MappingProxyType(
    {name.lower(): name for path in _DATA["path"] for name in path["needs"]}
    | {name.lower(): name for name in _DATA["checked-on"]}
)
"""Action in lower case → as AWS writes it, for those that are named here."""

ACTIONS: tuple[str, ...] = (ANYTHING, ANY_OF_IAM, *sorted(WRITTEN))
"""What the masks count: bit n stands for the n-th. In lower case."""
BIT: Mapping[str, int] = MappingProxyType({action: 1 << place for place, action in enumerate(ACTIONS)})
EVERY = (1 << len(ACTIONS)) - 1

FORMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {action.lower(): tuple(_DATA["forms"][form] for form in forms) for action, forms in _DATA["checked-on"].items()}
)
"""Action in lower case → the forms of the resources it is checked on."""

_HEADS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        service: frozenset(
            parts[5].partition("{}")[0]
            for form in _DATA["forms"].values()
            if len(parts := form.split(":", 5)) > 5 and parts[2] == service
        )
        for service in {form.split(":", 3)[2] for form in _DATA["forms"].values() if form != "*"}
    }
)
"""Service of an ARN → what stands before the name in the last part of its forms."""


def unnamed(pattern: str) -> bool:
    """Whether a whole ARN pattern may match something of these forms with a name nobody uses: it breaks off before."""
    if pattern == "*":
        return True
    parts = pattern.split(":", 5)
    lead = re.split(r"[*?]", parts[5], maxsplit=1)[0]
    if lead == parts[5]:
        return False
    if "*" in parts[2] or "?" in parts[2]:
        return True
    return any(head.startswith(lead) for head in _HEADS.get(parts[2], ()))


MINOR: tuple[str, ...] = tuple(pattern.lower() for pattern in _DATA["minor"]["writes"])
"""Writes that change nothing of weight."""


def mask_of(actions: Iterator[str] | tuple[str, ...]) -> int:
    total = 0
    for action in actions:
        total |= BIT[action]
    return total


def _path(record: Mapping[str, Any]) -> Way:
    needs = {name.lower(): target for name, target in record["needs"].items()}
    return Way(
        id=record["id"],
        may=record["may"],
        needs=MappingProxyType(needs),
        permissions=tuple(record["needs"]),
        mask=mask_of(tuple(needs)),
        services=tuple(record.get("services", ())),
        existing=record.get("existing"),
        session=record.get("session", True),
        assumed=record.get("assumed", False),
        gives=record.get("gives"),
        removes=record.get("removes"),
        doubt=record.get("doubt"),
    )


def _group(record: Mapping[str, Any]) -> Group:
    actions = tuple(name.lower() for name in record["any"])
    return Group(record["may"], actions, mask_of(actions))


PATHS: tuple[Way, ...] = tuple(_path(record) for record in _DATA["path"])
READING: tuple[Group, ...] = tuple(_group(record) for record in _DATA["reading"])
OPENING: tuple[Group, ...] = tuple(_group(record) for record in _DATA["opening"])


@lru_cache(maxsize=1 << 12)
def covered(patterns: tuple[str, ...]) -> int:
    """Which of `ACTIONS` some of these patterns, in lower case, covers."""
    total = 0
    for pattern in patterns:
        total |= _covered(pattern)
    return total


@lru_cache(maxsize=1 << 12)
def _covered(pattern: str) -> int:
    if "*" not in pattern and "?" not in pattern:
        return BIT.get(pattern, 0)
    return sum(bit for action, bit in BIT.items() if matches(pattern, action))


@lru_cache(maxsize=1 << 12)
def paths_within(mask: int) -> tuple[Way, ...]:
    """The paths of which every permission is among those of `mask`, and that a session can walk."""
    return tuple(path for path in PATHS if path.session and path.mask & mask == path.mask)
