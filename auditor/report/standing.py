"""What an identity may do, and the way to it, in plain words; for every format that is read by people."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.graph import Standing, Way
from auditor.model import Identity, Level


def power(standing: Standing) -> str:
    """What the identity comes to, as a clause: `do anything in the account` (admin) by way of whom."""
    if standing.level is Level.NONE:
        return "nothing that was found"
    capability = standing.capability
    if capability is None:
        gaps = standing.held.power.gaps
        return f"not known: {gaps[0]}" + (f", and {len(gaps) - 1} more gaps" if len(gaps) > 1 else "")
    doubt = f", if {capability.doubt}" if capability.doubt else ""
    who = f"become {standing.holder.name}, who may " if standing.way else ""
    return f"{who}{capability.what}{doubt}"


def hops(first: Identity, way: Way) -> Iterator[str]:
    """Each step of a way as a sentence: `ci may assume it (sts:AssumeRole)`."""
    here = first
    for step in way:
        needs = f" ({', '.join(step.permissions)})" if step.permissions else ""
        doubt = f", if {step.doubt}" if step.doubt else ""
        yield f"{here.name} may {step.how}: {step.target.name}{needs}{doubt}"
        here = step.target
