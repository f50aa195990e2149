"""Properties of automata, regular expressions, their boxes and derived texts, each as a check of one random case."""

from __future__ import annotations

import pickle
from random import Random

from auditor.claims.boxes import decompose
from auditor.claims.grammar import CharSet, Slot, Term, Variable
from auditor.claims.languages import tables
from auditor.claims.languages.automaton import Automaton
from auditor.claims.languages.language import Language, units
from auditor.claims.languages.length import Length
from auditor.claims.languages.pattern import Pattern, Wild
from auditor.claims.languages.regex import Regex, regex
from auditor.claims.languages.value_set import ValueSet
from auditor.claims.predicate import Exists, Match, Token, equals, evaluate
from auditor.claims.texts import (
    Choice,
    Claim,
    Extract,
    Joined,
    Literal,
    Lower,
    Piece,
    Replace,
    Substring,
    Text,
    Trim,
    Upper,
    is_in,
)
from auditor.claims.variables import inhabitant
from auditor.errors import BudgetExceededError, RegexSyntaxError, UnsupportedRegexError
from tests.claims import naive
from tests.claims.languages import expressions
from tests.claims.languages.expressions import expression, found_by_re2, words

WORDS = words("abA:", 4)


def language(rng: Random) -> Language:
    """A pattern or a list over few letters."""
    tokens = [rng.choice(("a", "b", "A", ":", "%3A", Wild.STAR, Wild.ANY_CHAR)) for _ in range(rng.randint(0, 5))]
    flat = [char for token in tokens for char in (token if isinstance(token, str) else (token,))]
    if rng.random() < 0.65:
        return Pattern(flat, ignore_case=rng.random() < 0.3, encoded=rng.random() < 0.2)
    values = ("".join(rng.choice("abAéÉ") for _ in range(rng.randint(0, 4))) for _ in range(rng.randint(0, 5)))
    return ValueSet(values, ignore_case=rng.random() < 0.4)


def check_conversion(rng: Random) -> None:
    """An automaton accepts the texts of the language it was made of (by a reading that shares no code)."""
    own = language(rng)
    automaton = Automaton.of(own)
    letters = tuple("abA:%3éÉ")
    for word in (*WORDS, *(expressions.text(rng, letters) for _ in range(40))):
        assert automaton.matches(word) is naive.in_language(own, word), (own, word)
        state = automaton.start
        for char in word:
            state = automaton.step(state, char)
        assert automaton.accepts(state) is automaton.matches(word)


def check_algebra(rng: Random) -> None:
    """The operations are those of sets, and equal languages are equal automata."""
    one, other = language(rng), language(rng)
    a, b = Automaton.of(one), Automaton.of(other)
    assert a.complement().complement() == a
    assert a.intersection(b) == a.complement().union(b.complement()).complement()
    assert a.intersection(b) == b.intersection(a)
    assert a.union(a.intersection(b)) == a
    assert a.intersection(a.complement()).empty
    assert a.union(a.complement()).universal
    assert pickle.loads(pickle.dumps(a)) == a
    joined = a.concatenation(b)
    for word in WORDS:
        ins = one.matches(word), other.matches(word)
        assert a.complement().matches(word) is not ins[0]
        assert a.intersection(b).matches(word) is all(ins)
        assert a.union(b).matches(word) is any(ins)
        splits = (one.matches(word[:cut]) and other.matches(word[cut:]) for cut in range(len(word) + 1))
        assert joined.matches(word) is any(splits), (one, other, word)
    small = len(a.table.rows) + len(b.table.rows) <= 6  # then two languages differ in a text of at most four letters
    told = any(a.matches(word) is not b.matches(word) for word in words("abA:%3é", 3 if small else 2))
    if told:
        assert a != b
        assert a.order != b.order
    elif small and max(len(a.table.rows), len(b.table.rows)) <= 3:
        assert a == b, (one, other)
        assert hash(a) == hash(b)


