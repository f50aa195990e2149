"""Permission policies as written: statements with their actions, resources and condition. Nothing is decided here.

What cannot be read is kept apart by what it could change: a `gap` could grant more, a `doubt` could take away.
(Reference: IAM user guide, JSON policy elements.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from auditor.providers.aws import tables
from auditor.providers.aws.conditions import escape
from auditor.providers.aws.session import MOVING, keys_of, texts_of
from auditor.providers.aws.wildcards import cleaned, instance, matches, unescaped

_USUAL = frozenset(("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"))
_ARN_PARTS = 5
"""Colons of a whole ARN."""


@dataclass(frozen=True, slots=True)
class Target:
    """One entry of `Resource` or `NotResource`."""

    text: str
    """As written, a policy variable left in it."""
    doubt: str | None = None
    """Why it is not known what it matches."""
    variable: bool = False
    """Whether it holds a policy variable."""
    region: str | None = None
    """The region it names, if it does."""
    unnamed: bool = True
    """Whether it may match something of a name that nobody uses."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One statement. Compared by identity, as it is read once and remembered."""

    pointer: str
    """Within the policy: `/Statement/1`."""
    allow: bool
    action_element: Literal["Action", "NotAction"]
    actions: tuple[str, ...]
    """Patterns in lower case."""
    names: tuple[str, ...]
    """The same as written."""
    target_element: Literal["Resource", "NotResource"]
    targets: tuple[Target, ...]
    condition: Any
    """None where there is none."""
    expanded: bool | None
    """Whether `${…}` is a policy variable; None where the version is none that exists."""
    odd: str | None
    """What of it was not understood, so that it is not known to what it applies."""
    mask: int
    """Which of `tables.ACTIONS` it covers, one bit each."""
    moving: frozenset[str]
    """The keys of its condition whose value is that of the single call."""
    plain: bool
    """Whether it is read the same in every session: no condition, no variable, nothing odd."""
    regions: tuple[str, ...]
    """Regions that its condition or its resources name: where it may make a difference in which one a call is."""
    unnamed: bool
    """Whether it may be about resources of a name that nobody uses (those of `tables.FORMS`)."""
    raw: Mapping[str, Any]

    def covers(self, action: str) -> bool:
        """Whether its actions cover `action`, which is in lower case and one action or an instance of a pattern."""
        found = any(matches(pattern, action) for pattern in self.actions)
        return found == (self.action_element == "Action")

    _pointers: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict, init=False, repr=False)

    def action_pointers(self, actions: tuple[str, ...]) -> tuple[str, ...]:
        """Where it names the actions given in lower case: one pointer each, without repetition."""
        pointers = self._pointers.get(actions)
        if pointers is None:
            pointers = self._pointers[actions] = self._pointed(actions)
        return pointers

    def _pointed(self, actions: tuple[str, ...]) -> tuple[str, ...]:
        place = f"{self.pointer}/{self.action_element}"
        written = self.raw.get(self.action_element)
        if self.action_element == "NotAction" or not isinstance(written, list | tuple):
            return (place,)
        found: dict[str, None] = {}
        for action in actions:
            for index, entry in enumerate(written):
                if isinstance(entry, str) and matches(cleaned(entry.lower()), action):
                    found[f"{place}/{index}"] = None
                    break
        return tuple(found) or (place,)


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """One policy document."""

    rules: tuple[Rule, ...]
    gaps: tuple[str, ...] = ()
    """What was not read and could grant."""
    doubts: tuple[str, ...] = ()
    """What was not read and could deny."""

    @property
    def denies(self) -> bool:
        return any(not rule.allow for rule in self.rules)


