"""Role documents → trusts: which tokens of which issuer become which role.

One trust per role and *door* (OIDC provider or built-in issuer) named by some Allow statement. Beyond the policy, AWS
asks for a registered client id, which is the trust's `gate`; behind the policy stand the resource control policies of
the organisation, whose Deny statements are among the trust's own. Not modelled, because a caller meets them by not
bringing the claim: the signed role list `https://aws.amazon.com/roles` (a token without it is judged by the policy
alone, and no issuer is known to add it unasked) and the extra actions that signed session tags or a source identity
need.

Conditions on nothing but claims are compiled when somebody looks at them: of roles that differ in names only, few are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from auditor.claims.grammar import CharSet, Variable
from auditor.claims.predicate import TRUE, claims_of
from auditor.issuers.catalogue import NOWHERE, Catalogue, catalogue_of
from auditor.later import Later
from auditor.model import Clause, Identity, Issuer, Json, Source, Statement, Trust
from auditor.providers.aws import statements as written
from auditor.providers.aws.conditions import compile_conditions, doubt, of_tokens_alone
from auditor.providers.aws.controls import refusals
from auditor.providers.aws.doors import Account, accounts_of, gate_of, read_provider
from auditor.providers.aws.keys import AUDITED_AT, BUILT_IN, SESSION_NAME, Request, specific_claims
from auditor.providers.aws.operators import Comparison, parse
from auditor.providers.aws.organisations import Organisations
from auditor.providers.aws.resource_controls import Controls, controls_of
from auditor.snapshot import Document, Snapshot

POLICY = "/AssumeRolePolicyDocument"
UNATTRIBUTED = "unknown"
"""`via` and issuer of a trust that no issuer can be named for."""

_ROLE = re.compile(r"arn:[^:]+:iam::(?P<account>[^:]*):role/.+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Role:
    """A role document with its trust policy read."""

    identity: Identity
    account: str
    body: Json
    policy: written.Policy | str
    """Or why it could not be read."""

    def doors(self, registered: Iterable[str]) -> tuple[str, ...]:
        """Every door some Allow statement may open, in order of appearance."""
        if isinstance(self.policy, str):
            return ()
        doors: dict[str, None] = {}
        for statement in self.policy.statements:
            if "allow" in statement.effects:
                doors.update(dict.fromkeys(statement.doors))
        if self.doubt is not None:
            doors.update(dict.fromkeys(arn for arn in registered if written.provider_of(arn) is not None))
        return tuple(doors)

    @property
    def doubt(self) -> written.Doubt | None:
        """Why tokens at doors nobody can name may get in as well; None when they cannot."""
        if isinstance(self.policy, str):
            return written.Doubt(POLICY, "AssumeRolePolicyDocument", self.policy)
        for statement in self.policy.statements:
            if statement.others is not None and statement.applies and "allow" in statement.effects:
                return statement.others
        return None


def trusts(snapshot: Snapshot, now: datetime, issuers: Catalogue | None = None) -> Iterator[Trust]:
    """Every (role, door) of the snapshot, also the dead ones.

    Without `issuers`, the built-in tables alone say what is minted. `now`, with its time zone, decides conditions on
    the date. Never raises for what a document holds.
    """
    issuers = issuers or catalogue_of()
    accounts = accounts_of(snapshot)
    organisations = Organisations(snapshot)
    above: dict[str, Controls] = {}
    for role in _roles(snapshot):
        account = accounts[role.identity.scope]
        if role.account not in above:
            above[role.account] = controls_of(organisations.of(role.account))
        controls = above[role.account]
        for door in role.doors(account.documents):
            yield _trust(role, door, account, controls, now, issuers)
        if role.doubt is not None:
            yield _unattributed(role, role.doubt, account, controls, now, issuers)


def identities(snapshot: Snapshot) -> Iterator[Identity]:
    """Every role some OIDC token may become."""
    accounts = accounts_of(snapshot)
    for role in _roles(snapshot):
        if role.doubt is not None or role.doors(accounts[role.identity.scope].documents):
            yield role.identity


def idle_registrations(snapshot: Snapshot) -> Iterator[tuple[Identity, Source]]:
    """OIDC providers that no role trusts.

    Only roles read with them can: AWS looks a provider up in the role's own account. Nothing is said about an account
    whose roles were not all read and understood.
    """
    accounts = accounts_of(snapshot)
    used: set[tuple[str, str]] = set()
    unclear = {scope for scope, account in accounts.items() if not account.listed("iam-role")}
    for role in _roles(snapshot):
        if role.doubt is not None:
            unclear.add(role.identity.scope)
        used.update((role.identity.scope, door) for door in role.doors(()))
    for document in snapshot.of("aws", "oidc-provider"):
        if document.scope in unclear or (document.scope, document.id) in used:
            continue
        provider = read_provider(document.body)
        name = provider.url or document.id.rpartition("oidc-provider/")[2]
        identity = Identity("aws", document.scope, "oidc-provider", document.id, name)
        yield identity, Source(document.id, "")


def _roles(snapshot: Snapshot) -> Iterator[Role]:
    for document in snapshot.of("aws", "iam-role"):
        yield _role(document)


def _role(document: Document) -> Role:
    body: Any = document.body
    found = _ROLE.fullmatch(document.id)
    account = found["account"] if found else document.scope
    name = body.get("RoleName") if isinstance(body, Mapping) else None
    if not isinstance(name, str):
        name = document.id.rpartition("/")[2]
    identity = Identity("aws", document.scope, "iam-role", document.id, name)
    if not isinstance(body, Mapping):
        return Role(identity, account, {}, "the role's document is not an object")
    policy = written.read_policy(body.get("AssumeRolePolicyDocument"), POLICY, account)
    return Role(identity, account, body, policy)


def _trust(role: Role, door: str, account: Account, controls: Controls, now: datetime, issuers: Catalogue) -> Trust:
    assert isinstance(role.policy, written.Policy)
    gate = gate_of(door, account, role.account)
    relevant = [
        (effect, statement, covered)
        for statement in role.policy.statements
        if statement.applies and (covered := statement.covers(door)) is not False
        for effect in statement.effects
    ]
    issuer = _issuer(gate.issuer, [statement for effect, statement, _ in relevant if effect == "allow"], issuers)
    simple = all(_simple(statement) for _, statement, _ in relevant)
    request = Request(
        issuer=gate.issuer,
        github=issuer.kind == "github",
        account=role.account,
        provider=None if door in BUILT_IN else door,
        tags=_tags(role.body),
        now=now,
        organisation=controls.organisation,
    )
    compiled: list[Statement] = []
    refused: list[list[str]] = []
    for effect, statement, covered in relevant:
        doubts = (*statement.doubts, covered) if isinstance(covered, written.Doubt) else statement.doubts
        trusted = _trusted(statement, role, account) if effect == "allow" else ()
        source = Source(role.identity.id, statement.pointer)
        clauses = (
            _later(statement, request, role) if simple and not doubts else _clauses(statement, doubts, request, role)
        )
        compiled.append(Statement(effect, source, clauses, trusted))
        if statement.effects == ("allow",) and not doubts:
            refused += [
                [role.identity.id, where, why] for where, why in refusals(statement.raw, statement.pointer, gate.issuer)
            ]
    above = tuple(controls.statements(role.identity.id, request))
    compiled += above
    notes: dict[str, Any] = {**gate.notes, **controls.notes(above)}
    if refused:
        notes["refused-if-resaved"] = refused
    looked_at = (one.clauses for one in compiled if not isinstance(one.clauses, Later))  # the others read tokens
    if any(SESSION_NAME in claims_of(clause.predicate) for clauses in looked_at for clause in clauses):
        issuer = with_session_name(issuer)
    return Trust(
        identity=role.identity,
        issuer=issuer,
        via=door,
        source=Source(role.identity.id, POLICY),
        statements=tuple(compiled),
        gate=gate.predicate,
        audiences=gate.audiences,
        documents=_documents(role, account, controls, now, providers_read=gate.certain),
        notes=notes,
    )


_SESSION = Variable(
    "session_name",
    CharSet.parse("A-Za-z0-9_+=,.@-"),
    2,
    64,
    hints=("deploy", "audit"),
    dimension="other",
    controller="anyone",
)


@lru_cache(maxsize=1024)
def with_session_name(issuer: Issuer) -> Issuer:
    """Tokens together with the session name their bearer picks: 2 to 64 characters (STS API reference)."""
    grammar = issuer.grammar.extended({SESSION_NAME: _SESSION})
    return replace(issuer, grammar=grammar, recipe=(with_session_name, (issuer,)))


def _simple(statement: written.Statement) -> bool:
    """Whether its conditions are on nothing but claims."""
    return "Condition" not in statement.raw or of_tokens_alone(statement.raw["Condition"])


def _later(statement: written.Statement, request: Request, role: Role) -> Sequence[Clause]:
    """What `_clauses` tells of a simple statement without doubts, as soon as somebody looks at it."""
    return Later(_conditions, statement.raw, statement.pointer, request, role.identity.id, _expanded(role))


def _clauses(
    statement: written.Statement, doubts: tuple[written.Doubt, ...], request: Request, role: Role
) -> tuple[Clause, ...]:
    unread = [doubt(role.identity.id, one.pointer, one.text, one.reason) for one in dict.fromkeys(doubts)]
    return (*unread, *_conditions(statement.raw, statement.pointer, request, role.identity.id, _expanded(role)))


def _expanded(role: Role) -> bool | None:
    assert isinstance(role.policy, written.Policy)
    return role.policy.expanded


def _conditions(
    statement: Json, pointer: str, request: Request, document: str, expanded: bool | None
) -> tuple[Clause, ...]:
    if "Condition" not in statement:
        return ()
    return compile_conditions(statement["Condition"], request, document, f"{pointer}/Condition", expanded)


def _trusted(statement: written.Statement, role: Role, account: Account) -> tuple[str, ...]:
    """The issuers one Allow statement names, as URLs."""
    return tuple(dict.fromkeys([f"https://{gate_of(door, account, role.account).issuer}" for door in statement.doors]))


def _issuer(host: str, allowing: list[written.Statement], issuers: Catalogue) -> Issuer:
    """The issuer, a self-managed one recognised by the subjects its trusts compare with."""
    issuer = _by_url(host, issuers)
    if issuer is not None:
        return issuer
    subjects = tuple(dict.fromkeys(text for statement in allowing for text in _subjects(host, statement.raw)))
    return issuers.identify(f"https://{host}", subjects, specific_claims(host))


@lru_cache(maxsize=1024)
def _by_url(host: str, issuers: Catalogue) -> Issuer | None:
    """The issuer, where no subjects are needed to tell it."""
    url = f"https://{host}"
    return issuers.identify(url, (), specific_claims(host)) if issuers.told_by_url(url) else None


def _subjects(host: str, statement: Json) -> Iterator[str]:
    condition = statement.get("Condition")
    if not isinstance(condition, Mapping):
        return
    key = f"{host}:sub".lower()
    for name, tests in condition.items():
        operator = parse(name) if isinstance(name, str) else None
        if operator is None or operator.negated or not isinstance(tests, Mapping):
            continue
        if operator.comparison not in (Comparison.EQUALS, Comparison.LIKE, Comparison.EQUALS_IGNORE_CASE):
            continue
        for test, values in tests.items():
            if str(test).lower() == key:
                listed = values if isinstance(values, list | tuple) else (values,)
                yield from (value for value in listed if isinstance(value, str))


def _tags(body: Json) -> tuple[tuple[str, str], ...] | None:
    listed = body.get("Tags", [])
    if not isinstance(listed, list | tuple):
        return None
    tags: list[tuple[str, str]] = []
    for tag in listed:
        key, value = (tag.get("Key"), tag.get("Value")) if isinstance(tag, dict) else (None, None)
        if not isinstance(key, str) or not isinstance(value, str):
            return None
        tags.append((key, value))
    return tuple(tags)


def _documents(role: Role, account: Account, controls: Controls, now: datetime, *, providers_read: bool) -> Json:
    return {
        **controls.documents,
        AUDITED_AT: now,
        "role": role.body,
        "providers": account.documents,
        "account": role.account,
        "providers_read": providers_read,
    }


def _unattributed(
    role: Role, reason: written.Doubt, account: Account, controls: Controls, now: datetime, issuers: Catalogue
) -> Trust:
    """Something gets in, or nothing does: the policy does not let itself be read that far."""
    clause = doubt(role.identity.id, reason.pointer, reason.text, reason.reason)
    return Trust(
        identity=role.identity,
        issuer=issuers.issuer(UNATTRIBUTED, NOWHERE, ()),
        via=UNATTRIBUTED,
        source=Source(role.identity.id, POLICY),
        statements=(Statement("allow", Source(role.identity.id, reason.pointer), (clause,)),),
        gate=TRUE,
        audiences=None,
        documents=_documents(role, account, controls, now, providers_read=account.listed("oidc-provider")),
        notes={"policy-unread": reason.reason},
    )
