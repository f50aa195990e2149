"""A password or certificate still signs in as an application that has federated credentials.

## What it finds

On Azure, an application registration with a federated credential, and a password or certificate that has not expired
when the snapshot was made.

The same habit on AWS, access keys of a user for the same purpose as a role, is left out: nothing that can be read ties
a user to a role, and a guess by names would be wrong in both directions.

## Why it matters

Federation was brought in so that no secret lies about; the old one still works. It is valid for months or years, from
anywhere, and none of what the federated credential asks for is asked of it. However tight that is, the secret is the
way in. Whoever leaves with a copy keeps it.

## Example

    "passwordCredentials": [{"displayName": "ci", "endDateTime": "2028-01-01T00:00:00Z"}]

on an application with a credential for `repo:acme/app:environment:production`.

## Use instead

See in the sign-in log that its key id (`servicePrincipalCredentialKeyId`) no longer occurs, then remove it. An
application management policy forbids new ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from auditor.claims.verdict import Rejected
from auditor.model import Confidence, Decision, Finding, Fix, Source
from auditor.rules import fix_azure, references, words
from auditor.rules.base import Context, Definition

PASSWORD, CERTIFICATE = "long-lived-secret-beside", "long-lived-certificate-beside"

Secret = tuple[str, str | None, str | None, str | None, str, str]
"""Kind (`password` or `certificate`), key id, display name, end, document, pointer."""


def check_estate(context: Context) -> Iterable[Finding]:
    beside: dict[tuple[str, str], list[Decision]] = {}
    for decision in context.decisions:
        if fix_azure.CREDENTIAL in decision.trust.documents and decision.trust.notes.get("secrets"):
            beside.setdefault((decision.trust.scope, decision.trust.identity.id), []).append(decision)
    yield from map(_finding, beside.values())


def _finding(decisions: list[Decision]) -> Finding:
    first = decisions[0]
    name = first.trust.identity.name
    secrets = list(_secrets(first))
    kinds = Counter(kind for kind, *_ in secrets)
    counted = words.listed((_number(kind, kinds[kind]) for kind in sorted(kinds, reverse=True)), "and")
    sentences = [
        f"Valid: {words.listed((_named(secret) for secret in secrets), 'and')}.",
        f"Whoever holds one signs in as {name} from anywhere: none of the tests of its federated credentials is made.",
    ]
    if all(isinstance(decision.reachable, Rejected) for decision in decisions):
        sentences.append("No federated credential of it lets anybody in, so this may be what is in use.")
    return RULE.finding(
        first,
        title=f"{name} still has {counted} beside its federated credentials",
        detail=" ".join(sentences),
        evidence=[Source(document, pointer) for *_, document, pointer in secrets],
        fix=Fix(
            "Remove what the sign-in log shows no more use of; move to the federated credential what still uses it."
        ),
        exposure=PASSWORD if "password" in kinds else CERTIFICATE,
        discriminator=first.trust.identity.id,
    )


def _secrets(decision: Decision) -> Iterator[Secret]:
    for kind, key, name, end, document, pointer in decision.trust.notes["secrets"]:
        yield str(kind), key, name, end, str(document), str(pointer)


def _number(kind: str, count: int) -> str:
    return f"a {kind}" if count == 1 else f"{count} {kind}s"


def _named(secret: Secret) -> str:
    kind, key, name, end, *_ = secret
    until = f"until {end[:10]}" if end else "without an end"
    return f"{kind} {name or key or 'without a name'} {until}"


RULE = Definition(
    id="long-lived-secret-beside",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AZURE_APPLICATIONS, references.AZURE_FEDERATION),
    estate=check_estate,
    exposures=(PASSWORD, CERTIFICATE),
)
