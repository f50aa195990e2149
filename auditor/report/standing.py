"""What an identity may do, and the way to it, in plain words; for every format that is read by people."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.graph import Standing, Way
from auditor.model import Identity


def power(standing: Standing) -> str:
    """What the identity comes to, to follow `may`."""
    return standing.words


def hops(first: Identity, way: Way) -> Iterator[str]:
    """Each step of a way as a sentence: `ci may assume it (sts:AssumeRole)`."""
    here = first
    for step in way:
        needs = f" ({', '.join(step.permissions)})" if step.permissions else ""
        doubt = f", if {step.doubt}" if step.doubt else ""
        yield f"{here.name} may {step.how}: {step.target.name}{needs}{doubt}"
        here = step.target
