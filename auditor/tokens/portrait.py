"""An issuer as people want to see it: what its tokens look like, who chooses what, and what an attacker holds."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from auditor.claims.classes import CLASSES, Question, classify
from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Variable, variable_in
from auditor.claims.parse import TIMES
from auditor.claims.predicate import TRUE, ClaimValue, conjunction
from auditor.claims.solver import Admitted
from auditor.claims.verdict import Accepted, Verdict
from auditor.claims.work import DECISION_BUDGET, Work
from auditor.errors import UsageError
from auditor.issuers.catalogue import UNKNOWN, Catalogue, format_of
from auditor.model import Issuer
from auditor.tokens.words import Control, control, form, label

OURS = "my-org"
"""What the examples call a tenant that is ours."""

TENANCIES = {
    "shared": "every customer",
    "single": "one tenant",
    "enterprise": "one enterprise",
    "instance": "one installation",
}
"""For whom one issuer URL mints, in words."""

ADVERSARIES = {
    "any-tenant": "somebody else's tenant: anyone on the platform",
    "any-project": "another project of a tenant that is ours",
    "any-branch": "a branch of any name",
    "any-tag": "a tag of any name",
    "any-environment": "an environment of any name",
    "pull-request": "code that nobody has merged",
    "unchecked-audience": "a token meant for another service",
}
"""Who holds a token of each attacker class."""

_ALWAYS_VISIBLE = ("sub", "aud")
_AWS_DEFAULT = frozenset(("sub", "aud", "amr", "email"))
"""What AWS makes a condition key of at any OIDC provider (IAM user guide)."""

Table = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Address:
    """A URL, or a family of URLs, that the issuer mints under."""

    name: str
    url: str
    """Parts that vary as `{name}` or `…`."""
    mints_for: str


@dataclass(frozen=True, slots=True)
class Form:
    """One format of the subject."""

    name: str
    subject: str
    when: str
    certain: bool
    """False where the issuer's documents do not settle it."""
    note: str


@dataclass(frozen=True, slots=True)
class Segment:
    """One part that tokens are made of."""

    name: str
    """As formats write it between braces."""
    label: str
    dimension: str
    control: Control
    values: tuple[str, ...]
    """All there are, where they are few; else empty."""
    about: str


@dataclass(frozen=True, slots=True)
class ClaimView:
    """One claim."""

    name: str
    forms: tuple[str, ...]
    """How it is composed, one for each kind of token that differs."""
    always: bool
    about: str
    visible: tuple[str, ...]
    """The clouds whose conditions can read it, as far as that is known."""


@dataclass(frozen=True, slots=True)
class Example:
    """An attacker class, and a token somebody in it holds."""

    name: str
    adversary: str
    token: Mapping[str, ClaimValue] | None
    """The claims people look at; None where this issuer gives nobody such a token."""
    note: str


@dataclass(frozen=True, slots=True)
class Portrait:
    """All there is to tell about one issuer."""

    id: str
    name: str
    addresses: tuple[Address, ...]
    confidence: str
    forms: tuple[Form, ...]
    template: tuple[str, ...]
    """The claims a tenant may compose its subjects of; empty where it cannot."""
    segments: tuple[Segment, ...]
    claims: tuple[ClaimView, ...]
    audience: str
    unmerged: tuple[str, ...]
    """The kinds of run that may run code nobody merged."""
    unmerged_when: str
    examples: tuple[Example, ...]
    at: str
    """The URL the examples are minted at."""
    sources: tuple[tuple[str, str], ...]
    """Title and URL of each."""


def portraits(issuers: Catalogue) -> tuple[Portrait, ...]:
    """Every issuer that is described, by id."""
    return tuple(_portrait(table, _example_issuer(table, issuers)) for table in issuers.tables)


def find(name: str, issuers: Catalogue) -> Portrait:
    """The issuer meant by an id, a name or a URL. Raises `UsageError`, with a suggestion, for anything else."""
    if "/" in name or "." in name:
        for url in (name, f"https://{name}", name.rstrip("/")):
            issuer = issuers.identify(url)
            table = issuers.table_of(issuer.kind)
            if issuer.kind != UNKNOWN and table is not None:
                return replace(_portrait(table, issuer), name=issuer.name)
    names = {str(text).lower(): table for table in issuers.tables for text in (table["name"], table["id"])}
    table = names.get(name.lower())
    if table is not None:
        return _portrait(table, _example_issuer(table, issuers))
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    hint = f"did you mean {names[near[0]]['id']}?" if near else "`auditor issuers` lists them"
    raise UsageError(f"no issuer {name!r} is described; {hint}")


