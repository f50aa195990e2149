"""Random CEL conditions, and tokens to ask them about.

Conditions are made of what the token's own claims hold, so that they are true about as often as not; each names the
functions it uses, so that a test can tell whether every one of them was compared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from auditor.providers.gcp.cel_syntax import (
    Binary,
    Call,
    Comprehension,
    Conditional,
    Expr,
    Has,
    Ident,
    Index,
    ListLiteral,
    Literal,
    Logic,
    MapLiteral,
    Message,
    Select,
    Uint,
    Unary,
)

TEXTS = ("sub", "repository", "ref", "environment", "actor", "empty", "odd")
"""Claims that are texts where they are there at all."""

VALUES: dict[str, tuple[Any, ...]] = {
    "sub": (
        "repo:acme/app:ref:refs/heads/main",
        "repo:acme/app:environment:prod",
        "a:b:c",
        "repo:acme/app:pull_request",
    ),
    "repository": ("acme/app", "acme/app-evil", "ACME/App"),
    "ref": ("refs/heads/main", "refs/heads/main-evil", "refs/tags/v1.2"),
    "environment": ("prod", "acme/app", "12", "007", " true ", "true"),
    "actor": ("acme", "bob", "Bob", "prod"),
    "empty": ("",),
    "odd": ("\u00e9\U0001f600x", "\u00a0a\u3000", "x\ny", "main\n", "aaa", "aaaa", "-5", "{x}"),
    "groups": (["admins", "dev"], ["dev"], [], ["dev", "dev", "acme"], "dev"),
    "aud": ("https://a", ["https://a", "b"], ["https://a"]),
    "n": (12, 0, -3, 1234567, 2.5),
    "flag": (True, False),
    "kubernetes.io": ({"namespace": "prod", "pod": {"name": "x"}}, {"namespace": "dev"}, {}),
}
_OFTEN = frozenset(("sub", "repository", "ref", "kubernetes.io"))


def make_token(random: Random, *, wild: bool = False) -> dict[str, Any]:
    """A token's JSON. `wild`: with null, mixed lists and claims of other types than usual, too."""
    token: dict[str, Any] = {}
    for claim, values in VALUES.items():
        if random.random() < (0.92 if claim in _OFTEN else 0.7):
            token[claim] = random.choice(values)
    if wild and random.random() < 0.5:
        odd = (None, [1, "dev", True], {"a": 1}, 7, "dev", True, ["dev", None], 1 << 60)
        token[random.choice(list(VALUES))] = random.choice(odd)
    return token


