"""An issuer that nobody is known to use: whoever runs it is let in, and leaves no secret behind.

## What it finds

On Azure, where no registration stands between a credential and any issuer at all: a trusted issuer that

* says in its URL that it belongs to another Entra tenant than those audited;
* is somebody's own (a cluster, a server, an address nobody has described) and is trusted by a single identity of the
  estate; or, where `[ours] issuers` lists issuers, is not among them;
* is a platform of many customers whose kind `[ours]` does not list, where there is an `[ours]`.

One finding per issuer. Not of interest: issuers under `[ours] issuers` or described by an `[[issuer]]` with an `id`;
Entra and AKS issuers of the audited tenants; organizations of Azure DevOps of which the tenant has connections. Whose
organisation of a listed platform it is tells `untrusted-tenant`.

AWS and Google Cloud register an issuer before anything can trust it; see `unknown-issuer` and `orphan-provider` there.

## Why it matters

An intruder who may change an application adds a credential for an issuer of their own, and from then on signs whatever
subject it asks for. No secret is made, so alarms about new secrets stay quiet, and changing all secrets shuts nobody
out. Such a credential looks like any other; that nobody knows its issuer is what tells it.

## Example

    {"issuer": "https://oidc-7f3a.web.core.windows.net", "subject": "sync", "audiences": ["api://AzureADTokenExchange"]}

on an application whose other credentials are for GitHub Actions.

## Use instead

Delete the credential, and look at what else its author changed; or put the issuer on record:

    [ours]
    issuers = ["https://oidc.example.com"]
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from auditor.claims.verdict import Accepted, Rejected
from auditor.config import Ours
from auditor.issuers.catalogue import UNKNOWN, kinds, table_of
from auditor.issuers.owners import owner
from auditor.model import Confidence, Decision, Finding, Fix, Issuer, Source, Trust
from auditor.rules import fix_azure, references, words
from auditor.rules.base import Context, Definition
from auditor.rules.connections import newer
from auditor.rules.severity import rate

OWN_HOST, PLATFORM = "foreign-issuer", "foreign-issuer, of many customers"

MOST = 20
"""Credentials shown as evidence for one issuer."""

_GUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_TENANTS = (
    re.compile(rf"https://login\.(?:microsoftonline\.(?:com|us)|partner\.microsoftonline\.cn)/({_GUID})/v2\.0"),
    re.compile(rf"https://sts\.(?:windows\.net|chinacloudapi\.cn)/({_GUID})/"),
    re.compile(rf"https://[a-z0-9-]+\.oic\.prod-aks\.azure\.(?:com|us|cn)/({_GUID})/{_GUID}/"),
)
"""Issuers whose URL says which Entra tenant they belong to: Entra's own, of both versions, and clusters of AKS."""

_AZURE_DEVOPS = "https://vstoken.dev.azure.com/"
"""Behind it, the id of an organization; connections of ours that name the same one make it ours."""


def check_estate(context: Context) -> Iterable[Finding]:
    for decisions, why in foreign(context).values():
        yield _finding(decisions, why, context.ours)


def foreign(context: Context) -> dict[str, tuple[tuple[Decision, ...], str]]:
    """URL of every issuer nobody is known to use → the decisions about its living credentials, and why it is one."""
    if not any(_concerned(one.trust) for one in context.decisions):
        return {}
    alive = [one for one in context.decisions if not isinstance(one.reachable, Rejected)]
    trusting: dict[str, list[Decision]] = {}
    users: dict[str, set[str]] = {}
    for one in alive:
        users.setdefault(owner(one.trust.issuer), set()).add(one.trust.identity.id)
        if _concerned(one.trust):
            trusting.setdefault(one.trust.issuer.url, []).append(one)
    tenants = frozenset(_audited(context.decisions))
    organizations = {
        name for one in alive if entra_tenant(one.trust.issuer.url) in tenants for _, name in newer(one.trust)
    }
    found = {}
    for url, decisions in trusting.items():
        if url.removeprefix(_AZURE_DEVOPS) in organizations:
            continue
        behind = owner(decisions[0].trust.issuer)
        users_of_it = len(users[behind]) + context.elsewhere.get(behind, 0)
        why = _unfamiliar(decisions[0], context.ours, tenants, users_of_it)
        if why is not None:
            found[url] = (tuple(decisions), why)
    return found


def _concerned(trust: Trust) -> bool:
    """Whether it is a credential of Azure whose issuer could be read."""
    return trust.provider == "azure" and fix_azure.CREDENTIAL in trust.documents and "://" in trust.issuer.url


