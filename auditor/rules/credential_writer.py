"""An identity that federated tokens can become may add credentials to others.

## What it finds

An identity behind a living trust that may give another application or managed identity a new credential: by a
permission of Microsoft Graph (`Application.ReadWrite.All`), a directory role (Application Administrator), ownership of
the application, or a role in Azure that holds
`Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write`. Of administrators, who may do all
of that, `admin-access` speaks.

## Why it matters

Whoever gets in becomes the others too, and stays: the credential they add is one of their own, for an issuer and a
subject of their choice, and is still there when this trust has been mended. It counts for as much as the most powerful
identity it can be added to.

## Example

A pipeline's application with `Application.ReadWrite.All`, so that it can register applications.

## Use instead

`Application.ReadWrite.OwnedBy`, which reaches only what the application made itself; in Azure, a role on the one
identity, not on the resource group or the subscription:

    "scope": "/subscriptions/…/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app-one"
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model import Confidence, Finding, Fix
from auditor.power import Capability, Step
from auditor.rules import powers, references, words
from auditor.rules.base import Context, Definition
from auditor.rules.powers import Holder

KIND = "write-credential"
"""The kind of steps that add a credential to somebody else, and how the paths of capabilities begin that do so to all
identities of some scope, collected or not."""


def check_estate(context: Context) -> Iterable[Finding]:
    for holder in powers.holders(context):
        profile = holder.standing.profile
        steps = [step for step in profile.steps if step.kind == KIND]
        whole = list(filter(writes, profile.power.capabilities))
        if (steps or whole) and not powers.administrator(holder):
            yield _finding(holder, steps, whole, context)


def writes(capability: Capability) -> bool:
    """Whether the capability is to add credentials to others."""
    return capability.path is not None and capability.path.startswith(KIND)


def _finding(holder: Holder, steps: list[Step], whole: list[Capability], context: Context) -> Finding:
    name = holder.identity.name
    means: tuple[Step | Capability, ...] = (*whole, *steps)
    certain = any(one.certain for one in means)
    by = words.listed(dict.fromkeys(text for one in means for text in one.permissions), "and")
    reached = words.listed(dict.fromkeys(step.target.name for step in steps), "and") or "others"
    may = "may" if certain else "may perhaps"
    told = {one.doubt for one in whole}
    doubts = [] if certain else [one.doubt for one in steps if one.doubt and one.doubt not in told]
    sentences = (
        f"{name} may {powers.told(whole)}." if whole else "",
        f"By {by or 'ownership'}, whoever becomes {name} can add a credential of their own to {reached}.",
        f"It stays when the trust of {name} is mended.",
        f"That depends on: {words.listed(dict.fromkeys(doubts), 'and')}." if doubts else "",
        holder.who,
    )
    sketch = context.graph.sketch(holder.identity, whole[0]) if whole else None
    levels = (*(one.level for one in whole), *(context.graph.standing(step.target).level for step in steps))
    return powers.about(
        RULE,
        holder,
        level=max(levels),
        title=f"{name}, which federated tokens become, {may} add credentials to {reached}",
        detail=" ".join(filter(None, sentences)),
        evidence=[source for one in means for source in one.sources] or [holder.decisions[0].trust.source],
        certain=certain,
        fix=sketch
        or Fix("Let it write the credentials of its own applications, or of one identity, and of no others."),
    )


RULE = Definition(
    id="credential-writer",
    documentation=__doc__,
    confidence=Confidence.HIGH,
    references=(references.AZURE_PERMISSIONS, references.AZURE_ROLES, references.AZURE_CONSIDERATIONS),
    of_power=True,
    estate=check_estate,
    exposures=powers.ROWS,
)
