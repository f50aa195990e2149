"""The attacker classes of design section 4, derived from a grammar's dimensions; no issuer is named here.

Every class is one more predicate over `$variable` claims, conjoined with the trust and handed to the solver.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from auditor.claims.fresh import arbitrary_shapes, fresh_name, gated, showing
from auditor.claims.grammar import Grammar, Shape, Variable, variable_in
from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.naming import AUDIENCE_CLAIMS, NAMING, Names, Pin, pinned_names, strangers
from auditor.claims.predicate import (
    TRUE,
    And,
    Exists,
    Match,
    Predicate,
    Unknown,
    conjunction,
    disjunction,
    negation,
)
from auditor.claims.regions import regions
from auditor.claims.solver import Admitted
from auditor.claims.templates import customised, solve_templated
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.claims.work import Work

CLASSES = (
    "any-tenant", "any-project", "any-branch", "any-tag", "any-environment", "pull-request", "unchecked-audience",
)  # fmt: skip

MAX_TEMPLATES = 8
"""Templates that each pin a tenant of their own, looked at before giving up."""


@dataclass(frozen=True, slots=True)
class Question:
    """Everything the classes of one trust are decided from."""

    admitted: Admitted
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
    templated: tuple[Shape, ...] = ()
    """The forms of token of strangers who get in by a subject of their own making."""

    @property
    def predicate(self) -> Predicate:
        return self.admitted.predicate

    @property
    def grammar(self) -> Grammar:
        return self.admitted.grammar

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The forms of token that count."""
        return (*self.admitted.shapes, *self.templated)

    @property
    def work(self) -> Work:
        """What all questions about this trust may cost together."""
        return self.admitted.work

    def ask(self, further: Predicate, shapes: tuple[Shape, ...] | None = None) -> Verdict:
        """Whether some token of `shapes` (default: all that count) satisfies the trust and `further`."""
        return self.admitted.ask(further, self.shapes if shapes is None else shapes, Work(parent=self.work))


def classify(question: Question) -> dict[str, Verdict]:
    """Class → verdict, in the order of `CLASSES`; classes the issuer has no notion of are left out."""
    grammar = question.grammar
    stranger = _any_tenant(question)
    if isinstance(stranger, Accepted) and stranger.template:
        # Strangers get in by a subject of their own: the narrower classes hold for their runs as well.
        templated = customised(grammar, stranger.template)
        question = replace(question, templated=templated)
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
    verdict = question.ask(strangers(question.tenants))
    if isinstance(verdict, Accepted):
        return _at_sight(verdict, question)
    # Where the default subjects leave it open, a template can settle it one way only: by getting in for certain.
    templated = _templated_stranger(question, strictly=isinstance(verdict, Undecided))
    return templated if isinstance(templated, Accepted) or isinstance(verdict, Rejected) else verdict


def _any_subject(question: Question) -> Verdict:
    """The same for an issuer nobody described: any subject that the trust does not name may be a stranger's."""
    verdict = question.ask(strangers(question.tenants))
    if isinstance(verdict, Accepted):
        return Undecided("more than exactly named subjects get in, and who can hold tokens of this issuer is not known")
    return verdict


def _at_sight(verdict: Accepted, question: Question) -> Verdict:
    """The same acceptance with a tenant people recognise as a stranger, where one gets in."""
    for variable in question.grammar.of_dimension("tenant"):
        if variable.values is None:
            stranger = conjunction((strangers(question.tenants), _is(variable, variable.hints[0])))
            friendly = question.ask(stranger)
            if isinstance(friendly, Accepted):
                return friendly
    return verdict if question.names_known else Undecided(_TOO_MANY_NAMES)


_TOO_MANY_NAMES = "budget: the trust names too many tenants and projects to tell strangers from them"


