"""The parts of a decision about a call: statements in their places, fences, the call itself, what lets it through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.model import Source
from auditor.providers.aws.policies import Rule


@dataclass(frozen=True, slots=True)
class Bound:
    """A statement and where it stands."""

    rule: Rule
    document: str
    prefix: str
    """Of the policy within the document."""

    def sources(self, actions: tuple[str, ...]) -> Iterator[Source]:
        for pointer in self.rule.action_pointers(actions):
            yield Source(self.document, self.prefix + pointer)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bound) and self.rule is other.rule and self.document == other.document

    def __hash__(self) -> int:
        return hash(self.rule)


@dataclass(frozen=True, slots=True, eq=False)
class Fence:
    """What has to allow a call besides the role's own policies: a boundary, or one level of organisation policies."""

    name: str
    allows: tuple[Rule, ...]
    doubts: tuple[str, ...] = ()
    """Why it may allow more than `allows`; it certainly allows no more than that where there are none."""

    @property
    def open(self) -> bool:
        """Whether it lets everything through."""
        return any(_everything(rule) for rule in self.allows)


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    action: str
    """In lower case."""
    resource: str
    region: str
    passed_to: str | None = None
    """The service that `iam:PassRole` hands a role to."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A call, or several, that gets through."""

    bounds: tuple[Bound, ...]
    scope: str
    """The resources of the statement that allows it, as written."""
    doubt: str | None


def _everything(rule: Rule) -> bool:
    """Whether the statement is about every call there is."""
    all_actions = rule.action_element == "Action" and any(pattern in ("*", "*:*") for pattern in rule.actions)
    all_targets = rule.target_element == "Resource" and any(target.text == "*" for target in rule.targets)
    return all_actions and all_targets and rule.condition is None and rule.odd is None


def best(grants: Iterable[Grant | None]) -> Grant | None:
    """A certain one if there is one, else the first."""
    first: Grant | None = None
    for grant in grants:
        if grant is not None and grant.doubt is None:
            return grant
        first = first or grant
    return first


def met(test: str) -> str:
    """What could not be decided and would have to grant, as a doubt: `the condition … lets it through`."""
    return f"{test} lets it through"


def spared(limit: str) -> str:
    """What could take away, as a doubt: `the permissions boundary …, which was not read, leaves it alone`."""
    return f"{limit}{',' if ', ' in limit else ''} leaves it alone"


def together(grants: Iterable[Grant | None]) -> Grant | None:
    """Several calls as one: all get through, or None."""
    bounds: dict[Bound, None] = {}
    scopes: dict[str, None] = {}
    doubt: str | None = None
    for grant in grants:
        if grant is None:
            return None
        bounds.update(dict.fromkeys(grant.bounds))
        scopes[grant.scope] = None
        doubt = doubt or grant.doubt
    return Grant(tuple(bounds), ", ".join(scopes), doubt)
