"""Pages that several rules point to."""

from __future__ import annotations

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