def read_policy(document: Any) -> Policy:
    """The statements of a decoded policy document. Never raises."""
    if not isinstance(document, Mapping):
        return _unread("it is not a JSON object")
    if "Statement" not in document:
        return _unread("it has no Statement")
    body = document["Statement"]
    version = document.get("Version", "2008-10-17")
    expanded = {"2012-10-17": True, "2008-10-17": False}.get(version) if isinstance(version, str) else None
    if isinstance(body, Mapping):
        parts = [("/Statement", body)]
    elif isinstance(body, list | tuple):
        parts = [(f"/Statement/{index}", part) for index, part in enumerate(body)]
    else:
        return _unread("its Statement is neither an object nor a list")
    rules: list[Rule] = []
    gaps: list[str] = []
    doubts: list[str] = []
    for pointer, part in parts:
        found = _rule(part, pointer, expanded)
        if isinstance(found, Rule):
            rules.append(found)
            continue
        effect, why = found
        reason = f"{pointer}: {why}"
        if effect != "Deny":
            gaps.append(reason)
        if effect != "Allow":
            doubts.append(reason)
    return Policy(tuple(rules), tuple(gaps), tuple(doubts))


def _unread(reason: str) -> Policy:
    return Policy((), (reason,), (reason,))


def _rule(part: Any, pointer: str, expanded: bool | None) -> Rule | tuple[str, str]:
    """The statement; or its effect, as far as that is known, and why it cannot be read."""
    if not isinstance(part, Mapping):
        return "", "the statement is not an object"
    written = part.get("Effect")
    if written not in ("Allow", "Deny"):
        return "", "its effect is neither Allow nor Deny"
    effect = str(written)
    actions = _entries(part, "Action", "NotAction")
    targets = _entries(part, "Resource", "NotResource")
    if isinstance(actions, str):
        return effect, actions
    if isinstance(targets, str):
        return effect, targets
    action_element, names = actions
    target_element, resources = targets
    entries = tuple([_target(text, expanded) for text in resources])
    unusual = [f"the element {escape(str(name))}" for name in part if name not in _USUAL]
    condition = part.get("Condition")
    patterns = tuple(cleaned(name.lower()) for name in names)
    covered = tables.covered(patterns)
    return Rule(
        pointer=pointer,
        allow=effect == "Allow",
        action_element="Action" if action_element == "Action" else "NotAction",
        actions=patterns,
        names=tuple(names),
        target_element="Resource" if target_element == "Resource" else "NotResource",
        targets=entries,
        condition=condition if condition or not isinstance(condition, Mapping) else None,
        expanded=expanded,
        odd=unusual[0] if unusual else None,
        mask=covered if action_element == "Action" else tables.EVERY & ~covered,
        moving=MOVING.intersection(key for key, _ in keys_of(condition)),
        plain=not condition and condition in (None, {}) and not unusual and not any(one.variable for one in entries),
        regions=tuple(dict.fromkeys((*_tested_regions(condition), *(one.region for one in entries if one.region)))),
        unnamed=target_element == "NotResource" or any(one.unnamed for one in entries),
        raw=part,
    )


def _tested_regions(condition: Any) -> tuple[str, ...]:
    tested = (listed for key, listed in keys_of(condition) if key == "aws:requestedregion")
    return tuple(instance(cleaned(text)) for listed in tested for text in texts_of(listed))


def _entries(part: Mapping[str, Any], plain: str, inverted: str) -> tuple[str, list[str]] | str:
    named = [name for name in (plain, inverted) if name in part]
    if len(named) != 1:
        return f"it has both {plain} and {inverted}" if named else f"it has no {plain}"
    value = part[named[0]]
    listed = list(value) if isinstance(value, list | tuple) else [value]
    if not all(isinstance(entry, str) for entry in listed):
        return f"its {named[0]} holds something other than text"
    return named[0], listed


@lru_cache(maxsize=1 << 12)
def _target(written: str, expanded: bool | None) -> Target:
    text = cleaned(written)
    parts = text.split(":", 4)
    region = instance(parts[3]) if len(parts) == _ARN_PARTS and parts[3] not in ("", "*") else None
    if "${" in text:
        if expanded is None:
            return Target(text, "a policy version that does not exist", region=region)
        if expanded:
            text = unescaped(text)
            return Target(text, variable="${" in text, region=region)
    if text != "*" and text.count(":") < _ARN_PARTS:
        return Target(text, f"the incomplete resource {text}", region=region)
    return Target(text, region=region, unnamed=tables.unnamed(text))