def _example_issuer(table: Table, issuers: Catalogue) -> Issuer:
    """The issuer at the first address that has an example."""
    kind = str(table["id"])
    for row in table["issuers"]:
        issuer = issuers.identify(str(row.get("example", _readable(row["url"]))), _subjects(table))
        if issuer.kind == kind:
            return issuer
    return issuers.identify("https://issuer.example", _subjects(table))


def _subjects(table: Table) -> tuple[str, ...]:
    return tuple(str(one["subject"]) for one in table.get("formats", ())[:1])


_NAMED = re.compile(r"\(\?P<([a-z_0-9]+)>(?:[^()]|\([^()]*\))*\)")
_OPTIONAL = re.compile(r"\(\?:[^()]*\)\?|/\?$")
_VARYING = re.compile(r"\[[^\]]*\][+*]?(?:\{[0-9,]+\})?|\(\?:([^()|]*)[^()]*\)")


def _readable(url: str) -> str:
    """A URL's regular expression as people write such a URL."""
    text = _NAMED.sub(lambda found: f"{{{found[1]}}}", url)
    text = _OPTIONAL.sub("", text)
    while (shorter := _VARYING.sub(lambda found: found[1] or "…", text)) != text:
        text = shorter
    return re.sub("…+", "…", text.replace("\\", ""))


def _portrait(table: Table, issuer: Issuer) -> Portrait:
    grammar = issuer.grammar
    return Portrait(
        id=str(table["id"]),
        name=str(table["name"]),
        addresses=tuple(_addresses(table)),
        confidence=str(table.get("confidence", "documented")),
        forms=tuple(_forms(table, grammar)),
        template=grammar.template.keys if grammar.template else (),
        segments=tuple(_segments(table, issuer)),
        claims=tuple(_claims(table, grammar)),
        audience=_audience(table, grammar),
        unmerged=tuple(dict.fromkeys(shape.run for shape in grammar.shapes if shape.unmerged is not None)),
        unmerged_when=str(table.get("unmerged_when", "")),
        examples=tuple(_examples(grammar)),
        at=issuer.url,
        sources=tuple(_sources(table)),
    )


def _addresses(table: Table) -> Iterator[Address]:
    for row in table["issuers"]:
        url = row.get("shown") or row.get("example") or _readable(row["url"])
        yield Address(str(row.get("name", table["name"])), str(url), TENANCIES[row["tenancy"]])
    if "self_managed" in table:
        row = table["self_managed"]
        name = str(row.get("name", table["name"]))
        yield Address(name, "any other URL, told by its subjects", TENANCIES[row["tenancy"]])


def _sources(table: Table) -> Iterator[tuple[str, str]]:
    for source in table.get("sources", ()):
        yield (str(source["title"]), str(source["url"])) if isinstance(source, Mapping) else ("", str(source))


def _forms(table: Table, grammar: Grammar) -> Iterator[Form]:
    """Every subject once, in the order of the table's formats; without such a list, in that of the grammar."""
    rows = list(table.get("formats", ()))
    found: dict[str, list[tuple[int, Shape]]] = {}
    for shape in grammar.shapes:
        if "sub" in shape.claims:
            row = format_of(table, shape)
            place = next((at for at, one in enumerate(rows) if one == row), len(rows))
            found.setdefault(form(shape.claims["sub"]), []).append((place, shape))
    for subject, minted in sorted(found.items(), key=lambda pair: min(place for place, _ in pair[1])):
        place = min(place for place, _ in minted)
        runs = ", ".join(dict.fromkeys(shape.run for _, shape in minted))
        certain = any(shape.certain for _, shape in minted)
        told = rows[place] if place < len(rows) else {}
        note = "" if certain else minted[0][1].note
        yield Form(str(told.get("name", runs)), subject, str(told.get("when", "")), certain, note)


def _segments(table: Table, issuer: Issuer) -> Iterator[Segment]:
    used = {variable for shape in issuer.grammar.shapes for variable in shape.variables.values()}
    for variable in issuer.grammar.variables.values():
        if variable not in used or variable.dimension == "presence":
            continue
        about = str(table["variables"].get(variable.name, {}).get("about", ""))
        values = variable.values or ()
        yield Segment(
            variable.name, label(variable, issuer.nouns), variable.dimension, control(variable), values, about
        )


