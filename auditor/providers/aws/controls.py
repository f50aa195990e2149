"""AWS's identity-provider controls: would this statement be refused if the role were saved again?

AWS checks them when a role is created or its trust policy updated, and never looks at existing ones. The issuers and
their keys are AWS's (IAM user guide, identity-provider controls for shared OIDC providers, September 2026); how values
and operators count was observed from outside. Where the observations leave a case open, no refusal is claimed.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from auditor.providers.aws.conditions import escape

_SUB = (
    "vstoken.actions.githubusercontent.com",
    "oidc-configuration.audit-log.githubusercontent.com",
    "gitlab.com",
    "agent.buildkite.com",
    "app.terraform.io",
    "oidc.codefresh.io",
    "scalr.io",
    "proidc.upbound.io",
    "studio.datachain.ai/api",
    "tokens.cloud.shisho.dev",
    # IBM Turbonomic
    "rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7",
    "rh-oidc.s3.us-east-1.amazonaws.com/23e3sd27sju1hoou6ohfs68vbno607tr",
    "rh-oidc.s3.us-east-1.amazonaws.com/23ne21h005qjl3n33d8dui5dlrmv2tmg",
    "rh-oidc.s3.us-east-1.amazonaws.com/24jrf12m5dj7ljlfb4ta2frhrcoadm26",
    "oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb",
    "oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu",
)
_AUD = ("api.pulumi.com/oidc", "oidc.vercel.com", "sandboxes.cloud", "cognito-identity.amazonaws.com")
_SESSION_NAME = ("sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d",)  # Azure Sentinel
_BUILT_IN: Mapping[str, tuple[str, ...]] = {
    "accounts.google.com": ("aud", "oaud", "sub"),
    "www.amazon.com": ("app_id", "sub"),
    "graph.facebook.com": ("app_id", "sub"),
}
_GITHUB = "token.actions.githubusercontent.com"

_COUNTED = ("StringEquals", "StringEqualsIgnoreCase", "StringLike")
_COUNTED_BUILT_IN = ("StringEquals", "StringEqualsIgnoreCase")

Refusal = tuple[str, str]
"""(JSON pointer, why)."""


def refusals(statement: Mapping[str, Any], pointer: str, issuer: str) -> list[Refusal]:
    """Why AWS would refuse to save this Allow statement today because of `issuer` (without `https://`).

    `statement` is taken to allow `sts:AssumeRoleWithWebIdentity` to that issuer; it stands at `pointer`.
    """
    keys = required_keys(issuer)
    condition = statement.get("Condition", {})
    if not keys or not isinstance(condition, Mapping):
        return []
    github = issuer.startswith(_GITHUB)
    built_in = issuer in _BUILT_IN
    counted = _COUNTED_BUILT_IN if built_in else _COUNTED
    refused: list[Refusal] = []
    for name, tests in condition.items():
        if not isinstance(name, str) or not isinstance(tests, Mapping):
            return []  # not a condition AWS could have observed anybody save
        if name.removeprefix("ForAnyValue:").removeprefix("ForAllValues:") not in counted:
            continue
        found = [key for key in tests if (str(key) if built_in else str(key).lower()) in keys]
        bad = [] if built_in else [key for key in found if _opens(tests[key], github)]
        if found and (not bad if github else len(bad) < len(found)):
            return []
        for key in bad:
            where = f"{pointer}/Condition/{escape(name)}/{escape(str(key))}"
            refused.append((where, f"AWS would refuse the value of {key} as not scoped"))
    operators = f"{', '.join(counted[:-1])} or {counted[-1]}"
    untested = f"AWS would refuse this statement: no {operators} of {' or '.join(keys)}"
    return refused or [(pointer, untested)]


@lru_cache(maxsize=4096)
def required_keys(issuer: str) -> tuple[str, ...]:
    """The condition keys, in lower case, of which AWS demands one for `issuer`; empty where it demands none."""
    if issuer.startswith(_GITHUB):
        names: tuple[str, ...] = ("sub", "job_workflow_ref")
    elif issuer in _SUB:
        names = ("sub",)
    elif issuer in _AUD:
        names = ("aud",)
    elif issuer in _SESSION_NAME:
        return ("sts:rolesessionname",)
    else:
        names = _BUILT_IN.get(issuer, ())
    return tuple(f"{issuer}:{name}".lower() for name in names)


def _opens(values: Any, github: bool) -> bool:
    """Whether each listed value is one AWS refuses; an empty list is none."""
    listed = values if isinstance(values, list | tuple) else (values,)
    return bool(listed) and all(_refused(str(value), github) for value in listed)


def _refused(value: str, github: bool) -> bool:
    return not value.strip() or value.startswith("*") if github else value == "*"
