"""Which identities a token becomes: the provider's own evaluator decides, the compiled trust tells why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auditor.claims.grammar import Grammar, Shape, Slot
from auditor.claims.predicate import Constant, Predicate, Token, claims_of, evaluate
from auditor.claims.solver import reasons, solve
from auditor.claims.verdict import Accepted, Rejected
from auditor.claims.work import Work
from auditor.model import Clause, Source, Statement, Trust
from auditor.tokens.read import Decoded

Admits = Callable[[Trust, Token], bool | None]
"""Whether the source documents let this very token in (`Provider.admits`)."""

REQUEST = "request:"
"""Pseudo-claims that begin like this are chosen by whoever brings the token, not by its issuer."""

THOROUGH = 500
"""Up to so many trusts, each is judged by both evaluations."""

INTERNAL = "internal: the two evaluations of this trust disagree; a defect of this program"


@dataclass(frozen=True, slots=True)
class Ground:
    """A statement that lets the token in."""

    source: Source
    tests: tuple[tuple[str, str | None], ...]
    """Each of its tests, with the listed value that matches where there is such a list."""


@dataclass(frozen=True, slots=True)
class Admission:
    """What becomes of the token at one trust."""

    trust: Trust
    result: bool | None
    reason: str
    """Why it is unknown, or refused for something no statement shows; else empty."""
    chosen: Token
    """What the bearer has to choose besides the token, e.g. a session name; mostly empty."""
    grounds: tuple[Ground, ...]
    """The allow statements that hold for the token."""


def considered(trust: Trust, issuer: str) -> bool:
    """Whether tokens of `issuer` may be meant: it is the trust's own, or whose the trust is could not be read."""
    return "policy-unread" in trust.notes or _bare(trust.issuer.url) == _bare(issuer)


def _bare(url: str) -> str:
    """Spellings that a person takes for one; the evaluator then tells which of them the cloud takes."""
    return url.removeprefix("https://").rstrip("/").lower()


def admissions(trusts: Sequence[tuple[Trust, Admits]], decoded: Decoded) -> tuple[Admission, ...]:
    """Each of `trusts` judged, in their order.

    Where they are many, those whose compiled conditions certainly refuse the token are not shown to the evaluator: it
    is there to confirm what gets in, and takes its time.
    """
    thorough = len(trusts) <= THOROUGH
    return tuple(
        Admission(trust, False, "", {}, ())
        if not thorough and certainly_refused(trust, decoded)
        else judge(trust, decoded, admits)
        for trust, admits in trusts
    )


def certainly_refused(trust: Trust, decoded: Decoded) -> bool:
    """Whether the compiled conditions refuse the token, whatever is unknown and whatever its bearer chooses."""
    if _truth(trust.gate, decoded) is False or any(_holds(statement, decoded) for statement in trust.denies):
        return True
    return all(_holds(statement, decoded) is False for statement in trust.allows)


def _holds(statement: Statement, decoded: Decoded) -> bool | None:
    answer: bool | None = True
    for clause in statement.clauses:
        result = _truth(clause.predicate, decoded)
        if result is False:
            return False
        answer = None if result is None else answer
    return answer


def _truth(predicate: Predicate, decoded: Decoded) -> bool | None:
    """None also where the bearer chooses, or where a claim is of a form no test can read."""
    open_to = any(claim.startswith(REQUEST) or claim in decoded.unread for claim in claims_of(predicate))
    return None if open_to else evaluate(predicate, decoded.claims)