def _claims(table: Table, grammar: Grammar) -> Iterator[ClaimView]:
    shapes = grammar.shapes
    names = dict.fromkeys(
        claim for shape in shapes for claim in (*shape.claims, *shape.lists, *shape.constants) if claim != "iss"
    )
    for name in names:
        held = [s for s in shapes if name in s.claims or name in s.lists or name in s.constants]
        terms = dict.fromkeys(form(shape.claims[name]) for shape in held if name in shape.claims)
        lists = dict.fromkeys(f"list of {{{shape.lists[name].name}}}" for shape in held if name in shape.lists)
        always = len(held) == len(shapes) and not any(name in shape.optional for shape in shapes)
        object_ = any(other.startswith(f"{name}.") for other in names)
        plain = (
            "a time, in seconds since 1970"
            if name in TIMES
            else "an object"
            if object_
            else "a number or a truth value"
        )
        constant = () if terms or lists else (plain,)
        about = str(table.get("about", {}).get(name, ""))
        yield ClaimView(name, (*terms, *lists, *constant), always, about, tuple(_visible(table, name)))


def _visible(table: Table, claim: str) -> Iterator[str]:
    listed = table.get("visible")
    if listed is None:
        if claim in _ALWAYS_VISIBLE:
            yield from ("AWS", "Google", "Azure")
        return
    if claim in _AWS_DEFAULT or claim in listed.get("aws", ()):
        yield "AWS"
    if listed.get("google") == "all":
        yield "Google"
    if claim in _ALWAYS_VISIBLE or claim in listed.get("entra", ()):
        yield "Azure"


def _audience(table: Table, grammar: Grammar) -> str:
    row = table.get("audience")
    if row is not None:
        chosen = control(Variable("audience", CharSet(""), controller=row["chosen_by"]))
        text = f"Chosen by {chosen.words}"
        text += "; it tells the tenant" if row["carries_tenant"] else "; it tells nothing about the tenant"
        text += f"; by default {row['default']}" if "default" in row else ""
        return text + (f"; {row['note']}." if "note" in row else ".")
    terms = dict.fromkeys(shape.claims["aud"] for shape in grammar.shapes if "aud" in shape.claims)
    told = dict.fromkeys(
        f"{form(term)}, chosen by {' and '.join(dict.fromkeys(control(v).words for v in _free(term)))}"
        if _free(term)
        else f"always {form(term)}"
        for term in terms
    )
    return "; or ".join(told) + "." if told else "Its tokens carry none."


def _free(term: Iterable[str | Slot]) -> list[Variable]:
    slots = (part.variable for part in term if isinstance(part, Slot))
    return [variable for variable in slots if variable.values is None or len(variable.values) > 1]


def _examples(grammar: Grammar) -> Iterator[Example]:
    """Every class this issuer has a notion of: the stranger's for a trust in anybody, the others for one in us."""
    tenants = {v: frozenset((OURS,)) for v in grammar.of_dimension("tenant") if v.values is None and v.contains(OURS)}
    named = conjunction(variable_in(variable, names) for variable, names in tenants.items())
    us, anybody = (
        Question(Admitted(asked, grammar, grammar.shapes, Work(DECISION_BUDGET)), tenants, (), frozenset())
        for asked in (named, TRUE)
    )
    verdicts = {**classify(us), **{name: v for name, v in classify(anybody).items() if name == "any-tenant"}}
    for name in (name for name in CLASSES if name in verdicts):
        if name == "unchecked-audience" and not any(
            _free(s.claims["aud"]) for s in grammar.shapes if "aud" in s.claims
        ):
            yield Example(name, ADVERSARIES[name], None, "the audience is always the same")
        else:
            yield _example(name, verdicts[name], grammar)


def _example(name: str, verdict: Verdict, grammar: Grammar) -> Example:
    if not isinstance(verdict, Accepted):
        return Example(name, ADVERSARIES[name], None, verdict.reason or "")
    token = verdict.witness
    shown = [claim for claim in ("sub", "aud") if claim in token] or sorted(token.keys() - {"iss"})[:3]
    telling = _telling(grammar, name.removeprefix("any-"))
    if telling and not any(str(token[claim]) in str(token.get("sub")) for claim in telling if claim in token):
        shown += [claim for claim in telling if claim in token][:1]
    return Example(name, ADVERSARIES[name], {claim: token[claim] for claim in shown}, "")


def _telling(grammar: Grammar, dimension: str) -> list[str]:
    """The claims that may hold a name of the dimension."""
    held = (
        claim
        for shape in grammar.shapes
        for claim, term in shape.claims.items()
        if any(isinstance(part, Slot) and part.variable.dimension == dimension for part in term)
    )
    return list(dict.fromkeys(held))
