"""How a claim misses what was wanted, in one phrase."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.claims.languages.pattern import Pattern
from auditor.tokens.nearest import SHOWN, View, difference, nearest
from tests.tokens.material import github, pull_request, recognised

MAIN = github()
PULL = pull_request()
COLON = github("repo:acme/app:environment:prod%3Aeu", environment="prod:eu")
IMMUTABLE = github("repo:acme@7007/app@70007:ref:refs/heads/main")


def told(payload: dict[str, Any], wanted: str, claim: str = "sub") -> str:
    recognition = recognised(payload)
    return difference(payload[claim], wanted, claim, View(recognition.issuer.grammar, recognition.reading))


IMMUTABLE_FORM = "repo:{owner}@{owner_id}/{repo}@{repo_id}:ref:refs/heads/{branch}"
SUBJECTS = [
    (MAIN, "repo:Acme/App:ref:refs/heads/main", "it differs in upper and lower case only"),
    (MAIN, " repo:acme/app:ref:refs/heads/main", "it differs in blanks at an end only"),
    (MAIN, "repo:acme/app:ref:refs/heads/main/", "it differs in a slash at the end only"),
    (MAIN, "repo:acme/app:ref:refs/heads/main", "the text is the same, but it is not compared as text"),
    (MAIN, "repo:acme/app:*", "it would match if * and ? were wildcards, but here they are letters"),
    (MAIN, "repo:ACME/app:*", "it would match but for upper and lower case"),
    (MAIN, "repo:acme/app:ref:refs/heads/release", "branch is main, not release"),
    (MAIN, "repo:acme/app:ref:refs/heads/release/*", "branch is main, not release/*"),
    (MAIN, "repo:acme/other:ref:refs/heads/*", "repo is app, not other"),
    (MAIN, "repo:ACME/other:ref:refs/heads/main", "owner is acme, not ACME (case only), repo is app, not other"),
    (MAIN, "repo:acme/app:environment:prod", "that is another kind of run: environment, not branch"),
    (
        PULL,
        "repo:acme/web:ref:refs/heads/*",
        "that is another kind of run: branch, not pull request; and repo is app, not web",
    ),
    (
        IMMUTABLE,
        "repo:acme/app:ref:refs/heads/main",
        "that is another form of sub: repo:{owner}/{repo}:ref:refs/heads/{branch}",
    ),
    (
        MAIN,
        "repo:acme@1/app@2:ref:refs/heads/main",
        f"that is another form of sub: {IMMUTABLE_FORM}; and owner id is 7007, not 1, repo id is 70007, not 2",
    ),
    (COLON, "repo:acme/app:environment:prod:eu", "the token writes a colon as %3A, the trust as it is"),
    (MAIN, "repo:acme", "no token of this issuer has such a sub"),
    (MAIN, "repo:acme/app:refs:heads:main", "no token of this issuer has such a sub"),
    (MAIN, "project_path:acme/app:*", "it does not begin with project_path:acme/app:"),
    (MAIN, "?epo:other/*", "the parts between the wildcards differ"),
    (MAIN, "repo:acme/app:?:x", "it does not end in :x"),
]


@pytest.mark.parametrize(("payload", "wanted", "phrase"), SUBJECTS, ids=[f"{w} {p[:20]}" for _, w, p in SUBJECTS])
def test_subjects(payload: dict[str, Any], wanted: str, phrase: str) -> None:
    assert told(payload, wanted) == phrase


OTHERS = [
    ("ref", "refs/heads/dev", "branch is main, not dev"),
    ("environment", "prod", "environment is prod:eu, not prod"),
    ("aud", "sts.amazonaws.com.cn", "aud is sts.amazonaws.com, not sts.amazonaws.com.cn"),
    ("repository_id", "7", "repo id is 70007, not 7"),
]


@pytest.mark.parametrize(("claim", "wanted", "phrase"), OTHERS)
def test_other_claims(claim: str, wanted: str, phrase: str) -> None:
    assert told(COLON, wanted, claim) == phrase


@pytest.mark.parametrize(
    ("actual", "wanted", "phrase"),
    [
        ("sts.amazonaws.com", "sts.amazonaws.com.cn", "it stops short of .cn"),
        ("sts.amazonaws.com.cn", "sts.amazonaws.com", "it goes on behind that: .cn"),
        ("https://github.com/acme", "https://github.com/acne", "alike up to https://github.com/ then acme is not acne"),
        ("one", "two", "it begins otherwise"),
        ("x" * 100, "x" * 100 + "y" * 100, f"it stops short of {'y' * 39}…"),
    ],
)
def test_without_a_grammar(actual: str, wanted: str, phrase: str) -> None:
    grammar = recognised(MAIN).issuer.grammar
    assert difference(actual, wanted, "aud", View(grammar, None)) == phrase


def test_the_nearest_come_first() -> None:
    listed = ["other", "repo:acme/web:x", "repo:ACME/APP:X", "repo:acme/app:y", "repo:acme/app%3Ax", "repo:acme/app:y"]
    assert nearest("repo:acme/app:x", listed) == ["repo:acme/app%3Ax", "repo:ACME/APP:X", "repo:acme/app:y"]
    assert nearest("x", []) == []


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=8))
def test_nearest_is_a_choice_of_what_is_listed(actual: str, listed: list[str]) -> None:
    found = nearest(actual, listed)
    assert len(found) == min(SHOWN, len(set(listed)))
    assert set(found) <= set(listed)
    assert actual not in listed or found[0] == actual or "%3" in found[0] + actual or found[0] != found[0].strip()


PUSHED = recognised(MAIN)


@given(st.text(alphabet="ab:/*?%3A ", max_size=20), st.text(alphabet="ab:/*?%3A ", max_size=20))
def test_there_is_always_something_to_say(actual: str, wanted: str) -> None:
    for reading in (PUSHED.reading, None):
        phrase = difference(actual, wanted, "sub", View(PUSHED.issuer.grammar, reading))
        assert phrase
        if phrase.startswith("it would match if"):
            assert Pattern.glob(wanted).matches(actual)
