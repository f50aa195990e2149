"""Random trust conditions as people write them for GitHub, good and bad, and tokens that only just miss them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from random import Random

from auditor.claims.grammar import Grammar, Shape
from auditor.claims.pattern import Language, Pattern, Token, ValueSet, Wild
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
from auditor.claims.predicate import Token as Claims
from auditor.issuers import identify
from tests.claims import naive

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


def near_misses(
    rng: Random,
    predicate: Predicate,
    grammar: Grammar,
    count: int,
    *,
    shapes: Sequence[Shape] = (),
    bound: Mapping[str, str] | None = None,
) -> Iterator[Claims]:
    """`count` tokens built from the texts of the predicate itself: filled in, a character more, less or other.

    Of all documented shapes, or only of `shapes`; with the variables `bound` to given values.
    """
    wanted = list(_tests(predicate))
    asked = list(shapes or (shape for shape in grammar.shapes if shape.certain))
    rng.shuffle(asked)
    for number in range(count):
        yield _near(rng, wanted, asked[number % len(asked)], dict(bound or {}))


def _near(rng: Random, wanted: list[tuple[str, Language]], shape: Shape, values: dict[str, str]) -> Claims:
    for claim, language in rng.sample(wanted, min(len(wanted), rng.choice((1, 2, 3, 3)))):
        term = shape.term(claim)
        if term is None:
            continue
        text = _filled(rng, language)
        if rng.random() < 0.5:
            text = _mutated(rng, text)
        readings = list(islice(naive.parses(term, text, values), 3))
        if readings:
            values = rng.choice(readings)
    for name, variable in shape.variables.items():
        if name not in values:
            usual = [hint for hint in (*(variable.values or ()), *variable.hints) if naive.legal(variable, hint)]
            values[name] = rng.choice(usual)
    return naive.mint(shape, values)


def _tests(predicate: Predicate, claim_of_element: str = "") -> Iterator[tuple[str, Language]]:
    match predicate:
        case Match(claim, language):
            yield claim or claim_of_element, language
        case AnyValue(claim, each) | AllValues(claim, each):
            yield from _tests(each, claim)
        case Not(operand):
            yield from _tests(operand, claim_of_element)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _tests(operand, claim_of_element)
        case _:
            return


_FILLINGS = (
    "",
    "",
    "x",
    "a",
    "main",
    "acme",
    "app",
    "acme/app",
    "/",
    ":",
    "@",
    "ref:refs/heads/main",
    "pull_request",
    "%3A",
)
_SNIPPETS = ("", "x", "a", "A", "/", ":", "%3A", "-", "@", "1", ".", "*", "evil")


def _filled(rng: Random, language: Language) -> str:
    if isinstance(language, ValueSet):
        return rng.choice(sorted(language.values) or [""])
    assert isinstance(language, Pattern)
    return "".join(_one(rng, token) for token in language.tokens)


def _one(rng: Random, token: Token) -> str:
    if token is Wild.STAR:
        return rng.choice(_FILLINGS)
    return rng.choice("xa1/:") if isinstance(token, Wild) else token


def _mutated(rng: Random, text: str) -> str:
    place = rng.randint(0, len(text))
    swaps: Mapping[int, Callable[[], str]] = {
        0: lambda: text[:place] + rng.choice(_SNIPPETS) + text[place:],
        1: lambda: text[:place] + text[place + 1 :],
        2: lambda: text[:place] + rng.choice(_SNIPPETS) + text[place + 1 :],
        3: text.swapcase,
        4: lambda: text[:place] + text[place:].capitalize(),
        5: lambda: rng.choice(_SNIPPETS) + text,
        6: lambda: text + rng.choice(_SNIPPETS),
        7: lambda: text.replace(":", "%3A", 1) if rng.random() < 0.5 else text.replace("%3A", ":"),
        8: lambda: text.replace("/", ":", 1) if rng.random() < 0.5 else text.replace(":", "/", 1),
    }
    return swaps[rng.randrange(len(swaps))]()