def _templated_stranger(question: Question, *, strictly: bool) -> Verdict:
    """Whether some tenant gets in that customises its subject, other than those the matching templates pin exactly.

    `workflow:x:repo:acme/app:…` is printed by a template of acme alone; that makes acme named, not everybody welcome.
    """
    named = dict(question.tenants)
    for _ in range(MAX_TEMPLATES):
        asked = And((question.predicate, strangers(named)))
        verdict = solve_templated(asked, question.grammar, Work(parent=question.work), strictly=strictly)
        if not isinstance(verdict, Accepted):
            return verdict
        shapes = customised(question.grammar, verdict.template)
        found, listed = regions(question.predicate, question.grammar, shapes, Work(parent=question.work))
        if not listed:
            return Undecided(_TOO_MANY_NAMES)
        pinned = pinned_names(found, NAMING)
        new = {v: names - named.get(v, frozenset()) for v, names in pinned.items()}
        if not any(new.values()):
            return verdict
        for variable, names in new.items():
            named[variable] = named.get(variable, frozenset()) | names
    return Undecided("budget: too many customised subject templates each pin a tenant of their own")


def _any_project(question: Question) -> Verdict | None:
    grammar = question.grammar
    if not (grammar.of_dimension("project") or grammar.of_dimension("project-id")):
        return None
    owners = {v: names for v, names in question.tenants.items() if names and v.dimension.startswith("tenant")}
    # Tenants that were too many to list are not left out of the question: a refusal must hold for them as well.
    whole = owners and question.names_known
    ours = disjunction(variable_in(v, names) for v, names in owners.items()) if whole else TRUE
    # Another project than the named ones differs in every identifier the trust pins them by.
    verdict = question.ask(conjunction((ours, *(negation(pin.predicate) for pin in question.pins))))
    return verdict if question.names_known or isinstance(verdict, Rejected) else Undecided(_TOO_MANY_NAMES)


def _fresh(question: Question, dimension: str) -> Verdict | None:
    """Whether an arbitrary name of the dimension is accepted: one that occurs in no pattern of the trust."""
    asked = arbitrary_shapes(question.grammar, question.shapes, dimension)
    if not asked:
        return None
    verdicts = [_arbitrary(question, TRUE, *fitting) for fitting in asked]
    return next((v for kind in (Accepted, Undecided) for v in verdicts if isinstance(v, kind)), verdicts[0])


def _arbitrary(
    question: Question, further: Predicate, variable: Variable, shapes: tuple[Shape, ...], claims: frozenset[str]
) -> Verdict:
    name = fresh_name(variable, question.predicate, claims)
    if name is None:
        verdict = question.ask(further, shapes)
        reason = f"no {variable.dimension} name is left that the trust's patterns do not use"
        return verdict if isinstance(verdict, Rejected) else Undecided(reason)
    verdict = question.ask(conjunction((further, _is(variable, name))), shapes)
    if isinstance(verdict, Accepted):
        for hint in variable.hints[1:2]:
            friendly = question.ask(conjunction((further, _is(variable, hint))), shapes)
            if isinstance(friendly, Accepted):
                return friendly  # a name people believe at sight proves the same
    return verdict


def _is(variable: Variable, name: str) -> Predicate:
    return Match(f"${variable.name}", Pattern.exactly(name))


def _pull_request(question: Question) -> Verdict | None:
    shapes = [shape for shape in question.shapes if shape.unmerged is not None]
    if not shapes:
        return None
    verdict: Verdict = Rejected()
    for shape in (shape for shape in shapes if not gated(shape)):
        unmerged = shape.unmerged or TRUE
        if shape.fresh_unmerged is None:
            answer = question.ask(unmerged, (shape,))
        else:
            variable = shape.variables[shape.fresh_unmerged]
            answer = _arbitrary(question, unmerged, variable, (shape,), showing((shape,), variable))
        if isinstance(answer, Accepted):
            return answer
        if isinstance(answer, Undecided):
            verdict = answer
    return verdict


def _unchecked_audience(question: Question) -> Verdict:
    """The token carries an audience, and none of those it carries is named."""
    names = ValueSet(question.audiences)
    carried = disjunction(Exists(claim) for claim in AUDIENCE_CLAIMS)
    other = conjunction((carried, *(negation(Match(claim, names)) for claim in AUDIENCE_CLAIMS)))
    if question.audience_doubt is not None:
        other = conjunction((other, Unknown(question.audience_doubt)))
    return question.ask(other)
