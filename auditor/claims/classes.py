"""The attacker classes of design section 4, derived from a grammar's dimensions; no issuer is named here.

Every class is one more predicate over `$variable` claims, conjoined with the trust and handed to the solver.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from auditor.claims.grammar import Grammar, Shape, Slot, Variable, variable_in
from auditor.claims.pattern import Language, Pattern, ValueSet
from auditor.claims.predicate import (
    TRUE,
    AllValues,
    And,
    AnyValue,
    Exists,
    Match,
    Not,
    Or,
    Predicate,
    Unknown,
    conjunction,
    disjunction,
    negation,
)
from auditor.claims.regions import Region, exact_values, regions
from auditor.claims.solver import solve
from auditor.claims.templates import customised, solve_templated
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict

CLASSES = (
    "any-tenant", "any-project", "any-branch", "any-tag", "any-environment", "pull-request", "unchecked-audience",
)  # fmt: skip

MAX_TEMPLATES = 8
"""Templates that each pin a tenant of their own, looked at before giving up."""

AUDIENCE_CLAIMS = ("azp", "aud")
"""The claims an audience can stand in."""

NAMING = ("tenant", "tenant-id", "project-id", "subject")
"""The dimensions that name a tenant. A project's id does, since platforms never give the same one to two tenants."""

Names = Mapping[Variable, frozenset[str]]
"""Variable → names, for the variables of one dimension."""


Part = tuple[Variable, frozenset[str]]
"""A variable and the exact values a box allows it."""


@dataclass(frozen=True, slots=True)
class Pin:
    """The projects one box of a trust names exactly, and the tenants it names them under (none: under any)."""

    tenants: tuple[Part, ...]
    """Names and ids, each on its own enough."""
    names: tuple[Part, ...]
    """The parts a project's name is made of (a workspace of a project), which only together name it."""
    ids: tuple[Part, ...]
    """Ids, each on its own enough."""

    @property
    def predicate(self) -> Predicate:
        """The tokens of these projects, by whichever identifier the trust pins them."""
        by_name = [conjunction(variable_in(*part) for part in self.names)] if self.names else []
        same = disjunction((*by_name, *(variable_in(*part) for part in self.ids)))
        there = disjunction(variable_in(*part) for part in self.tenants) if self.tenants else TRUE
        return conjunction((there, same))


def pins_of(found: Iterable[Region]) -> tuple[Pin, ...]:
    """The projects that some region pins exactly; regions alike but for a project's one-part name are one pin."""
    grouped: dict[tuple[tuple[Part, ...], tuple[Part, ...], Variable], set[str]] = {}
    pins: dict[Pin, None] = {}
    for region in found:
        exact = [(v, frozenset(exact_values(v, c) or ())) for v, c in region.constraints.items()]
        parts = [part for part in exact if part[1]]
        order = [variable for variable in region.shape.variables.values() if variable.dimension == "project"]
        names = tuple((v, values) for v in order for known, values in parts if known is v)
        ids = tuple(part for part in parts if part[0].dimension == "project-id")
        names = names if len(names) == len(order) else ()
        tenants = tuple(part for part in parts if part[0].dimension in ("tenant", "tenant-id"))
        if len(names) == 1:
            grouped.setdefault((tenants, ids, names[0][0]), set()).update(names[0][1])
        elif names or ids:
            pins[Pin(tenants, names, ids)] = None
    joined = (Pin(tenants, ((v, frozenset(values)),), ids) for (tenants, ids, v), values in grouped.items())
    return (*joined, *pins)


@dataclass(frozen=True, slots=True)
class Question:
    """Everything the classes of one trust are decided from."""

    predicate: Predicate
    grammar: Grammar
    tenants: Names
    """Names and ids of the tenants that count as named."""
    pins: tuple[Pin, ...]
    """The projects that count as named."""
    audiences: frozenset[str]
    """The audiences the trust itself names."""
    audience_doubt: str | None = None
    """Why the platform's own list of audiences is not known; None when it is."""
    names_known: bool = True
    """Whether `tenants` and `pins` are all that the trust names; False when it was too large to list."""
    own_issuer: bool = False
    """Whether the issuer as a whole is declared ours: no tenant there is a stranger."""
    shapes: tuple[Shape, ...] = ()
    """The forms of token that count (the grammar's own, and the declared templates of ours)."""


