"""What was probably meant: only what the issuer does mint is proposed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import FALSE, Match
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted
from auditor.issuers.catalogue import identify
from auditor.rules import meant

GITHUB = "https://token.actions.githubusercontent.com"
CLUSTER = "https://northeurope.oic.prod-aks.azure.com/7f6b1284-17c5-5505-8527-5767d2db5da3/7f6b1284-17c5-5505-8527-5767d2db5da4/"


@pytest.mark.parametrize(
    ("url", "written", "expected"),
    [
        (GITHUB, "repo:acme/app:pull-request", "repo:acme/app:pull_request"),
        (GITHUB, " repo:acme/app:pull-request\n", "repo:acme/app:pull_request"),
        (GITHUB, "repo:acme/app:ref:refs/heads/main ", "repo:acme/app:ref:refs/heads/main"),
        (GITHUB, "repo:https://github.com/acme/app:environment:prod", "repo:acme/app:environment:prod"),
        (GITHUB, "repo:https://github.com/acme/app.git:environment:prod", "repo:acme/app:environment:prod"),
        (GITHUB, "Repo:acme/app:ref:refs/heads/main", "repo:acme/app:ref:refs/heads/main"),
        (CLUSTER, "system:serviceaccount:Payments:settlement", "system:serviceaccount:payments:settlement"),
        (
            "https://gitlab.com",
            "project_path:acme/app:ref_type:branch:ref:main ",
            "project_path:acme/app:ref_type:branch:ref:main",
        ),
        (GITHUB, "repo:acme/app:ref:refs/heads/*", None),
        (GITHUB, "project_path:acme/app:ref_type:branch:ref:main", None),
        (GITHUB, "repo:acme/app:ref:refs/heads/main", None),
        (GITHUB, "", None),
        (GITHUB, f"repo:acme/app:ref:refs/heads/{'x' * 600} ", None),
    ],
)
def test_slips(url: str, written: str, expected: str | None) -> None:
    assert meant.subject(written, identify(url, (written,)).grammar) == expected


def test_what_else_is_asked_must_hold_too() -> None:
    assert meant.subject("repo:acme/app:pull-request", identify(GITHUB).grammar, [FALSE]) is None


@given(
    st.sampled_from(["repo:acme/app", "Repo:Acme/app", "repo:https://github.com/acme/app"]),
    st.sampled_from(["pull-request", "ref:refs/heads/main ", "environment:Prod"]) | st.text(max_size=12),
)
def test_what_is_proposed_is_minted_and_another_text(begin: str, end: str) -> None:
    grammar = identify(GITHUB).grammar
    written = f"{begin}:{end}"
    found = meant.subject(written, grammar)
    if found is not None:
        assert found != written
        assert isinstance(solve(Match("sub", Pattern.exactly(found)), grammar), Accepted)
