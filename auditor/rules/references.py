"""Pages and controls that several rules point to."""

from __future__ import annotations

from collections.abc import Mapping

_AWS = "https://docs.aws.amazon.com/IAM/latest/UserGuide"

AWS_CONTROLS = f"{_AWS}/id_roles_providers_oidc_secure-by-default.html"
AWS_KEYS = f"{_AWS}/reference_policies_iam-condition-keys.html"
AWS_LISTS = f"{_AWS}/reference_policies_condition-single-vs-multi-valued-context-keys.html"
AWS_OPERATORS = f"{_AWS}/reference_policies_elements_condition_operators.html"
AWS_PROVIDERS = f"{_AWS}/id_roles_providers_create_oidc.html"
AWS_ROLES = f"{_AWS}/id_roles_create_for-idp_oidc.html"
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

Compliance = Mapping[str, tuple[str, ...]]
"""Framework → controls. Only those whose text plainly covers the finding."""

_OWASP = "OWASP Top 10 CI/CD Security Risks"
_NIST = "NIST SP 800-53 Rev. 5"
_CIS = "CIS Controls v8"

ACCESS: Compliance = {_OWASP: ("CICD-SEC-2", "CICD-SEC-5"), _NIST: ("AC-3", "AC-6"), _CIS: ("3.3", "6.8")}
"""More may enter than need to: identity and access management, pipeline-based access controls, least privilege."""

REVIEW: Compliance = {_OWASP: ("CICD-SEC-1", "CICD-SEC-4", "CICD-SEC-5"), _NIST: ("AC-3", "AC-6", "CM-3")}
"""Code nobody reviewed acts: flow control, poisoned pipeline execution, configuration change control."""

OUTSIDERS: Compliance = {_OWASP: ("CICD-SEC-2", "CICD-SEC-8"), _NIST: ("AC-3", "AC-20"), _CIS: ("6.8",)}
"""Others than ourselves may enter: third-party services, use of external systems."""

UPKEEP: Compliance = {_OWASP: ("CICD-SEC-2",), _NIST: ("AC-2", "AC-6(7)"), _CIS: ("6.8",)}
"""Access that no longer does what it says: account management, review of privileges."""