def classify(question: Question) -> dict[str, Verdict]:
    """Class → verdict, in the order of `CLASSES`; classes the issuer has no notion of are left out."""
    grammar = question.grammar
    stranger = _any_tenant(question)
    if isinstance(stranger, Accepted) and stranger.template:
        # Strangers get in by a subject of their own: the narrower classes hold for their runs as well.
        templated = customised(grammar, stranger.template)
        question = replace(question, shapes=(*question.shapes, *templated))
    verdicts: dict[str, Verdict | None] = {
        "any-tenant": stranger,
        "any-project": _any_project(question),
        "any-branch": _fresh(question, "branch"),
        "any-tag": _fresh(question, "tag"),
        "any-environment": _fresh(question, "environment"),
        "pull-request": _pull_request(question),
        "unchecked-audience": _unchecked_audience(question) if _has_audience(grammar) else None,
    }
    return {name: verdict for name in CLASSES if (verdict := verdicts[name]) is not None}


def _has_audience(grammar: Grammar) -> bool:
    return any("aud" in shape.claims for shape in grammar.shapes)


def _any_tenant(question: Question) -> Verdict | None:
    grammar = question.grammar
    if question.own_issuer:
        return Rejected("every tenant of this issuer is declared ours")
    if grammar.single_tenant:
        return Rejected("this issuer mints for one tenant only")
    if grammar.of_dimension("subject"):
        return _any_subject(question)
    if not (grammar.of_dimension("tenant") or grammar.of_dimension("tenant-id")):
        return None
    verdict = solve(And((question.predicate, _strangers(question.tenants))), grammar, question.shapes)
    if isinstance(verdict, Accepted):
        return _at_sight(verdict, question)
    templated = _templated_stranger(question)
    return templated if isinstance(templated, Accepted) or isinstance(verdict, Rejected) else verdict


def _any_subject(question: Question) -> Verdict:
    """The same for an issuer nobody described: any subject that the trust does not name may be a stranger's."""
    verdict = solve(And((question.predicate, _strangers(question.tenants))), question.grammar, question.shapes)
    if isinstance(verdict, Accepted):
        return Undecided("more than exactly named subjects get in, and who can hold tokens of this issuer is not known")
    return verdict


def _at_sight(verdict: Accepted, question: Question) -> Verdict:
    """The same acceptance with a tenant people recognise as a stranger, where one gets in."""
    for variable in question.grammar.of_dimension("tenant"):
        if variable.values is None:
            asked = (question.predicate, _strangers(question.tenants), _is(variable, variable.hints[0]))
            friendly = solve(And(asked), question.grammar, question.shapes)
            if isinstance(friendly, Accepted):
                return friendly
    return verdict if question.names_known else Undecided(_TOO_MANY_NAMES)


_TOO_MANY_NAMES = "budget: the trust names too many tenants and projects to tell strangers from them"


def _strangers(named: Names) -> Predicate:
    return conjunction(negation(variable_in(variable, names)) for variable, names in named.items() if names)


def _templated_stranger(question: Question) -> Verdict:
    """Whether some tenant gets in that customises its subject, other than those the matching templates pin exactly.

    `workflow:x:repo:acme/app:…` is printed by a template of acme alone; that makes acme named, not everybody welcome.
    """
    named = dict(question.tenants)
    for _ in range(MAX_TEMPLATES):
        verdict = solve_templated(And((question.predicate, _strangers(named))), question.grammar)
        if not isinstance(verdict, Accepted):
            return verdict
        shapes = customised(question.grammar, verdict.template)
        found, _ = regions(question.predicate, question.grammar, shapes)
        pinned = pinned_names(found, NAMING)
        new = {v: names - named.get(v, frozenset()) for v, names in pinned.items()}
        if not any(new.values()):
            return verdict
        for variable, names in new.items():
            named[variable] = named.get(variable, frozenset()) | names
    return Undecided("budget: too many customised subject templates each pin a tenant of their own")


