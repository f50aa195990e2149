"""What a capability or a step depends on reads well behind `if`, in every cloud."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.power import Authority, both
from auditor.providers.aws import PROVIDER as AWS
from auditor.providers.azure import PROVIDER as AZURE
from auditor.providers.gcp import PROVIDER as GCP
from tests.providers.aws import power_cases
from tests.providers.azure import power_estates
from tests.providers.gcp import power

CASES = Path(__file__).parents[1] / "fixtures" / "cases"

_NO_CONDITION = re.compile(r"(?:if|whether|only|needs?|depends|because|maybe|perhaps)\b")
_VERB = re.compile(
    r"\b(?:is|are|has|have|may|can|gets?|lets?|leaves?|holds?|covers?|does|finds?|takes?|trusts?|runs?|grants?|lies|"
    r"activates?|enables?|elevates?|works?|leads|changes?|answers?|allows?|reaches|names?|asks?|fits?|belongs?|hands|"
    r"exists?|accepts?|means?|contains?|stands?|serves?|served|uses?|says)\b"
)


def authorities(cloud: str) -> Iterator[Authority]:
    match cloud:
        case "aws":
            yield from (AWS.authority(power_cases.snapshot(case)) for case in power_cases.cases())
        case "gcp":
            yield from (GCP.authority(power.snapshot(case)) for case in _cases("gcp_power.json"))
        case _:
            yield from (AZURE.authority(power_estates.snapshot(case)) for case in _cases("azure_power.json"))


def _cases(name: str) -> list[dict[str, Any]]:
    read = json.loads((CASES / name).read_text("utf-8"))
    listed: list[dict[str, Any]] = read["cases"] if isinstance(read, dict) else read
    return listed


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
def test_doubts_are_conditions(cloud: str) -> None:
    found: set[str] = set()
    for authority in authorities(cloud):
        for identity in authority.identities():
            profile = authority.profile(identity)
            doubts = (*(one.doubt for one in profile.power.capabilities), *(one.doubt for one in profile.steps))
            found.update(one for one in doubts if one is not None)
    assert len(found) >= 15
    wrong = {one for one in found if _NO_CONDITION.match(one) or one.endswith(".") or "; " in one.partition(": ")[0]}
    assert wrong == set()
    assert {part for one in found for part in one.split(" and if ") if not _VERB.search(part)} == set()


def test_several_doubts_are_one_and_none_is_none() -> None:
    assert both() is both(None, None) is None
    assert both("a is b", None, "c is d", "a is b") == "a is b and if c is d"
