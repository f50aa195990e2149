"""What an identity may do, reduced to levels that mean the same in every cloud; what it may become next.

Two-sided throughout: a capability is `certain` when the documents alone prove it, else it *may* hold, and says what it
depends on. What was not read or not understood, and could grant more, is a gap; it never makes an identity look weaker.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from auditor.model import Fix, Identity, Level, Source


@dataclass(frozen=True, slots=True)
class Capability:
    """One thing an identity may do that counts."""

    level: Level
    """Neither `NONE` nor `UNKNOWN`."""
    what: str
    """In plain words, to follow `may`: `do anything in the account`, `read every secret of the account`."""
    permissions: tuple[str, ...]
    """The fewest permissions that make it, as the cloud writes them: `iam:PassRole`, `lambda:CreateFunction`."""
    scope: str
    """What it reaches, as the cloud writes it: `*`, an ARN pattern, a project, `/subscriptions/…`."""
    sources: tuple[Source, ...]
    """Where it is granted, down to statement and action."""
    path: str | None = None
    """Of an escalation: the id of the known path, e.g. `iam-put-role-policy`."""
    doubt: str | None = None
    """What it depends on, to follow `if`: `the role may do more, which was not read`. Several are joined as by `both`.
    None when the documents prove it."""

    @property
    def certain(self) -> bool:
        return self.doubt is None


@dataclass(frozen=True, slots=True)
class Power:
    """Everything an identity may do by itself, without becoming another one."""

    capabilities: tuple[Capability, ...] = ()
    """Highest level first, certain before uncertain, then by text; the same in every run."""
    gaps: tuple[str, ...] = ()
    """Reasons why it may do more than that: a policy that was not read, a condition nobody understands. Sorted."""

    @property
    def may(self) -> Level:
        """The highest level that what was read allows."""
        return max((one.level for one in self.capabilities), default=Level.NONE)

    @property
    def must(self) -> Level:
        """The highest level that is proven."""
        return max((one.level for one in self.capabilities if one.certain), default=Level.NONE)

    @property
    def level(self) -> Level:
        """`may`; where a gap leaves room for more, at least `UNKNOWN`."""
        return max(self.may, Level.UNKNOWN) if self.gaps else self.may


@dataclass(frozen=True, slots=True)
class Step:
    """One identity → another one that it may become or make act for it."""

    target: Identity
    kind: str
    """`assume-role`, `impersonate`, `create-key`, `run-as`, `rewrite-trust`, `write-credential`, `assign-identity`,
    `credential-of`, `grant-roles`, `federate`; the same word for the same thing in every cloud."""
    how: str
    """In plain words, to follow `may`: `assume it`, `create a key of it`, `add a federated credential to it`."""
    permissions: tuple[str, ...]
    """As the cloud writes them; empty for a trust that needs none."""
    sources: tuple[Source, ...]
    doubt: str | None = None
    """What it depends on, as of a capability; None when the documents prove it."""

    @property
    def certain(self) -> bool:
        return self.doubt is None


@dataclass(frozen=True, slots=True)
class OwnToken:
    """An OIDC token that an identity can have minted in its own name, for whatever audience."""

    issuer: str
    """The `iss` claim."""
    subject: str
    """The `sub` claim."""
    doubt: str | None = None
    """What that depends on; None for nothing."""


@dataclass(frozen=True, slots=True)
class Profile:
    """All that the documents of its cloud tell about one identity."""

    power: Power
    steps: tuple[Step, ...] = ()
    """Only to identities that were collected; sorted, the same in every run."""
    created: str | None = None
    """RFC 3339; None when it is not known."""
    last_used: str | None = None
    """RFC 3339; None when it was never used while the cloud kept records, or when that is not known."""
    use_known: bool = False
    """Whether the cloud was asked when the identity was last used, and said."""
    bound: str | None = None
    """What limits it whatever it is granted (a permissions boundary), by the cloud's name."""
    bounds_usual: bool = False
    """Whether other identities of the same scope have such a bound."""
    governs: tuple[tuple[str, Capability], ...] = ()
    """Scopes whose every identity it may become, by rewriting who may, and the capability that lets it: said once, and
    not as a step to each of thousands."""
    tokens: tuple[OwnToken, ...] = ()
    """With these it may enter other clouds, as a job enters this one."""


class Authority(Protocol):
    """What the identities of one cloud may do, by its documents. Made once per audit; remembers what it worked out."""

    @property
    def token_issuers(self) -> tuple[str, ...]:
        """Beginnings of the URLs of all issuers by which its identities have tokens of their own (`Profile.tokens`)."""
        ...

    def identities(self) -> Iterable[Identity]:
        """Every identity of the estate, in trusts or not, each once and in the same order every time."""
        ...

    def profile(self, identity: Identity) -> Profile:
        """What is known of one identity; of one that was not collected, a profile with a gap that says so."""
        ...

    def sketch(self, identity: Identity, capability: Capability) -> Fix | None:
        """How to grant less: the guilty statement before and after. A sketch for a person to finish, and says so."""
        ...


class Nobody:
    """An authority that knows nobody: everything it is asked about has a gap. For clouds that tell no permissions."""

    token_issuers: tuple[str, ...] = ()

    def identities(self) -> Iterable[Identity]:
        return ()

    def profile(self, identity: Identity) -> Profile:
        return unread(f"what {identity.name} may do was not read")

    def sketch(self, identity: Identity, capability: Capability) -> Fix | None:
        del identity, capability
        return None


def both(*doubts: str | None) -> str | None:
    """Several doubts as one, each of them once; None when there is none."""
    return " and if ".join(dict.fromkeys(one for one in doubts if one is not None)) or None


def unread(reason: str) -> Profile:
    """The profile of an identity of which nothing is known, for this reason."""
    return Profile(Power(gaps=(reason,)))


def ranked(capabilities: Iterable[Capability]) -> tuple[Capability, ...]:
    """`capabilities` in the order `Power` promises, each once."""
    return tuple(sorted(dict.fromkeys(capabilities), key=_rank))


def _rank(one: Capability) -> tuple[float, bool, str, str, Sequence[str]]:
    return (-one.level.rank, not one.certain, one.what, one.scope, one.permissions)
