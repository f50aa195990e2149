"""Trust policies as JSON texts with placeholders (`@owner@`), and names to fill them with.

A text without its names is the *structure* of a policy: two policies of one structure ask the same questions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count
from random import Random
from typing import Any

GITHUB = "token.actions.githubusercontent.com"
GITLAB = "gitlab.com"
TERRAFORM = "app.terraform.io"

AUDIENCES = {GITHUB: "sts.amazonaws.com", GITLAB: "https://gitlab.com", TERRAFORM: "aws.workload.identity"}
"""The audience that each issuer's documentation tells people to use."""

Block = dict[str, dict[str, Any]]
"""A condition block: operator → key → value or values."""

_PLACEHOLDER = re.compile(r"@([a-z0-9]+)@")


def filled(structure: str, names: Callable[[str], str]) -> Any:
    """The policy with every placeholder replaced by what `names` calls it."""
    return json.loads(_PLACEHOLDER.sub(lambda found: names(found[1]), structure))


def statement(issuer: str, condition: Block, effect: str = "Allow") -> dict[str, Any]:
    return {
        "Effect": effect,
        "Principal": {"Federated": f"arn:aws:iam::@account@:oidc-provider/{issuer}"},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": condition,
    }


def structure(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def _simple(issuer: str, operator: str, subjects: str | list[str], further: Block | None = None) -> str:
    """One statement with the usual audience."""
    condition: Block = {"StringEquals": {f"{issuer}:aud": AUDIENCES[issuer]}}
    condition.setdefault(operator, {})[f"{issuer}:sub"] = subjects
    for name, tests in (further or {}).items():
        condition.setdefault(name, {}).update(tests)
    return structure(statement(issuer, condition))


_HCP = "organization:@owner@:project:landing-zone:workspace:*:run_phase"

STAMPED: Mapping[str, str] = {
    "landing-zone-plan": _simple(GITHUB, "StringEquals", "repo:@owner@/landing-zone:pull_request"),
    "landing-zone-apply": _simple(GITHUB, "StringEquals", "repo:@owner@/landing-zone:ref:refs/heads/main"),
    "security-audit": _simple(GITHUB, "StringEquals", "repo:@owner@/security-tools:environment:audit"),
    "backup": _simple(GITHUB, "StringEquals", "repo:@owner@/backup:environment:production"),
    "dns": _simple(
        GITHUB, "StringLike", ["repo:@owner@/dns:ref:refs/heads/main", "repo:@owner@/dns-zones:environment:*"]
    ),
    "image-push": _simple(GITHUB, "StringLike", "repo:@owner@/*"),
    "break-glass": _simple(
        GITHUB,
        "StringLike",
        "repo:@owner@/break-glass:*",
        {"StringEquals": {f"{GITHUB}:job_workflow_ref": "@owner@/.github/.github/workflows/ops.yml@refs/heads/main"}},
    ),
    "cost-report": _simple(GITLAB, "StringLike", "project_path:@owner@/finops/*:ref_type:branch:ref:main"),
    "hcp-plan": _simple(TERRAFORM, "StringLike", f"{_HCP}:plan"),
    "hcp-apply": _simple(TERRAFORM, "StringLike", f"{_HCP}:apply"),
}
"""Role name → structure: what a landing zone puts into every account of an organisation."""

PER_REPOSITORY: Sequence[tuple[int, str, str]] = (
    (22, "deploy", _simple(GITHUB, "StringEquals", "repo:@owner@/@repo@:environment:@env@")),
    (18, "deploy", _simple(GITHUB, "StringEquals", "repo:@owner@/@repo@:ref:refs/heads/main")),
    (20, "ci", _simple(GITHUB, "StringLike", "repo:@owner@/@repo@:*")),
    (12, "plan", _simple(GITHUB, "StringEquals", "repo:@owner@/@repo@:pull_request")),
    (
        8,
        "release",
        _simple(
            GITHUB,
            "StringLike",
            ["repo:@owner@/@repo@:ref:refs/heads/main", "repo:@owner@/@repo@:ref:refs/tags/v*"],
        ),
    ),
    (6, "pages", _simple(GITLAB, "StringLike", "project_path:@owner@/@team@/@repo@:ref_type:branch:ref:main")),
    (
        6,
        "deploy",
        _simple(
            GITHUB,
            "StringLike",
            ["repo:@owner@/@repo@:environment:@env@", "repo:@owner@/@repo@-infra:environment:@env@"],
        ),
    ),
    (
        4,
        "ci",
        _simple(
            GITHUB, "StringLike", "repo:@owner@/@repo@:*", {"StringNotLike": {f"{GITHUB}:sub": "repo:*:pull_request"}}
        ),
    ),
    (
        4,
        "hcp",
        _simple(
            TERRAFORM, "StringLike", "organization:@owner@:project:@team@:workspace:@repo@-@env@:run_phase:*"
        ),
    ),
)  # fmt: skip
"""(weight, role name, structure): the modules that teams deploy their repositories with."""


class Names:
    """Names no two of which are equal, made of words people use."""

    _FIRST = ("shop", "data", "core", "web", "infra", "ml", "billing", "search", "auth", "media", "mobile", "edge")
    _SECOND = ("api", "ops", "jobs", "ui", "gateway", "worker", "docs", "models", "tools", "stream")

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._numbers = count(1)

    def new(self) -> str:
        return f"{self._rng.choice(self._FIRST)}-{self._rng.choice(self._SECOND)}-{next(self._numbers)}"


def unlike(rng: Random) -> Iterator[str]:
    """Structures as people write them by hand, without end and each only once."""
    seen: set[str] = set()
    while True:
        found = _by_hand(rng)
        if found not in seen:
            seen.add(found)
            yield found


_SUBJECTS: Mapping[str, Sequence[str]] = {
    GITHUB: (
        "repo:@owner1@/@repo1@:*",
        "repo:@owner1@/@repo2@:*",
        "repo:@owner2@/@repo3@:*",
        "repo:@owner1@/*",
        "repo:@owner1@/@team1@-*",
        "repo:@owner1@/*-@team1@:*",
        "repo:@owner1@/@repo1@:ref:refs/heads/main",
        "repo:@owner1@/@repo2@:ref:refs/heads/main",
        "repo:@owner2@/@repo3@:ref:refs/heads/master",
        "repo:@owner1@/@repo1@:ref:refs/heads/@branch1@",
        "repo:@owner1@/@repo1@:ref:refs/heads/release/*",
        "repo:@owner1@/*:ref:refs/heads/main",
        "repo:@owner1@/@repo1@:ref:refs/tags/*",
        "repo:@owner1@/@repo2@:ref:refs/tags/v?.*",
        "repo:@owner1@/@repo1@:environment:production",
        "repo:@owner1@/@repo1@:environment:@env1@",
        "repo:@owner1@/@repo2@:environment:@env1@",
        "repo:@owner1@/@repo2@:environment:prod-*",
        "repo:@owner1@/*:environment:production",
        "repo:@owner2@/@repo3@:environment:*",
        "repo:@owner1@/@repo1@:pull_request",
        "repo:@owner1@/*:pull_request",
        "repo:@owner3@/@repo4@:ref:refs/heads/*",
        "repo:@owner3@/@repo4@:environment:@env2@",
    ),
    GITLAB: (
        "project_path:@owner1@/@repo1@:ref_type:branch:ref:main",
        "project_path:@owner1@/@repo1@:ref_type:tag:ref:*",
        "project_path:@owner1@/*:ref_type:branch:ref:main",
        "project_path:@owner1@/@team1@/*:ref_type:branch:ref:release/*",
        "project_path:@owner1@/@team1@/@repo2@:ref_type:branch:ref:@branch1@",
        "project_path:@owner1@/@repo1@:*",
    ),
    TERRAFORM: (
        "organization:@owner1@:project:@team1@:workspace:@repo1@:run_phase:*",
        "organization:@owner1@:project:@team1@:workspace:*:run_phase:apply",
        "organization:@owner1@:project:*:workspace:@repo1@:run_phase:plan",
        "organization:@owner1@:*",
    ),
}

_FURTHER: Mapping[str, Sequence[str]] = {
    "job_workflow_ref": (
        "@owner1@/shared/.github/workflows/deploy.yml@refs/heads/main",
        "@owner1@/@repo1@/.github/workflows/@team1@.yml@refs/tags/v*",
        "@owner1@/shared/*",
    ),
    "repository": ("@owner1@/@repo1@", "@owner1@/*"),
    "ref": ("refs/heads/main", "refs/heads/@branch1@", "refs/tags/*"),
    "environment": ("production", "@env1@", "prod-*"),
    "workflow": ("deploy", "release-*"),
    "actor": ("@actor1@", "*[bot]"),
    "repository_owner_id": ("@number1@",),
    "repository_id": ("@number2@",),
}

_MANY = (1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 6, 8)
_LIKE = ("StringLike",) * 12 + ("ForAnyValue:StringLike", "ForAllValues:StringLike", "StringLikeIfExists")
_EQUAL = ("StringEquals",) * 6 + ("StringEqualsIgnoreCase", "ForAnyValue:StringEquals", "StringEqualsIfExists")


def _by_hand(rng: Random) -> str:
    issuer = rng.choices((GITHUB, GITLAB, TERRAFORM), (88, 7, 5))[0]
    statements = [statement(issuer, _condition(rng, issuer)) for _ in range(rng.choices((1, 2, 3), (82, 15, 3))[0])]
    if rng.random() < 0.05:
        statements.append(statement(issuer, _test(rng, issuer, "sub", rng.choice((1, 2))), "Deny"))
    return structure(*statements)


def _condition(rng: Random, issuer: str) -> Block:
    condition = _test(rng, issuer, "sub", rng.choice(_MANY))
    if rng.random() < 0.9:
        operator = rng.choice(("StringEquals",) * 8 + ("StringLike", "ForAnyValue:StringEquals"))
        usual = AUDIENCES[issuer]
        value = [usual, "https://github.com/@owner1@"] if rng.random() < 0.1 else usual
        condition.setdefault(operator, {})[f"{issuer}:aud"] = value
    if issuer == GITHUB:
        for claim in rng.sample(sorted(_FURTHER), rng.choice((0, 0, 0, 0, 1, 1, 2))):
            for operator, tests in _test(rng, issuer, claim, rng.choice((1, 1, 2))).items():
                condition.setdefault(operator, {}).update(tests)
        if rng.random() < 0.06:
            refused = rng.choice(("repo:*:pull_request", "repo:@owner1@/@repo1@:pull_request", "*:ref:refs/heads/dev*"))
            condition.setdefault("StringNotLike", {})[f"{issuer}:sub"] = refused
    return dict(rng.sample(list(condition.items()), len(condition)))


def _test(rng: Random, issuer: str, claim: str, many: int) -> Block:
    forms = _SUBJECTS[issuer] if claim == "sub" else _FURTHER[claim]
    values = rng.sample(forms, min(many, len(forms)))
    wild = any("*" in value or "?" in value for value in values)
    operator = rng.choice(_LIKE if wild or rng.random() < 0.3 else _EQUAL)
    return {operator: {f"{issuer}:{claim}": values[0] if len(values) == 1 and rng.random() < 0.8 else values}}
