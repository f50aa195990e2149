"""Google Cloud: workload identity pools, their providers, and what federated members are granted.

Only `collect` talks to Google, and only it imports google-auth and google-cloud-iam; it is imported when it is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from auditor.claims.predicate import Token
from auditor.collecting.scopes import Scope
from auditor.config import Config
from auditor.issuers.catalogue import Catalogue
from auditor.model import Identity, Source, Trust
from auditor.power import Authority
from auditor.shards import WHOLE, Shard
from auditor.snapshot import Snapshot

AUDITED_AT = "audited-at"
"""Key of `Trust.documents`: the moment with which conditions on times are compared."""

LEAST_PRIVILEGE = (
    "cloudasset.assets.searchAllIamPolicies",
    "cloudasset.assets.searchAllResources",
    "iam.denypolicies.get",
    "iam.denypolicies.list",
    "iam.googleapis.com/workforcePoolProviders.list",
    "iam.googleapis.com/workforcePools.list",
    "iam.googleapis.com/workloadIdentityPoolProviders.list",
    "iam.googleapis.com/workloadIdentityPools.get",
    "iam.googleapis.com/workloadIdentityPools.list",
    "iam.principalaccessboundarypolicies.list",
    "iam.principalaccessboundarypolicies.searchPolicyBindings",
    "iam.roles.get",
    "iam.serviceAccounts.getIamPolicy",
    "iam.serviceAccounts.list",
    "resourcemanager.folders.get",
    "resourcemanager.folders.getIamPolicy",
    "resourcemanager.folders.list",
    "resourcemanager.organizations.get",
    "resourcemanager.organizations.getIamPolicy",
    "resourcemanager.projects.get",
    "resourcemanager.projects.getIamPolicy",
    "resourcemanager.projects.list",
)
"""What `collect` needs, as IAM writes permissions: those of workload identity pools hold the name of the host."""

PREDEFINED = (
    "roles/iam.securityReviewer",
    "roles/iam.workloadIdentityPoolViewer",
    "roles/iam.denyReviewer",
    "roles/cloudasset.viewer",
)
"""Roles that hold all of these together, and more; for those who would rather not keep a custom role."""

PERMISSIONS = """\
# A custom role with nothing but what the audit reads. Save this as auditor.yaml, then
#   gcloud iam roles create oidcTrustAuditor --organization=ORGANIZATION --file=auditor.yaml
#   gcloud organizations add-iam-policy-binding ORGANIZATION --condition=None \\
#     --role=organizations/ORGANIZATION/roles/oidcTrustAuditor --member=MEMBER
# Or grant these predefined roles, which together hold more than this:
{predefined}
# The project whose quota is used must have these APIs enabled:
#   gcloud services enable iam.googleapis.com cloudresourcemanager.googleapis.com cloudasset.googleapis.com
# Optional: Groups Reader, an administrator role of Cloud Identity, and cloudidentity.googleapis.com enabled. They tell
# whether service accounts are in groups that are granted something.
title: OIDC trust auditor
description: Reads who may become which service account through workload identity federation.
stage: GA
includedPermissions:
{permissions}
"""


class Gcp:
    """The provider protocol of `auditor.providers.base`."""

    id = "gcp"

    def scopes(
        self,
        config: Config,
        *,
        projects: Iterable[str] = (),
        folders: Iterable[str] = (),
        organizations: Iterable[str] = (),
        shard: Shard = WHOLE,
        **options: Any,
    ) -> Sequence[Scope]:
        """What is named, else `[targets.gcp]`, else the project of Application Default Credentials: one scope.

        Of what is named, those that `shard` holds by name; what lies in one another had better not be named together.
        `options` may hold `limits`, a `rest.Limits`. Raises `UsageError` for a name that cannot be meant.
        """
        from auditor.providers.gcp import collect

        named = collect.names(projects, folders, organizations)
        if not named and config.targets.gcp:
            chosen = config.targets.gcp
            named = collect.names(chosen.projects, chosen.folders, chosen.organizations)
        held = [name for name in named or [""] if shard.holds(self.id, name)]
        if not held:
            return ()
        others = tuple(name for name in named if name not in held)
        return (collect.TargetScope(tuple(held) if named else (), options.get("limits"), others),)

    def portions(self, snapshot: Snapshot) -> Sequence[str]:
        """One: what is granted anywhere may be inherited anywhere below."""
        del snapshot
        return ("",)

    def portion(self, snapshot: Snapshot, key: str) -> Snapshot:
        """Everything of Google Cloud."""
        del key
        return snapshot.only(self.id)

    def trusts(self, snapshot: Snapshot, issuers: Catalogue | None = None) -> Iterable[Trust]:
        """Every (resource, member, provider). Times in conditions are compared with the end of the collection.

        Without `issuers`, the built-in tables alone say what is minted.
        """
        from auditor.providers.gcp import trust

        return trust.trusts(snapshot, snapshot.ended, issuers)

    def identities(self, snapshot: Snapshot) -> Iterable[Identity]:
        """Every service account and resource of some trust, and the pools that are set apart."""
        from auditor.providers.gcp import inventory

        return inventory.identities(snapshot)

    def idle_registrations(self, snapshot: Snapshot) -> Iterable[tuple[Identity, Source]]:
        """Providers whose identities are granted nothing."""
        from auditor.providers.gcp import inventory

        return inventory.idle_registrations(snapshot)

    def admits(self, trust: Trust, token: Token) -> bool | None:
        """The concrete evaluator's opinion of `token`, at the moment `trusts` used."""
        from auditor.providers.gcp import evaluate

        return evaluate.admits(trust, token, trust.documents[AUDITED_AT])

    def authority(self, snapshot: Snapshot) -> Authority:
        """What service accounts and directly granted resources allow. Times are compared as in `trusts`."""
        from auditor.providers.gcp.authority import GoogleAuthority

        return GoogleAuthority(snapshot.only(self.id), snapshot.ended)

    def permissions(self) -> str:
        """A custom role for whoever runs the collection, as `gcloud iam roles create --file` takes it."""
        return PERMISSIONS.format(
            predefined="\n".join(f"#   {role}" for role in PREDEFINED),
            permissions="\n".join(f"- {permission}" for permission in LEAST_PRIVILEGE),
        )


PROVIDER = Gcp()
