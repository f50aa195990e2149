"""The shared vocabulary: issuers, identities, trusts, verdicts, findings. No I/O, no cloud's own notions."""

from __future__ import annotations

import enum
import functools
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from auditor.claims.grammar import Grammar
from auditor.claims.predicate import Predicate, Token, conjunction, disjunction, negation
from auditor.claims.verdict import Verdict

Json = Mapping[str, Any]
"""A decoded JSON object as an API returned it."""


def stable_id(*parts: str) -> str:
    """Sixteen hex digits that depend on what something is about and on nothing else."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


Recipe = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function and its arguments."""


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Issuer:
    """An OIDC issuer as tokens name it, and what is known about the tokens it mints."""

    url: str
    """The `iss` claim, scheme and path included, e.g. `https://token.actions.githubusercontent.com`."""
    kind: str
    """The id of the issuer's table in `auditor/issuers/`, e.g. `github`; `unknown` when there is none."""
    name: str
    """What people call it, e.g. `GitHub Actions`."""
    grammar: Grammar
    """What it can mint."""
    nouns: Mapping[str, str] = field(default_factory=dict, hash=False)
    """The platform's own words for dimensions, e.g. `project` → `repository`."""
    recipe: Recipe | None = field(default=None, compare=False, repr=False)
    """How another process finds the same issuer, whose grammar compares by identity."""

    def __reduce__(self) -> tuple[object, ...]:
        if self.recipe is None:
            raise TypeError(f"the issuer {self.url} was made by hand: nothing says how to make it again")
        return self.recipe


@dataclass(frozen=True, slots=True)
class Source:
    """A place in a collected document, so that a person can find the guilty line."""

    document: str
    """The document's id in the snapshot, e.g. a role's ARN."""
    pointer: str
    """JSON pointer (RFC 6901) into that document."""
    span: tuple[int, int] | None = None
    """Where in the text at that place, as offset and length in characters; None for all of it."""

    @property
    def place(self) -> str:
        """Pointer and span in one: `/attributeCondition[4:31]`."""
        return self.pointer if self.span is None else f"{self.pointer}[{self.span[0]}:{sum(self.span)}]"


@dataclass(frozen=True, slots=True)
class Identity:
    """Something in a cloud that a federated token can become."""

    provider: str
    scope: str
    """The account, project or subscription it lives in."""
    kind: str
    """e.g. `iam-role`."""
    id: str
    """The cloud's own unique name, e.g. a role ARN."""
    name: str
    """The short name people use."""

    @property
    def gained(self) -> str:
        """What a token lets its bearer do: become the identity, or act on what is granted to it directly."""
        return f"act on {self.name}" if self.kind in RESOURCES else f"become {self.name}"


RESOURCES = frozenset(("project", "folder", "organization", "resource"))
"""Kinds of identity that are none: resources on which a federated token is granted a role without becoming anybody."""


@dataclass(frozen=True, slots=True)
class Value:
    """One of the values a clause compares with."""

    source: Source
    text: str
    predicate: Predicate
    """What the clause would be if this were its only value."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One test of a statement: an IAM operator on one key, a conjunct of a CEL condition, a subject."""

    source: Source
    text: str
    """The test in the source's own words, e.g. `StringLike token.actions.githubusercontent.com:sub`."""
    predicate: Predicate
    values: tuple[Value, ...] = ()
    """The listed alternatives, when the clause is a list of which any one is enough; else empty."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A conjunction of clauses that lets a token in, or keeps it out."""

    effect: Literal["allow", "deny"]
    source: Source
    clauses: Sequence[Clause]
    issuers: tuple[str, ...] = ()
    """Every issuer this one statement trusts, as URLs; more than one is the cross-issuer hole."""

    @property
    def predicate(self) -> Predicate:
        return conjunction(clause.predicate for clause in self.clauses)


