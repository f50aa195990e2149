"""What the rules say of themselves, for formats that hand it on: pages, references, controls."""

from __future__ import annotations

from collections.abc import Mapping

from auditor import rules
from auditor.compliance.catalogue import bearing
from auditor.rules.base import Definition
from auditor.rules.docs import page

NIST = "NIST SP 800-53"
"""How the name of that framework begins, whatever its revision."""


def rulebook() -> Mapping[str, Definition]:
    """Id → rule, in the order of `auditor rules`."""
    return {rule.id: rule for rule in rules.RULES}


def controls(rule: Definition | None, provider: str = "", *, failing: bool = False) -> tuple[tuple[str, str], ...]:
    """Every framework and control a finding of `rule` bears on, as pairs; those about other clouds left out.

    Without a `provider` they are for findings of any cloud. With `failing`, only those that fail by it; others it may
    leave open.
    """
    listed = () if rule is None else bearing().get(rule.id, ())
    return tuple(
        (framework.name, control.id)
        for framework, control in listed
        if (not provider or framework.covers(provider)) and not (failing and rule and control.doubted(rule.id))
    )


def explanation(rule: Definition) -> str:
    """The page of a rule, as Markdown: what `auditor explain` prints."""
    return page(rule)
