"""Why no token can satisfy a conjunction of tests: its smallest unsatisfiable part, put into words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from auditor.claims.grammar import CharSet, Grammar, Shape, Slot, Term, Variable
from auditor.claims.languages.pattern import Pattern
from auditor.claims.naming import AUDIENCE_CLAIMS
from auditor.claims.predicate import (
    FALSE,
    And,
    Match,
    Not,
    Or,
    Predicate,
    claims_of,
    conjunction,
    negation,
)
from auditor.claims.solver import solve
from auditor.claims.templates import solve_templated
from auditor.claims.verdict import Accepted, Rejected
from auditor.model import Clause, Issuer, Source, Statement, Trust
from auditor.rules import above, words
from auditor.rules.narrowing import about_audience

FORMS = 4
"""Forms of a claim shown to explain that a value has none of them."""

_ANYTHING = CharSet("", negated=True)

_REGEX = ("(", "|", "[", "^", ".*", ".+", "\\")
"""Signs of regular expressions that stand in no subject of the issuers which expressions are for."""


@dataclass(frozen=True, slots=True)
class Core:
    """Tests of which no token satisfies all, though it may satisfy any of them but one."""

    clauses: tuple[Clause, ...]
    gate: bool
    """Whether the platform's own gate is one of them."""
    denies: tuple[Statement, ...]

    @property
    def places(self) -> tuple[Source, ...]:
        return (*(clause.source for clause in self.clauses), *(statement.source for statement in self.denies))


def impossible(predicates: Iterable[Predicate], grammar: Grammar) -> bool:
    """Whether no token the issuer mints satisfies all of `predicates`, whatever is unknown about them."""
    return isinstance(solve(conjunction(predicates), grammar), Rejected)


def core(trust: Trust, clauses: Sequence[Clause]) -> Core | None:
    """The smallest part of gate, `clauses` and denials that lets nobody in; None when somebody may get in.

    Parts are left out one by one: what the rest can do without is innocent. Denials go first and the gate last, so
    that a missing registration is blamed before anything behind it.
    """
    kept: list[tuple[Clause | Statement | None, Predicate]] = [
        *((statement, negation(statement.predicate)) for statement in trust.denies),
        *((clause, clause.predicate) for clause in clauses),
        (None, trust.gate),
    ]
    grammar = trust.issuer.grammar
    if not impossible((predicate for _, predicate in kept), grammar):
        return None
    for part in list(kept):
        others = [other for other in kept if other is not part]
        if impossible((predicate for _, predicate in others), grammar):
            kept = others
    parts = [part for part, _ in kept]
    return Core(
        clauses=tuple(part for part in parts if isinstance(part, Clause)),
        gate=None in parts,
        denies=tuple(part for part in parts if isinstance(part, Statement)),
    )


def customisable(trust: Trust, clauses: Iterable[Clause]) -> bool:
    """Whether some customised subject may satisfy `clauses` and get in, where no default one does."""
    parts = (trust.gate, *(clause.predicate for clause in clauses), negation(trust.refusal))
    return not isinstance(solve_templated(conjunction(parts), trust.issuer.grammar), Rejected)


def reason(trust: Trust, found: Core, statement: Statement) -> str:
    """Why the parts of `found` let nobody in, as a sentence or two."""
    if found.denies:
        return _refused(trust, found)
    if found.gate:
        return _gate(trust, found)
    if len(found.clauses) == 1:
        return _clause(trust, found.clauses[0], statement)
    tests = words.listed((clause.text for clause in found.clauses), "and", most=len(found.clauses))
    return f"No token of {trust.issuer.name} can satisfy these tests at once: {tests}."


def _refused(trust: Trust, found: Core) -> str:
    policies = above.among(trust, found.denies)
    if not policies:
        return "A Deny statement refuses every token that this lets in."
    names = words.listed(policies, "and", most=len(policies))
    who = f"{names}, which {'stands' if len(policies) == 1 else 'stand'} above the account,"
    own = any(statement.source.document not in above.above(trust) for statement in found.denies)
    if own:
        who = f"a Deny statement and {who}"
    verb = "refuse" if own or len(policies) > 1 else "refuses"
    return f"{who[0].upper()}{who[1:]} {verb} every token that this lets in."


def _gate(trust: Trust, found: Core) -> str:
    cloud = words.cloud(trust)
    if "closed" in trust.notes:
        return f"{cloud} lets no token in there: {trust.notes['closed']}."
    if trust.provider == "gcp":
        if trust.notes.get("provider-missing"):
            return f"{trust.via} has no provider: {cloud} accepts no token for it."
        tests = words.listed((clause.text for clause in found.clauses), "and", most=max(len(found.clauses), 1))
        return f"What {trust.via} maps to google.subject fits no token{f' that satisfies {tests}' if tests else ''}."
    if trust.notes.get("provider-missing"):
        return (
            f"{trust.issuer.url} is not registered in {trust.scope}: {cloud} accepts no token of it. The trust comes "
            "alive for everybody it names as soon as somebody registers that issuer."
        )
    if trust.notes.get("provider-foreign"):
        return f"{trust.via} is registered in another account, and {cloud} looks only in the identity's own."
    registered = words.listed(trust.audiences or (), "and")
    if not trust.audiences:
        return f"No audience is registered for {trust.via}, so {cloud} accepts no token there."
    if found.clauses and all(about_audience(clause) for clause in found.clauses):
        wanted = words.listed((value.text for clause in found.clauses for value in clause.values), "and")
        return f"It asks for the audience {wanted}, but {cloud} accepts only the registered ones: {registered}."
    tests = words.listed((clause.text for clause in found.clauses), "and", most=max(len(found.clauses), 1))
    return f"{cloud} accepts only the audiences {registered}, and no token with one of them satisfies {tests or 'it'}."


