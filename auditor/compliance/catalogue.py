"""Reads the frameworks: their controls, and for each which rules bear on it and why.

Everything is in own words but names and numbers. That a rule bears on a control means: where the rule finds something,
the control is not met, as far as this audit sees of it (`Control.sees`). The reverse is never claimed without that.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from auditor.compliance import FRAMEWORKS


@dataclass(frozen=True, slots=True)
class Because:
    """Why some rules bear on a control."""

    rules: tuple[str, ...]
    reason: str
    """A clause, without capital and full stop."""
    doubt: bool = False
    """Whether a finding leaves open if the control is met, so that it can neither fail nor pass."""


@dataclass(frozen=True, slots=True)
class Control:
    """One control, recommendation, criterion or technique of a framework."""

    id: str
    title: str
    url: str
    sees: str
    """What of it this audit looks at, to follow `of it, this audit sees`."""
    because: tuple[Because, ...]

    @property
    def rules(self) -> tuple[str, ...]:
        """All that bear on it, each once."""
        return tuple(dict.fromkeys(rule for one in self.because for rule in one.rules))

    def doubted(self, rule: str) -> bool:
        """Whether the rule bears on the control, and only ever casts doubt on it."""
        doubts = [one.doubt for one in self.because if rule in one.rules]
        return bool(doubts) and all(doubts)


@dataclass(frozen=True, slots=True)
class Framework:
    """A catalogue of controls, of which only those are listed that some rule bears on."""

    id: str
    name: str
    """With its version."""
    url: str
    about: str
    controls: tuple[Control, ...]
    providers: frozenset[str] | None
    """The clouds it is about; None for any."""

    def covers(self, provider: str) -> bool:
        """Whether it is about that cloud."""
        return self.providers is None or provider in self.providers


def framework(name: str) -> Framework:
    """The framework of that id. Raises KeyError for one that is not in `FRAMEWORKS`."""
    return frameworks()[name]


@cache
def frameworks() -> Mapping[str, Framework]:
    """Id → framework, in the order of `FRAMEWORKS`."""
    return {name: _framework(_table(name)) for name in FRAMEWORKS}


@cache
def unmapped() -> Mapping[str, str]:
    """Rule → why it bears on no control."""
    return {str(rule): str(reason) for rule, reason in _table("unmapped").items()}


@cache
def bearing() -> Mapping[str, tuple[tuple[Framework, Control], ...]]:
    """Rule → the controls it bears on, in the order of the frameworks."""
    found: dict[str, list[tuple[Framework, Control]]] = {}
    for one in frameworks().values():
        for control in one.controls:
            for rule in control.rules:
                found.setdefault(rule, []).append((one, control))
    return {rule: tuple(pairs) for rule, pairs in found.items()}


def _table(name: str) -> Mapping[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))


def _framework(table: Mapping[str, Any]) -> Framework:
    providers = table.get("providers")
    return Framework(
        id=table["id"],
        name=table["name"],
        url=table["url"],
        about=table["about"],
        controls=tuple(_control(row, table["url"]) for row in table["control"]),
        providers=None if providers is None else frozenset(providers),
    )


def _control(row: Mapping[str, Any], url: str) -> Control:
    return Control(
        id=row["id"],
        title=row["title"],
        url=row.get("url", url),
        sees=row["sees"],
        because=tuple(Because(tuple(one["rules"]), one["reason"], one.get("doubt", False)) for one in row["because"]),
    )
