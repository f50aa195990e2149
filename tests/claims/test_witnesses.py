"""Witnesses a person believes at sight: complete, consistent payloads that the issuer could have minted as they stand.

A strict reader takes each one apart again, form of token by form of token; the issuers' example tokens say which claims
there are and of which JSON type.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from auditor.claims.grammar import Grammar, Shape
from auditor.claims.predicate import TRUE, Token, negation
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted
from auditor.config import Ours
from auditor.decide import decide
from auditor.issuers import identify
from auditor.model import Issuer
from tests.claims import checks, naive
from tests.claims.trusts import exactly, glob, trust

FOLDER = Path(__file__).parents[2] / "fixtures/tokens"

Row = Mapping[str, Any]

ROWS: list[tuple[str, Row]] = [
    (path.stem, json.loads(line))
    for path in sorted(FOLDER.glob("*.jsonl"))
    for line in path.read_text("utf-8").splitlines()
]

ISSUERS: dict[str, Issuer] = {
    f"{kind} {row['claims']['iss']}": identify(row["claims"]["iss"], (row["claims"].get("sub", ""),))
    for kind, row in ROWS
}

SHOWN_IN_PART: Mapping[str, frozenset[str]] = {
    # What AWS takes from these two is an access token, of which IAM shows a few facts as keys.
    "facebook": frozenset(("aud", "sub", "iat", "exp")),
    "login-with-amazon": frozenset(("aud", "sub", "iat", "exp")),
    # No whole payload is published.
    "activestate": frozenset(("aud", "iat", "exp")),
    "ansible": frozenset(("iat", "exp")),
    "buddy": frozenset(("aud", "iat", "exp")),
    # An access token names its client instead.
    "cognito-user-pool": frozenset(("aud",)),
}
"""Issuer → what its tokens are allowed to lack of what every token has."""


def certain_shapes(grammar: Grammar) -> list[Shape]:
    return [shape for shape in grammar.shapes if shape.certain]


def witness_of(shape: Shape, grammar: Grammar) -> Token:
    verdict = solve(TRUE, grammar, (shape,))
    assert isinstance(verdict, Accepted), (shape.name, verdict)
    return verdict.witness


@pytest.mark.parametrize("name", ISSUERS)
def test_every_form_of_token_has_a_witness_that_reads_back(name: str) -> None:
    issuer = ISSUERS[name]
    for shape in certain_shapes(issuer.grammar):
        witness = witness_of(shape, issuer.grammar)
        assert naive.minted(shape, witness), (shape.name, witness)
        wanted = {*shape.claims, *shape.lists, *shape.constants}
        assert wanted - shape.optional.keys() <= witness.keys() <= wanted, shape.name
        assert witness["iss"] == issuer.url
        missing = {"sub", "aud", "iat", "exp"} - witness.keys()
        assert missing <= SHOWN_IN_PART.get(issuer.kind, frozenset()), (shape.name, missing)
        assert isinstance(witness.get("exp", 0), int)


@pytest.mark.parametrize("name", ISSUERS)
def test_the_witness_of_any_token_reads_best(name: str) -> None:
    """Not the text of some claim alone but all of it: nothing optional is invented, nothing is empty without reason."""
    grammar = ISSUERS[name].grammar
    verdict = solve(TRUE, grammar)
    assert isinstance(verdict, Accepted)
    shapes = [shape for shape in certain_shapes(grammar) if naive.minted(shape, verdict.witness)]
    assert shapes
    assert all(claim not in verdict.witness for shape in shapes for claim in shape.optional)
    for value in verdict.witness.values():
        assert not isinstance(value, str) or value.isprintable()


@pytest.mark.parametrize("name", ISSUERS)
def test_the_witness_of_every_class_is_a_whole_token(name: str) -> None:
    issuer = ISSUERS[name]
    decision = decide(trust(negation(exactly("aud", "nobody")), issuer=issuer, client_ids=("a", "b")), Ours())
    anyone = decide(trust(glob("sub", "*"), issuer=issuer, client_ids=("sts.amazonaws.com", "api")), Ours())
    for verdicts in (decision.classes, anyone.classes):
        for verdict in verdicts.values():
            checks.check_witness_of(verdict, TRUE, issuer.grammar)
            if isinstance(verdict, Accepted):
                assert verdict.witness["iss"] == issuer.url


def kind_of(value: object) -> str:
    match value:
        case list() | tuple():
            return "list"
        case bool():
            return "bool"
        case dict():
            return "object"
        case _:
            return type(value).__name__


def kinds_in(grammar: Grammar) -> dict[str, set[str]]:
    """Every claim that a documented form of token can carry, and its JSON types there."""
    kinds: dict[str, set[str]] = {}
    for shape in certain_shapes(grammar):
        for claim in shape.claims:
            kinds.setdefault(claim, set()).add("str")
        for claim in shape.lists:
            kinds.setdefault(claim, set()).add("list")
        for claim, value in shape.constants.items():
            kinds.setdefault(claim, set()).add(kind_of(value))
    return kinds


def test_witnesses_have_the_claims_and_types_of_real_tokens() -> None:
    strange: list[str] = []
    for kind, row in ROWS:
        if not row["settled"]:
            continue
        claims = row["claims"]
        issuer = identify(claims["iss"], (claims.get("sub", ""),))
        known = kinds_in(issuer.grammar.asked(claims))
        for claim, value in claims.items():
            here = {"str", "list"} if claim == "aud" else {kind_of(value)}
            if isinstance(value, dict):  # read as its parts, `outer.inner`; a free-form one has none that are known
                here = {"bool", "missing"} if (kind, claim) == ("keycloak", "resource_access") else {"bool"}
            if not here & known.get(claim, {"missing"}):
                strange.append(f"{kind}, {row['scenario']}: {claim} is {known.get(claim, 'missing')}")
    assert strange == []


Rule = Callable[[Token], bool]


def text(token: Token, claim: str) -> str:
    value = token.get(claim, "")
    assert isinstance(value, str)
    return value


def with_ids(token: Token) -> str:
    owner, _, repository = text(token, "repository").partition("/")
    return f"{owner}@{text(token, 'repository_owner_id')}/{repository}@{text(token, 'repository_id')}"


GITHUB_RULES: dict[str, Rule] = {
    "the owner is the front of the repository": lambda t: text(t, "repository").startswith(
        f"{text(t, 'repository_owner')}/"
    ),
    "the subject names the repository, with its ids or without": lambda t: text(t, "sub").startswith(
        (f"repo:{text(t, 'repository')}:", f"repo:{with_ids(t)}:")
    ),
    "the subject names the environment, the pull request or the ref": lambda t: text(t, "sub").endswith(
        f":environment:{text(t, 'environment').replace(':', '%3A')}"
        if "environment" in t
        else ":pull_request"
        if t["event_name"] == "pull_request"
        else f":ref:{text(t, 'ref')}"
    ),
    "the kind of ref": lambda t: (
        text(t, "ref").startswith({"branch": "refs/heads/", "tag": "refs/tags/"}[text(t, "ref_type")])
        or text(t, "ref").startswith("refs/pull/")
    ),
    "a head and a base for pull requests only": lambda t: (
        bool(t["head_ref"]) is bool(t["base_ref"]) is text(t, "event_name").startswith("pull_request")
    ),
    "a pull request runs on its merge ref": lambda t: (
        t["event_name"] != "pull_request"
        or (text(t, "ref").startswith("refs/pull/") and text(t, "ref").endswith("/merge"))
    ),
    "the workflow stands in the repository, at the ref": lambda t: (
        text(t, "workflow_ref").startswith(f"{text(t, 'repository')}/.github/workflows/")
        and text(t, "workflow_ref").endswith(f"@{text(t, 'ref')}")
    ),
    "a job in the workflow itself is of that workflow's commit": lambda t: (
        t["job_workflow_ref"] != t["workflow_ref"] or t["job_workflow_sha"] == t["workflow_sha"]
    ),
    "commits are forty digits": lambda t: all(
        len(text(t, claim)) == 40 for claim in ("sha", "workflow_sha", "job_workflow_sha")
    ),
    "ids are numbers": lambda t: all(
        text(t, claim).isdigit()
        for claim in ("repository_id", "repository_owner_id", "actor_id", "run_id", "run_number", "run_attempt")
    ),
    "minted before it expires": lambda t: 0 < int(t["nbf"]) <= int(t["iat"]) < int(t["exp"]),  # type: ignore[arg-type]  # numbers
}


@pytest.mark.parametrize("name", [name for name in ISSUERS if name.startswith("github ")])
def test_github_witnesses_are_coherent(name: str) -> None:
    grammar = ISSUERS[name].grammar
    for shape in certain_shapes(grammar):
        witness = witness_of(shape, grammar)
        broken = [rule for rule, holds in GITHUB_RULES.items() if not holds(witness)]
        assert broken == [], (shape.name, witness)


GITLAB_RULES: dict[str, Rule] = {
    "the subject names project, kind of ref and ref": lambda t: (
        text(t, "sub").endswith(f":ref_type:{text(t, 'ref_type')}:ref:{text(t, 'ref')}")
        and text(t, "sub").startswith(
            (f"project_path:{text(t, 'project_path')}:", f"project_id:{text(t, 'project_id')}:")
        )
    ),
    "the namespace is the front of the project": lambda t: text(t, "project_path").startswith(
        f"{text(t, 'namespace_path')}/"
    ),
    "the kind of ref": lambda t: t["ref_type"] in ("branch", "tag"),
}


@pytest.mark.parametrize("name", [name for name in ISSUERS if name.startswith("gitlab ")])
def test_gitlab_witnesses_are_coherent(name: str) -> None:
    grammar = ISSUERS[name].grammar
    for shape in certain_shapes(grammar):
        witness = witness_of(shape, grammar)
        broken = [rule for rule, holds in GITLAB_RULES.items() if not holds(witness)]
        assert broken == [], (shape.name, witness)