def _clause(trust: Trust, clause: Clause, statement: Statement) -> str:
    issuer = trust.issuer
    why = trust.notes.get("dead", {}).get(clause.text)
    if why is not None and (clause.predicate == FALSE or trust.provider == "azure"):
        return f"{clause.text}: {why}."
    if clause.predicate == FALSE:
        return _never(trust, clause, statement)
    missing = sorted(claims_of(clause.predicate) - _minted(issuer.grammar))
    if missing:
        return f"{clause.text}: tokens of {issuer.name} carry no claim {words.listed(missing)}."
    texts = [(claim, text) for claim, text in _literals(clause.predicate)]
    starred = [text for claim, text in dict.fromkeys(texts) if _meant_as_pattern(claim, text, issuer.grammar)]
    if texts and len(starred) == len(texts):
        return (
            f"{clause.text} compares letter by letter: the wildcard in {words.listed(starred, 'and')} stands for "
            "itself, and no token contains it."
        )
    if trust.provider == "azure" and clause.source.span is not None and _meant_as_regex(clause):
        return (
            f"{clause.text}: an expression knows * and ? and nothing else; what looks like a regular expression is "
            "compared letter by letter, and no token has it."
        )
    culprit = _bad_name(clause.predicate, issuer)
    if culprit is not None:
        return f"{clause.text}: no {culprit} on {issuer.name} has the name that {_shown(clause)} needs."
    claims = [claim for claim in sorted(claims_of(clause.predicate)) if claim not in AUDIENCE_CLAIMS]
    forms = [form for claim in claims for form in _forms(issuer, claim)]
    known = f" Its {words.listed(claims)} has the form {words.listed(forms, most=FORMS)}." if forms else ""
    return f"{clause.text}: no token of {issuer.name} matches {_shown(clause)}.{known}"


def _never(trust: Trust, clause: Clause, statement: Statement) -> str:
    others = (url for url in statement.issuers if url != trust.issuer.url)
    foreign = next(
        (url for url in others if f" {url.removeprefix('https://')}:".lower() in f" {clause.text.lower()}"), None
    )
    if foreign is not None:
        return (
            f"{clause.text} reads a token of {foreign}; in a request with a token of {trust.issuer.name} it is absent."
        )
    if not clause.values:
        return f"{clause.text} lists nothing that a request with a token of {trust.issuer.name} could match."
    return (
        f"{clause.text} never holds for a token of {trust.issuer.name}: {words.cloud(trust)} has no such key in the "
        "request, or the same other value in every one."
    )


def _shown(clause: Clause) -> str:
    return words.listed((value.text for value in clause.values), "or") or "it"


def _minted(grammar: Grammar) -> frozenset[str]:
    return frozenset(
        name for shape in grammar.shapes for name in (*shape.claims, *shape.lists, *shape.constants, *shape.optional)
    )


def _literals(predicate: Predicate) -> Iterator[tuple[str, str]]:
    """Every (claim, text) that the predicate compares letter by letter."""
    match predicate:
        case Match(claim, Pattern() as language) if language.literal is not None:
            yield claim, language.literal
        case And(operands) | Or(operands):
            for operand in operands:
                yield from _literals(operand)
        case Not(operand):
            yield from _literals(operand)
        case _:
            return


def _meant_as_pattern(claim: str, text: str, grammar: Grammar) -> bool:
    """Whether somebody wrote a pattern where only text is compared: as a pattern it would match."""
    return any(wild in text for wild in "*?") and not impossible((Match(claim, Pattern.glob(text)),), grammar)


def _meant_as_regex(clause: Clause) -> bool:
    """Whether somebody wrote a regular expression where there are only `*` and `?`."""
    return any(sign in value.text for value in clause.values for sign in _REGEX)


def _bad_name(predicate: Predicate, issuer: Issuer) -> str | None:
    """What the one part of a token is called that would have to break the platform's rules for names."""
    grammar = issuer.grammar
    claims = claims_of(predicate)
    shapes = [_only(shape, claims) for shape in grammar.distinct(grammar.shapes, claims)]
    for variable in dict.fromkeys(v for shape in shapes for v in shape.variables.values()):
        if variable.dimension in {"presence", "other"}:
            continue
        free = Variable(variable.name, _ANYTHING, minimum=0, maximum=4096, dimension=variable.dimension)
        freed = [_with(shape, variable, free) for shape in shapes if variable in shape.variables.values()]
        if isinstance(solve(predicate, grammar, freed), Accepted):
            return words.noun(issuer, variable.dimension)
    return None


def _only(shape: Shape, claims: frozenset[str]) -> Shape:
    """The shape without the claims nobody asks about."""
    return replace(shape, claims={claim: term for claim, term in shape.claims.items() if claim in claims}, lists={})


def _with(shape: Shape, old: Variable, new: Variable) -> Shape:
    def swapped(term: Term) -> Term:
        return tuple(p._replace(variable=new) if isinstance(p, Slot) and p.variable is old else p for p in term)

    return replace(shape, claims={claim: swapped(term) for claim, term in shape.claims.items()})


def _forms(issuer: Issuer, claim: str) -> list[str]:
    """The documented forms of a claim, what varies in capitals."""
    terms = (shape.claims[claim] for shape in issuer.grammar.shapes if shape.certain and claim in shape.claims)
    return list(dict.fromkeys(words.form(issuer, term) for term in terms))
