"""One federated credential → clauses: audience, and subject or expression; and why it may be dead.

Rules from Microsoft's page "Workload identity federation" and the Microsoft Graph federatedIdentityCredential resource:
issuer, subject and audience are compared letter by letter, there are no wildcards, and exactly one audience is stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final, TypeGuard

from auditor.claims.grammar import Grammar
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import (
    ELEMENT,
    AnyValue,
    Match,
    Predicate,
    Unknown,
    conjunction,
    disjunction,
    equals,
)
from auditor.claims.solver import solve
from auditor.claims.verdict import Rejected
from auditor.issuers.catalogue import UNKNOWN, Catalogue
from auditor.model import Clause, Issuer, Source, Value
from auditor.providers.azure.expressions import ExpressionError, Operator, parse
from auditor.providers.azure.issuer_urls import Meant, meant
from auditor.providers.azure.readings import WHOLE, readings, unsupported
from auditor.providers.azure.subjects import GUID, decoded, form_of

NEITHER: Final = "the credential was read without its condition: it shows neither subject nor expression"
BOTH: Final = (
    "the credential holds a subject and an expression, which exclude one another; which one counts is not known"
)
_NO_AUDIENCE: Final = "the credential's audience could not be understood"
_AUDIENCES: Final = (
    "the credential lists several audiences, though one is all that can be stored; which one counts is not known"
)
_NO_ISSUER: Final = "the credential's issuer could not be understood"
_NO_ADDRESS: Final = "the credential's issuer is no https address; whether Entra takes tokens of it is not known"

SUBJECT, AUDIENCE = "subject", "audiences"
"""The texts of the clauses that are no part of an expression."""

_PLACEHOLDER: Final = re.compile(r"\$\{[^}]*\}|\{\{.*\}\}|\$\([^)]*\)|<[^>]+>|%[A-Z_]+%")
"""Of Terraform, Bicep and shells; of templates; of pipelines; of documentation; of Windows."""

LEGACY_DEVOPS: Final = "https://vstoken.dev.azure.com/"


@dataclass(slots=True)
class Compiled:
    """A credential as clauses."""

    issuer: Issuer | None
    """None where the credential names none that could be read."""
    clauses: tuple[Clause, ...]
    unread: str | None = None
    """Why its condition is not known at all."""
    closed: str | None = None
    """Why no token of anybody ever meets it, whatever is asked further."""
    doubt: str | None = None
    """Why it is not known whether its issuer's tokens are taken at all."""
    notes: dict[str, Any] = field(default_factory=dict)


def compiled(body: Any, source: Source, issuers: Catalogue) -> Compiled:
    """A credential, as ARM shows its `properties` or as Graph shows it whole. Never raises for what it holds."""
    shown = body if isinstance(body, Mapping) else {}
    url = shown.get("issuer")
    subject, written = shown.get("subject"), shown.get("claimsMatchingExpression")
    audience = _audience(shown.get("audiences"), source)
    if not _whole(url) or not url.strip():
        return Compiled(None, (audience, _doubt(source, "issuer", _NO_ISSUER)), unread=_NO_ISSUER)
    right = meant(url, issuers)
    text = _expression(written)
    compares = (subject,) if _whole(subject) and subject else ()
    issuer: Issuer
    clauses: tuple[Clause, ...] = ()
    notes: dict[str, Any] = {}
    if text is not None and isinstance(written, Mapping):
        condition = _Flexible(text, written, right, source, issuers)
        issuer, clauses, notes = condition.issuer, condition.clauses, condition.notes
    else:
        issuer = issuers.identify(right.url, compares)
    found = Compiled(issuer, (audience, *clauses), notes=notes, closed=right.never)
    if right.never is None and not right.url.startswith("https://"):
        found.doubt = _NO_ADDRESS
    if written is not None and subject is not None:
        found.clauses = (audience, _doubt(source, "claimsMatchingExpression", BOTH))
        found.notes.pop("undocumented", None)
    elif written is not None:
        if text is None:
            found.clauses = (
                audience,
                _doubt(source, "claimsMatchingExpression", "the expression could not be understood"),
            )
    elif _whole(subject) and subject:
        _compare(found, subject, source)
    elif subject is None or subject == "":
        found.unread = NEITHER
        found.clauses = (audience, _doubt(source, SUBJECT, NEITHER))
    else:
        found.clauses = (audience, _doubt(source, SUBJECT, "the credential's subject is no text"))
    return found


def _compare(found: Compiled, subject: str, source: Source) -> None:
    """The credential compares the subject with one text."""
    assert found.issuer is not None
    at = _below(source, SUBJECT)
    test = equals("sub", subject)
    found.clauses = (*found.clauses, Clause(at, SUBJECT, test, (Value(at, subject, test),)))
    issuer = found.issuer
    code = decoded(subject)
    if code is not None:
        found.notes["eid1"] = code.note()
        tenant = tenant_of(issuer.url)
        if found.closed is None and tenant is not None and code.tenant != tenant:
            whose = f"of the tenant {code.tenant}" if code.tenant else "of no tenant"
            found.closed = f"the subject is a code {whose}, and the issuer is the tenant {tenant}"
            found.notes["dead"] = {SUBJECT: found.closed}
    if issuer.url.startswith(LEGACY_DEVOPS) and subject.startswith("sc://"):
        found.notes["migrated-connection"] = True
    if found.closed is None and issuer.kind != UNKNOWN:
        why = why_dead(subject, issuer)
        if why is not None:
            found.notes["dead"] = {SUBJECT: why}


