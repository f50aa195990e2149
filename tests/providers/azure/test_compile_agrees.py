"""The compiled predicate and the concrete evaluator agree on every (credential, token) both are sure of.

Credentials are put together from the parts of the cases and from random expressions; the tokens are near what they ask
for. What the evaluator is sure of, the compiler may be unsure of only where a corner is left open.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from auditor.claims.predicate import ClaimValue, evaluate
from auditor.providers.azure.evaluate import admits
from auditor.providers.azure.trust import trusts
from tests.providers.azure.estates import DEFAULT, ISSUERS, NOW, snapshot

CASES = json.loads((Path(__file__).parents[3] / "fixtures/cases/azure_verdicts.json").read_text("utf-8"))
GITHUB = [case for case in CASES if case.get("issuer", "github") == "github"]
ESTATES, TOKENS = 1500, 8
PARTS = ("audiences", "principal", "application", "host")
CLAIMS = ("sub", "sub", "sub", "job_workflow_ref", "repository_id", "repository_owner_id", "event_name")
TEXTS = (
    "repo:acme/app:*",
    "repo:acme/*",
    "repo:acme*",
    "*:ref:refs/heads/main",
    "repo:acme/app:ref:refs/heads/main",
    "repo:acme/app:ref:refs/heads/????",
    "Repo:acme/app:*",
    "repo:ACME/app:*",
    "*",
    "**",
    "repo:*",
    "repo:acme/app:environment:*",
    "repo:acme/app:ref:refs/heads/main*",
    "acme/ci/.github/workflows/deploy.yml@*",
    "*deploy.yml*",
    "456",
    "123",
    "o''brien",
    "repo:acme\\/*",
    "repo:acme/\\*",
    "",
    "push",
)


def expression(random: Random) -> str:
    """Tests of listed claims, now and then of others, or something that is no expression."""
    tests = []
    for _ in range(random.choice((1, 1, 1, 2, 2, 3))):
        claim = random.choice(CLAIMS)
        operator = (
            "eq" if claim.endswith("_id") and random.random() < 0.9 else random.choice(("eq", "matches", "matches"))
        )
        wanted = {"repository_id": "456", "repository_owner_id": "123"}.get(claim)
        text = wanted if wanted and random.random() < 0.7 else random.choice(TEXTS)
        tests.append(f"claims['{claim}'] {operator} '{text}'")
    joint = random.choice((" and ",) * 15 + (" or ", "  and "))
    return joint.join(tests)


def credential(random: Random) -> dict[str, Any]:
    """Parts of several cases together, or an expression of chance."""
    case: dict[str, Any] = {}
    chosen = random.choice(GITHUB)
    if random.random() < 0.5:
        case = {name: chosen[name] for name in ("subject", "expression") if name in chosen}
    else:
        case = {"expression": expression(random)}
    if random.random() < 0.15:
        part = random.choice(PARTS)
        values = [one[part] for one in GITHUB if part in one]
        case[part] = random.choice(values)
    return case


def token(random: Random) -> dict[str, ClaimValue]:
    """A token as GitHub mints them, or one with something missing or of another type."""
    owner, repo = random.choice(("acme", "acme", "ACME", "acme-evil", "xacme")), random.choice(("app", "app", "app-x"))
    ref = random.choice(("refs/heads/main", "refs/heads/main", "refs/heads/Main", "refs/heads/next", "refs/tags/v1"))
    environment = random.choice((None, None, "production", "Production"))
    pull = random.random() < 0.2
    context = f"environment:{environment}" if environment else "pull_request" if pull else f"ref:{ref}"
    ids = random.random() < 0.2
    found: dict[str, ClaimValue] = {
        "iss": ISSUERS["github"],
        "sub": f"repo:{owner}@123/{repo}@456:{context}" if ids else f"repo:{owner}/{repo}:{context}",
        "aud": random.choice((DEFAULT,) * 6 + ("deploy", "a")),
        "repository_id": random.choice(("456", "456", "7")),
        "repository_owner_id": random.choice(("123", "123", "9")),
        "job_workflow_ref": random.choice(("acme/ci", f"{owner}/{repo}")) + f"/.github/workflows/deploy.yml@{ref}",
        "event_name": "pull_request" if pull else "push",
        "iat": 1790000000,
    }
    match random.randrange(12):
        case 0:
            del found[random.choice([name for name in found if name not in ("iss", "aud")])]
        case 1:
            found["aud"] = (str(found["aud"]), "other")
        case 2:
            found["sub"] = (str(found["sub"]),)
        case 3:
            found["iss"] = f"{found['iss']}/"
        case _:
            pass
    return found


def test_compiled_and_read_agree() -> None:
    random = Random(20261123)
    seen: Counter[str] = Counter()
    for _ in range(ESTATES):
        case = credential(random)
        tested = [token(random) for _ in range(TOKENS)]
        for trust in trusts(snapshot(case), NOW):
            for one in tested:
                compiled, read = evaluate(trust.predicate, one), admits(trust, one)
                if one["iss"] != trust.issuer.url:
                    assert read is not True, (case, one)
                    continue
                seen["pairs"] += 1
                seen[f"compiled {compiled}, read {read}"] += 1
                assert compiled is None or read is None or compiled is read, (case, one, compiled, read)
                if read is None and not isinstance(one["aud"], tuple):  # of several audiences nobody knows
                    assert compiled is not True, (case, one)
    print(dict(seen))
    assert seen["pairs"] >= 8000
    assert seen["compiled True, read True"] >= 400, seen
    assert seen["compiled False, read False"] >= 3000, seen
    assert seen["compiled None, read None"] >= 500, seen
    # What every reading refuses is only unsure where an expression as a whole was not read; nothing is unsure that all
    # readings accept.
    assert seen["compiled None, read True"] == 0, seen
