"""The macros of CEL over all tokens at once: `all`, `exists`, `exists_one`, `filter`, `map`."""

from __future__ import annotations

from typing import Protocol

from auditor.claims.predicate import (
    ELEMENT,
    FALSE,
    TRUE,
    AllValues,
    AnyValue,
    Predicate,
    Unknown,
    claims_of,
    conjunction,
    disjunction,
)
from auditor.claims.texts import Claim
from auditor.providers.gcp.cel_syntax import Comprehension, Expr
from auditor.providers.gcp.cel_values import (
    YES,
    Cases,
    Derived,
    Elements,
    Json,
    Opaque,
    Rails,
    Sequence,
    Symbol,
    Table,
    Truth,
    claims_in,
    combined,
    defined,
    doubt,
    is_list,
    is_other,
    sure,
    text_of,
    type_of,
)

MOST_ITEMS = 200


class Compiler(Protocol):
    """What the macros need of the compiler."""

    def cases(self, expr: Expr) -> Cases: ...

    def rails(self, expr: Expr) -> Rails: ...

    def with_variable(self, name: str, cases: Cases, *, element: bool) -> Compiler: ...


def comprehended(expr: Comprehension, compiler: Compiler) -> Cases:
    """`range.macro(variable, …)`."""
    return combined((compiler.cases(expr.range),), lambda symbols: _over(symbols[0], expr, compiler))


def _over(around: Symbol, expr: Comprehension, compiler: Compiler) -> Cases:
    match around:
        case Opaque():
            return sure(around)
        case Json(claim):
            elements = Elements(claim, Claim(ELEMENT), YES)
            fields = Opaque(f"the fields of {claim} are not known")
            return (*_over_elements(elements, expr, compiler), (is_other(claim), fields))
        case Elements():
            return _over_elements(around, expr, compiler)
        case Sequence(items):
            return _over_items(items, expr, compiler)
        case Table(entries):
            whole = defined(around)
            items = tuple(key for key, _ in entries)
            return tuple((conjunction((whole, guard)), one) for guard, one in _over_items(items, expr, compiler))
        case _ if type_of(around) in ("list", "map"):
            return ((defined(around), Opaque(f"{expr.macro} over what is not looked into")),)
        case _:
            return ()


# Lists that were written out


def _over_items(items: tuple[Symbol, ...], expr: Comprehension, compiler: Compiler) -> Cases:
    if len(items) > MOST_ITEMS:
        return sure(Opaque("budget: a macro over a long list"))
    whole = conjunction(map(defined, items))
    inner = [compiler.with_variable(expr.variable, sure(item), element=False) for item in items]
    if expr.macro == "map" and len(expr.bodies) == 1:
        mapped = tuple(one.cases(expr.bodies[0]) for one in inner)
        return tuple((conjunction((whole, guard)), one) for guard, one in combined(mapped, _listed))
    tests = [one.rails(expr.bodies[0]) for one in inner]
    match expr.macro:
        case "all":
            rails = Rails(conjunction(test.true for test in tests), disjunction(test.false for test in tests))
        case "exists":
            rails = Rails(disjunction(test.true for test in tests), conjunction(test.false for test in tests))
        case "exists_one":
            rails = _exactly_one(tests)
        case _:
            return _kept(items, tests, whole, expr, compiler)
    return sure(Truth(rails.given(whole)))


def _listed(symbols: tuple[Symbol, ...]) -> Cases:
    return sure(Sequence(symbols))


def _exactly_one(tests: list[Rails]) -> Rails:
    """An error anywhere is an error of the whole."""
    fine = conjunction(test.defined for test in tests)
    alone = [conjunction((test.true, *(other.false for other in tests if other is not test))) for test in tests]
    pairs = [conjunction((one.true, other.true)) for at, one in enumerate(tests) for other in tests[:at]]
    none = conjunction(test.false for test in tests)
    return Rails(disjunction(alone), conjunction((fine, disjunction((none, *pairs)))))


