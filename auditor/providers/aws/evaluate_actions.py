"""What a policy says before its conditions: version, statements, actions. Part of the concrete evaluator."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from auditor.providers.aws.evaluate_conditions import any_of, opposite
from auditor.providers.aws.evaluate_keys import Call, lower
from auditor.providers.aws.evaluate_texts import ONE, STAR, Pattern, Reading, fits, units


def statements_of(policy: Mapping[str, Any]) -> list[Any] | None:
    """A policy may hold one statement without a list around it."""
    found = policy.get("Statement")
    if isinstance(found, dict):
        return [found]
    return list(found) if isinstance(found, list | tuple) else None


def reading_of(policy: Mapping[str, Any], call: Call) -> Reading:
    version = policy.get("Version", "2008-10-17")
    variables = {"2012-10-17": True, "2008-10-17": False}.get(version) if isinstance(version, str) else None
    return Reading(call, variables)


def action_matches(statement: Mapping[str, Any], action: str) -> bool | None:
    if ("Action" in statement) == ("NotAction" in statement):
        return None
    patterns = statement["Action"] if "Action" in statement else statement["NotAction"]
    listed = patterns if isinstance(patterns, list | tuple) else [patterns]
    if not listed:
        return None
    named = any_of(_names(pattern, action) for pattern in listed)
    return named if "Action" in statement else opposite(named)


def _names(pattern: Any, action: str) -> bool | None:
    """Action patterns know `*` and `?` and ignore case."""
    return _fits(pattern, action) if isinstance(pattern, str) else None


@lru_cache(maxsize=1024)
def _fits(pattern: str, action: str) -> bool:
    return fits(wild(lower(pattern)), units(lower(action)))


def wild(text: str) -> Pattern:
    """A text whose `*` and `?` are wildcards."""
    return [{ord("*"): STAR, ord("?"): ONE}.get(unit, unit) for unit in units(text)]
