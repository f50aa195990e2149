"""Policies that stand above an identity and keep tokens from it, whatever its own trust says (AWS's, of resources).

Whoever answers for the trust cannot edit them, so they are told apart: `Trust.notes["policies-above"]` names them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from auditor.claims.solver import reasons
from auditor.model import Source, Statement, Trust


def above(trust: Trust) -> Mapping[str, str]:
    """Id of each such policy → what people call it."""
    return trust.notes.get("policies-above") or {}


def among(trust: Trust, statements: Iterable[Statement]) -> tuple[str, ...]:
    """The names of the policies above that some of `statements` stand in."""
    named = above(trust)
    found = (named.get(statement.source.document) for statement in statements)
    return tuple(dict.fromkeys(name for name in found if name is not None))


def unclear(trust: Trust) -> tuple[Source, ...]:
    """Where policies above say something of which it is not known whether it holds.

    Of one that was not read the pointer is empty: there is no document to point into.
    """
    named = above(trust)
    unknown = (one for one in trust.denies if one.source.document in named and reasons(one.predicate))
    return tuple(dict.fromkeys(statement.source for statement in unknown))


def alone(trust: Trust) -> Trust:
    """`trust` as it would be if nothing stood above it."""
    named = above(trust)
    documents = {key: body for key, body in trust.documents.items() if key.rpartition(" ")[2] not in named}
    own = tuple(statement for statement in trust.statements if statement.source.document not in named)
    return replace(trust, statements=own, documents=documents, notes={**trust.notes, "policies-above": {}})
