"""The compiled predicate and the concrete evaluator agree on every (estate, token) both are sure of.

Estates are put together from the parts of the cases: any mapping with any condition, member, binding and deny rule.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from auditor.claims.predicate import ClaimValue, evaluate
from auditor.model import Trust
from auditor.providers.gcp.evaluate import admits
from auditor.providers.gcp.trust import trusts
from tests.providers.gcp.estates import NOW, PROVIDER, snapshot

CASES = json.loads((Path(__file__).parents[3] / "fixtures/cases/gcp_verdicts.json").read_text("utf-8"))
GITHUB = [case for case in CASES if case.get("issuer", "github") == "github"]
ESTATES, TOKENS = 1000, 8
PARTS = ("mapping", "condition", "member", "binding", "deny", "audiences", "provider", "pool", "on", "role", "account")


def parts(name: str) -> list[Any]:
    """Every value a part has in some case, and None for the usual one."""
    return [None, *(case[name] for case in GITHUB if name in case)]


MATERIAL = {name: parts(name) for name in PARTS}
RARE = ("binding", "deny", "audiences", "provider", "pool", "on", "account")


def estate(random: Random) -> dict[str, Any]:
    """Parts of several cases together; what is unusual in many ways at once tells little."""
    case = {name: random.choice(MATERIAL[name]) for name in ("mapping", "condition", "member")}
    if random.random() < 0.5:
        case["member"] = "*"
    if random.random() < 0.2:
        case["condition"] = None
    rare = random.choice([None, *RARE])
    if rare is not None:
        case[rare] = random.choice(MATERIAL[rare])
    if case.get("on") == "bucket":
        case["role"] = "roles/storage.objectAdmin"
    return {name: value for name, value in {"member": "*", **case}.items() if value is not None} | {
        "member": case["member"] or "*"
    }


def token(random: Random) -> dict[str, ClaimValue]:
    """A token as GitHub mints them, or one with something missing or of another type."""
    owner, repo = random.choice(("acme", "acme-evil", "evil-org", "xacme")), random.choice(("app", "api", "app-evil"))
    ref = random.choice(
        ("refs/heads/main", "refs/heads/release/1", "refs/tags/v1", "refs/pull/7/merge", "refs/heads/é")
    )
    environment = random.choice((None, None, "production", "prod-eu"))
    event = "pull_request" if "pull" in ref else random.choice(("push", "schedule"))
    context = f"environment:{environment}" if environment else "pull_request" if "pull" in ref else f"ref:{ref}"
    ids = random.random() < 0.3
    found: dict[str, ClaimValue] = {
        "iss": "https://token.actions.githubusercontent.com",
        "sub": f"repo:{owner}@123/{repo}@456:{context}" if ids else f"repo:{owner}/{repo}:{context}",
        "aud": random.choice((f"//iam.googleapis.com/{PROVIDER}", f"https://iam.googleapis.com/{PROVIDER}", "deploy")),
        "repository": f"{owner}/{repo}",
        "repository_owner": owner,
        "repository_id": "456",
        "repository_owner_id": random.choice(("123", "9")),
        "ref": ref,
        "ref_type": "tag" if "tags" in ref else "branch",
        "ref_protected": random.choice(("true", "false")),
        "event_name": event,
        "actor": random.choice(("octocat", "mallory")),
        "workflow": "deploy",
        "workflow_ref": f"{owner}/{repo}/.github/workflows/deploy.yml@{ref}",
        "job_workflow_ref": random.choice(("acme/ci", f"{owner}/{repo}")) + f"/.github/workflows/deploy.yml@{ref}",
        "enterprise": "acme-inc",
        "iat": 1790000000,
    }
    if environment:
        found["environment"] = environment
    match random.randrange(8):
        case 0:
            del found[random.choice([name for name in found if name not in ("iss", "aud")])]
        case 1:
            found["aud"] = (str(found["aud"]), "other")
        case 2:
            found["sub"] = f"{found['sub']}/{'x' * random.choice((60, 90, 127))}"
        case _:
            pass
    return found


def explain(case: dict[str, Any], trust: Trust, tested: dict[str, ClaimValue], compiled: bool, read: bool) -> str:
    return f"compiled {compiled}, read {read}\n{case}\n{trust.identity.id}\n{tested}"


def test_compiled_and_read_agree() -> None:
    random = Random(20261122)
    seen: Counter[str] = Counter()
    for _ in range(ESTATES):
        case = estate(random)
        tested = [token(random) for _ in range(TOKENS)]
        for trust in trusts(snapshot(case), NOW):
            for one in tested:
                compiled, read = evaluate(trust.predicate, one), admits(trust, one, NOW)
                seen["pairs"] += 1
                if compiled is None or read is None:
                    seen["not both sure"] += 1
                    continue
                seen["admitted" if read else "refused"] += 1
                assert compiled is read, explain(case, trust, one, compiled, read)
    print(dict(seen))
    assert seen["pairs"] >= 5000
    assert seen["not both sure"] <= 0.2 * seen["pairs"], seen
    assert seen["admitted"] >= 300, seen