@dataclass(frozen=True, slots=True)
class Trust:
    """Which tokens of one issuer become one identity: the unit everything is decided about.

    `predicate` = `gate` and some allow statement and no deny statement.
    """

    identity: Identity
    issuer: Issuer
    via: str
    """What the cloud calls the door, e.g. the OIDC provider's ARN."""
    source: Source
    """Where the trust as a whole is written."""
    statements: tuple[Statement, ...]
    gate: Predicate
    """What the platform requires before it reads the policy, e.g. a registered client id."""
    audiences: tuple[str, ...] | None
    """The audiences registered for the door; None when that list was not read or does not exist."""
    documents: Json = field(hash=False)
    """The raw documents the trust was compiled from, as the provider's own `admits` reads them."""
    notes: Json = field(default_factory=dict, hash=False)
    """Facts for rules that no predicate holds, by agreed names (see `providers/base.py`)."""

    @property
    def provider(self) -> str:
        return self.identity.provider

    @property
    def scope(self) -> str:
        return self.identity.scope

    @property
    def member(self) -> str | None:
        """The principal a policy grants the identity to, where that is one of several (Google); else None."""
        member = self.notes.get("member")
        return None if member is None else str(member)

    @property
    def id(self) -> str:
        granted_to = () if self.member is None else (self.member,)
        return stable_id("trust", self.provider, self.identity.id, self.issuer.url, self.via, *granted_to)

    @property
    def allows(self) -> tuple[Statement, ...]:
        return tuple(statement for statement in self.statements if statement.effect == "allow")

    @property
    def denies(self) -> tuple[Statement, ...]:
        return tuple(statement for statement in self.statements if statement.effect == "deny")

    @property
    def refusal(self) -> Predicate:
        """What some deny statement refuses."""
        return disjunction(statement.predicate for statement in self.denies)

    @property
    def predicate(self) -> Predicate:
        granted = disjunction(statement.predicate for statement in self.allows)
        return conjunction((self.gate, granted, negation(self.refusal)))


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of one dimension (tenant, branch, …) a trust admits."""

    label: Literal["exact", "list", "pattern", "any"]
    values: tuple[str, ...] = ()
    """The names or patterns admitted, sorted; empty for `any`."""


Breadth = tuple[Mapping[str, Extent], ...]
"""A trust as a union of maximal boxes; in each box dimension → extent. Empty for a trust nobody satisfies."""


@functools.total_ordering
class Level(enum.Enum):
    """How much an identity may do, comparable between clouds; the order is that of `rank`."""

    ADMIN = "admin"
    """Everything, or enough to grant itself everything without a detour."""
    ESCALATION = "escalation"
    """A known path to more than it was granted."""
    WIDE_WRITE = "wide-write"
    """Changing a whole service, or things all over an account, project or subscription."""
    SENSITIVE_READ = "sensitive-read"
    """Reading secrets, keys or stored data beyond named things."""
    SCOPED = "scoped"
    """Named things only, or nothing that matters."""
    NONE = "none"
    """Nothing."""
    UNKNOWN = "unknown"
    """Not read or not understood. Ranks with `WIDE_WRITE`, which is what a deployment identity usually has."""

    @property
    def rank(self) -> float:
        """Higher is more; of `UNKNOWN` just below `WIDE_WRITE`, so that what is known to be wide stays known."""
        return _RANKS[self.value]

    def __lt__(self, other: object) -> bool:
        return self.rank < other.rank if isinstance(other, Level) else NotImplemented

    def __str__(self) -> str:
        return self.value


_RANKS = {"admin": 5, "escalation": 4, "wide-write": 3, "unknown": 2.5, "sensitive-read": 2, "scoped": 1, "none": 0}


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything decided about one trust."""

    trust: Trust
    reachable: Verdict
    classes: Mapping[str, Verdict]
    """Attacker class → verdict, in the order of design section 4; a class the issuer has no notion of is absent."""
    breadth: Breadth
    breadth_complete: bool
    """False when the boxes were too many to list or rest on something unknown."""
    tenants: tuple[str, ...]
    """The tenant names the trust pins exactly."""
    projects: tuple[str, ...]
    """The projects it pins exactly, as `tenant/project` where the tenant is pinned too."""
    statement: str
    """One plain sentence: who may become what."""
    power: Level = Level.UNKNOWN
    """What its identity may do, by itself or by becoming others."""
    then: str | None = None
    """The same in plain words, to follow `may`; None where nobody looked."""


class Severity(enum.IntEnum):
    """How bad a finding is. The exit code of the worst open finding is `10 + severity`."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    def __str__(self) -> str:
        return self.name.lower()


class Confidence(enum.StrEnum):
    """How far the facts behind a finding are settled."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Status(enum.StrEnum):
    """`error` is a rule that failed on its subject: it is never a pass."""

    OPEN = "open"
    WAIVED = "waived"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Fix:
    """What to write instead. Both texts are source code of the cloud's own language, or a plain sentence."""

    summary: str
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Waived:
    """Who decided to live with a finding, why, and until when."""

    reason: str
    owner: str
    expires: str
    """The last day, as in `2027-03-31`."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a list of findings tells of the identity that one is about, and of the trust by which one becomes it."""

    provider: str
    """Empty where the audit does not hold the subject, or where it is the estate as a whole."""
    scope: str
    kind: str
    id: str
    """The identity's, also where the finding is about a trust."""
    name: str
    issuer: str | None = None
    """The URL of the trusted issuer; None where the finding is about no trust."""
    reads: tuple[str, ...] = ()
    """The claims that the trust reads, sorted."""
    level: Level | None = None
    """How much the identity may do, by itself or by becoming others; None where nobody asked."""
    power: str | None = None
    """The same in plain words, to follow `may`."""
    then: str | None = None
    """What the texts of findings say of it: `then` of the decision."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a person should look at."""

    rule: str
    severity: Severity
    confidence: Confidence
    subject: str
    """The `id` of the trust or of the identity it is about."""
    subject_kind: Literal["trust", "identity"]
    title: str
    """Who can get in as what, in one line."""
    detail: str
    witness: Token | None
    evidence: tuple[Source, ...]
    fix: Fix | None
    status: Status = Status.OPEN
    waiver: Waived | None = None
    """Only of a waived one."""
    discriminator: str = ""
    """Tells two findings of one rule about one subject apart (e.g. the pointer of the dead value)."""
    known: bool | None = None
    """Whether the baseline has it, no worse than here and of a trust that let in no less; None without a baseline."""
    about: Subject | None = field(default=None, compare=False, repr=False)
    """What is to be told of its subject, so that a list of findings can be written without all trusts at hand. Filled
    in when the audit of its part of the estate is over; None where the audit does not hold the subject."""

    @property
    def id(self) -> str:
        return stable_id("finding", self.rule, self.subject, self.discriminator)