class _Flexible:
    """A credential with an expression."""

    def __init__(self, text: str, written: Mapping[str, Any], right: Meant, source: Source, issuers: Catalogue) -> None:
        self.clauses: tuple[Clause, ...]
        self.notes: dict[str, Any] = {"expression": {"text": text, "claims": []}}
        self.source = _below(source, "claimsMatchingExpression/value")
        try:
            expression = parse(text)
        except ExpressionError as error:
            self.issuer = issuers.identify(right.url)
            self.clauses = (self._whole(text, f"the expression is not of the documented form: {error}"),)
            return
        claims = tuple(dict.fromkeys(test.claim for test in expression.tests))
        self.notes["expression"]["claims"] = list(claims)
        subjects = tuple(test.comparand for test in expression.tests if test.claim == "sub")
        self.issuer = issuers.identify(right.url, subjects, claims)
        version = written.get("languageVersion")
        refusal = unsupported(expression, right.url)
        if type(version) is not int or version != 1:
            refusal = "the expression is written in a version of the language that is not documented"
        if refusal is not None:
            self.clauses = (self._whole(text, refusal),)
            return
        found = readings(expression, self.issuer.grammar)
        self.clauses = tuple(
            Clause(
                source=Source(self.source.document, self.source.pointer, one.test.span),
                text=text[one.test.span[0] : sum(one.test.span)],
                predicate=one.predicate,
                values=(
                    Value(
                        Source(self.source.document, self.source.pointer, one.test.inner),
                        one.test.comparand,
                        one.predicate,
                    ),
                ),
            )
            for one in found
        )
        points = dict.fromkeys(point for one in found for point in one.points)
        if any(test.operator is Operator.MATCHES for test in expression.tests):
            points[WHOLE] = None
        if points:
            self.notes["undocumented"] = list(points)

    def _whole(self, text: str, reason: str) -> Clause:
        return Clause(self.source, text, Unknown(reason))


def _expression(written: Any) -> str | None:
    """The text of an expression; None where there is none that could be understood."""
    value = written.get("value") if isinstance(written, Mapping) else None
    return value if _whole(value) else None


def _whole(value: Any) -> TypeGuard[str]:
    """Whether it is a text without half characters, which no token can carry and none can show."""
    return isinstance(value, str) and not any("\ud800" <= char <= "\udfff" for char in value)


def _audience(listed: Any, source: Source) -> Clause:
    at = _below(source, AUDIENCE)
    if not isinstance(listed, list | tuple) or not listed or not all(map(_whole, listed)):
        return Clause(at, AUDIENCE, Unknown(_NO_AUDIENCE))
    values = tuple(Value(_below(at, str(index)), one, _carries((one,))) for index, one in enumerate(listed))
    if len(listed) > 1:
        return Clause(at, AUDIENCE, conjunction((Unknown(_AUDIENCES), _carries(tuple(listed)))), values)
    return Clause(values[0].source, AUDIENCE, values[0].predicate, values)


def _carries(audiences: tuple[str, ...]) -> Predicate:
    """`aud`, or one of several, is listed."""
    if len(audiences) == 1:
        return disjunction((equals("aud", audiences[0]), AnyValue("aud", equals(ELEMENT, audiences[0]))))
    wanted = ValueSet(audiences)
    return disjunction((Match("aud", wanted), AnyValue("aud", Match(ELEMENT, wanted))))


def _below(source: Source, key: str) -> Source:
    return Source(source.document, f"{source.pointer}/{key}")


def _doubt(source: Source, key: str, reason: str) -> Clause:
    return Clause(_below(source, key), key, Unknown(reason))


def tenant_of(url: str) -> str | None:
    """The tenant whose Entra issuer a URL is."""
    host, _, path = url.removeprefix("https://").partition("/")
    tenant = path.partition("/")[0]
    known = host.startswith(
        ("login.microsoftonline.", "login.partner.microsoftonline.", "sts.windows.", "sts.chinacloudapi.")
    )
    return tenant if known and GUID.fullmatch(tenant) else None


@lru_cache(maxsize=1 << 12)
def why_dead(subject: str, issuer: Issuer) -> str | None:
    """What is wrong with a subject that no token of the issuer carries; None where one may, or nothing strikes."""
    if not _never(Pattern.exactly(subject), issuer.grammar):
        return None
    if subject != subject.strip():
        return "a blank stands at its beginning or end, and no token's subject has one there"
    form = form_of(subject)
    if form is not None and not _belongs(form[0], issuer):
        return f"it has the form of subjects of {form[1]}, and the issuer is {issuer.name}"
    if "https://" in subject or "http://" in subject:
        return "it holds a URL where tokens carry a name"
    if "pull-request" in subject and issuer.kind == "github":
        return "tokens say pull_request, with an underscore"
    if any(wild in subject for wild in "*?") and not _never(Pattern.glob(subject), issuer.grammar):
        return "a wildcard stands for itself in a subject, and no token's subject holds one"
    if not _never(Pattern.exactly(subject, ignore_case=True), issuer.grammar):
        return "letter case counts, and tokens spell it otherwise"
    if _PLACEHOLDER.search(subject):
        return "it holds a placeholder that nobody filled in"
    if any(part in subject for part in (".*", ".+", "(", "|", "[", "^", "$")):
        return "it is written as a regular expression, and subjects are compared letter by letter"
    return None


def _belongs(kind: str, issuer: Issuer) -> bool:
    """Whether subjects of the form of one kind of issuer may be those of `issuer`."""
    if issuer.kind == kind:
        return kind != "azure-devops" or tenant_of(issuer.url) is None
    return kind == "entra" and issuer.kind == "azure-devops" and tenant_of(issuer.url) is not None


def _never(pattern: Pattern, grammar: Grammar) -> bool:
    return isinstance(solve(Match("sub", pattern), grammar), Rejected)
