"""Conditions written to hurt: what an allow and a deny statement would say, as predicates over GitHub's claims.

Each case names what is hard about it. `possible` lists the verdicts that are no mistake: exact ones, and `unknown`
only where the case may cost more than the budget allows.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from auditor.claims.languages.pattern import Pattern
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import (
    FALSE,
    AllValues,
    And,
    AnyValue,
    Match,
    Not,
    Or,
    Predicate,
    SameText,
    Unknown,
    equals,
    negation,
)
from tests.claims.trusts import glob, sub

MANY = 2_000


@dataclass(frozen=True, slots=True)
class Hostile:
    """A trust of one allow statement and perhaps one deny statement."""

    allowed: Callable[[], Predicate]
    denied: Callable[[], Predicate] = lambda: FALSE
    possible: frozenset[str] = frozenset(("accepted", "rejected", "unknown"))

    def condition(self) -> Predicate:
        return And((self.allowed(), Not(self.denied())))


ACCEPTED = frozenset(("accepted",))
REJECTED = frozenset(("rejected",))
NOT_REJECTED = frozenset(("accepted", "unknown"))
NOT_ACCEPTED = frozenset(("rejected", "unknown"))


def globs(numbers: Iterable[int], form: str = "repo:acme/app-{}:*") -> Predicate:
    return Or(tuple(sub(form.format(number)) for number in numbers))


MAIN = "repo:acme/app-{}:ref:refs/heads/main"
APART = "repo:org-{0}/app-{0}:ref:refs/heads/branch-{0}"
"""Subjects that have nothing in common: no list of names describes them."""


def names(numbers: Iterable[int], form: str = MAIN, *, ignore_case: bool = False) -> Predicate:
    return Or(tuple(Match("sub", Pattern.exactly(form.format(n), ignore_case=ignore_case)) for n in numbers))


def values(numbers: Iterable[int], form: str = MAIN, *, ignore_case: bool = False) -> Predicate:
    return Match("sub", ValueSet((form.format(n) for n in numbers), ignore_case=ignore_case))


def folded(numbers: Iterable[int], form: str) -> Predicate:
    return Or(tuple(Match("sub", Pattern(Pattern.glob(form.format(n)).tokens, ignore_case=True)) for n in numbers))


def one_by_one(predicate: Predicate) -> Predicate:
    """Each alternative as a refusal of its own, as a policy of many deny statements says it."""
    assert isinstance(predicate, Or)
    return Not(And(tuple(map(Not, predicate.operands))))


def nested(depth: int) -> Predicate:
    condition: Predicate = sub("repo:acme/app:*")
    for level in range(depth):
        other = sub(f"repo:acme/app:ref:refs/heads/b{level}")
        condition = Not(Or((condition, other))) if level % 2 else Not(And((condition, negation(other))))
    return condition


def nested_over_claims(depth: int) -> Predicate:
    """The same where every level asks about another claim: nothing folds into one list."""
    claims = ("ref", "repository", "environment", "actor", "workflow", "event_name")
    condition: Predicate = sub("repo:acme/app:*")
    for level in range(depth):
        other = Match(claims[level % len(claims)], Pattern.glob(f"*{level}*"))
        condition = Not(And((Or((condition, other)), Not(sub(f"*{level % 10}*")))))
    return condition


def ladder(rungs: int) -> Predicate:
    """`(a or b) and (c or d) and …` over one claim, and no two agree: 2**rungs ways, all of them dead ends."""
    letters = string.ascii_lowercase
    return And(
        (
            sub("repo:acme/*:ref:refs/heads/*"),
            *(
                Or((sub(f"*{letters[n % 26]}{n}*{n}*:ref:*"), sub(f"*:ref:*{n}{letters[n % 26]}*{n}*")))
                for n in range(rungs)
            ),
            glob("repository", "acme/??"),
            glob("ref", "refs/heads/????"),
        )
    )


def pigeons(holes: int) -> Predicate:
    """Every one of `holes + 1` claims names one of `holes` letters, and no two may share one: a classic dead end."""
    claims = ("actor", "environment", "workflow", "enterprise", "head_ref", "ref", "aud", "jti")[: holes + 1]
    letters = string.ascii_lowercase[:holes]
    homes = tuple(Or(tuple(Match(claim, Pattern.glob(f"*{letter}")) for letter in letters)) for claim in claims)
    clashes = tuple(
        Not(And((Match(one, Pattern.glob(f"*{letter}")), Match(other, Pattern.glob(f"*{letter}")))))
        for place, one in enumerate(claims)
        for other in claims[place + 1 :]
        for letter in letters
    )
    return And((*homes, *clashes))


def pairs() -> Predicate:
    return Or(tuple(And((sub(f"repo:acme/app-{n}:*"), equals("ref", f"refs/heads/b{n}"))) for n in range(MANY)))


def windows(count: int) -> Predicate:
    """Refusals of every short piece at every place: the search for a free name has to look far."""
    return Or(tuple(Match("ref", Pattern.glob("refs/heads/" + "?" * n + "*a")) for n in range(count)))


EVERYTHING = range(MANY)
ALL_BUT_ONE = range(MANY - 1)
SHIFTED = range(1, MANY + 1)
OTHERS = range(MANY, 2 * MANY)


Writer = Callable[[Iterable[int]], Predicate]


def _against(write: Writer, refuse: Writer, name: str) -> dict[str, Hostile]:
    """2,000 allowed against 2,000 refused: all of them, all but one, as many others, none of them."""
    return {
        f"{name}: all refused": Hostile(lambda: write(EVERYTHING), lambda: refuse(EVERYTHING), REJECTED),
        f"{name}: all but one refused": Hostile(lambda: write(EVERYTHING), lambda: refuse(ALL_BUT_ONE), ACCEPTED),
        f"{name}: shifted by one": Hostile(lambda: write(EVERYTHING), lambda: refuse(SHIFTED), ACCEPTED),
        f"{name}: none refused": Hostile(lambda: write(EVERYTHING), lambda: refuse(OTHERS), ACCEPTED),
    }


LISTS: dict[str, Hostile] = {
    **_against(names, names, "2,000 exact subjects"),
    **_against(values, values, "2,000 values of one set"),
    **_against(globs, globs, "2,000 globs"),
    **_against(globs, lambda numbers: one_by_one(globs(numbers)), "2,000 globs, one by one"),
    **_against(lambda n: names(n, ignore_case=True), lambda n: names(n, ignore_case=True), "2,000 in any case"),
    **_against(names, lambda n: names(n, ignore_case=True), "2,000 exact, refused in any case"),
    **_against(lambda n: names(n, APART), lambda n: names(n, APART), "2,000 with nothing in common"),
    **_against(lambda n: values(n, APART), lambda n: names(n, APART, ignore_case=True), "2,000 apart, in any case"),
    **_against(
        lambda n: globs(n, "repo:org-{0}/app-{0}:ref:refs/heads/branch-{0}/*"),
        lambda n: globs(n, "repo:org-{0}/app-{0}:ref:*"),
        "2,000 globs apart",
    ),
    **_against(
        lambda n: folded(n, "repo:acme/App-{}-x:*"), lambda n: folded(n, "repo:acme/app-{}-X:*"), "2,000 folded globs"
    ),
    "2,000 allowed in any case, refused as written": Hostile(
        lambda: names(EVERYTHING, ignore_case=True), lambda: names(EVERYTHING), ACCEPTED
    ),
}  # fmt: skip

OTHER: dict[str, Hostile] = {
    "200 stars": Hostile(lambda: sub("repo:" + "*a" * 200), possible=NOT_REJECTED),
    "200 stars, another letter behind each": Hostile(
        lambda: sub("repo:acme/" + "*".join("abcdefghij" * 20) + "*"), possible=NOT_REJECTED
    ),
    "200 stars that no name is long enough for": Hostile(
        lambda: Match("repository_owner", Pattern.glob("*a" * 200)), possible=REJECTED
    ),
    "200 stars against 200 stars": Hostile(
        lambda: sub("repo:" + "*a" * 200 + "*"), lambda: sub("repo:" + "*b" * 200 + "*"), NOT_REJECTED
    ),
    "200 stars on one branch against 200 stars": Hostile(
        lambda: Match("ref", Pattern.glob("refs/heads/" + "*a" * 200 + "*")),
        lambda: Match("ref", Pattern.glob("refs/heads/" + "*a*b" * 100 + "*")),
        NOT_REJECTED,
    ),
    "200 stars, the same refused": Hostile(
        lambda: Match("ref", Pattern.glob("refs/heads/" + "*ab" * 200 + "*")),
        lambda: Match("ref", Pattern.glob("refs/heads/" + "*a" * 200 + "*")),
        NOT_ACCEPTED,
    ),
    "twenty patterns of seven stars each": Hostile(
        lambda: And(tuple(sub("repo:*" + "*".join(string.ascii_lowercase[n : n + 6]) + "*") for n in range(20))),
        possible=NOT_REJECTED,
    ),
    "only question marks": Hostile(lambda: sub("?" * 2_000)),
    "question marks and stars": Hostile(lambda: sub("?*" * 300), possible=NOT_REJECTED),
    "question marks at every place": Hostile(
        lambda: Match("ref", Pattern.glob("*")), lambda: windows(400), NOT_REJECTED
    ),
    "2,000 patterns": Hostile(lambda: globs(EVERYTHING), possible=ACCEPTED),
    "2,000 refusals": Hostile(lambda: sub("repo:acme/*"), lambda: globs(EVERYTHING), ACCEPTED),
    "2,000 refusals of any piece": Hostile(
        lambda: sub("repo:acme/*a*b*c*"), lambda: globs(EVERYTHING, "*{}*"), NOT_REJECTED
    ),
    "2,000 pieces, 2,000 refused pieces": Hostile(
        lambda: globs(EVERYTHING, "*x{}*"), lambda: globs(EVERYTHING, "*{}*"), NOT_ACCEPTED
    ),
    "2,000 values of a set operator": Hostile(
        lambda: AnyValue("sub", Or(tuple(Match("", Pattern.glob(f"repo:acme/app-{n}:*")) for n in EVERYTHING))),
        possible=ACCEPTED,
    ),
    "2,000 values for all, 2,000 refused for any": Hostile(
        lambda: AllValues("sub", Or(tuple(Match("", Pattern.glob(f"repo:acme/app-{n}:*")) for n in EVERYTHING))),
        lambda: AnyValue("sub", Or(tuple(Match("", Pattern.glob(f"repo:acme/app-{n}:*")) for n in ALL_BUT_ONE))),
        NOT_REJECTED,
    ),
    "2,000 pairs of claims": Hostile(
        pairs,
        possible=ACCEPTED,
    ),
    "2,000 pairs of claims, crossed and refused": Hostile(
        pairs,
        lambda: Or(tuple(And((sub(f"*/app-{n}:*"), equals("actor", f"a{n}"))) for n in EVERYTHING)),
        NOT_REJECTED,
    ),
    "2,000 pairs of claims, all refused": Hostile(
        pairs,
        lambda: Or(tuple(And((glob("repository", f"*/app-{n}"), glob("ref", f"refs/*/b{n}"))) for n in EVERYTHING)),
        NOT_ACCEPTED,
    ),
    "2,000 texts compared with an environment": Hostile(
        lambda: Or(tuple(equals("environment", f"env:{n}") for n in EVERYTHING)),
        lambda: globs(EVERYTHING, "*:environment:env%3A{}"),
        NOT_ACCEPTED,
    ),
    "500 negations": Hostile(lambda: nested(500)),
    "200 negations over claims": Hostile(lambda: nested_over_claims(200)),
    "20 negations over claims": Hostile(lambda: nested_over_claims(20)),
    "a ladder of 40 choices": Hostile(lambda: ladder(40), possible=NOT_ACCEPTED),
    "seven claims, six letters": Hostile(lambda: pigeons(6), possible=NOT_ACCEPTED),
    "2,000 unknowns": Hostile(
        lambda: Or(tuple(And((Unknown(f"tag {n}"), sub(f"repo:acme/app-{n}:*"))) for n in EVERYTHING)),
        possible=frozenset(("unknown",)),
    ),
    "claims compared with each other": Hostile(
        lambda: And(tuple(SameText(a, b) for a in ("sub", "ref", "actor") for b in ("workflow", "aud", "jti")))
    ),
    "64 KB of patterns": Hostile(  # a subject holds no ten colons
        lambda: Or(tuple(sub(f"repo:acme/*{number}" + "*ab*:ref:*/a*b" * 10) for number in range(400))),
        possible=NOT_ACCEPTED,
    ),
    "64 KB of patterns that somebody matches": Hostile(
        lambda: Or(tuple(sub(f"repo:*{n}*" + "*a*b/c*d?" * 12 + ":*:*") for n in range(550))), possible=NOT_REJECTED
    ),
    "64 KB of patterns against 64 KB": Hostile(
        lambda: Or(tuple(sub(f"repo:*{n}*" + "*a*b/c*d?" * 12 + "*") for n in range(550))),
        lambda: Or(tuple(sub(f"*{n}*" + "*b*a/d*c?" * 12 + "*") for n in range(550))),
        NOT_REJECTED,
    ),
    "a pattern of 64 KB": Hostile(lambda: sub("repo:acme/" + "a" * 65_000), possible=REJECTED),
    "a pattern of 64 KB of stars and letters": Hostile(
        lambda: sub("repo:acme/" + "*a" * 32_000), possible=NOT_ACCEPTED
    ),
    "a text of 64 KB, refused": Hostile(lambda: sub("repo:acme/*"), lambda: sub("*" + "a" * 65_000 + "*"), ACCEPTED),
}  # fmt: skip

CASES: dict[str, Hostile] = {**LISTS, **OTHER}
