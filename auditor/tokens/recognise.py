"""Whose token is this? Its issuer, its form, what each part of it says and who chose that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from auditor.claims.grammar import Slot, Term, Variable, fill
from auditor.claims.parse import TIMES, Reading, readings
from auditor.claims.predicate import Token, evaluate
from auditor.config import Ours
from auditor.errors import BudgetExceededError
from auditor.issuers.catalogue import UNKNOWN, Catalogue
from auditor.model import Issuer
from auditor.tokens.read import Decoded
from auditor.tokens.words import NAMES, NOBODY_KNOWS, TRUSTED, Control, control, form, label


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the token, as the issuer put it together."""

    variable: str
    label: str
    dimension: str
    value: str
    control: Control
    mark: str
    """Whose choice it is, as `Control.mark`; a name that is ours is nobody else's choice."""
    claims: tuple[str, ...]
    """The claims it stands in, those people write conditions on first."""


@dataclass(frozen=True, slots=True)
class Misfit:
    """A claim that contradicts the others."""

    claim: str
    value: str
    expected: str | None
    """What the others say it should be, unsettled parts as `{name}`; None where no such token carries the claim."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the token belongs to us."""

    whose: Literal["ours", "stranger", "unknown"]
    why: str


@dataclass(frozen=True, slots=True)
class Membership:
    """Whether the token itself is one of an attacker class; None where that cannot be told."""

    result: bool | None
    why: str


@dataclass(frozen=True, slots=True)
class Recognition:
    """All that a token says about itself."""

    issuer: Issuer
    run: str
    """What kind of run minted it, e.g. `branch`; empty when no form of token was recognised."""
    form: str
    """The format of its subject."""
    template: tuple[str, ...]
    """The claims a customised subject is made of; empty for the default one."""
    note: str
    """Why it is not certain that such tokens exist; empty when it is."""
    parts: tuple[Part, ...]
    others: tuple[tuple[Part, ...], ...]
    """What differs in further ways to read the same token."""
    misfits: tuple[Misfit, ...]
    missing: tuple[str, ...]
    """Claims every such token carries and this one lacks."""
    strange: tuple[str, ...]
    """Claims no table describes. They do no harm: a trust may read them all the same."""
    standing: Standing
    classes: Mapping[str, Membership]
    reading: Reading | None
    """The best reading, for comparisons; None when there is none."""

    @property
    def known(self) -> bool:
        """Whether somebody described this issuer."""
        return self.issuer.kind != UNKNOWN


def recognise(decoded: Decoded, issuers: Catalogue, ours: Ours) -> Recognition:
    """What `decoded` is. Raises nothing: what cannot be told is said to be unknown."""
    token = decoded.claims
    url, subject = token["iss"], token.get("sub")
    assert isinstance(url, str)
    texts = [name for name, value in token.items() if isinstance(value, str) and name not in TIMES]
    issuer = issuers.identify(url, (subject,) if isinstance(subject, str) else (), texts)
    note = ""
    try:
        found = readings(token, issuer.grammar)
    except BudgetExceededError:
        found, note = (), "it can be read in too many ways to tell them all"
    best = found[0] if found else None
    standing = _standing(issuer, best, ours)
    parts = _parts(best, issuer, token, standing) if best else ()
    known = {claim for shape in issuer.grammar.shapes for claim in (*shape.claims, *shape.lists, *shape.constants)}
    return Recognition(
        issuer=issuer,
        run=best.shape.run if best else "",
        form=form(best.shape.claims.get("sub", ())) if best else "",
        template=best.shape.template if best else (),
        note=note or (best.shape.note if best and not best.shape.certain else ""),
        parts=parts,
        others=_others(found, parts, issuer, token, standing),
        misfits=tuple(_misfit(claim, decoded, best) for claim in best.misfits) if best else (),
        missing=best.missing if best else (),
        strange=tuple(sorted(name for name in decoded.payload if name not in known | _REGISTERED)),
        standing=standing,
        classes=_classes(issuer, best, standing),
        reading=best,
    )


_REGISTERED = frozenset(("iss", "sub", "aud", "exp", "nbf", "iat", "jti"))
"""RFC 7519, section 4.1: any token may carry these."""


def _parts(reading: Reading, issuer: Issuer, token: Token, standing: Standing) -> tuple[Part, ...]:
    order = list(issuer.grammar.variables)
    held: dict[Variable, list[str]] = {variable: [] for variable in reading.values}
    for claim, term in reading.shape.claims.items():
        for variable in _variables(term):
            if variable in held and claim in token and claim not in held[variable]:
                held[variable].append(claim)
    ranked = sorted(reading.values, key=lambda v: (_rank(v.dimension), order.index(v.name) if v.name in order else 0))
    controls = {v: NOBODY_KNOWS if issuer.kind == UNKNOWN else control(v) for v in ranked}
    labels = {variable: label(variable, issuer.nouns) for variable in ranked}
    return tuple(
        Part(
            variable=variable.name,
            label=labels[variable]
            if list(labels.values()).count(labels[variable]) == 1
            else variable.name.replace("_", " "),
            dimension=variable.dimension,
            value=reading.values[variable],
            control=controls[variable],
            mark=TRUSTED if standing.whose == "ours" and variable.dimension in NAMES else controls[variable].mark,
            claims=tuple(sorted(held[variable], key=lambda claim: (claim != "sub", claim))),
        )
        for variable in ranked
    )


