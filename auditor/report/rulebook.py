"""What the rules say of themselves, for formats that hand it on: pages, references, controls."""

from __future__ import annotations

from collections.abc import Mapping

from auditor import rules
from auditor.rules.base import Definition
from auditor.rules.docs import page

NIST = "NIST SP 800-53"
"""How the name of that framework begins, whatever its revision."""


def rulebook() -> Mapping[str, Definition]:
    """Id → rule, in the order of `auditor rules`."""
    return {rule.id: rule for rule in rules.RULES}


def controls(rule: Definition | None) -> tuple[tuple[str, str], ...]:
    """Every framework and control a finding of `rule` bears on, as pairs."""
    listed = {} if rule is None else rule.compliance
    return tuple((framework, control) for framework, names in listed.items() for control in names)


def explanation(rule: Definition) -> str:
    """The page of a rule, as Markdown: what `auditor explain` prints."""
    return page(rule)
