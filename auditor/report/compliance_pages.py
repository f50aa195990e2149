"""The page of the frameworks, as Markdown. `python -m auditor.report.compliance_pages FILE` writes it anew."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from auditor.compliance.catalogue import Control, Framework, frameworks, unmapped
from auditor.rules import RULES
from auditor.rules.base import Definition

HEAD = """# Compliance

    auditor compliance                                   # all frameworks, over the clouds there are credentials for
    auditor compliance nist-800-53 aws                   # one of them, over one cloud
    auditor compliance soc-2 --from estate.jsonl -f csv  # from a snapshot; also: json, markdown

tells of each control below whether it fails, passes, or could not be assessed, and why.

| result | means |
|---|---|
| fail | a rule that bears on it has an open finding of low severity or worse |
| pass | nothing open was found, and nothing was in the way of finding it |
| not assessed | anything else |

A control passes only as far as the audit sees of it: federated identities, who can become them and what they may do. It
is not assessed when

* nothing of the clouds it is about was read, or any part of them could not be read;
* a trust is not decided in every respect, or what an identity may do is not known;
* `[ours]` does not say whose the tenants are that are named, or the cloud does not say when an identity was last used,
  where a rule asks for that;
* a check failed;
* a finding is mere information, or of a rule that leaves the control open (*doubt* below);
* only `auditor diff` can tell, since it is about what changed;
* there is no federated identity at all.

Waived findings do not count, and are told. Controls that are not listed here are not assessed: this audit has nothing
to say about them. Titles and reasons are in words of ours; the frameworks' own words are behind the links. A result is
what an assessor may start from, and no certificate.

The exit code is 0 when all that was asked for passes, 3 when something could not be assessed, and 11 to 14, as with
`scan`, when a control fails. `auditor schema compliance` prints the schema of the JSON.
"""


def page() -> str:
    """What `docs/compliance.md` holds; ends in a newline."""
    return "\n".join((HEAD, *(line for one in frameworks().values() for line in _framework(one)), *_unmapped(), ""))


def _framework(framework: Framework) -> Iterator[str]:
    clouds = f" Only of {', '.join(sorted(framework.providers))}." if framework.providers is not None else ""
    yield f"## {framework.name}"
    yield ""
    yield f"`{framework.id}`, <{framework.url}>. {framework.about}{clouds}"
    yield ""
    for control in framework.controls:
        yield from _control(framework, control)


def _control(framework: Framework, control: Control) -> Iterator[str]:
    shown = control.id if control.url == framework.url else f"[{control.id}]({control.url})"
    yield f"**{shown}** {control.title}. Of it, this audit sees: {control.sees}."
    yield ""
    for because in control.because:
        rules = ", ".join(f"[{rule}](rules/{rule}.md)" for rule in because.rules)
        yield f"* {rules}: {because.reason}{' (doubt)' if because.doubt else ''}"
    yield ""


def _unmapped() -> Iterator[str]:
    yield "## Rules that bear on no control"
    yield ""
    yield from (f"* [{rule}](rules/{rule}.md): {reason}" for rule, reason in unmapped().items())
    comparing = [_link(rule) for rule in RULES if rule.compares and rule.id not in unmapped()]
    yield ""
    yield f"Only `auditor diff` finds {', '.join(comparing)}."


def _link(rule: Definition) -> str:
    return f"[{rule.id}](rules/{rule.id}.md)"


def main(file: str) -> None:
    """Write the page."""
    Path(file).write_text(page(), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
