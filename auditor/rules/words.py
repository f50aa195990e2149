"""The words findings are made of, in the issuer's and the cloud's own terms."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.claims.grammar import Slot, Term, Variable
from auditor.claims.verdict import Rejected
from auditor.model import RESOURCES, Decision, Issuer, Trust
from auditor.rules.narrowing import Bearer

CLOUDS = {"aws": "AWS", "azure": "Azure", "gcp": "Google Cloud"}

MOST = 4
"""Names shown of a longer list."""


def noun(issuer: Issuer, dimension: str) -> str:
    """What the issuer's platform calls a tenant, a project, a tenant's id, …"""
    if dimension.endswith("-id"):
        return f"{noun(issuer, dimension.removesuffix('-id'))} id"
    return issuer.nouns.get(dimension, dimension.replace("-", " "))


def form(issuer: Issuer, term: Term) -> str:
    """A claim's form, what varies in capitals: `repo:OWNER/REPOSITORY:pull_request`."""
    return "".join(part if isinstance(part, str) else blank(issuer, part.variable, term) for part in term)


def blank(issuer: Issuer, variable: Variable, term: Term) -> str:
    """What stands for a variable of `term` in a form: its dimension's noun, or its name where several share one."""
    sharing = {
        part.variable for part in term if isinstance(part, Slot) and part.variable.dimension == variable.dimension
    }
    name = variable.name if len(sharing) > 1 else noun(issuer, variable.dimension)
    return name.upper().replace(" ", "_").replace("-", "_")


def cloud(trust: Trust) -> str:
    """The name of the cloud the identity lives in."""
    return CLOUDS.get(trust.provider, trust.provider)


def listed(names: Iterable[str], last: str = "or", *, most: int = MOST) -> str:
    """`a, b or c`; of long lists the first few and a count."""
    shown = list(names)
    if len(shown) > most:
        return f"{', '.join(shown[:most])} {last} {len(shown) - most} more"
    return f"{', '.join(shown[:-1])} {last} {shown[-1]}" if len(shown) > 1 else "".join(shown)


def place(decision: Decision, who: Bearer | None) -> str:
    """The project a token came from, e.g. `acme/app`; the issuer's name where that is no notion of the issuer."""
    if len(decision.projects) == 1 and isinstance(decision.classes.get("any-project"), Rejected):
        return decision.projects[0]  # pinned by its id, it may go by any name
    parts = [] if who is None else [who.named("tenant"), who.named("project")]
    return "/".join(part for part in parts if part) or decision.trust.issuer.name


def power(decision: Decision) -> str:
    """What the identity could then do."""
    identity = decision.trust.identity
    return may_then(identity.kind, identity.name, decision.then)


def may_then(kind: str, name: str, then: str | None) -> str:
    """The same of an identity of that kind and name; `then` follows `may`, None where nobody looked."""
    there = kind in RESOURCES
    if then is None:
        return f"What {'they may do there' if there else f'{name} may then do'} was not judged."
    return f"{'There they' if there else name} may then {then}."


def pinned_by_id(decision: Decision, dimension: str) -> bool:
    """Whether a tenant or project goes by its id alone, so that the name a token shows may be any."""
    pinned = {name for entry in decision.breadth for name, extent in entry.items() if extent.label in ("exact", "list")}
    return f"{dimension}-id" in pinned and dimension not in pinned


def patterns(decision: Decision, dimension: str) -> tuple[str, ...]:
    """What a name of the dimension has to look like to get in; empty where any name will do, or nobody knows."""
    extents = [entry[dimension] for entry in decision.breadth if dimension in entry]
    if not extents or not decision.breadth_complete or any(extent.label == "any" for extent in extents):
        return ()
    return tuple(dict.fromkeys(text for extent in extents if extent.label == "pattern" for text in extent.values))