_FIRST = (
    "tenant", "project", "subject", "branch", "tag", "pull-request", "environment", "event", "head-ref", "base-ref",
    "audience",
)  # fmt: skip


def _rank(dimension: str) -> int:
    return _FIRST.index(dimension) if dimension in _FIRST else len(_FIRST)


def _variables(term: Term) -> list[Variable]:
    return [part.variable for part in term if isinstance(part, Slot)]


def _others(
    found: tuple[Reading, ...], parts: tuple[Part, ...], issuer: Issuer, token: Token, standing: Standing
) -> tuple[tuple[Part, ...], ...]:
    """Where further readings by settled forms of token differ in what some part says."""
    told = {(part.label, part.value) for part in parts}
    differing = (
        tuple(part for part in _parts(reading, issuer, token, standing) if (part.label, part.value) not in told)
        for reading in found[1:]
        if reading.exact == found[0].exact and reading.shape.certain
    )
    labels = {part.label for part in parts}
    return tuple(dict.fromkeys(other for other in differing if other and all(part.label in labels for part in other)))


def _misfit(claim: str, decoded: Decoded, reading: Reading | None) -> Misfit:
    value = decoded.claims[claim]
    shown = ", ".join(value) if isinstance(value, tuple) else str(value)
    term = reading.shape.claims.get(claim) if reading else None
    if term is None or reading is None:
        return Misfit(claim, shown, None)
    values = {variable: reading.values.get(variable, f"{{{variable.name}}}") for variable in _variables(term)}
    return Misfit(claim, shown, fill(term, values))


def _standing(issuer: Issuer, reading: Reading | None, ours: Ours) -> Standing:
    if issuer.url in ours.issuers:
        return Standing("ours", "the issuer is declared ours altogether")
    if issuer.kind == UNKNOWN:
        return Standing("unknown", "nobody described this issuer, and [ours] issuers does not name it")
    if not ours.declared or issuer.kind not in ours.tenants:
        declared = f"[ours] says nothing about {issuer.kind}" if ours.declared else "no [ours] is configured"
        return Standing("unknown", declared)
    own = ours.tenants[issuer.kind]
    if not own:
        return Standing("stranger", f"[ours] says that nothing on {issuer.name} is ours")
    names = _values(reading, "tenant") if reading else {}
    ids = set(_values(reading, "tenant-id").values()) if reading else set()
    for one in own:
        for variable, value in names.items():
            same = value.lower() == one.name.lower() if variable.ignore_case else value == one.name
            if same and one.id is not None and ids and one.id not in ids:
                return Standing("stranger", f"its name is {value}, but its id is not the {one.id} of ours")
            if same:
                return Standing("ours", f"[ours] {issuer.kind} names {one.name}")
        if one.id is not None and one.id in ids:
            return Standing("ours", f"[ours] {issuer.kind} names the id {one.id} (of {one.name})")
    if not names and (not ids or any(one.id is None for one in own)):
        return Standing("unknown", "which tenant it belongs to cannot be read from it")
    whose = ", ".join(dict.fromkeys((*names.values(), *(() if names else sorted(ids)))))
    return Standing("stranger", f"[ours] {issuer.kind} does not name {whose}")


def _values(reading: Reading, dimension: str) -> dict[Variable, str]:
    return {variable: value for variable, value in reading.values.items() if variable.dimension == dimension}


def _classes(issuer: Issuer, reading: Reading | None, standing: Standing) -> dict[str, Membership]:
    """The classes a token is in by itself; the others depend on what a trust names."""
    stranger = {"ours": False, "stranger": True, "unknown": None}[standing.whose]
    found = {"any-tenant": Membership(stranger, standing.why)}
    if not any(shape.unmerged is not None for shape in issuer.grammar.shapes):
        return found
    return found | {"pull-request": _unmerged(reading)}


def _unmerged(reading: Reading | None) -> Membership:
    if reading is None or reading.misfits:
        return Membership(None, "it fits no form of token, so what it was minted for is not known")
    if reading.shape.unmerged is None:
        return Membership(False, f"a {reading.shape.run} run runs code that was merged or pushed")
    inside = evaluate(reading.shape.unmerged, {f"${v.name}": value for v, value in reading.values.items()})
    if not inside:
        return Membership(inside, f"this {reading.shape.run} run is none for code nobody merged")
    gate = any(variable.dimension == "environment" for variable in reading.values)
    gated = "; the environment's protection rules decide whether such a run starts" if gate else ""
    return Membership(True, f"minted for code that nobody has merged{gated}")
