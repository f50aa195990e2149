"""Random trust conditions as people write them for GitHub, good and bad."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import (
    AllValues,
    And,
    AnyValue,
    Exists,
    Match,
    Not,
    Or,
    Predicate,
    Unknown,
    conjunction,
    disjunction,
    equals,
    negation,
)
from auditor.issuers import identify

GITHUB = identify("https://token.actions.githubusercontent.com")

OWNERS = ("acme", "Acme", "acme-corp", "octo-org", "a", "my_org", "x--y")
REPOS = ("app", "App", "infra", "web.site", "app-infra", ".github", "a", "lib*", "app?")
BRANCHES = ("main", "master", "release/1", "release/*", "feature/*", "v?", "main*", "*", "a..b", "dev")
ENVIRONMENTS = ("prod", "production", "prod%3Aeu", "prod:eu", "*", "prod-*", "Prod", "a b")
TAGS = ("v1", "v*", "v?.?.?", "*", "release-*")
WORKFLOWS = ("deploy.yml", "deploy.yaml", "*.yml", "ci.yml", "*")


def glob(claim: str, text: str) -> Predicate:
    return Match(claim, Pattern.glob(text))


def subject(rng: Random) -> str:
    """A subject pattern, from tight to hopeless."""
    owner, repo = rng.choice(OWNERS), rng.choice(REPOS)
    branch, tag, environment = rng.choice(BRANCHES), rng.choice(TAGS), rng.choice(ENVIRONMENTS)
    forms = (
        f"repo:{owner}/{repo}:ref:refs/heads/{branch}",
        f"repo:{owner}/{repo}:ref:refs/heads/{branch}",
        f"repo:{owner}/{repo}:ref:refs/tags/{tag}",
        f"repo:{owner}/{repo}:environment:{environment}",
        f"repo:{owner}/{repo}:environment:{environment}",
        f"repo:{owner}/{repo}:pull_request",
        f"repo:{owner}/{repo}:*",
        f"repo:{owner}/{repo}*",
        f"repo:{owner}/*",
        f"repo:{owner}*",
        f"repo:{owner}/*:ref:refs/heads/{branch}",
        f"repo:{owner}/*:environment:{environment}",
        f"repo:*/{repo}:ref:refs/heads/{branch}",
        f"repo:{owner}@123/{repo}@456:ref:refs/heads/{branch}",
        f"repo:{owner}@123/*",
        f"repo:{owner}@*/{repo}@*:*",
        f"*{owner}/{repo}*",
        f"*:{owner}/{repo}:*",
        f"repo:?cme/{repo}:ref:*",
        f"repo:{owner}/{repo}:*:{branch}",
        f"repo:{owner}/{repo}:ref:refs/*/{branch}",
        f"repository_owner:{owner}:*",
        f"job_workflow_ref:{owner}/{repo}/.github/workflows/{rng.choice(WORKFLOWS)}@*",
        f"repo:{owner}/{repo}",
        "repo:*",
        "*",
    )
    return rng.choice(forms)


def test(rng: Random) -> Predicate:
    """One test on a claim other than the subject."""
    owner, repo = rng.choice(OWNERS), rng.choice(REPOS)
    path = f"{owner}/{repo}/.github/workflows/{rng.choice(WORKFLOWS)}"
    forms: tuple[Callable[[], Predicate], ...] = (
        lambda: glob("repository", f"{owner}/{repo}"),
        lambda: glob("repository", f"{owner}/*"),
        lambda: glob("repository", f"*/{repo}"),
        lambda: equals("repository_owner", owner),
        lambda: Match("repository_owner", Pattern.exactly(owner, ignore_case=True)),
        lambda: equals("repository_owner_id", rng.choice(("123", "0123", "66600001"))),
        lambda: equals("repository_id", "456"),
        lambda: glob("ref", f"refs/heads/{rng.choice(BRANCHES)}"),
        lambda: glob("ref", f"refs/{rng.choice(('tags', 'pull', '*'))}/*"),
        lambda: glob("job_workflow_ref", f"{path}@refs/heads/{rng.choice(BRANCHES)}"),
        lambda: glob("job_workflow_ref", f"{path}@*"),
        lambda: glob("workflow_ref", f"{path}@*"),
        lambda: glob("environment", rng.choice(ENVIRONMENTS)),
        lambda: Exists("environment"),
        lambda: disjunction((negation(Exists("environment")), glob("environment", rng.choice(ENVIRONMENTS)))),
        lambda: Match(
            "event_name", ValueSet(rng.sample(("push", "pull_request", "schedule", "release", "nothing"), 2))
        ),
        lambda: equals("ref_type", rng.choice(("branch", "tag"))),
        lambda: equals("repository_visibility", rng.choice(("private", "secret"))),
        lambda: equals("runner_environment", "self-hosted"),
        lambda: glob("actor", rng.choice(("mallory", "dependabot[[]bot]", "*[bot]"))),
        lambda: disjunction((negation(Exists("enterprise")), equals("enterprise", "acme-inc"))),
        lambda: equals("head_ref", ""),
    )
    return rng.choice(forms)()


def query(rng: Random, *, unknown: float = 0.0) -> Predicate:
    """A trust condition: audience, one or several statements of subjects and further claims, perhaps a refusal."""
    statements: list[Predicate] = []
    for _ in range(rng.choice((1, 1, 1, 2))):
        parts: list[Predicate] = []
        if rng.random() < 0.85:
            subjects = [_subject_test(rng, subject(rng)) for _ in range(rng.choice((1, 1, 1, 2, 4)))]
            parts.append(disjunction(subjects))
        parts.extend(test(rng) for _ in range(rng.choice((0, 0, 1, 2))))
        if rng.random() < 0.3:
            parts.append(negation(test(rng)))
        if rng.random() < unknown:
            parts.append(Unknown("aws:SourceIp is not part of the token"))
        statements.append(conjunction(parts))
    audience = equals("aud", "sts.amazonaws.com") if rng.random() < 0.9 else glob("aud", "*")
    refused = [_subject_test(rng, subject(rng)) for _ in range(rng.choice((0, 0, 0, 1, 2)))]
    return conjunction((audience, disjunction(statements), negation(disjunction(refused))))


def _subject_test(rng: Random, text: str) -> Predicate:
    draw = rng.random()
    if draw < 0.1:
        return Match("sub", Pattern.exactly(text, ignore_case=rng.random() < 0.5))
    if draw < 0.15:
        return Match("sub", Pattern(Pattern.glob(text).tokens, ignore_case=True))
    if draw < 0.2:
        return AnyValue("sub", Match("", Pattern.glob(text)))
    if draw < 0.25:
        return AllValues("sub", Match("", Pattern.glob(text)))
    return glob("sub", text)


def shuffled(rng: Random, predicate: Predicate) -> Predicate:
    """The same condition as a compiler would build it with everything in another order, some of it said twice."""
    match predicate:
        case And(operands) | Or(operands):
            inner = [shuffled(rng, operand) for operand in operands]
            if rng.random() < 0.3:
                inner.append(rng.choice(inner))
            rng.shuffle(inner)
            return conjunction(inner) if isinstance(predicate, And) else disjunction(inner)
        case Not(operand):
            return negation(shuffled(rng, operand))
        case _:
            return predicate