def check_parts(rng: Random) -> None:
    """`part`, `within` and `before` by their definitions."""
    automaton = Automaton.of(language(rng))
    states = range(len(automaton.table.rows))
    begin = rng.choice(states)
    ends = frozenset(rng.sample(states, rng.randint(0, len(states))))
    part = automaton.part(begin, ends)
    chars = frozenset(rng.sample("abA:", rng.randint(0, 4)))
    negated = rng.random() < 0.5
    within = automaton.within(chars, negated=negated)
    replacements = {"a": "b:", ":": "", "b": "b"}
    before = automaton.before(replacements)
    for word in WORDS:
        assert part.matches(word) is (automaton.run(begin, word) in ends)
        spelled = all((char in chars) is not negated for char in word)
        assert within.matches(word) is (spelled and automaton.matches(word))
        replaced = "".join(replacements.get(char, char) for char in word)
        assert before.matches(word) is automaton.matches(replaced), (automaton, word)
    listed = automaton.words(30)
    if listed is not None:
        assert len(set(listed)) == len(listed)
        assert all(map(automaton.matches, listed))
        assert not any(automaton.matches(word) for word in set(WORDS) - set(listed))
    if not automaton.empty:
        shortest = automaton.shortest()
        assert automaton.matches(shortest)
        assert not any(automaton.matches(word) for word in WORDS if len(word) < len(shortest))


def read(source: str, *, search: bool) -> Regex | None:
    """The expression, unless we may not understand it; RE2 and we must agree on whether it is one."""
    accepted = expressions.by_re2(source) is not None
    try:
        found = regex(source, search=search)
    except RegexSyntaxError:
        assert not accepted, f"RE2 accepts {source!r}"
        return None
    except (UnsupportedRegexError, BudgetExceededError):
        return None
    assert accepted, f"RE2 refuses {source!r}"
    return found


def check_regex(rng: Random) -> None:
    """RE2 finds a match exactly where the automaton accepts, and where the globs do, if they speak for the text."""
    source, search = expression(rng, rng.randint(0, 4)), rng.random() < 0.5
    own = read(source, search=search)
    if own is None:
        return
    for _ in range(8):
        subject = expressions.text(rng)
        wanted = found_by_re2(source, subject, search=search)
        assert own.matches(units(subject)) is wanted, (source, search, subject)
        if own.globs is not None and not _foreign(own, subject):
            by_globs = any(naive.in_language(glob, units(subject)) for glob in own.globs.patterns)
            assert by_globs is wanted, (source, search, subject, own.globs)


def _foreign(own: Regex, subject: str) -> bool:
    """Whether the globs do not speak for this text."""
    globs = own.globs
    assert globs is not None
    return (
        (globs.no_newline and "\n" in subject)
        or (globs.no_surrogates and not subject.isascii() and units(subject) != subject)
        or (globs.no_foreign_letters and not {"\u017f", "\u212a"}.isdisjoint(subject))
    )


def check_syntax(rng: Random) -> None:
    """What RE2 refuses is refused, and nothing else."""
    for _ in range(20):
        read(expressions.noise(rng), search=True)


ORG = Variable("org", CharSet.parse("a-c-"), 1, 2)
REPO = Variable("repo", CharSet.parse("a-c."), 0, 2)
REF = Variable("ref", CharSet.parse("^ "), 1, 3)
ENV = Variable("env", CharSet.parse("^"), 1, 2)
EVENT = Variable("event", CharSet(""), values=("a", "b:c", "", "ab"))

VALUES = {
    ORG: words("ab-", 2)[1:],
    REPO: words("ab.", 2),
    REF: (*words("a/\n:é", 3)[1:], units("😀"), units("a😀")),
    ENV: (*words("a:%3A\n", 2)[1:], units("😀")),
    EVENT: ("a", "b:c", "", "ab"),
}

TERMS: tuple[Term, ...] = (
    ("r:", Slot(ORG), "/", Slot(REPO), ":", Slot(REF)),
    ("r", Slot(ORG), ":e:", Slot(ENV, encoded=True)),
    (Slot(REF),),
    (Slot(REPO),),
    (Slot(EVENT),),
    (Slot(REPO), Slot(EVENT), "/", Slot(REPO)),
    (Slot(EVENT, encoded=True), "-", Slot(ORG)),
    (Slot(ENV, encoded=True),),
)

