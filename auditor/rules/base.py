"""What a rule is: metadata, documentation and a check, in one module of its own."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from auditor.claims.predicate import Token
from auditor.claims.verdict import Undecided, Verdict
from auditor.config import Ours, RuleSettings
from auditor.graph import Graph, Standing
from auditor.model import Confidence, Decision, Finding, Fix, Identity, Source, Trust
from auditor.rules.severity import describe, rate


class Persona(enum.StrEnum):
    """Who listens: `regular` hears what somebody must act on, `auditor` everything worth a look."""

    REGULAR = "regular"
    PEDANTIC = "pedantic"
    AUDITOR = "auditor"

    def hears(self, other: Persona) -> bool:
        """Whether a rule meant for `other` speaks to this persona."""
        order = list(Persona)
        return order.index(other) <= order.index(self)


def nobody(trust: Trust) -> Decision:
    """A judge that settles nothing: rules then report all that they cannot rule out."""
    return Decision(trust, Undecided("nobody was there to ask"), {}, (), False, (), (), "")


class Kinds(Protocol):
    """What is known of trusts that differ in names only (see `alike`)."""

    def findings(self, rule: Definition, decision: Decision) -> Sequence[Finding] | None:
        """What `rule` finds of a trust; None where it is to be asked itself."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may look at besides its own subject: the portion of the estate that is judged with it.

    An AWS account is a portion, and so is the whole of another cloud (`Provider.portions`).
    """

    ours: Ours
    decisions: tuple[Decision, ...]
    idle: tuple[tuple[Identity, Source], ...]
    """Registered issuers that no identity trusts, and where they are registered."""
    judge: Callable[[Trust], Decision] = nobody
    """Decides a narrowed copy of a trust: what if this line were gone, what if only that tenant came? What it accepts
    must have been confirmed on the source, as every witness in a report is."""
    reach: Callable[[Trust], Verdict] | None = None
    """The same, of whether anybody gets in at all: quicker. None: by `judge`."""
    graph: Graph = field(default_factory=lambda: Graph({}))
    """What identities may do and become."""
    standings: Mapping[Identity, Standing] = field(default_factory=dict)
    """What each identity that federated tokens can become comes to."""
    collected: str = ""
    """When the last document was collected, RFC 3339: what is said of times is said of that moment."""
    settings: Mapping[str, RuleSettings] = field(default_factory=dict)
    """What the user says of rules, by id."""
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    """Owner of an issuer (`issuers.owners`) → how many identities of the rest of the estate let somebody in by it."""

    alike: Kinds | None = None
    """What was found of trusts that differ in names only. None: every trust is looked at by itself."""

    def reached(self, trust: Trust) -> Verdict:
        """Whether anybody gets in by a narrowed copy of a trust, confirmed."""
        return self.judge(trust).reachable if self.reach is None else self.reach(trust)


class Rule(Protocol):
    """One rule. Both checks are pure; one that raises becomes a finding of status `error`, never a pass."""

    @property
    def id(self) -> str:
        """Kebab-case; also the name of its module, its tests and its page."""
        ...

    @property
    def summary(self) -> str:
        """One line."""
        ...

    @property
    def severity(self) -> str:
        """The severity, or in a few words what it is derived from."""
        ...

    @property
    def persona(self) -> Persona: ...

    def check(self, decision: Decision, context: Context) -> Iterable[Finding]:
        """Findings about one trust."""
        ...

    def check_estate(self, context: Context) -> Iterable[Finding]:
        """Findings about what no single trust shows."""
        ...


def _no_trust(decision: Decision, context: Context) -> Iterable[Finding]:
    del decision, context
    return ()


def _no_estate(context: Context) -> Iterable[Finding]:
    del context
    return ()


@dataclass(frozen=True, slots=True)
class Definition:
    """A rule as the modules of this package write it: `RULE = Definition(...)` behind the checks it names."""

    id: str
    documentation: str | None
    """The module's docstring: a line that sums the rule up, then the headings of `docs.HEADINGS`."""
    confidence: Confidence
    references: tuple[str, ...]
    """Public pages of vendors, as URLs."""
    trust: Callable[[Decision, Context], Iterable[Finding]] = _no_trust
    estate: Callable[[Context], Iterable[Finding]] = _no_estate
    persona: Persona = Persona.REGULAR
    exposures: tuple[str, ...] = field(default=())
    """The rows of the severity table its findings are rated by; only the one of its own name when empty."""
    of_power: bool = False
    """Whether it judges what identities may do: where that is not known, its silence says nothing."""
    of_names: bool = False
    """Whether it judges single trusts by nothing but themselves, and their names by nothing but being the same or not:
    what it finds of one it then finds of all that differ in names only (see `alike`)."""
    compares: bool = False
    """Whether it speaks only where two audits are compared: of a single one its silence says nothing."""

    @property
    def of_trusts(self) -> bool:
        """Whether it has anything to say of single trusts."""
        return self.trust is not _no_trust

    @property
    def summary(self) -> str:
        return (self.documentation or self.id).splitlines()[0]

    @property
    def severity(self) -> str:
        return describe(self.rows)

    @property
    def rows(self) -> tuple[str, ...]:
        return self.exposures or (self.id,)

    def check(self, decision: Decision, context: Context) -> Iterable[Finding]:
        if self.of_names and context.alike is not None:
            found = context.alike.findings(self, decision)
            if found is not None:
                return found
        return self.trust(decision, context)

    def check_estate(self, context: Context) -> Iterable[Finding]:
        return self.estate(context)

    def finding(
        self,
        decision: Decision,
        *,
        title: str,
        detail: str,
        evidence: Iterable[Source],
        witness: Token | None = None,
        fix: Fix | None = None,
        exposure: str | None = None,
        discriminator: str = "",
    ) -> Finding:
        """A finding of this rule about one trust, rated by the row `exposure` (the rule's own when None)."""
        return Finding(
            rule=self.id,
            severity=rate(exposure or self.rows[0], decision.power),
            confidence=self.confidence,
            subject=decision.trust.id,
            subject_kind="trust",
            title=title,
            detail=detail,
            witness=witness,
            evidence=tuple(dict.fromkeys(evidence)),
            fix=fix,
            discriminator=discriminator,
        )