def _kept(
    items: tuple[Symbol, ...], tests: list[Rails], whole: Predicate, expr: Comprehension, compiler: Compiler
) -> Cases:
    """`filter`, or `map` with a filter, where the filter does not depend on the token."""
    if any(test.true not in (TRUE, FALSE) or test.false not in (TRUE, FALSE) for test in tests):
        return ((whole, Opaque(f"{expr.macro} by a test that depends on the token")),)
    if any(test.true == test.false for test in tests):
        return ()
    kept = tuple(item for item, test in zip(items, tests, strict=True) if test.true == TRUE)
    if expr.macro == "filter":
        return ((whole, Sequence(kept)),)
    inner = [compiler.with_variable(expr.variable, sure(item), element=False) for item in kept]
    found = combined(tuple(one.cases(expr.bodies[1]) for one in inner), _listed)
    return tuple((conjunction((whole, guard)), one) for guard, one in found)


# Lists of the token


def _over_elements(around: Elements, expr: Comprehension, compiler: Compiler) -> Cases:
    fine = is_list(around.claim) if around == Elements(around.claim, Claim(ELEMENT), YES) else defined(around)
    inner = compiler.with_variable(expr.variable, sure(Derived(around.text)), element=True)
    if expr.macro == "map" and len(expr.bodies) == 1:
        return _mapped(around, around.kept, inner.cases(expr.bodies[0]), fine)
    test = inner.rails(expr.bodies[0])
    if expr.macro in ("filter", "map"):
        if not _local(test):
            return ((fine, Opaque(f"{expr.macro} by a test of other claims")),)
        kept = _both(around.kept, test)
        if expr.macro == "filter":
            return ((fine, Elements(around.claim, around.text, kept)),)
        return _mapped(around, kept, inner.cases(expr.bodies[1]), fine)
    return sure(Truth(_tested(around, test, expr.macro).given(fine)))


def _local(test: Rails) -> bool:
    """Whether a test reads nothing but the element."""
    return claims_of(test.true) | claims_of(test.false) <= {ELEMENT}


def _both(one: Rails, other: Rails) -> Rails:
    """The elements kept by `one` that `other` keeps as well; `other` is asked of no others."""
    return Rails(conjunction((one.true, other.true)), disjunction((one.false, conjunction((one.true, other.false)))))


def _mapped(around: Elements, kept: Rails, cases: Cases, fine: Predicate) -> Cases:
    texts = [text_of(symbol) for guard, symbol in cases if guard == TRUE]
    text = texts[0] if len(texts) == len(cases) == 1 else None
    if text is not None and claims_in(text) <= {ELEMENT}:
        return ((fine, Elements(around.claim, text, kept)),)
    return ((fine, Opaque("a list of more than plain texts, made of a list of the token")),)


def _tested(around: Elements, test: Rails, macro: str) -> Rails:
    claim, kept = around.claim, around.kept
    some_kept, none_kept = _any(claim, kept.true), _all(claim, kept.false)
    if not _local(test):
        if ELEMENT in claims_of(test.true) | claims_of(test.false) or macro == "exists_one":
            return doubt("a test of an element of a list and of other claims at once")
        if macro == "exists":
            return Rails(conjunction((some_kept, test.true)), disjunction((none_kept, test.false)))
        return Rails(disjunction((none_kept, test.true)), conjunction((some_kept, test.false)))
    passing, failing = _both(kept, test).true, conjunction((kept.true, test.false))
    all_pass = _all(claim, disjunction((kept.false, passing)))
    all_fail = _all(claim, disjunction((kept.false, failing)))
    match macro:
        case "exists":
            return Rails(_any(claim, passing), all_fail)
        case "all":
            return Rails(all_pass, _any(claim, failing))
        case _:
            clear = _all(claim, disjunction((kept.false, conjunction((kept.true, test.defined)))))
            several = Unknown(f"whether more than one element of {claim} is meant is not known")
            found = conjunction((clear, _any(claim, passing), several))
            return Rails(found, disjunction((all_fail, found)))


def _any(claim: str, each: Predicate) -> Predicate:
    return FALSE if each == FALSE else AnyValue(claim, each)


def _all(claim: str, each: Predicate) -> Predicate:
    return AllValues(claim, each)
