"""The answer to "what can this token become?", and the search for the identity somebody means by a name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditor.errors import UsageError
from auditor.model import Identity
from auditor.snapshot import Coverage, Status
from auditor.tokens.admission import Admission
from auditor.tokens.explain import Why
from auditor.tokens.recognise import Recognition
from auditor.tokens.times import Times

LISTED = 8
"""Identities named in an error."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The identities of an estate, as far as one token is concerned."""

    started: str
    """When the documents were collected, RFC 3339."""
    finished: str
    coverage: tuple[Coverage, ...]
    trusts: int
    """All trusts of the estate; the others are for tokens of other issuers."""
    admissions: tuple[Admission, ...]
    """Those that may be about tokens of this issuer, in a fixed order."""
    named: Identity | None
    """The identity that was asked for, if one was."""
    why: tuple[Why, ...]
    """The reasoning about each of its trusts."""
    elsewhere: tuple[str, ...]
    """The issuers the named identity does trust, when none of them is the token's."""

    @property
    def admitted(self) -> tuple[Admission, ...]:
        return tuple(one for one in self.admissions if one.result)

    @property
    def undecided(self) -> tuple[Admission, ...]:
        return tuple(one for one in self.admissions if one.result is None)

    @property
    def unread(self) -> tuple[Coverage, ...]:
        return tuple(row for row in self.coverage if row.status in (Status.DENIED, Status.FAILED))

    @property
    def complete(self) -> bool:
        """Whether nothing is left open: for the named identity if there is one, else for the estate."""
        asked = [one.admission for one in self.why] if self.named else self.admissions
        open_ones = any(one.result is None or "provider-unread" in one.trust.notes for one in asked)
        # What an identity trusts is settled by its own documents; a list of identities is not settled by a part of it.
        return not open_ones and (bool(self.named) or (bool(self.coverage) and not self.unread))


@dataclass(frozen=True, slots=True)
class TokenReport:
    """Everything `auditor token` tells."""

    tool_version: str
    subject: str | None
    """The `sub` claim; None for a token without one."""
    recognition: Recognition
    times: Times
    whole: bool
    """Whether a whole token was passed, with its signature."""
    unread: Mapping[str, str]
    """Claims of a form no test can read → why."""
    answer: Answer | None
    """None when there was no estate to hold it against."""


def find(name: str, identities: Iterable[Identity], others: Iterable[str] = ()) -> Identity:
    """The identity meant by `name`: its id, its short name, or a part of it that no other has.

    `others` are ids of documents that no OIDC token can become. Raises `UsageError`, with suggestions, when none or
    more than one is meant.
    """
    known = {(one.provider, one.id): one for one in identities}
    wanted = name.lower()
    for fits in (
        [one for one in known.values() if one.id == name],
        [one for one in known.values() if one.name == name],
        [one for one in known.values() if wanted in (one.id.lower(), one.name.lower())],
        [one for one in known.values() if wanted in one.id.lower() or wanted in one.name.lower()],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise UsageError(f"{name!r} may be any of {len(fits)}; say which:\n{_listing(one.id for one in fits)}")
    ends = [other for other in others if other == name or other.rpartition("/")[2] == name]
    if ends:
        raise UsageError(f"{ends[0]} was read, but trusts no OIDC issuer: no such token can become it")
    if not known:
        raise UsageError(f"no identity is called {name!r}: none that was read trusts an OIDC issuer")
    names = {one.name.lower(): one for one in known.values()}
    near = [names[text].id for text in difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)]
    hint = (
        f"did you mean one of these?\n{_listing(near)}"
        if near
        else f"known:\n{_listing(one.id for one in known.values())}"
    )
    raise UsageError(f"no identity that trusts an OIDC issuer is called {name!r}; {hint}")


def _listing(ids: Iterable[str]) -> str:
    listed = sorted(ids)
    more = [f"  … and {len(listed) - LISTED} more"] if len(listed) > LISTED else []
    return "\n".join([*(f"  {one}" for one in listed[:LISTED]), *more])
