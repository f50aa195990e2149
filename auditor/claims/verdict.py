"""The answer to "is there a token that …?": a witness, the proof that there is none, or the reason for not knowing."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.claims.predicate import Token


@dataclass(frozen=True, slots=True)
class Accepted:
    """Some token gets in. `witness` is one: a complete, consistent token payload of the issuer."""

    witness: Token
    template: tuple[str, ...] = ()
    """The subject template the adversary chooses for an own tenant to get that token; empty for the default one."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """No token the issuer can mint gets in. `reason` names an assumption this rests on, if any."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Undecided:
    """Something was not read, not understood or too large; `reason` says what."""

    reason: str


Verdict = Accepted | Rejected | Undecided