class Writer:
    """Writes one condition; `used` collects what it is made of."""

    def __init__(
        self,
        random: Random,
        values: Mapping[str, tuple[Any, ...]] = VALUES,
        texts: tuple[str, ...] = TEXTS,
        mapped: tuple[str, ...] = (),
    ) -> None:
        self.random = random
        self.values = values
        self.texts = texts
        self.mapped = mapped
        self.lists = tuple(claim for claim in ("groups", "aud") if claim in values)
        self.used: set[str] = set()
        self.variables: list[str] = []

    def pick(self, options: dict[str, Callable[[], str]]) -> str:
        name = self.random.choice(list(options))
        self.used.add(name)
        return options[name]()

    # Truth values

    def truth(self, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.35:
            return self.test(depth)
        inner = depth - 1
        return self.pick(
            {
                "&&": lambda: self.joined("&&", inner),
                "||": lambda: self.joined("||", inner),
                "!": lambda: f"!({self.truth(inner)})",
                "?:": lambda: f"({self.truth(inner)} ? {self.truth(inner)} : {self.truth(inner)})",
                "== truth": lambda: f"({self.truth(inner)}) {self.sign()} {self.one('true', 'false')}",
                "truth == truth": lambda: f"({self.truth(inner)}) {self.sign()} ({self.truth(inner)})",
                "exists over a list": lambda: self.over_list("exists", inner),
                "all over a list": lambda: self.over_list("all", inner),
                "exists_one over a list": lambda: self.over_list("exists_one", inner),
            }
        )

    def joined(self, sign: str, depth: int) -> str:
        operands = [self.truth(depth) for _ in range(self.random.choice((2, 2, 3)))]
        return f" {sign} ".join(f"({operand})" for operand in operands)

    def test(self, depth: int) -> str:
        def text() -> str:
            return self.text(self.random.choice((0, 1, 1, 2)))

        return self.pick(
            {
                "claim == constant": lambda: f"{self.claim()} {self.sign()} {self.constant()}",
                "==": lambda: f"{text()} {self.sign()} {self.constant()}",
                "== other way round": lambda: f"{self.constant()} {self.sign()} {text()}",
                "text == text": lambda: f"{text()} {self.sign()} {text()}",
                "claim == claim": lambda: f"{self.claim()} {self.sign()} {self.claim()}",
                "in list": lambda: f"{text()} in [{self.constants()}]",
                "in list of claims": lambda: f"{self.constant()} in [{self.claim()}, {text()}]",
                "in claim": lambda: f"{self.constant()} in {self.any_claim()}",
                "text in claim": lambda: f"{text()} in {self.any_claim()}",
                "in assertion": lambda: f"{self.one(*map(json.dumps, self.values))} in assertion",
                "in map": lambda: f"{text()} in {self.table()}",
                "has": lambda: f"has({self.field()})",
                "startsWith": lambda: f"{text()}.startsWith({self.argument()})",
                "endsWith": lambda: f"{text()}.endsWith({self.argument()})",
                "contains": lambda: f"{text()}.contains({self.argument()})",
                "constant contains": lambda: f"{self.constant()}.{self.tester()}({self.claim()})",
                "matches": lambda: f"{text()}.matches({self.expression()})",
                "matches()": lambda: f"matches({text()}, {self.expression()})",
                "size": lambda: f"size({self.sized()}) {self.relation()} {self.number()}",
                "size method": lambda: f"{self.sized()}.size() {self.relation()} {self.number()}",
                "indexOf": lambda: f"{text()}.indexOf({self.part()}) {self.relation()} {self.number()}",
                "indexOf from": lambda: f"{text()}.indexOf({self.part()}, {self.number()}) == {self.number()}",
                "indexOf +": lambda: (
                    f"{text()}.indexOf({self.part()}) {self.one('+', '-')} 2 {self.relation()} {self.number()}"
                ),
                "split size": lambda: (
                    f"size({self.claim()}.split({self.separator()})) {self.relation()} {self.number()}"
                ),
                "lastIndexOf to": lambda: f"{text()}.lastIndexOf({self.part()}, {self.number()}) == {self.number()}",
                "lastIndexOf": lambda: f"{text()}.lastIndexOf({self.part()}) {self.relation()} {self.number()}",
                "number": lambda: f"assertion.n {self.relation()} {self.number()}",
                "flag": lambda: self.one("assertion.flag", "!assertion.flag", "assertion.flag == true"),
                "wrong type": lambda: (
                    f"{self.any_claim()} {self.relation()} {self.one('12', '1', 'true', 'null', '1.5')}"
                ),
                "order": lambda: f"{text()} {self.one('<', '<=', '>', '>=')} {self.constant()}",
                "int": lambda: f"int({self.any_claim()}) {self.relation()} {self.number()}",
                "bool": lambda: f"bool({self.any_claim()})",
                "exists": lambda: self.over_claim("exists", depth),
                "all": lambda: self.over_claim("all", depth),
                "exists_one": lambda: self.over_claim("exists_one", depth),
                "filter": lambda: f"{self.constant()} in {self.over_claim('filter', depth)}",
                "map": lambda: f"{self.constant()} in {self.over_claim('map', depth)}",
                "in split": lambda: f"{self.part()} in {text()}.split({self.separator()})",
                "split == list": lambda: f"{text()}.split({self.separator()}) == [{self.constants()}]",
                "list == list": lambda: f"{self.any_claim()} {self.sign()} [{self.constants()}]",
                "list of claims == list": lambda: (
                    f"[{self.claim()}, {text()}] == [{self.constant()}, {self.constant()}]"
                ),
                "constant": lambda: self.one("true", "false", "1 == 1", '"a" == "b"', "null == null"),
                "null": lambda: f"{self.any_claim()} {self.sign()} null",
                "arithmetic": lambda: f"{self.number()} {self.one(*'+-*/%')} {self.number()} == {self.number()}",
                "type": lambda: f"type({self.any_claim()}) == {self.one('string', 'list', 'map', 'int', 'bool')}",
                "itself": self.itself,
            }
        )

    def itself(self) -> str:
        claim = self.claim()
        return f"{claim} {self.sign()} {claim}"

    # Texts

    def text(self, depth: int) -> str:
        if depth <= 0 or self.random.random() < 0.2:
            return self.claim()

        def inner() -> str:
            return self.text(depth - 1)

        return self.pick(
            {
                "+": lambda: f"({inner()} + {self.one(self.constant(), inner())})",
                "constant +": lambda: f"({self.constant()} + {inner()})",
                "lowerAscii": lambda: f"{inner()}.lowerAscii()",
                "upperAscii": lambda: f"{inner()}.upperAscii()",
                "trim": lambda: f"{inner()}.trim()",
                "reverse": lambda: f"{inner()}.reverse()",
                "replace": lambda: f"{inner()}.replace({self.part()}, {self.part()})",
                "replace some": lambda: f"{inner()}.replace({self.part()}, {self.part()}, {self.number()})",
                "substring": lambda: f"{inner()}.substring({self.number()})",
                "substring to": lambda: f"{inner()}.substring({self.number()}, {self.number()})",
                "substring at": self.cut,
                "charAt": lambda: f"{inner()}.charAt({self.number()})",
                "split": lambda: f"{inner()}.split({self.separator()})[{self.place()}]",
                "split some": lambda: f"{inner()}.split({self.separator()}, {self.number()})[{self.place()}]",
                "extract": lambda: f"{inner()}.extract({self.template()})",
                "text ?:": lambda: f"({self.truth(depth - 1)} ? {inner()} : {self.one(self.constant(), inner())})",
                "has ?:": lambda: f"(has({self.field()}) ? {inner()} : {self.constant()})",
                "map index": lambda: f"{self.table()}[{inner()}]",
                "list index": lambda: f"[{inner()}, {self.constant()}][{self.place()}]",
                "string": lambda: f"string({self.any_claim()})",
                "join": lambda: f"[{inner()}, {self.constant()}].join({self.separator()})",
                "join claim": lambda: f"{self.any_claim()}.join({self.separator()})",
                "split join": lambda: f"{inner()}.split({self.separator()}).join({self.separator()})",
                "split some join": lambda: (
                    f"{inner()}.split({self.separator()}, {self.number()}).join({self.separator()})"
                ),
                "dyn": lambda: f"dyn({inner()})",
            }
        )

    def cut(self) -> str:
        claim, part = self.claim(), self.part()
        where = f"{claim}.indexOf({part})"
        return self.one(
            f"{claim}.substring(0, {where})", f"{claim}.substring({where})", f"{claim}.substring({where} + 1)"
        )

    # Small parts

    def one(self, *options: str) -> str:
        return self.random.choice(options)

    def sign(self) -> str:
        return self.one("==", "==", "!=")

    def relation(self) -> str:
        return self.one("==", "!=", "<", "<=", ">", ">=")

    def number(self) -> str:
        return str(self.random.choice((-1, 0, 1, 2, 3, 5, 8, 12)))

    def place(self) -> str:
        return str(self.random.choice((0, 0, 1, 1, 2, 3, -1)))

    def separator(self) -> str:
        return json.dumps(self.random.choice((":", "/", "-", "", "::", "aa")))

    def tester(self) -> str:
        return self.one("startsWith", "endsWith", "contains")

    def claim(self) -> str:
        if self.variables and self.random.random() < 0.7:
            return self.random.choice(self.variables)
        if self.mapped and self.random.random() < 0.6:
            return self.random.choice(self.mapped)
        return self.written(self.random.choice(self.texts))

    def any_claim(self) -> str:
        return self.written(self.random.choice((*self.values, *self.lists, "missing")))

    def written(self, claim: str) -> str:
        if claim == "kubernetes.io":
            rest = self.random.choice(("", ".namespace", '["namespace"]', ".pod.name"))
            return f'assertion["kubernetes.io"]{rest}'
        return f'assertion["{claim}"]' if self.random.random() < 0.2 else f"assertion.{claim}"

    def field(self) -> str:
        return self.one(
            *(f"assertion.{claim}" for claim in self.values if "." not in claim),
            *self.mapped,
            'assertion["kubernetes.io"].namespace',
            'assertion["kubernetes.io"].pod.name',
            "assertion.missing",
            "assertion.missing.inner",
            "assertion.sub.inner",
        )

    def word(self) -> str:
        whole = self.random.choice([v for claim in self.texts for v in self.values[claim]])
        chance = self.random.random()
        if chance < 0.5:
            return str(whole)
        begin, end = sorted((self.random.randint(0, len(whole)), self.random.randint(0, len(whole))))
        if chance < 0.8:
            return str(whole[:end])
        return str(whole[begin:end]) if chance < 0.95 else str(whole) + "x"

    def constant(self) -> str:
        return json.dumps(self.word(), ensure_ascii=False)

    def constants(self) -> str:
        return ", ".join(self.constant() for _ in range(self.random.choice((0, 1, 2, 3))))

    def part(self) -> str:
        return json.dumps(self.random.choice(("a", "/", ":", "main", "acme", "", "aa", "refs/heads/", "b")))

    def argument(self) -> str:
        return self.one(self.constant(), self.constant(), self.part(), self.part(), self.claim())

    def template(self) -> str:
        options = (
            "repo:{x}/",
            "repo:{x}:",
            "ref:{x}",
            "/heads/{x}",
            "{x}:ref",
            "{all}",
            "/heads/{x}/",
            "no{x}",
            "a{x}a",
        )
        return json.dumps(self.random.choice(options))

    def expression(self) -> str:
        options = (
            "^repo:acme/", "main$", "^refs/heads/(main|dev)$", "refs/(heads|tags)/.*", "^[a-z]+/[a-z-]+$", "a.p", "(",
            "^$", "", "(?i)ACME", "\\bapp\\b", "^.{3}$", "a{2,}", "[^a]", "x?$",
        )  # fmt: skip
        return json.dumps(self.random.choice(options))

    def table(self) -> str:
        return f'{{{self.constant()}: "acme", "acme/app-own": {self.one(self.constant(), self.claim())}}}'

    def sized(self) -> str:
        return self.one(
            self.claim(),
            self.any_claim(),
            f"[{self.constants()}]",
            f"{self.claim()}.split({self.separator()})",
            '"abc"',
        )

    def over_claim(self, macro: str, depth: int) -> str:
        around = (
            self.any_claim()
            if self.random.random() < 0.2
            else self.one(*(f"assertion.{claim}" for claim in self.lists))
        )
        name = f"v{len(self.variables)}"
        self.variables.append(name)
        body = self.text(depth) if macro == "map" else self.truth(depth - 1)
        self.variables.pop()
        return f"{around}.{macro}({name}, {body})"

    def over_list(self, macro: str, depth: int) -> str:
        name = f"v{len(self.variables)}"
        around = f"[{self.constant()}, {self.claim()}, {self.constant()}]"
        self.variables.append(name)
        body = self.truth(depth)
        self.variables.pop()
        return f"{around}.{macro}({name}, {body})"


def make_condition(random: Random, mapped: tuple[str, ...] = ()) -> tuple[str, set[str]]:
    """A condition, and what it is made of."""
    writer = Writer(random, mapped=mapped)
    return writer.truth(random.choice((0, 0, 1, 1, 2, 3))), writer.used


def make_mapping(random: Random) -> dict[str, str]:
    """An attribute mapping, mostly of texts."""
    writer = Writer(random)
    names = ("google.subject", "attribute.one", "attribute.two")
    mapping = {name: writer.text(random.choice((0, 1, 2))) for name in names}
    if random.random() < 0.5:
        mapping["google.groups"] = random.choice(
            ("assertion.groups", "assertion.sub.split(':')", "[assertion.actor]", 'assertion.groups.map(g, "x" + g)')
        )
    return mapping


GITHUB: dict[str, tuple[Any, ...]] = {
    "sub": (
        "repo:acme/app:ref:refs/heads/main",
        "repo:acme/app:environment:prod",
        "repo:acme/app:pull_request",
        "repo:acme@123/app@456:ref:refs/heads/main",
    ),
    "repository": ("acme/app", "acme/lib"),
    "repository_owner": ("acme",),
    "repository_id": ("456",),
    "ref": ("refs/heads/main", "refs/tags/v1", "refs/pull/17/merge"),
    "environment": ("prod",),
    "event_name": ("push", "pull_request", "workflow_dispatch"),
    "job_workflow_ref": ("acme/app/.github/workflows/deploy.yml@refs/heads/main",),
    "actor": ("acme", "octocat"),
    "aud": ("https://github.com/acme", "x"),
}
"""What GitHub's claims hold, for conditions on them."""


def make_github_condition(random: Random) -> str:
    """A condition on GitHub's claims, mostly a conjunction: what admits nobody is as welcome as what admits some."""
    writer = Writer(random, GITHUB, tuple(GITHUB))
    tests = [writer.truth(random.choice((0, 0, 1))) for _ in range(random.choice((1, 2, 2, 3)))]
    return " && ".join(f"({one})" for one in tests)


# Trees, for what reads and prints them

_NAMES = ("a", "b1", "_c", "assertion", "inner")
_FIELDS = (*_NAMES, "if", "x-y", "kubernetes.io", "in", "a b")
_CONSTANTS = (
    None, True, False, 0, 7, -1, -(1 << 63), (1 << 63) - 1, Uint(0), Uint((1 << 64) - 1), 0.5, -2.0, 1e300, 1e-9, "",
    "a", "\"'\\\n\r\t\x00", "\u00e9\U0001f600\u2028", "{x}", b"", b"\xff\x00a",
)  # fmt: skip


def make_tree(random: Random, depth: int) -> Expr:
    """Any tree that some source is read as."""
    if depth <= 0 or random.random() < 0.2:
        return Literal(random.choice(_CONSTANTS)) if random.random() < 0.6 else _ident(random)

    def inner() -> Expr:
        return make_tree(random, depth - 1)

    def some() -> tuple[Expr, ...]:
        return tuple(inner() for _ in range(random.choice((0, 1, 2, 3))))

    makers: tuple[Callable[[], Expr], ...] = (
        lambda: Select(inner(), random.choice(_FIELDS)),
        lambda: Has(inner(), random.choice(_FIELDS)),
        lambda: Index(inner(), inner()),
        lambda: Call(random.choice(("size", "f", ".g")), None, some()),
        lambda: Call(random.choice(("size", "matches", "f")), inner(), some()),
        lambda: Comprehension(
            random.choice(("all", "exists", "exists_one", "filter")), inner(), random.choice(_NAMES), (inner(),)
        ),
        lambda: Comprehension(
            "map", inner(), random.choice(_NAMES), tuple(inner() for _ in range(random.choice((1, 2))))
        ),
        lambda: ListLiteral(some()),
        lambda: MapLiteral(tuple((inner(), inner()) for _ in range(random.choice((0, 1, 2))))),
        lambda: Message(random.choice(("a", "a.b", ".a.b")), tuple((random.choice(_NAMES), one) for one in some())),
        lambda: Unary(random.choice("!-"), inner()),
        lambda: Binary(random.choice(("<", "<=", ">", ">=", "==", "!=", "in", *"+-*/%")), inner(), inner()),
        lambda: Logic(random.choice(("&&", "||")), (inner(), inner(), *some())),
        lambda: Conditional(inner(), inner(), inner()),
    )
    return random.choice(makers)()


def _ident(random: Random) -> Ident:
    return Ident(random.choice((*_NAMES, ".a")))
