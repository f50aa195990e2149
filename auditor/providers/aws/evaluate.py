"""Whether one concrete token becomes one role, decided by reading the raw documents: the concrete evaluator.

It re-checks every witness before it is reported and is the oracle of the compiler's tests. So it shares no code with
the compiler or the claim model, favours the obvious over the quick, and answers in three values: True, False, or None
where the answer rests on something the documents do not tell. Rules: IAM user guide, STS API
reference, and recorded probes of the service.

Modelled: the provider and client-id gates, the roles claim, the trust policy, the resource control policies above the
account, the extra actions a token with tags or a source identity needs. Taken as given: a well-formed, unexpired,
properly signed token.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from auditor.claims.predicate import Token
from auditor.model import Trust
from auditor.providers.aws.evaluate_actions import action_matches, reading_of, statements_of
from auditor.providers.aws.evaluate_conditions import all_of, any_of, meets, opposite
from auditor.providers.aws.evaluate_controls import refused_above
from auditor.providers.aws.evaluate_keys import (
    BUILT_IN,
    ROLES_CLAIM,
    SESSION_NAME,
    SOURCE_IDENTITY_CLAIM,
    TAGS_CLAIM,
    Call,
    arn_account,
    authorized_by_idp,
    lower,
)
from auditor.providers.aws.evaluate_texts import Reading

ASSUME: Final = "sts:AssumeRoleWithWebIdentity"

_SESSION_NAME_LETTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-")


def admits(trust: Trust, token: Token, now: datetime) -> bool | None:
    """Whether `token` becomes the role of `trust`; None where that depends on something unknown.

    `trust.documents` holds `role` (a RoleDetail), `providers` (ARN to the body of an OIDC provider), `providers_read`
    (whether that list is complete) and `account` (12 digits), and what `evaluate_controls` reads. `now` is an aware
    datetime: it decides `aws:CurrentTime`. Never raises for what a document or a token holds.
    """
    role, account = trust.documents.get("role"), trust.documents.get("account")
    if not isinstance(role, dict) or not isinstance(account, str):
        return None
    organization = trust.documents.get("organization")
    member = organization.get("Id") if isinstance(organization, dict) else None
    call = Call(
        token=token,
        issuer=lower(trust.issuer.url.removeprefix("https://")),
        issuer_url=trust.issuer.url,
        via=trust.via,
        account=account,
        role_arn=str(role.get("Arn")),
        role_tags=role.get("Tags"),
        now=now,
        organization=member if isinstance(member, str) else None,
    )
    actions = _actions(token)
    return all_of(
        (
            _issued_by(trust.issuer.url, token),
            _legal_session_name(token),
            _provider_gate(trust, account),
            _client_id_gate(trust, token),
            True if ROLES_CLAIM not in token else authorized_by_idp(call),
            *(_policy_grants(role.get("AssumeRolePolicyDocument"), action, call) for action in actions),
            *(opposite(refused_above(trust, action, call)) for action in actions),
        )
    )


def _issued_by(url: str, token: Token) -> bool:
    return token.get("iss", url) == url


def _legal_session_name(token: Token) -> bool:
    """The service refuses other session names before it reads any policy (its API model: length and letters)."""
    asked = token.get(SESSION_NAME)
    return not isinstance(asked, str) or (2 <= len(asked) <= 64 and set(asked) <= _SESSION_NAME_LETTERS)


def _actions(token: Token) -> list[str]:
    """The actions the trust policy must allow for this token; one missing fails the whole call."""
    actions = [ASSUME]
    if TAGS_CLAIM in token:
        actions.append("sts:TagSession")
    if SOURCE_IDENTITY_CLAIM in token:
        actions.append("sts:SetSourceIdentity")
    return actions


# --- gates -----------------------------------------------------------------------------------------------------------


def _provider_gate(trust: Trust, account: str) -> bool | None:
    """An OIDC provider in the role's own account has the issuer's URL, to the letter."""
    if trust.via in BUILT_IN:
        return trust.issuer.url == "https://" + trust.via
    owner = arn_account(trust.via)
    if owner is None:
        return None
    if owner != account:
        return False
    provider = _provider(trust)
    if not isinstance(provider, dict):
        return provider
    url = provider.get("Url")
    return "https://" + url.removeprefix("https://") == trust.issuer.url if isinstance(url, str) else None


def _provider(trust: Trust) -> dict[str, Any] | bool | None:
    """The registered provider; False when there certainly is none; True when it could not be read and is assumed."""
    providers = trust.documents.get("providers")
    if not isinstance(providers, dict) or arn_account(trust.via) is None:
        return None
    body = providers.get(trust.via)
    if isinstance(body, dict):
        return body
    if trust.via in providers and body is not None:
        return None
    return not (trust.documents.get("providers_read") is True and trust.via not in providers)


def _client_id_gate(trust: Trust, token: Token) -> bool | None:
    """The effective audience is `azp`, else the one `aud`; it must be a registered client id."""
    if trust.via in BUILT_IN:
        return True
    provider = _provider(trust)
    if not isinstance(provider, dict):
        return provider
    audience = token.get("azp", token.get("aud", ()))
    if isinstance(audience, tuple) and "azp" not in token:
        if len(audience) != 1:
            return False  # none at all, or several and no `azp` to tell which
        audience = audience[0]
    listed = provider.get("ClientIDList")
    if not isinstance(audience, str) or not isinstance(listed, list | tuple):
        return None
    if any(not isinstance(client_id, str) for client_id in listed):
        return None
    return audience in listed


# --- the trust policy ------------------------------------------------------------------------------------------------

_POLICY_MEMBERS: Final = frozenset({"Version", "Id", "Statement"})
_STATEMENT_MEMBERS: Final = frozenset({"Sid", "Effect", "Principal", "Action", "NotAction", "Condition"})
"""What a statement of a trust policy may hold; `NotPrincipal`, `Resource`, `NotResource` are refused on saving."""


def _policy_grants(policy: Any, action: str, call: Call) -> bool | None:
    """Some Allow statement applies and no Deny does."""
    if not isinstance(policy, dict) or not _POLICY_MEMBERS.issuperset(policy):
        return None
    statements = statements_of(policy)
    if statements is None:
        return None
    reading = reading_of(policy, call)
    allowed = any_of(_applies(statement, "Allow", action, reading) for statement in statements)
    denied = any_of(_applies(statement, "Deny", action, reading) for statement in statements)
    return all_of((allowed, opposite(denied)))


def _applies(statement: Any, effect: str, action: str, reading: Reading) -> bool | None:
    """Whether the statement has this effect and is about this call."""
    if not isinstance(statement, dict):
        return None
    stated = statement.get("Effect")
    if stated != effect and stated in ("Allow", "Deny"):
        return False
    return all_of(
        (
            True if stated == effect else None,
            True if _STATEMENT_MEMBERS.issuperset(statement) else None,
            _principal_matches(statement.get("Principal"), effect, reading.call.via),
            action_matches(statement, action),
            meets(statement.get("Condition", {}), reading),
        )
    )


def _principal_matches(principal: Any, effect: str, via: str) -> bool | None:
    if principal == "*":
        # Everybody, so a Deny certainly binds. Trust policies with it are refused: what an Allow does is not known.
        return True if effect == "Deny" else None
    if not isinstance(principal, dict) or not principal:
        return None
    return any_of([_principal_type_matches(kind, names, effect, via) for kind, names in principal.items()])


def _principal_type_matches(kind: str, names: Any, effect: str, via: str) -> bool | None:
    listed = names if isinstance(names, list | tuple) else [names]
    if any(not isinstance(name, str) for name in listed):
        return None
    if kind == "Federated":
        return any_of([True if name == via else None if "*" in name or "?" in name else False for name in listed])
    if kind == "AWS":
        # An Allow for `AWS: *` was seen not to admit OIDC callers. Whether a Deny of everybody, or of the account that
        # the caller counts as belonging to, binds them was not tried.
        broad = any(name == "*" or name.isdigit() or name.endswith(":root") for name in listed)
        return None if effect == "Deny" and broad else False
    return False if kind in ("Service", "CanonicalUser") else None
