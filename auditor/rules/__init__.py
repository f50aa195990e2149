"""The rules, one module each. `RULES` lists them in the order they read best: who gets in, then what is amiss."""

from __future__ import annotations

from auditor.rules import (
    any_branch,
    any_environment,
    any_project,
    any_tag,
    any_tenant,
    cross_issuer,
    dead_trust,
    dead_value,
    environment_gate,
    orphan_provider,
    pull_request,
    refused_if_resaved,
    reusable_name,
    unchecked_audience,
    undecided,
    unknown_issuer,
    untrusted_tenant,
    vacuous_condition,
)
from auditor.rules.base import Definition

RULES: tuple[Definition, ...] = (
    any_tenant.RULE,
    cross_issuer.RULE,
    untrusted_tenant.RULE,
    any_project.RULE,
    pull_request.RULE,
    any_branch.RULE,
    any_tag.RULE,
    any_environment.RULE,
    vacuous_condition.RULE,
    unchecked_audience.RULE,
    reusable_name.RULE,
    environment_gate.RULE,
    undecided.RULE,
    dead_trust.RULE,
    dead_value.RULE,
    refused_if_resaved.RULE,
    orphan_provider.RULE,
    unknown_issuer.RULE,
)