def judge(trust: Trust, decoded: Decoded, admits: Admits) -> Admission:
    """Whether `decoded` becomes the identity of `trust`."""
    # What cannot be read is there all the same; no text equals it.
    token: Token = {**decoded.claims, **dict.fromkeys(decoded.unread, True)}
    predicate = trust.predicate
    read = claims_of(predicate)
    if "policy-unread" in trust.notes:
        return Admission(trust, None, str(trust.notes["policy-unread"]), {}, ())
    if unread := sorted(read & decoded.unread.keys()):
        return _unreadable(trust, decoded, unread)
    chosen: Token = {}
    if asked := sorted(claim for claim in read if claim.startswith(REQUEST)):
        choice = _choice(predicate, trust.issuer.grammar, token)
        if choice is None and not admits(trust, token):
            names = " and ".join(claim.removeprefix(REQUEST) for claim in asked)
            return Admission(trust, False, f"whatever {names} its bearer chooses", {}, ())
        chosen = choice or {}
        token = {**token, **chosen}
    by = tuple(_ground(statement, token) for statement in trust.allows if evaluate(statement.predicate, token))
    compiled = evaluate(predicate, token)
    result = admits(trust, token)
    if result is None:
        return Admission(trust, None, _doubts(trust, token), chosen, by)
    if result and compiled is False:
        return Admission(trust, None, INTERNAL, chosen, by)
    if not result and compiled:
        return _refused(trust, token, admits, chosen, by)
    return Admission(trust, result, "", chosen, by if result else ())


def _unreadable(trust: Trust, decoded: Decoded, claims: Sequence[str]) -> Admission:
    if certainly_refused(trust, decoded):
        return Admission(trust, False, "", {}, ())
    why = "; ".join(f"{claim} is {decoded.unread[claim]}" for claim in claims)
    return Admission(trust, None, f"how the cloud reads a claim of the token is not known: {why}", {}, ())


def _ground(statement: Statement, token: Token) -> Ground:
    return Ground(statement.source, tuple(_passed(clause, token) for clause in statement.clauses))


def _passed(clause: Clause, token: Token) -> tuple[str, str | None]:
    if isinstance(clause.predicate, Constant):
        return f"{clause.text}, which is true of every token", None
    return clause.text, next((value.text for value in clause.values if evaluate(value.predicate, token)), None)


def _doubts(trust: Trust, token: Token) -> str:
    """What stands between a yes and a no."""
    parts = [trust.gate, *(clause.predicate for statement in trust.statements for clause in statement.clauses)]
    open_ones = [part for part in parts if evaluate(part, token) is None]
    told = list(dict.fromkeys(reason for part in open_ones for reason in reasons(part)))
    return "; ".join(told) or "the source policy depends on something that neither it nor the token tells"


def _refused(trust: Trust, token: Token, admits: Admits, chosen: Token, by: tuple[Ground, ...]) -> Admission:
    """The conditions let it in and the platform does not: some claim has a meaning to the platform itself."""
    if token["iss"] != trust.issuer.url:
        return Admission(trust, False, "it is for tokens of another issuer", chosen, ())
    read = claims_of(trust.predicate)
    further = [claim for claim in token if claim not in read]
    guilty = [claim for claim in further if admits(trust, _without(token, (claim,)))]
    if not guilty and admits(trust, _without(token, further)):
        guilty = further
    if not guilty:
        return Admission(trust, None, INTERNAL, chosen, by)
    why = f"the conditions hold, but the platform refuses the token for its claim {' or '.join(guilty)}"
    return Admission(trust, False, why, chosen, ())


def _without(token: Token, claims: Sequence[str]) -> Token:
    return {name: value for name, value in token.items() if name not in claims}


def _choice(predicate: Predicate, grammar: Grammar, token: Token) -> Token | None:
    """What the bearer may choose so that `token` gets in; None where nothing helps, empty where that is not known.

    The token is written as a grammar of one token, with the pseudo-claims left free.
    """
    read = claims_of(predicate)
    free = {
        claim: term
        for shape in grammar.shapes[:1]
        for claim, term in shape.claims.items()
        if claim.startswith(REQUEST) and claim in read
    }
    texts = {claim: (value,) for claim, value in token.items() if isinstance(value, str) and claim in read}
    constants = {claim: value for claim, value in token.items() if isinstance(value, int) and claim in read}
    shape = Shape("this token", "", claims={**texts, **free}, constants=constants)
    variables = {part.variable.name: part.variable for term in free.values() for part in term if isinstance(part, Slot)}
    verdict = solve(predicate, Grammar(variables, (shape,)), (shape,), Work())
    if isinstance(verdict, Rejected):
        return None
    return {claim: verdict.witness[claim] for claim in free} if isinstance(verdict, Accepted) else {}
