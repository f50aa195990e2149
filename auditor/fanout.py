"""The decide stage over any `concurrent.futures.Executor`: the same decisions in the same order as without one.

What travels to a worker is what a decision is made from, without the collected documents; what comes back is what was
decided, and it is put together with the trust that stayed here. Issuers travel as the recipe by which the worker finds
its own (`model.Issuer.recipe`), since grammars compare by identity.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import fields, replace
from itertools import islice
from typing import Any

from auditor.config import Ours
from auditor.decide import decide
from auditor.errors import WorkerError
from auditor.model import Decision, Trust

CHUNK = 64
"""Trusts handed to a worker at a time: enough for their transport to cost little beside deciding them."""

AHEAD = 32
"""Chunks under way at a time, so that a large estate is never queued up as a whole."""

_Told = dict[str, Any]
"""A decision's fields by name, but for the trust."""

_TOLD = tuple(field.name for field in fields(Decision) if field.name != "trust")


def decide_all(
    trusts: Iterable[Trust], ours: Ours, executor: Executor | None = None, *, chunk: int = CHUNK
) -> Iterator[Decision]:
    """The decision about each trust, in order; in this process one by one where there is no `executor`.

    `trusts` is read as far as needed to keep the workers busy. Raises `WorkerError` when the workers were lost, and
    whatever `decide` raises.
    """
    if executor is None:
        yield from (decide(trust, ours) for trust in trusts)
        return
    source = iter(trusts)
    under_way: deque[tuple[list[Trust], Future[list[_Told]]]] = deque()
    try:
        while True:
            while len(under_way) < AHEAD and (sent := list(islice(source, chunk))):
                under_way.append((sent, executor.submit(_decide_some, [_bare(trust) for trust in sent], ours)))
            if not under_way:
                return
            sent, answer = under_way.popleft()
            for trust, told in zip(sent, answer.result(), strict=True):
                yield Decision(trust=trust, **told)
    except BrokenExecutor as error:
        raise WorkerError(
            f"a worker process was lost before it had judged its trusts ({error}); no report was made. "
            "It may have run out of memory: try again with fewer workers, or with none"
        ) from error
    finally:
        for _, left in under_way:
            left.cancel()


def _decide_some(trusts: list[Trust], ours: Ours) -> list[_Told]:
    """What a worker does."""
    decisions = (decide(trust, ours) for trust in trusts)
    return [{name: getattr(decision, name) for name in _TOLD} for decision in decisions]


def _bare(trust: Trust) -> Trust:
    """The trust without what no decision looks at: raw documents, and the values of each clause one by one."""
    statements = tuple(
        replace(statement, clauses=tuple(replace(clause, values=()) for clause in statement.clauses))
        for statement in trust.statements
    )
    return replace(trust, statements=statements, documents={})
