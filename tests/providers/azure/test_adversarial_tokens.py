"""Expressions that nobody thought of, and the tokens that GitHub mints: no verdict shuts out what gets in."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.claims.verdict import Accepted, Rejected
from auditor.providers.azure import PROVIDER
from tests.providers.azure.test_adversarial import judged

FRESH = "zz9fresh"
RUNS = {
    "ref:refs/heads/main": None,
    f"ref:refs/heads/{FRESH}": "any-branch",
    "ref:refs/tags/v1": None,
    f"ref:refs/tags/{FRESH}": "any-tag",
    "pull_request": "pull-request",
    "environment:prod": None,
    f"environment:{FRESH}": "any-environment",
}


def minted() -> Iterator[tuple[str | None, str, dict[str, str]]]:
    """Tokens that GitHub mints by its documentation: the class each is a member of, its owner, its claims."""
    for owner, owner_id in (("acme", "11"), ("acme-evil", "22"), ("evil", "33")):
        for repo, repo_id in (("app", f"{owner_id}1"), ("app-x", f"{owner_id}2")):
            for full in (f"{owner}/{repo}", f"{owner}@{owner_id}/{repo}@{repo_id}"):
                for context, member in RUNS.items():
                    for workflow in (f"{owner}/{repo}", "acme/wf"):
                        yield (
                            member,
                            owner,
                            {
                                "iss": "https://token.actions.githubusercontent.com",
                                "aud": "api://AzureADTokenExchange",
                                "sub": f"repo:{full}:{context}",
                                "repository_id": repo_id,
                                "repository_owner_id": owner_id,
                                "job_workflow_ref": f"{workflow}/.github/workflows/x.yml@refs/heads/main",
                            },
                        )


TOKENS = list(minted())
SUBJECTS = sorted({token["sub"].replace(FRESH, "some") for _, _, token in TOKENS})


@st.composite
def widened(draw: st.DrawFn, texts: list[str] = SUBJECTS) -> str:
    """A subject with wildcards for some of its pieces, and perhaps a letter of another case."""
    found = draw(st.sampled_from(texts))
    for _ in range(draw(st.integers(0, 3))):
        begin = draw(st.integers(0, len(found)))
        wild = draw(st.sampled_from(("*", "*", "*", "?", "**", "")))
        found = found[:begin] + wild + found[begin + draw(st.sampled_from((0, 1, 2, 4, 8, 20))) :]
    if found and draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, len(found) - 1))
        found = found[:place] + found[place].swapcase() + found[place + 1 :]
    return found


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """What somebody may have written; ids and workflows besides."""
    tests = [("sub", "matches", draw(widened()))]
    if draw(st.integers(0, 4)) == 0:
        tests.append(("repository_owner_id", "eq", draw(st.sampled_from(("11", "22", "99")))))
    if draw(st.integers(0, 4)) == 0:
        tests.append(
            ("job_workflow_ref", "matches", draw(widened(["acme/wf/.github/workflows/x.yml@refs/heads/main"])))
        )
    return " and ".join(f"claims['{claim}'] {operator} '{text}'" for claim, operator, text in tests)


@given(text=expressions())
@settings(max_examples=120, deadline=None)
def test_nobody_gets_in_who_is_said_to_be_kept_out(text: str) -> None:
    """What the naive evaluator lets in, or may let in, no verdict shuts out; what it surely lets in is accepted."""
    trust, decision = judged({"expression": text})
    for member, owner, token in TOKENS:
        admitted = PROVIDER.admits(trust, token)
        if admitted is False:
            continue
        verdicts = {"reachable": decision.reachable}
        if member is not None:
            verdicts[member] = decision.classes[member]
        if "_id" not in text and "@" not in text and decision.tenants and owner not in map(str.lower, decision.tenants):
            verdicts["any-tenant"] = decision.classes["any-tenant"]
        shut = {name for name, verdict in verdicts.items() if isinstance(verdict, Rejected)}
        assert not shut, f"{shut}: {token['sub']}"
        assert admitted is None or isinstance(decision.reachable, Accepted), token["sub"]
