"""A small made-up estate: what the tests of reports, pipeline and command line are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import TRUE, Match, Token, Unknown
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.collecting import scopes
from auditor.collecting.plan import Patience
from auditor.config import Config
from auditor.errors import CollectError
from auditor.issuers import identify
from auditor.issuers.catalogue import Catalogue
from auditor.model import (
    Clause,
    Confidence,
    Decision,
    Extent,
    Finding,
    Fix,
    Identity,
    Severity,
    Source,
    Statement,
    Trust,
)
from auditor.power import Authority, Nobody
from auditor.progress import Progress
from auditor.report.base import Report
from auditor.report.subjects import described
from auditor.rules.base import Context, Persona
from auditor.snapshot import Coverage, Document, Snapshot
from auditor.snapshot import Status as Reading

ACCOUNT = "123456789012"
GITHUB = "https://token.actions.githubusercontent.com"
VIA = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
TIMES = ("2026-11-21T10:00:00Z", "2026-11-21T10:00:05Z")

STRANGER: Token = {
    "iss": GITHUB,
    "aud": "sts.amazonaws.com",
    "sub": "repo:evil-org/evil-repo:ref:refs/heads/main",
    "repository": "evil-org/evil-repo",
}


def role_arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:role/{name}"


def trust(name: str, subject: str | None, via: str = VIA) -> Trust:
    """A role that admits subjects of a pattern; None: a trust nobody could read."""
    arn = role_arn(name)
    place = Source(arn, "/AssumeRolePolicyDocument/Statement/0/Condition/StringLike")
    predicate = Unknown("the policy is no JSON") if subject is None else Match("sub", Pattern.glob(subject))
    clause = Clause(place, "StringLike sub", predicate)
    return Trust(
        identity=Identity("aws", ACCOUNT, "iam-role", arn, name),
        issuer=identify(GITHUB),
        via=via,
        source=Source(arn, "/AssumeRolePolicyDocument"),
        statements=(Statement("allow", place, (clause,)),),
        gate=TRUE,
        audiences=("sts.amazonaws.com",),
        documents={"role": {"RoleName": name}},
    )


def decision(name: str, subject: str | None, classes: Mapping[str, Verdict], reachable: Verdict) -> Decision:
    return Decision(
        trust=trust(name, subject),
        reachable=reachable,
        classes=classes,
        breadth=({"tenant": Extent("any"), "project": Extent("exact", ("app",))},),
        breadth_complete=True,
        tenants=(),
        projects=(),
        statement=f"Somebody on GitHub Actions may become {name}.",
    )


OPEN = decision("deploy-web", "repo:*", {"any-tenant": Accepted(STRANGER)}, Accepted(STRANGER))
TIGHT = decision("deploy-api", "repo:acme/api:ref:refs/heads/main", {"any-tenant": Rejected()}, Accepted(STRANGER))
UNREAD = decision(
    "legacy", None, {"any-tenant": Undecided("the policy is no JSON")}, Undecided("the policy is no JSON")
)


def finding(about: Decision = OPEN, **changes: Any) -> Finding:
    defaults: dict[str, Any] = {
        "rule": "any-tenant",
        "severity": Severity.CRITICAL,
        "confidence": Confidence.HIGH,
        "subject": about.trust.id,
        "subject_kind": "trust",
        "title": f"Anyone on GitHub Actions can become {about.trust.identity.name}",
        "detail": "The condition on the subject names no owner.",
        "witness": STRANGER,
        "evidence": (about.trust.statements[0].source,),
        "fix": Fix("Name the repository.", '"sub": "repo:*"', '"sub": "repo:acme/web:ref:refs/heads/main"'),
    }
    return Finding(**{**defaults, **changes})


READ = tuple(Coverage("aws", ACCOUNT, kind, Reading.READ) for kind in ("account", "iam-policy", "iam-role"))
DENIED = Coverage("aws", ACCOUNT, "oidc-provider", Reading.DENIED, "AccessDenied", "iam:ListOpenIDConnectProviders")


def report(
    findings: Iterable[Finding] = (),
    decisions: Iterable[Decision] = (),
    coverage: Iterable[Coverage] = READ,
) -> Report:
    judged = tuple(decisions)
    identities = tuple(one.trust.identity for one in judged)
    return described(Report("0.0.0", *TIMES, tuple(coverage), judged, identities, tuple(findings)))


def snapshot(subjects: Mapping[str, str], coverage: Iterable[Coverage] = READ) -> Snapshot:
    """Roles by name, each with the subjects it admits, as `FakeCloud` reads them."""
    documents = [
        Document("aws", ACCOUNT, "iam-role", role_arn(name), {"RoleName": name, "Subject": subject})
        for name, subject in subjects.items()
    ]
    return Snapshot(*TIMES, documents=documents, coverage=list(coverage))


@dataclass
class FakeScope:
    """The scope protocol over a `FakeCloud`."""

    cloud: FakeCloud
    config: Config
    options: Mapping[str, Any]
    name: str | None = "fake"
    what: str | None = None
    lane: str = ""
    patience: Patience = field(default_factory=Patience)

    @property
    def provider(self) -> str:
        return self.cloud.id

    def read(self, tell: Progress) -> scopes.Reading:
        return scopes.Reading(self.cloud.collect(self.config, **self.options))

    def unread(self, why: str) -> Coverage:
        return Coverage(self.provider, ACCOUNT, "account", Reading.FAILED, f"the account {why}")

    def close(self) -> None:
        """Nothing is kept."""


class FakeCloud:
    """The provider protocol over documents of two fields."""

    def __init__(
        self,
        live: Snapshot | None = None,
        *,
        admits: bool | None = True,
        name: str = "aws",
        authority: Authority | None = None,
    ) -> None:
        self.powers: Authority = authority or Nobody()
        self.id = name
        self.live = live
        self.admitted = admits
        self.profiles: list[Any] = []

    def scopes(self, config: Config, **options: Any) -> Sequence[scopes.Scope]:
        return (FakeScope(self, config, options),)

    def collect(self, config: Config, **options: Any) -> Snapshot:
        """What its one scope reads."""
        self.profiles.append(options.get("profile"))
        if self.live is None:
            raise CollectError("no AWS credentials were found; log in or name a --profile")
        return self.live

    def portions(self, snapshot: Snapshot) -> Sequence[str]:
        return ("",)

    def portion(self, snapshot: Snapshot, key: str) -> Snapshot:
        return snapshot

    def trusts(self, snapshot: Snapshot, issuers: Catalogue | None = None) -> Iterable[Trust]:
        return [trust(doc.body["RoleName"], doc.body["Subject"]) for doc in snapshot.of(self.id, "iam-role")]

    def identities(self, snapshot: Snapshot) -> Iterable[Identity]:
        return [one.identity for one in self.trusts(snapshot)]

    def idle_registrations(self, snapshot: Snapshot) -> Iterable[tuple[Identity, Source]]:
        for doc in snapshot.of(self.id, "oidc-provider"):
            yield Identity(self.id, ACCOUNT, "oidc-provider", doc.id, doc.id), Source(doc.id, "")

    def admits(self, trust: Trust, token: Token) -> bool | None:
        return self.admitted

    def authority(self, snapshot: Snapshot) -> Authority:
        return self.powers

    def permissions(self) -> str:
        return '{"Version": "2012-10-17"}\n'


class AnyTenant:
    """A rule that works."""

    id = "any-tenant"
    summary = "Somebody else's project can get in."
    severity = "critical"
    persona = Persona.REGULAR

    def check(self, decision: Decision, context: Context) -> Iterable[Finding]:
        verdict = decision.classes.get("any-tenant")
        if isinstance(verdict, Accepted):
            yield finding(decision, witness=verdict.witness)

    def check_estate(self, context: Context) -> Iterable[Finding]:
        for identity, source in context.idle:
            yield finding(
                rule=self.id, severity=Severity.LOW, subject=identity.id, subject_kind="identity", evidence=(source,)
            )


class Broken(AnyTenant):
    """A rule that fails half-way."""

    id = "broken"
    persona = Persona.PEDANTIC

    def check(self, decision: Decision, context: Context) -> Iterable[Finding]:
        yield from super().check(decision, context)
        raise ZeroDivisionError("division by zero")

    def check_estate(self, context: Context) -> Iterable[Finding]:
        raise KeyError("tenant")
