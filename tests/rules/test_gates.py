"""Runs that come in through an environment although nobody need have reviewed what they do."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.config import Ours
from auditor.model import Trust
from auditor.rules import gates
from tests.rules.cases import judged, policy, snapshot


def trust(subject: str, **tests: Any) -> Trust:
    body = {"condition": {"StringLike": {"sub": subject, **tests}}}
    (decision,) = judged(snapshot(policy(body), body), Ours()).decisions
    return decision.trust


@pytest.mark.parametrize(
    ("tests", "ref"),
    [
        ({}, "refs/pull/"),
        ({"ref": "refs/heads/*"}, "refs/heads/"),
        ({"ref": "refs/tags/*"}, "refs/tags/"),
        ({"ref": "refs/heads/main"}, None),
        ({"ref": "refs/heads/release/*"}, None),
    ],
)
def test_which_runs_nobody_need_have_reviewed(tests: dict[str, str], ref: str | None) -> None:
    verdict = gates.unreviewed(trust("repo:acme/app:environment:production", **tests))
    if ref is None:
        assert verdict == Rejected()
    else:
        assert isinstance(verdict, Accepted)
        assert str(verdict.witness["ref"]).startswith(ref)


def test_no_environment_no_gate() -> None:
    assert gates.unreviewed(trust("repo:acme/app:ref:refs/heads/*")) == Rejected()


def test_without_a_name_to_try_nothing_is_called_reviewed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "fresh_name", lambda *_: None)
    verdict = gates.unreviewed(trust("repo:acme/app:environment:production", ref="refs/heads/*"))
    assert verdict == Undecided("no branch name is left that the trust's patterns do not use")
