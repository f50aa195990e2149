"""The words people read about the parts of a token: who chooses them, and how a claim is built of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.claims.grammar import Term, Variable

OUTSIDER, INSIDER, TRUSTED = "!", "+", " "
"""Whose choice a part is: that of somebody outside, of whoever may push or configure a job, or of nobody to fear."""


@dataclass(frozen=True, slots=True)
class Control:
    """Who chooses a part of a token."""

    id: str
    """The controller as the issuer tables write it."""
    words: str
    mark: str
    """`OUTSIDER`, `INSIDER` or `TRUSTED`."""


_CONTROLS = {
    control.id: control
    for control in (
        Control("platform", "the platform", TRUSTED),
        Control("tenant_admin", "an administrator of the tenant", TRUSTED),
        Control("branch_writer", "whoever may push or start runs", INSIDER),
        Control("job_code", "the job's own code", INSIDER),
        Control("fork_pr", "whoever opens a pull request", OUTSIDER),
        Control("anyone", "anyone", OUTSIDER),
    )
}
NAMES = ("tenant", "project")
"""Dimensions whose values are names that belong to somebody."""

NOBODY_KNOWS = Control("unknown", "not known", OUTSIDER)
"""Who chooses the parts of a token whose issuer nobody described."""

_OWN_NAME = Control("anyone", "its owner", OUTSIDER)
_BY_NAME = (*NAMES, "tenant-id", "project-id", "other", "subject")
"""Dimensions whose variables have better names than the dimension."""

CONTROLLERS = tuple(_CONTROLS)
"""Every controller there is."""

LEGEND = {
    OUTSIDER: "may be the choice of somebody outside",
    INSIDER: "is the choice of whoever may push, or of the job itself",
}


def control(variable: Variable) -> Control:
    """Who chooses the value of `variable`."""
    if variable.controller == "anyone" and variable.dimension in NAMES:
        return _OWN_NAME
    return _CONTROLS.get(variable.controller, Control(variable.controller, variable.controller, OUTSIDER))


def label(variable: Variable, nouns: Mapping[str, str]) -> str:
    """What a person would call a part: by the platform's own noun, by its dimension, or by the variable's name."""
    plain = variable.name if variable.dimension in _BY_NAME else variable.dimension
    return nouns.get(variable.dimension, plain.replace("_", " ").replace("-", " "))


def form(term: Term) -> str:
    """A claim as people write its format: `repo:{owner}/{repo}:ref:refs/heads/{branch}`."""
    return "".join(part if isinstance(part, str) else f"{{{part.variable.name}}}" for part in term)
