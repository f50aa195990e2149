"""What holds of one trust, holds of all of its kind (`likeness`): worked out once, and told of each.

Whatever is told of a trust was proven on it: every witness is tried on its own source. Where that refuses one, or
anything about the kind is open, the trust is judged by itself. So what was judged before changes no answer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache, partial

from auditor.breadth import sentence
from auditor.claims.predicate import Token
from auditor.claims.verdict import Accepted, Undecided, Verdict
from auditor.config import Ours
from auditor.decide import shapes_for
from auditor.judgement import spoken_of
from auditor.model import Breadth, Decision, Finding, Level, Trust
from auditor.rules.base import Context, Definition
from auditor.rules.fix_aws import LARGEST
from auditor.rules.forms import (
    STATEMENT,
    THEN,
    BreadthForm,
    FindingForm,
    Gaps,
    OpenError,
    Text,
    VerdictForm,
    breadth_form,
    cut,
    finding_form,
    gaps,
    verdict_form,
)
from auditor.rules.likeness import Likeness, ground_of, kind_of, likeness, plain
from auditor.rules.severity import rate

KINDS = 1 << 9
"""Kinds that are remembered; one takes some 50 KB."""

TRUSTS = 1 << 13
"""Trusts of which it is remembered what kind they are of."""


@dataclass(slots=True)
class _Kind:
    """What is known of a kind in which nothing is open."""

    decision: Decision
    verdicts: tuple[VerdictForm, ...]
    """Whether anybody gets in first; each that differs from those before."""
    classes: tuple[tuple[str, int], ...]
    """Class → which of `verdicts`: most share theirs."""
    breadth: BreadthForm
    tenants: tuple[Text, ...]
    projects: tuple[Text, ...]
    findings: dict[tuple[str, bool], tuple[FindingForm, ...] | None] = field(default_factory=dict)
    """(rule, whether power is told) → what it finds; None where it is to be asked about each trust."""


@dataclass(slots=True)
class _Seen:
    """A trust that was looked at."""

    trust: Trust
    kind: _Kind | None = None
    """None where it is judged by itself."""
    decision: Decision | None = None
    account: str = ""
    names: tuple[str, ...] = ()
    proven: list[Token] = field(default_factory=list)
    """Tokens that its source lets in."""

    def gaps(self, statement: str, then: str | None) -> Gaps:
        identity = self.trust.identity
        return gaps(identity.id, identity.name, statement, then or "", self.account, names=self.names)


class Alike:
    """A memo of kinds.

    `judge` and `reach` are those of `base.Context`, by what `ours` says belongs to us. `admits` tries a token on the
    source of a trust (see `providers.base.Provider.admits`).
    """

    def __init__(
        self,
        ours: Ours,
        admits: Callable[[Trust, Token], bool | None],
        judge: Callable[[Trust], Decision],
        reach: Callable[[Trust], Verdict] | None = None,
    ) -> None:
        self._ours = ours
        self._admits = admits
        self._alone = Context(ours, (), (), _settled(judge), None if reach is None else _settled_reach(reach))
        self._grounds = lru_cache(maxsize=KINDS)(ground_of)
        self._spoken_of = cache(self._all_spoken_of)
        self._kinds: OrderedDict[Hashable, _Kind | None] = OrderedDict()
        self._seen: OrderedDict[int, _Seen] = OrderedDict()

    def decided(self, trust: Trust) -> Decision | None:
        """The decision about a trust as its documents have it, confirmed; None where it is to be judged by itself.

        Never to be asked about a narrowed copy: documents tell what kind a trust is of.
        """
        return self._looked_at(trust).decision

    def findings(self, rule: Definition, decision: Decision) -> Sequence[Finding] | None:
        """What `rule` finds of a trust; None where it is to be asked itself."""
        seen = self._looked_at(decision.trust)
        kind = seen.kind
        if kind is None or seen.decision is None or not _same(seen.decision, decision):
            return None
        key = (rule.id, decision.then is not None)
        if key not in kind.findings:
            kind.findings[key] = self._found(rule, kind.decision, told=decision.then is not None)
        forms = kind.findings[key]
        if forms is None:
            return None
        gaps = seen.gaps(decision.statement, decision.then)
        subject = seen.trust.id if forms else ""
        found = [form.told(subject, decision.power, gaps) for form in forms]
        if any(
            one.fix is not None and max(len(one.fix.before or ""), len(one.fix.after or "")) > LARGEST for one in found
        ):
            return None  # longer names than those of the kind: it is another fix then
        proven = (one.witness is None or self._proven(one.witness, seen) for one in found)
        return found if all(proven) else None

    def leave(self) -> None:
        """Forget the trusts that were looked at, though not their kinds."""
        self._seen.clear()

    def _found(self, rule: Definition, kind: Decision, *, told: bool) -> tuple[FindingForm, ...] | None:
        """What a rule finds of a kind; None where that cannot be told of each trust without asking."""
        # Power makes a difference to the severity and nothing else: by one level that sets the rule's rows apart, the
        # row of each finding is known.
        level = next((one for one in Level if len({rate(row, one) for row in rule.rows}) == len(rule.rows)), None)
        if level is None:
            return None
        rows = {rate(row, level): row for row in rule.rows}
        about = replace(kind, power=level, then=THEN if told else None)
        try:
            return tuple([finding_form(finding, rows[finding.severity]) for finding in rule.trust(about, self._alone)])
        except OpenError:
            return None

    def _proven(self, witness: Token, seen: _Seen) -> bool:
        if witness not in seen.proven:
            if self._admits(seen.trust, witness) is not True:
                return False
            seen.proven.append(witness)
        return True

    def _looked_at(self, trust: Trust) -> _Seen:
        seen = self._seen.get(id(trust))
        if seen is None:
            seen = self._seen[id(trust)] = self._look(trust)
            if len(self._seen) > TRUSTS:
                self._seen.popitem(last=False)
        return seen

    def _look(self, trust: Trust) -> _Seen:
        issuer = trust.issuer
        found = likeness(trust, shapes_for(issuer, self._ours), self._spoken_of(issuer.kind), self._grounds)
        kind = None if found is None else self._kind(trust, found)
        if found is None or kind is None:
            return _Seen(trust)
        seen = _Seen(trust, kind, None, found.account, tuple(found.placeholders))
        gaps = seen.gaps("", None)
        verdicts = [form.told(gaps) for form in kind.verdicts]
        for verdict in verdicts:
            if isinstance(verdict, Accepted) and not self._proven(verdict.witness, seen):
                return _Seen(trust)
        seen.decision = _told(kind, trust, verdicts, gaps)
        return seen

    def _all_spoken_of(self, platform: str) -> frozenset[str]:
        """Names of ours on a platform: words that mean something by themselves."""
        owned = self._ours.tenants.get(platform, ())
        return spoken_of(owned).union(one.id for one in owned if one.id is not None)

    def _kind(self, trust: Trust, found: Likeness) -> _Kind | None:
        if found.key in self._kinds:
            self._kinds.move_to_end(found.key)
            return self._kinds[found.key]
        try:
            kind = self._judged(kind_of(trust, found)) if plain(trust, found) else None
        except (OpenError, RecursionError):  # the latter of documents nested as none of AWS's is
            kind = None
        self._kinds[found.key] = kind
        if len(self._kinds) > KINDS:
            self._kinds.popitem(last=False)
        return kind

    def _judged(self, like: Trust) -> _Kind:
        # With its own documents: those of another that was judged are equal, but may be written in another order.
        return _known(replace(self._alone.judge(like), trust=like))


def _same(one: Decision, other: Decision) -> bool:
    """Whether two decisions about a trust say the same of who gets in."""
    return one.classes is other.classes or (one.classes == other.classes and one.reachable == other.reachable)


def _settled(judge: Callable[[Trust], Decision]) -> Callable[[Trust], Decision]:
    """`judge`, with an end where an answer is open."""

    @lru_cache(maxsize=64)  # one rule after the other asks about the same kind without the same lines
    def settled(trust: Trust) -> Decision:
        decision = judge(trust)
        if any(isinstance(verdict, Undecided) for verdict in (decision.reachable, *decision.classes.values())):
            raise OpenError
        return decision

    return settled


def _settled_reach(reach: Callable[[Trust], Verdict]) -> Callable[[Trust], Verdict]:
    def settled(trust: Trust) -> Verdict:
        verdict = reach(trust)
        if isinstance(verdict, Undecided):
            raise OpenError
        return verdict

    return settled


def _known(decision: Decision) -> _Kind:
    verdicts: dict[str, VerdictForm] = {}

    def place(verdict: Verdict) -> int:
        form = verdict_form(verdict)
        said = repr(form)  # the order of claims matters to who reads it
        verdicts.setdefault(said, form)
        return list(verdicts).index(said)

    place(decision.reachable)
    classes = tuple([(name, place(verdict)) for name, verdict in decision.classes.items()])
    return _Kind(
        decision=replace(decision, statement=STATEMENT, then=THEN),
        verdicts=tuple(verdicts.values()),
        classes=classes,
        breadth=breadth_form(decision.breadth, partial(_sentence, decision.trust, complete=decision.breadth_complete)),
        tenants=tuple(map(cut, decision.tenants)),
        projects=tuple(map(cut, decision.projects)),
    )


def _told(kind: _Kind, trust: Trust, verdicts: Sequence[Verdict], gaps: Gaps) -> Decision:
    """The decision about a trust of the kind."""
    breadth, complete = kind.breadth.told(gaps), kind.decision.breadth_complete
    said = kind.breadth.sentence
    return Decision(
        trust=trust,
        reachable=verdicts[0],
        classes={name: verdicts[place] for name, place in kind.classes},
        breadth=breadth,
        breadth_complete=complete,
        tenants=tuple(sorted([text % gaps for text in kind.tenants])),
        projects=tuple(sorted([text % gaps for text in kind.projects])),
        statement=_sentence(trust, breadth, complete=complete) if said is None else said % gaps,
    )


def _sentence(trust: Trust, breadth: Breadth, *, complete: bool) -> str:
    return sentence(breadth, trust.issuer, trust.identity.gained, complete)