def _audited(decisions: Iterable[Decision]) -> Iterator[str]:
    """The Entra tenants that identities of the estate live in."""
    for one in decisions:
        if one.trust.provider == "azure":
            home, scope = one.trust.notes.get("tenant"), one.trust.scope
            if isinstance(home, str):
                yield home.lower()
            if scope.startswith("tenants/"):
                yield scope.removeprefix("tenants/").lower()


def _unfamiliar(decision: Decision, ours: Ours, tenants: frozenset[str], users: int) -> str | None:
    """Why nobody is known to use the issuer; None when somebody is."""
    issuer = decision.trust.issuer
    described = issuer.kind != UNKNOWN and issuer.kind not in kinds()
    if issuer.url in ours.issuers or described:
        return None
    if issuer.kind in ours.tenants and issuer.grammar.single_tenant and _tells_tenant(decision):
        return None  # the tenant in its URL is one of ours, or the matter of `untrusted-tenant`
    tenant = entra_tenant(issuer.url)
    if tenant is not None:
        return None if tenant in tenants else f"{issuer.url} belongs to another tenant than those audited"
    if is_platform(issuer):
        undeclared = ours.declared and issuer.kind not in ours.tenants
        return f"[ours] says nothing of {issuer.name}" if undeclared else None
    if ours.issuers:
        return "[ours] lists issuers, and not this one"
    return "No other identity of the estate trusts it" if users < 2 else None


@lru_cache(maxsize=4096)
def entra_tenant(url: str) -> str | None:
    """The Entra tenant that an issuer's URL names, in lower case."""
    found = next(filter(None, (form.fullmatch(url) for form in _TENANTS)), None)
    return None if found is None else found[1].lower()


def _tells_tenant(decision: Decision) -> bool:
    extents = (entry["tenant"] for entry in decision.breadth if "tenant" in entry)
    return any(extent.label in ("exact", "list") for extent in extents)


def is_platform(issuer: Issuer) -> bool:
    """Whether one URL serves customers who have nothing to do with each other, so that it says nothing by itself."""
    table = table_of(issuer.kind) or {}
    rows: list[Mapping[str, str]] = [row for row in table.get("issuers", ()) if re.fullmatch(row["url"], issuer.url)]
    return any(row["tenancy"] not in ("single", "instance") for row in rows)


def _finding(decisions: tuple[Decision, ...], why: str, ours: Ours) -> Finding:
    issuer = decisions[0].trust.issuer
    row = PLATFORM if is_platform(issuer) else OWN_HOST
    worst = max(decisions, key=lambda one: rate(row, one.power))
    names = dict.fromkeys(one.trust.identity.name for one in (worst, *decisions))
    who = words.listed(names, "and")
    tenant = entra_tenant(issuer.url)
    if tenant is not None:
        title = f"Entra tenant {tenant}, which was not audited, decides who can become {who}"
        sure = "Its administrators choose what bears that subject, and no change of secrets here shuts them out."
    elif row == PLATFORM:
        title = f"{issuer.name} is let in to {who}, and nobody has declared it"
        sure = "Who of its customers gets in is a matter of each credential; whether any should is one of yours."
    else:
        title = f"Whoever is behind {issuer.url} can become {who}"
        sure = "Whoever is behind an issuer decides what subjects it signs, and no change of secrets shuts them out."
    own = f"issuers = {json.dumps(sorted({*ours.issuers, issuer.url}))}"
    meant = f'{issuer.kind} = ["OUR-ORGANIZATION"]' if row == PLATFORM else own
    return RULE.finding(
        worst,
        title=title,
        detail=f"{why}. {sure}",
        witness=worst.reachable.witness if isinstance(worst.reachable, Accepted) else None,
        evidence=[_written(one.trust) for one in decisions[:MOST]],
        fix=Fix(
            "Delete the credential if nobody knows its issuer; if it is yours, declare it.", after=f"[ours]\n{meant}"
        ),
        exposure=row,
        discriminator=issuer.url,
    )


def _written(trust: Trust) -> Source:
    return Source(trust.source.document, f"{trust.source.pointer}/{fix_azure.ISSUER}")


RULE = Definition(
    id="foreign-issuer",
    documentation=__doc__,
    confidence=Confidence.MEDIUM,
    references=(references.AZURE_FEDERATION, references.AZURE_CONSIDERATIONS),
    estate=check_estate,
    exposures=(OWN_HOST, PLATFORM),
)