def pinned_names(found: Iterable[Region], dimensions: tuple[str, ...]) -> dict[Variable, frozenset[str]]:
    """The names that some region pins exactly, by variable of the given dimensions."""
    names: dict[Variable, frozenset[str]] = {}
    for region in found:
        for variable, constraint in region.constraints.items():
            values = exact_values(variable, constraint) if variable.dimension in dimensions else None
            if values is not None:
                names[variable] = names.get(variable, frozenset()) | frozenset(values)
    return names


def _any_project(question: Question) -> Verdict | None:
    grammar = question.grammar
    if not (grammar.of_dimension("project") or grammar.of_dimension("project-id")):
        return None
    owners = {v: names for v, names in question.tenants.items() if names and v.dimension.startswith("tenant")}
    ours = disjunction(variable_in(v, names) for v, names in owners.items())
    anywhere = not owners
    asked = [question.predicate, TRUE if anywhere else ours]
    # Another project than the named ones differs in every identifier the trust pins them by.
    asked.extend(negation(pin.predicate) for pin in question.pins)
    verdict = solve(And(tuple(asked)), grammar, question.shapes)
    return verdict if question.names_known or isinstance(verdict, Rejected) else Undecided(_TOO_MANY_NAMES)


def _fresh(question: Question, dimension: str) -> Verdict | None:
    """Whether an arbitrary name of the dimension is accepted: one that occurs in no pattern of the trust."""
    asked = _arbitrary_shapes(question.grammar, question.shapes, dimension)
    if not asked:
        return None
    verdicts = [_arbitrary(question.predicate, question.grammar, *fitting) for fitting in asked]
    return next((v for kind in (Accepted, Undecided) for v in verdicts if isinstance(v, kind)), verdicts[0])


Fitting = tuple[Variable, tuple[Shape, ...], frozenset[str]]
"""A variable, the shapes it may take any name in, and the claims that then show it."""


@lru_cache(maxsize=1024)
def _arbitrary_shapes(grammar: Grammar, shapes: tuple[Shape, ...], dimension: str) -> tuple[Fitting, ...]:
    """The runs that may carry an arbitrary name of the dimension, by the variable that carries it."""
    ungated = dimension != "environment"
    open_to = [shape for shape in shapes if not (ungated and gated(shape))]
    found: list[Fitting] = []
    for variable in grammar.of_dimension(dimension):
        fitting = tuple(s for s in open_to if variable.name in s.variables and variable.name not in s.fixed)
        if fitting and variable.values is None:
            found.append((variable, fitting, showing(fitting, variable)))
    return tuple(found)


@lru_cache(maxsize=1024)
def showing(shapes: tuple[Shape, ...], variable: Variable) -> frozenset[str]:
    """The claims of `shapes` whose text holds the variable."""
    held = Slot(variable), Slot(variable, encoded=True)
    return frozenset(c for shape in shapes for c, term in shape.claims.items() if held[0] in term or held[1] in term)


def gated(shape: Shape) -> bool:
    """Whether the run names an environment, whose own protection rules then decide who gets there."""
    return any(v.dimension == "environment" for v in shape.variables.values())


def _arbitrary(
    predicate: Predicate, grammar: Grammar, variable: Variable, shapes: tuple[Shape, ...], claims: frozenset[str]
) -> Verdict:
    name = fresh_name(variable, predicate, claims)
    if name is None:
        verdict = solve(predicate, grammar, shapes)
        reason = f"no {variable.dimension} name is left that the trust's patterns do not use"
        return verdict if isinstance(verdict, Rejected) else Undecided(reason)
    verdict = solve(And((predicate, _is(variable, name))), grammar, shapes)
    if isinstance(verdict, Accepted):
        for hint in variable.hints[1:2]:
            friendly = solve(And((predicate, _is(variable, hint))), grammar, shapes)
            if isinstance(friendly, Accepted):
                return friendly  # a name people believe at sight proves the same
    return verdict


