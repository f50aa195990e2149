"""A deliberately naive reading of IAM's permission policies: one concrete request in, yes or no out.

It shares no code with the analysis: wildcards are regular expressions, conditions are looked up in a plain dictionary
of the request's context, policies are evaluated in the order of AWS's logic. It knows the operators below only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

Context = Mapping[str, str]
"""Condition key in lower case → value; keys that are missing in the request are missing here."""

Policy = Mapping[str, Any]


def allowed(
    action: str,
    resource: str,
    context: Context,
    identity: Sequence[Policy],
    boundary: Policy | None = None,
    service_control: Sequence[Sequence[Policy]] = (),
) -> bool:
    """Whether the request gets through. `service_control`: one list of policies for each level."""
    everything = [
        *identity,
        *([boundary] if boundary is not None else []),
        *(p for level in service_control for p in level),
    ]
    if any(says("Deny", policy, action, resource, context) for policy in everything):
        return False
    for level in service_control:
        if not any(says("Allow", policy, action, resource, context) for policy in level):
            return False
    if boundary is not None and not says("Allow", boundary, action, resource, context):
        return False
    return any(says("Allow", policy, action, resource, context) for policy in identity)


def says(effect: str, policy: Policy, action: str, resource: str, context: Context) -> bool:
    """Whether some statement of that effect applies."""
    return any(
        statement["Effect"] == effect
        and about_action(statement, action)
        and about_resource(statement, resource, context, policy.get("Version") == "2012-10-17")
        and all(
            test(operator, key, values, context)
            for operator, tests in statement.get("Condition", {}).items()
            for key, values in tests.items()
        )
        for statement in policy["Statement"]
    )


def about_action(statement: Mapping[str, Any], action: str) -> bool:
    if "Action" in statement:
        return any(like(pattern.lower(), action.lower()) for pattern in many(statement["Action"]))
    return not any(like(pattern.lower(), action.lower()) for pattern in many(statement["NotAction"]))


def about_resource(statement: Mapping[str, Any], resource: str, context: Context, variables: bool) -> bool:
    element = "Resource" if "Resource" in statement else "NotResource"
    matched = any(like(filled, resource) for filled in fill(many(statement[element]), context, variables))
    return matched == (element == "Resource")


def fill(patterns: Sequence[str], context: Context, variables: bool) -> list[str]:
    """Patterns with their variables put in, without those whose variable is missing."""
    found = []
    for pattern in patterns:
        names = re.findall(r"\$\{([^}]*)\}", pattern) if variables else []
        if all(name.lower() in context for name in names):
            found.append(re.sub(r"\$\{([^}]*)\}", lambda name: context[name[1].lower()], pattern) if names else pattern)
    return found


@lru_cache(maxsize=1 << 14)
def like(pattern: str, text: str) -> bool:
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def many(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test(operator: str, key: str, values: Any, context: Context) -> bool:
    present = key.lower() in context
    if operator == "Null":
        return present == (many(values) == ["false"])
    every = operator.startswith("ForAllValues:")
    some = operator.startswith("ForAnyValue:")
    name = operator.rpartition(":")[2]
    optional = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    negated = "Not" in name
    if not present:
        if some:
            return False
        return negated or optional or every
    value = context[key.lower()]
    compare: Mapping[str, Callable[[str], bool]] = {
        "StringEquals": lambda listed: listed == value,
        "StringLike": lambda listed: like(listed, value),
        "ArnLike": lambda listed: like(listed, value),
        "Bool": lambda listed: listed.lower() == value.lower(),
        "StringEqualsIgnoreCase": lambda listed: listed.lower() == value.lower(),
    }
    chosen = compare[name.replace("Not", "")]
    return any(chosen(listed) for listed in many(values)) != negated