SUBJECT_ATOMS = (
    *("a", "b", "r", "c", "/", ":", "-", ".", "[ab]", "[^/]", "[^:]", r"\w", "%3A", "e", "^", "$", "r:", "r:a/", "/b"),
    *(r"\W", "(?i)", ".*", ".+", "[^/]*", r"\b", "a*", "😀", "é", "^r:a/b:.*", "^r[ab]:e:.*", "/"),
)


def regular(rng: Random, depth: int) -> Language | None:
    """A regular expression about subjects, or its automaton."""
    try:
        own = regex(expression(rng, depth, SUBJECT_ATOMS), search=rng.random() < 0.6)
    except (RegexSyntaxError, UnsupportedRegexError, BudgetExceededError):
        return None
    return own if rng.random() < 0.6 else own.automaton


def check_boxes(rng: Random) -> None:
    """A text of a term is in the language if and only if some box holds its values."""
    own, term = regular(rng, rng.randint(0, 4)), rng.choice(TERMS)
    if own is None:
        return
    boxes = decompose(term, own)
    variables = dict.fromkeys(part.variable for part in term if isinstance(part, Slot))
    for _ in range(60):
        values = {variable: rng.choice(VALUES[variable]) for variable in variables}
        subject = naive.text_of(term, {variable.name: value for variable, value in values.items()})
        held = any(all(inner.matches(values[variable]) for variable, inner in box) for box in boxes)
        assert held is own.matches(subject), (term, own, subject, boxes)


SHORT = Variable("short", CharSet.parse("ab/:"), 0, 4)
SHORT_WORDS = words("ab/:", 4)


def check_inhabitant(rng: Random) -> None:
    """A value is found where an enumeration finds one, and it is one."""
    found = [own for own in (regular(rng, 3) for _ in range(4)) if own is not None]
    sizes = Length(rng.randint(0, 3), rng.choice((None, 3)), in_bytes=rng.random() < 0.5)
    inside = frozenset((*found[:2], *((sizes,) if rng.random() < 0.3 else ())))
    outside = frozenset((*found[2:], *((language(rng),) if rng.random() < 0.5 else ())))

    def fits(text: str) -> bool:
        return all(own.matches(text) for own in inside) and not any(own.matches(text) for own in outside)

    value = inhabitant(SHORT, inside, outside)
    if value is None:
        assert not any(map(fits, SHORT_WORDS)), (inside, outside)
    else:
        assert fits(value), (inside, outside, value)
        assert value in SHORT_WORDS


class NoValueError(Exception):
    """The derived text does not exist."""


def value_of(text: Text, token: Token) -> str:
    """A derived text, computed with Python's own string functions."""
    match text:
        case Claim(name):
            value = token.get(name)
            if not isinstance(value, str):
                raise NoValueError
            return value
        case Literal(constant):
            return constant
        case Joined(parts):
            return "".join([value_of(part, token) for part in parts])
        case Lower(of):
            return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in value_of(of, token))
        case Upper(of):
            return "".join(chr(ord(c) - 32) if "a" <= c <= "z" else c for c in value_of(of, token))
        case Piece(of, separator, index, limit):
            whole = value_of(of, token)
            pieces = [] if limit == 0 else whole.split(separator, -1 if limit < 0 else limit - 1)
            if not 0 <= index < len(pieces):
                raise NoValueError
            return pieces[index]
        case Extract(of, before, behind):
            _, found, rest = value_of(of, token).partition(before) if before else ("", "x", value_of(of, token))
            if not behind:
                return rest if found else ""
            inner, found, _ = rest.partition(behind)
            return inner if found else ""
        case Substring(of, begin, end):
            whole = value_of(of, token)
            last = len(whole) if end is None else end
            if not 0 <= begin <= last <= len(whole):
                raise NoValueError
            return whole[begin:last]
        case Replace(of, old, new, limit):
            return value_of(of, token).replace(old, new, limit)
        case Trim(of):
            return value_of(of, token).strip()
        case Choice(condition, then, otherwise):
            return value_of(then if evaluate(condition, token) else otherwise, token)


TEXT_LETTERS = tuple("aabA:😀 ")