def _is(variable: Variable, name: str) -> Predicate:
    return Match(f"${variable.name}", Pattern.exactly(name))


def fresh_name(variable: Variable, predicate: Predicate, claims: frozenset[str]) -> str | None:
    """A name that no language of `predicate` on one of `claims` uses; None when there is none.

    It is longer than every pattern, so that no row of `?` matches it by its length. Where names are ids, it is one
    that no language spells out: nobody writes a pattern that tells random ids apart.
    """
    read = [language for claim, language in _languages(predicate) if claim in claims]
    used = frozenset().union(*(language.letters for language in read))
    longest = max((len(language.tokens) for language in read if isinstance(language, Pattern)), default=0)
    length = min(max(12, longest + 1), variable.maximum)
    spare = [
        c for c in "zqjxkvwybgfpmuhdcltrnsioeaZQJXKVWYBGFPMUHDCLTRNSIOEA0123456789\u0436\u0448\u044d" if c not in used
    ]
    for first in spare:
        for second in (*spare, first):
            name = ((first + second) * length)[:length]
            if variable.contains(name):
                return name
    if variable.characters.negated:
        return None
    return next((hint for hint in variable.hints if not any(hint in language.order for language in read)), None)


def _languages(predicate: Predicate, within: str | None = None) -> Iterable[tuple[str, Language]]:
    """(claim, language) of every text test; a test of a list's elements belongs to the list."""
    match predicate:
        case Match(claim, language):
            yield (claim if within is None else within), language
        case AnyValue(claim, each) | AllValues(claim, each):
            yield from _languages(each, claim)
        case Not(operand):
            yield from _languages(operand, within)
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _languages(operand, within)
        case _:
            return


def _pull_request(question: Question) -> Verdict | None:
    grammar = question.grammar
    shapes = [shape for shape in question.shapes if shape.unmerged is not None]
    if not shapes:
        return None
    verdict: Verdict = Rejected()
    for shape in (shape for shape in shapes if not gated(shape)):
        asked = And((question.predicate, shape.unmerged or TRUE))
        if shape.fresh_unmerged is None:
            answer = solve(asked, grammar, (shape,))
        else:
            variable = shape.variables[shape.fresh_unmerged]
            answer = _arbitrary(asked, grammar, variable, (shape,), showing((shape,), variable))
        if isinstance(answer, Accepted):
            return answer
        if isinstance(answer, Undecided):
            verdict = answer
    return verdict


def _unchecked_audience(question: Question) -> Verdict:
    other: Predicate = _other_audience(question.audiences)
    if question.audience_doubt is not None:
        other = conjunction((other, Unknown(question.audience_doubt)))
    return solve(And((question.predicate, other)), question.grammar, question.shapes)


def _other_audience(named: frozenset[str]) -> Predicate:
    """The token carries an audience, and none of those it carries is named."""
    names = ValueSet(named)
    carried = disjunction(Exists(claim) for claim in AUDIENCE_CLAIMS)
    return conjunction((carried, *(negation(Match(claim, names)) for claim in AUDIENCE_CLAIMS)))


def named_audiences(predicates: Iterable[Predicate]) -> frozenset[str]:
    """The audiences some predicate spells out in full."""
    return frozenset(text for predicate in predicates for text in _audiences(predicate))


def _audiences(predicate: Predicate) -> Iterable[str]:
    match predicate:
        case Match(claim, language) if claim in AUDIENCE_CLAIMS:
            if isinstance(language, ValueSet):
                yield from language.values
            elif language.literal is not None:
                yield language.literal
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _audiences(operand)
        case _:
            return
