"""How the tests of `test_power_adversarial.py`, one for each cloud, put what an identity may do."""

from __future__ import annotations

from typing import NamedTuple

from auditor.power import Profile


class Want(NamedTuple):
    """The highest level that may hold and the one that is proven; kind and name of the target of each step.

    A question mark stands behind a step that is not certain.
    """

    may: str
    must: str
    steps: tuple[str, ...] = ()


def told(found: Profile) -> Want:
    """The same of a profile, which has no gaps."""
    steps = tuple(f"{one.kind} {one.target.name}{'' if one.certain else ' ?'}" for one in found.steps)
    assert not found.power.gaps
    return Want(str(found.power.may), str(found.power.must), steps)