def some(rng: Random, least: int, most: int) -> str:
    return "".join(rng.choice(TEXT_LETTERS) for _ in range(rng.randint(least, most)))


def derived(rng: Random, depth: int) -> Text:
    """A derived text of two claims."""
    if depth == 0:
        return rng.choice((Claim("x"), Claim("x"), Claim("y"), Literal(some(rng, 0, 2))))
    of = derived(rng, depth - 1)
    everything = -1
    match rng.randrange(9):
        case 0:
            return Joined((of, *(derived(rng, depth - 1) for _ in range(rng.randint(0, 2)))))
        case 1:
            return Lower(of)
        case 2:
            return Upper(of)
        case 3:
            return Piece(of, some(rng, 1, 3), rng.randint(-1, 3), rng.choice((everything, everything, 0, 1, 2, 3)))
        case 4:
            return Extract(of, some(rng, 0, 3), some(rng, 0, 2))
        case 5:
            return Substring(of, rng.randint(-1, 2), rng.choice((None, 0, 1, 2, 3)))
        case 6:
            return Replace(of, some(rng, 1, 3), some(rng, 0, 2), rng.choice((everything, everything, 0, 1, 2)))
        case 7:
            return Trim(of)
        case _:
            condition = rng.choice((equals("x", "a"), Match("y", Pattern.glob("a*")), Exists("y")))
            return Choice(condition, of, derived(rng, depth - 1))


def wanted(rng: Random) -> Language:
    """A language a derived text is compared with."""
    sources = ("a", "^a", "a$", "^$", "b.*a", "^[^:]*$", "^.$", "[a-b]+", "😀", "^(a|bb)*$", "A")
    return regex(rng.choice(sources)) if rng.random() < 0.4 else language(rng)


def check_texts(rng: Random) -> None:
    """`is_in` holds where the text exists and lies in the language; its complement where it exists and does not."""
    text, own = derived(rng, rng.randint(1, 3)), wanted(rng)
    inside, outside = is_in(text, own), is_in(text, Automaton.of(own).complement())
    for _ in range(30):
        token = {claim: rng.choice(WORDS) if rng.random() < 0.6 else some(rng, 0, 7) for claim in ("x", "y")}
        if rng.random() < 0.1:
            del token["y"]
        try:
            lies = own.matches(units(value_of(text, token)))
            expected = (lies, not lies)
        except NoValueError:
            expected = (False, False)
        assert (evaluate(inside, token), evaluate(outside, token)) == expected, (text, own, token)


def check_smallest(rng: Random) -> None:
    """The canonical form of a random table has one state for each class of states that some word tells apart."""
    size, kinds = rng.randint(1, 9), rng.randint(1, 3)
    rows = [[rng.randrange(size) for _ in range(kinds)] for _ in range(size)]
    accepting = {state for state in range(size) if rng.random() < 0.4}
    partition = tables.partition_of([[(97 + kind, 97 + kind)] for kind in range(kinds - 1)])[0]
    assert partition.size == kinds
    letters = "".join(map(chr, partition.samples()))

    def run(state: int, word: str) -> int:
        for letter in word:
            state = rows[state][letters.index(letter)]
        return state

    short = words(letters, 4)
    table = tables.smallest(partition, rows, accepting)
    own = Automaton(table)
    for word in short:
        assert own.matches(word) is (run(0, word) in accepting)
    # Moore's algorithm, as slowly as can be.
    classes = [int(state in accepting) for state in range(size)]
    for _ in range(size):
        signatures = [(classes[state], *(classes[following] for following in rows[state])) for state in range(size)]
        classes = [signatures.index(signature) for signature in signatures]
    reached = {0}
    for _ in range(size):
        reached |= {following for state in reached for following in rows[state]}
    assert len(table.rows) == len({classes[state] for state in reached})
    mixed = list(range(1, size))
    rng.shuffle(mixed)
    place = {state: at for at, state in enumerate((0, *mixed))}
    shuffled = [[place[following] for following in rows[state]] for state in (0, *mixed)]
    assert tables.smallest(partition, shuffled, {place[state] for state in accepting}) == table
