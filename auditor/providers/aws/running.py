"""Running something under a role: what may be done with one and the same thing, and which role may be handed over."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

from auditor.providers.aws.grants import Call, Grant, best, together
from auditor.providers.aws.permissions import Standing
from auditor.providers.aws.tables import BIT, FORMS, PASS_ROLE
from auditor.providers.aws.wildcards import FRESH, common


@dataclass(slots=True)
class Running:
    """What one role's session may run, and under which roles."""

    standing: Standing
    _jointly: dict[tuple[str, ...], tuple[Grant | None, bool]] = field(default_factory=dict)
    _passes: dict[tuple[str, str], Grant | None] = field(default_factory=dict)

    def passes(self, arn: str, service: str) -> Grant | None:
        """Whether it may hand that role to the service."""
        key = (arn, service)
        if key not in self._passes:
            self._passes[key] = self._may_pass(arn, service)
        return self._passes[key]

    def _may_pass(self, arn: str, service: str) -> Grant | None:
        home = self.standing.regions_of(PASS_ROLE)[0]
        names = (service, f"{service}.cn") if self.standing.session.partition == "aws-cn" else (service,)
        return best(self.standing.judge(Call(PASS_ROLE, arn, home, name)) for name in names)

    def jointly(self, actions: tuple[str, ...]) -> tuple[Grant | None, bool]:
        """Several permissions, on the same thing where they are checked on the same form; and whether on any thing."""
        if actions not in self._jointly:
            self._jointly[actions] = self._together(actions)
        return self._jointly[actions]

    def _together(self, actions: tuple[str, ...]) -> tuple[Grant | None, bool]:
        groups: dict[tuple[str, ...], list[str]] = {}
        for action in actions:
            groups.setdefault(FORMS[action], []).append(action)
        if self.standing.regions == (FRESH,):
            found = [self.standing.widely(action) for action in actions]
            if None not in found:
                return together(found), True
        unnamed: Grant | None = None
        named: Grant | None = None
        for region in self.standing.regions:
            fresh = [self._on_unnamed(group, region) for group in groups.values()]
            unnamed = best((unnamed, together(fresh)))
            if unnamed is not None and unnamed.doubt is None:
                return unnamed, True
            exact = [
                grant if grant is not None else self._on_named(forms, group, region)
                for (forms, group), grant in zip(groups.items(), fresh, strict=True)
            ]
            named = best((named, together(exact)))
        return (unnamed, True) if unnamed is not None else (named, False)

    def _on_unnamed(self, actions: Sequence[str], region: str) -> Grant | None:
        """All the actions on one thing that no policy names."""
        standing = self.standing
        if not all(standing.unnamed & BIT[action] for action in actions):
            return None
        calls = (standing.calls(action, region, FRESH) for action in actions)
        return together(map(standing.judge, itertools.chain.from_iterable(calls)))

    def _on_named(self, forms: tuple[str, ...], actions: Sequence[str], region: str) -> Grant | None:
        """All the actions on one thing that some policy names."""
        if forms == ("*",):
            return None
        found: list[Grant | None] = []
        for form in forms:
            shape = self.standing.shaped(form, region, "*")
            candidates = dict.fromkeys(
                resource
                for action in actions
                for pattern in self.standing.patterns(action)
                if (resource := common(pattern, shape)) is not None
            )
            found.append(
                best(
                    together(self.standing.judge(Call(action, resource, region)) for action in actions)
                    for resource in candidates
                )
            )
        return together(found)
