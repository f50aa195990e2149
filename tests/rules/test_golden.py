"""A few findings in full, as they stand in a report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from auditor.claims.predicate import Token
from auditor.config import Ours
from auditor.model import Confidence, Finding, Fix, Severity, Source
from tests.rules.cases import ACCOUNT, HOSTS, ROLE, findings, judged, policy, snapshot

GITHUB = HOSTS["github"]
STATEMENT = "/AssumeRolePolicyDocument/Statement/0"


def short(token: Token | None) -> Token | None:
    """What people look at of a token."""
    return None if token is None else {claim: token[claim] for claim in ("sub", "aud")}


def found(body: dict[str, Any]) -> list[Finding]:
    context = judged(snapshot(policy(body), body), Ours())
    return [replace(one, witness=short(one.witness)) for one in findings(context)]


def subject(body: dict[str, Any], kind: str = "github") -> str:
    decisions = judged(snapshot(policy(body), body), Ours()).decisions
    return next(decision.trust.id for decision in decisions if decision.trust.issuer.kind == kind)


def written(condition: str) -> str:
    return (
        "{\n"
        '  "Effect": "Allow",\n'
        '  "Principal": {\n'
        f'    "Federated": "arn:aws:iam::123456789012:oidc-provider/{GITHUB}"\n'
        "  },\n"
        '  "Action": "sts:AssumeRoleWithWebIdentity",\n'
        '  "Condition": {\n' + condition + "  }\n"
        "}"
    )


def test_anyone() -> None:
    body = {"condition": {"StringEquals": {"aud": "sts.amazonaws.com"}}}
    anyone, refused = found(body)
    assert anyone == Finding(
        rule="any-tenant",
        severity=Severity.CRITICAL,
        confidence=Confidence.HIGH,
        subject=subject(body),
        subject_kind="trust",
        title="Anyone on GitHub Actions can become deploy",
        detail=(
            "Any branch, environment, pull request or tag of any repository of any owner on GitHub Actions may become "
            "deploy. The token shown belongs to evil-org, a stranger. The same lines let in, and these are not "
            "reported again: any repository, any branch, any tag, any environment and code that nobody has merged. "
            "What deploy may then do was not judged."
        ),
        witness={"sub": "repo:evil-org/evil-repo:ref:refs/heads/main", "aud": "sts.amazonaws.com"},
        evidence=(Source(ROLE, STATEMENT),),
        fix=Fix(
            "Name the owner and the repository, and one branch or environment.",
            before=written(f'    "StringEquals": {{\n      "{GITHUB}:aud": "sts.amazonaws.com"\n    }}\n'),
            after=written(
                '    "StringEquals": {\n'
                f'      "{GITHUB}:aud": "sts.amazonaws.com",\n'
                f'      "{GITHUB}:sub": "repo:OWNER/REPOSITORY:ref:refs/heads/main"\n'
                "    }\n"
            ),
        ),
    )
    assert refused == Finding(
        rule="refused-if-resaved",
        severity=Severity.LOW,
        confidence=Confidence.MEDIUM,
        subject=subject(body),
        subject_kind="trust",
        title="AWS would refuse to store the trust of deploy as it is",
        detail=(
            "AWS would refuse this statement: no StringEquals, StringEqualsIgnoreCase or StringLike of "
            f"{GITHUB}:sub or {GITHUB}:job_workflow_ref. AWS checks this when a trust is written, not afterwards: this "
            "one is older than the check, and its next change fails."
        ),
        witness=None,
        evidence=(Source(ROLE, STATEMENT),),
        fix=Fix("Name the subject before something else has to be changed in a hurry."),
    )


def test_any_project() -> None:
    body = {"condition": {"StringLike": {"sub": "repo:acme@123/*"}}}
    (project,) = found(body)
    assert project == Finding(
        rule="any-project",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        subject=subject(body),
        subject_kind="trust",
        title="Any repository of acme can become deploy",
        detail=(
            "Any branch, environment, pull request or tag of any repository of acme with tenant id 123 on GitHub "
            "Actions may become deploy. The token shown is of acme/evil-repo, which the trust does not name. The same "
            "lines let in, and these are not reported again: any branch, any tag, any environment and code that nobody "
            "has merged. What deploy may then do was not judged."
        ),
        witness={"sub": "repo:acme@123/evil-repo@77700001:ref:refs/heads/main", "aud": "sts.amazonaws.com"},
        evidence=(Source(ROLE, f"{STATEMENT}/Condition/StringLike/{GITHUB}:sub"),),
        fix=Fix(
            "Name the repository, and one branch or environment.",
            before=written(f'    "StringLike": {{\n      "{GITHUB}:sub": "repo:acme@123/*"\n    }}\n'),
            after=written(
                '    "StringEquals": {\n'
                f'      "{GITHUB}:sub": "repo:acme@123/REPOSITORY@REPOSITORY_ID:ref:refs/heads/main"\n'
                "    }\n"
            ),
        ),
    )


def test_a_dead_trust_in_an_issuer_that_is_not_registered() -> None:
    body = {"condition": {"StringLike": {"sub": "repo:acme/*"}}, "registered": False}
    door = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{GITHUB}"
    dead, orphan = found(body)
    assert dead == Finding(
        rule="dead-trust",
        severity=Severity.LOW,
        confidence=Confidence.HIGH,
        subject=subject(body),
        subject_kind="trust",
        title="No token of GitHub Actions can become deploy",
        detail=(
            f"https://{GITHUB} is not registered in {ACCOUNT}: AWS accepts no token of it. The trust comes alive for "
            "everybody it names as soon as somebody registers that issuer."
        ),
        witness=None,
        evidence=(Source(ROLE, STATEMENT),),
        fix=Fix("Delete the trust if nobody misses it; else say what was meant, exactly."),
    )
    assert orphan == Finding(
        rule="orphan-provider",
        severity=Severity.LOW,
        confidence=Confidence.HIGH,
        subject=subject(body),
        subject_kind="trust",
        title=f"deploy trusts an issuer that is not registered: https://{GITHUB}",
        detail=(
            f"{door} does not exist in {ACCOUNT}. Whoever registers https://{GITHUB} there brings the trust to life, "
            "with all it admits."
        ),
        witness=None,
        evidence=(Source(ROLE, STATEMENT),),
        fix=Fix("Delete the trust, or register the issuer if it is still wanted."),
    )


def test_an_idle_registration() -> None:
    body = {"condition": {"StringEquals": {"sub": "repo:acme@1/app@2:ref:refs/heads/main"}}, "idle": ["gitlab"]}
    door = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"
    (idle,) = found(body)
    assert idle == Finding(
        rule="orphan-provider",
        severity=Severity.LOW,
        confidence=Confidence.HIGH,
        subject=door,
        subject_kind="identity",
        title="Nothing trusts the registered issuer gitlab.com",
        detail=(
            f"AWS accepts tokens of gitlab.com in {ACCOUNT}, and no identity there asks for one. The next trust that "
            "names it is open to that whole platform unless it is written well."
        ),
        witness=None,
        evidence=(Source(door, ""),),
        fix=Fix("Delete the registration if nobody is about to use it."),
    )


def test_a_hole_between_issuers() -> None:
    body = {
        "issuers": ["github", "gitlab"],
        "condition": {"StringLikeIfExists": {"sub": "repo:acme@1/app@2:ref:refs/heads/main"}},
    }
    (crossed,) = (one for one in found(body) if one.rule == "cross-issuer")
    key = f"StringLikeIfExists/{GITHUB}:sub"
    assert crossed == Finding(
        rule="cross-issuer",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        subject=subject(body, "gitlab"),
        subject_kind="trust",
        title="Anyone on GitLab CI/CD can become deploy by a statement made for another issuer too",
        detail=(
            "Any branch, merge-request branch or tag of any project of any group on GitLab CI/CD may become deploy. "
            f"The statement that lets them in also trusts https://{GITHUB}. To a token of GitLab CI/CD these "
            f"conditions are about something absent, and pass: StringLikeIfExists {GITHUB}:sub. What deploy may then "
            "do was not judged."
        ),
        witness={"sub": "project_path:evil-group/evil-project:ref_type:branch:ref:main", "aud": "sts.amazonaws.com"},
        evidence=(Source(ROLE, STATEMENT), Source(ROLE, f"{STATEMENT}/Condition/{key}")),
        fix=Fix("Write one statement per issuer, each with that issuer's own conditions on subject and audience."),
        discriminator=STATEMENT,
    )


def test_not_known() -> None:
    body = {
        "condition": {
            "StringEquals": {"sub": "repo:acme@1/app@2:ref:refs/heads/main"},
            "IpAddress": {"aws:SourceIp": "192.0.2.0/24"},
        }
    }
    (unknown,) = found(body)
    assert unknown == Finding(
        rule="undecided",
        severity=Severity.LOW,
        confidence=Confidence.HIGH,
        subject=subject(body),
        subject_kind="trust",
        title="It is not known who on GitHub Actions can become deploy",
        detail=(
            "Branch main of acme/app with project id 2, tenant id 1 on GitHub Actions may become deploy (at most: "
            "something about it is not known). Not decided: reachable (aws:SourceIp: it depends on where the call "
            "comes from)."
        ),
        witness=None,
        evidence=(Source(ROLE, "/AssumeRolePolicyDocument"),),
        fix=Fix("Let the auditor read what it could not, or ask for an exact subject in every statement."),
    )


def test_the_gate_of_an_environment() -> None:
    body = {"condition": {"StringEquals": {"sub": "repo:acme@1/app@2:environment:production"}}}
    context = judged(snapshot(policy(body), body), Ours())
    (gate,) = findings(context)
    assert gate.witness is not None
    assert gate.witness["event_name"] == "pull_request"
    assert replace(gate, witness=None) == Finding(
        rule="environment-gate",
        severity=Severity.INFO,
        confidence=Confidence.MEDIUM,
        subject=subject(body),
        subject_kind="trust",
        title="Whoever passes the rules of environment production of acme/app can become deploy",
        detail=(
            "Environment production of acme/app with project id 2, tenant id 1 on GitHub Actions may become deploy. "
            "The token shown is of unmerged code: what keeps such runs out are the protection rules of the "
            "environment, which were not read."
        ),
        witness=None,
        evidence=(Source(ROLE, f"{STATEMENT}/Condition/StringEquals/{GITHUB}:sub"),),
        fix=Fix("See that the environment demands reviewers and lists its branches; or ask for the branch as well."),
    )
