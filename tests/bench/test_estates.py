"""The benchmark is only worth something if its estates are what they claim to be."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from auditor.providers.aws import PROVIDER
from auditor.snapshot_file import load
from tests.bench import estates


def structure(policy: Any) -> str:
    """A policy with every name of its own replaced by the order of its appearance."""
    seen: dict[str, str] = {}
    return re.sub(
        r"\w+-\w+-\d+|\b\d{6,12}\b", lambda found: seen.setdefault(found[0], f"#{len(seen)}"), json.dumps(policy)
    )


def test_a_crowd_has_no_two_policies_alike() -> None:
    crowd = [policy for _, _, policy in islice(estates.different(seed=5), 3_000)]
    assert len({json.dumps(policy) for policy in crowd}) == 3_000
    assert len({structure(policy) for policy in crowd}) > 2_900  # few differ only in which of their names recur


def test_an_organisation_repeats_itself() -> None:
    roles = list(estates.organisation(5_000, seed=5))
    assert len(roles) == len({(account, name) for account, name, _ in roles}) == 5_000
    names = Counter(name for _, name, _ in roles)
    assert [names[name] for name in ("dns", "image-push", "landing-zone-plan")] == [40, 40, 40]
    shapes = Counter(structure(policy) for _, _, policy in roles)
    by_hand = [shape for shape, times in shapes.items() if times == 1]
    assert 200 < len(by_hand) < 500
    assert sum(times for _, times in shapes.most_common(60)) > 4_000


@pytest.mark.parametrize("make", [estates.organisation, lambda roles, seed: islice(estates.different(seed), roles)])
def test_estates_are_the_same_every_time_and_every_role_is_a_trust(make: Any, tmp_path: Path) -> None:
    for name in ("one", "two"):
        estates.write(make(300, seed=6), tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    trusts = list(PROVIDER.trusts(load(tmp_path / "one")))
    assert len(trusts) == 300
    assert {trust.issuer.kind for trust in trusts} == {"github", "gitlab", "terraform-cloud"}
    assert all(trust.audiences for trust in trusts)
