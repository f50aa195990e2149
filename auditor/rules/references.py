"""Pages and controls that several rules point to."""

from __future__ import annotations

from collections.abc import Mapping

_AWS = "https://docs.aws.amazon.com/IAM/latest/UserGuide"

AWS_CONTROLS = f"{_AWS}/id_roles_providers_oidc_secure-by-default.html"
AWS_BOUNDARIES = f"{_AWS}/access_policies_boundaries.html"
AWS_KEYS = f"{_AWS}/reference_policies_iam-condition-keys.html"
AWS_LAST_USED = f"{_AWS}/access_policies_last-accessed.html"
AWS_LISTS = f"{_AWS}/reference_policies_condition-single-vs-multi-valued-context-keys.html"
AWS_OPERATORS = f"{_AWS}/reference_policies_elements_condition_operators.html"
AWS_PROVIDERS = f"{_AWS}/id_roles_providers_create_oidc.html"
AWS_ROLES = f"{_AWS}/id_roles_create_for-idp_oidc.html"
_ENTRA = "https://learn.microsoft.com/entra"

AZURE_APPLICATIONS = "https://learn.microsoft.com/graph/api/resources/application"
AZURE_CONSIDERATIONS = f"{_ENTRA}/workload-id/workload-identity-federation-considerations"
AZURE_CREDENTIALS = f"{_ENTRA}/workload-id/workload-identity-federation-create-trust"
AZURE_DEVOPS = "https://learn.microsoft.com/azure/devops/pipelines/release/troubleshoot-workload-identity"
AZURE_EXPRESSIONS = f"{_ENTRA}/workload-id/workload-identities-flexible-federated-identity-credentials"
AZURE_FEDERATION = f"{_ENTRA}/workload-id/workload-identity-federation"
AZURE_PERMISSIONS = "https://learn.microsoft.com/graph/permissions-reference"
REVIEWS = f"{_ENTRA}/id-governance/access-reviews-overview"
AZURE_ROLES = f"{_ENTRA}/identity/role-based-access-control/privileged-roles-permissions"
_GCP = "https://cloud.google.com/iam/docs"

GCP_ACCOUNTS = f"{_GCP}/service-account-permissions"
GCP_FEDERATION = f"{_GCP}/workload-identity-federation"
GCP_PIPELINES = f"{_GCP}/workload-identity-federation-with-deployment-pipelines"
GCP_PRACTICES = f"{_GCP}/best-practices-for-using-workload-identity-federation"
GCP_PRINCIPALS = f"{_GCP}/principal-identifiers"
GITHUB_ENVIRONMENTS = "https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments"
GITHUB_EVENTS = "https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows"
GITHUB_SUBJECTS = "https://docs.github.com/en/actions/reference/security/oidc"
GITLAB_AWS = "https://docs.gitlab.com/ci/cloud_services/aws/"

LEAST_PRIVILEGE = (
    f"{_AWS}/best-practices.html",
    f"{_GCP}/using-iam-securely",
    "https://learn.microsoft.com/azure/role-based-access-control/best-practices",
)

Compliance = Mapping[str, tuple[str, ...]]
"""Framework → controls. Only those whose text plainly covers the finding."""

_OWASP = "OWASP Top 10 CI/CD Security Risks"
_NIST = "NIST SP 800-53 Rev. 5"
_CIS = "CIS Controls v8"

ACCESS: Compliance = {_OWASP: ("CICD-SEC-2", "CICD-SEC-5"), _NIST: ("AC-3", "AC-6"), _CIS: ("3.3", "6.8")}
"""More may enter than need to: identity and access management, pipeline-based access controls, least privilege."""

PRIVILEGE: Compliance = {_OWASP: ("CICD-SEC-2", "CICD-SEC-5"), _NIST: ("AC-6", "AC-6(5)"), _CIS: ("5.4", "6.8")}
"""Who enters may do more than the task needs: least privilege, privileged accounts."""

REVIEW: Compliance = {_OWASP: ("CICD-SEC-1", "CICD-SEC-4", "CICD-SEC-5"), _NIST: ("AC-3", "AC-6", "CM-3")}
"""Code nobody reviewed acts: flow control, poisoned pipeline execution, configuration change control."""

OUTSIDERS: Compliance = {_OWASP: ("CICD-SEC-2", "CICD-SEC-8"), _NIST: ("AC-3", "AC-20"), _CIS: ("6.8",)}
"""Others than ourselves may enter: third-party services, use of external systems."""

SECRETS: Compliance = {_OWASP: ("CICD-SEC-6",), _NIST: ("IA-5", "AC-2")}
"""Secrets that outlive their purpose: insufficient credential hygiene, management of authenticators."""

UPKEEP: Compliance = {_OWASP: ("CICD-SEC-2",), _NIST: ("AC-2", "AC-6(7)"), _CIS: ("6.8",)}
"""Access that no longer does what it says: account management, review of privileges."""
