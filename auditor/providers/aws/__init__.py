"""AWS: OIDC providers of IAM, and the roles whose trust policies admit their tokens.

Only `collect` talks to AWS, and only it imports boto3; it is itself imported when it is called.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from auditor.claims.predicate import Token
from auditor.collecting.scopes import Scope
from auditor.config import AwsTargets, Config
from auditor.errors import UsageError
from auditor.issuers.catalogue import Catalogue
from auditor.model import Identity, Source, Trust
from auditor.organizations import ANY
from auditor.power import Authority
from auditor.providers.aws.keys import AUDITED_AT
from auditor.shards import WHOLE, Shard
from auditor.snapshot import Snapshot

LEAST_PRIVILEGE: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "RolesPoliciesAndProviders",
            "Effect": "Allow",
            "Action": [
                "iam:GetAccountAuthorizationDetails",
                "iam:ListOpenIDConnectProviders",
                "iam:GetOpenIDConnectProvider",
            ],
            "Resource": "*",
        },
        {
            "Sid": "AttachedPoliciesMissingFromTheDetails",
            "Effect": "Allow",
            "Action": ["iam:GetPolicy", "iam:GetPolicyVersion"],
            "Resource": "*",
        },
        {
            "Sid": "OrganizationPoliciesAboveTheAccount",
            "Effect": "Allow",
            "Action": [
                "organizations:DescribeOrganization",
                "organizations:ListParents",
                "organizations:ListPoliciesForTarget",
                "organizations:DescribePolicy",
            ],
            "Resource": "*",
        },
    ],
}
"""What `collect` calls. `sts:GetCallerIdentity` needs no permission (STS API reference)."""

ORGANIZATION_PRIVILEGE: dict[str, Any] = {
    "Version": "2012-10-17",
    "Statement": [
        *LEAST_PRIVILEGE["Statement"],
        {
            "Sid": "WholeOrganizationFromItsManagementAccountOrADelegatedAdministrator",
            "Effect": "Allow",
            "Action": [
                "organizations:ListRoots",
                "organizations:ListOrganizationalUnitsForParent",
                "organizations:ListAccountsForParent",
                "organizations:ListPolicies",
                "organizations:ListTargetsForPolicy",
            ],
            "Resource": "*",
        },
        {
            "Sid": "WholeOrganizationEnterItsAccounts",
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Resource": "arn:*:iam::*:role/OrganizationAccountAccessRole",
        },
    ],
}
"""What `collect` calls to read a whole organization. Entering every account is much: for whoever needs it alone."""


class Aws:
    """The provider protocol of `auditor.providers.base`."""

    id = "aws"

    def scopes(
        self,
        config: Config,
        *,
        profile: str | None = None,
        organization: str | None = None,
        accounts: Sequence[str] = (),
        role_name: str | None = None,
        external_id: str | None = None,
        role_session_name: str | None = None,
        duration: int | None = None,
        shard: Shard = WHOLE,
        **options: Any,
    ) -> Sequence[Scope]:
        """The account of `profile`, else those of `[targets.aws]`, else that of the standard credential chain.

        Of several profiles, those whose names `shard` holds. With an `organization` (its id, or `organizations.ANY`)
        every account of it instead, or those of `accounts`; with `accounts` alone these. They are entered by the role
        that the next four tell, and are those that `shard` holds. `options` may hold `limits`, a `connections.Limits`.
        Raises `UsageError` for what cannot be meant.
        """
        from auditor.providers.aws import collect
        from auditor.providers.aws.entrance import Assume

        targets, limits = config.targets.aws or AwsTargets(), options.get("limits")
        profiles: Sequence[str | None] = (profile,) if profile else targets.profiles or (None,)
        # A profile that is named on the command line is one account, whatever the configuration says.
        own = AwsTargets() if profile else targets
        organization, accounts = organization or own.organization, tuple(dict.fromkeys(accounts or own.accounts))
        if accounts and len(profiles) > 1:
            raise UsageError("a list of accounts is entered from one profile; name it with --profile")
        if organization is None and not accounts:
            if role_name or external_id or role_session_name or duration:
                raise UsageError("a role is assumed in accounts: --organization or --account is missing")
            held = [name for name in profiles if shard.holds(self.id, name or "")]
            return collect.profiles_of(profiles, held, limits)
        default = Assume()
        assume = Assume(
            role_name or targets.role_name or default.role_name,
            external_id or targets.external_id,
            role_session_name or targets.role_session_name or default.session_name,
            duration or targets.duration or default.duration,
        )
        if organization is not None:
            wanted = None if organization == ANY else organization
            return collect.organisations_of(profiles, assume, limits, wanted=wanted, accounts=accounts, shard=shard)
        return collect.accounts_of(profiles[0], assume, limits, [one for one in accounts if shard.holds(self.id, one)])

    def portions(self, snapshot: Snapshot) -> Sequence[str]:
        """The accounts, and what else is a scope of its own: an organisation."""
        from auditor.providers.aws import survey

        return survey.portions(snapshot)

    def portion(self, snapshot: Snapshot, key: str) -> Snapshot:
        """What was read of one account, and those documents of its organisation that concern it."""
        from auditor.providers.aws import survey

        return survey.portion(snapshot, key)

    def trusts(self, snapshot: Snapshot, issuers: Catalogue | None = None) -> Iterable[Trust]:
        """Every (role, issuer). Times in conditions are compared with the end of the collection, not with today.

        Without `issuers`, the built-in tables alone say what is minted.
        """
        from auditor.providers.aws import trust

        return trust.trusts(snapshot, snapshot.ended, issuers)

    def identities(self, snapshot: Snapshot) -> Iterable[Identity]:
        """Every role that occurs in some trust."""
        from auditor.providers.aws import trust

        return trust.identities(snapshot)

    def idle_registrations(self, snapshot: Snapshot) -> Iterable[tuple[Identity, Source]]:
        """OIDC providers that no role trusts."""
        from auditor.providers.aws import trust

        return trust.idle_registrations(snapshot)

    def admits(self, trust: Trust, token: Token) -> bool | None:
        """The concrete evaluator's opinion of `token`, at the moment `trusts` used."""
        from auditor.providers.aws import evaluate

        return evaluate.admits(trust, token, trust.documents[AUDITED_AT])

    def authority(self, snapshot: Snapshot) -> Authority:
        """What roles may do, by the policies of `snapshot`; times are judged as `trusts` does."""
        from auditor.providers.aws import authority

        return authority.AwsAuthority(snapshot, snapshot.ended)

    def permissions(self) -> str:
        """An IAM policy for whoever runs the collection."""
        return json.dumps(LEAST_PRIVILEGE, indent=2) + "\n"

    def organization_permissions(self) -> str:
        """The same for whoever reads a whole organization, from its management account or a delegated one."""
        return json.dumps(ORGANIZATION_PRIVILEGE, indent=2) + "\n"


PROVIDER = Aws()
