"""One workload identity pool takes tokens of several providers.

## What it finds

A pool that some binding names and that has more than one enabled provider, above all several for one issuer.

## Why it matters

A binding names the pool, never the provider. What the condition of one provider keeps out comes in by another, and an
attribute that two of them map from different claims means two things: a project on GitLab called like the repository on
GitHub becomes the same principal. Of two providers for one issuer the looser one decides.

## Example

Pool `ci` with the provider `github`, whose condition names one owner, and `github-old`, which has none.

## Use instead

One pool per provider, and one provider per issuer.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Confidence, Decision, Finding, Fix, Source
from auditor.rules import pools, references, words
from auditor.rules.base import Context, Definition

SEVERAL, TWICE = "shared-pool", "shared-pool, one issuer twice"


def check_estate(context: Context) -> Iterable[Finding]:
    seen: set[str] = set()
    for decision in pools.providers(context):
        pool = pools.pool_of(decision.trust)
        if pool not in seen and decision.trust.notes.get("beside"):
            seen.add(pool)
            yield _finding(decision, pool)


def _finding(decision: Decision, pool: str) -> Finding:
    trust = decision.trust
    issuers = {trust.via: trust.issuer.url, **dict(trust.notes["beside"])}
    urls = [url.rstrip("/") for url in issuers.values()]
    twice = list(dict.fromkeys(url for url in urls if urls.count(url) > 1))
    names = words.listed((f"{pools.short(name)} ({url})" for name, url in sorted(issuers.items())), "and")
    again = f" {words.listed(twice, 'and')} is taken by more than one: the looser of them decides." if twice else ""
    return RULE.finding(
        decision,
        title=f"Pool {pools.short(pool)} takes tokens of {len(issuers)} providers",
        detail=f"{names}. A binding names the pool and not the provider, so each of them has to keep out whoever is "
        f"not meant by any binding of the pool.{again}",
        evidence=[Source(name, "") for name in sorted(issuers)],
        fix=Fix("Give each provider a pool of its own, and each issuer one provider."),
        exposure=TWICE if twice else SEVERAL,
        discriminator=pool,
    )


RULE = Definition(
    id="shared-pool",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.GCP_PRACTICES,),
    estate=check_estate,
    exposures=(SEVERAL, TWICE),
)
