"""A permission policy in its place: which document it stands in, and where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from auditor.providers.aws.grants import Bound
from auditor.providers.aws.policies import Policy, Rule, read_policy


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A policy document as it stands somewhere."""

    policy: Policy
    document: str
    """The id of the document it stands in."""
    prefix: str
    """JSON pointer into that document."""
    grants: tuple[Bound, ...]
    denies: tuple[Rule, ...]


def hold(document: Any, where: str, prefix: str, reach: str | None = None) -> Held:
    """The policy that stands at `prefix` of the document `where`. With `reach`, none of it applies for certain."""
    policy = read_policy(document)
    if reach is not None:
        policy = replace(policy, rules=tuple([replace(rule, odd=reach) for rule in policy.rules]))
    grants = tuple([Bound(rule, where, prefix) for rule in policy.rules if rule.allow])
    return Held(policy, where, prefix, grants, tuple([rule for rule in policy.rules if not rule.allow]))
