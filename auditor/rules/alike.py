"""What holds of one trust, holds of all of its kind (`likeness`): worked out once, and told of each.

Whatever is told of a trust was proven on it: every witness is tried on its own source. Where that refuses one, or
anything about the kind is open, the trust is judged by itself. So what was judged before changes no answer.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from auditor.breadth import sentence
from auditor.claims.predicate import Token
from auditor.claims.verdict import Accepted, Undecided, Verdict
from auditor.config import Ours
from auditor.decide import shapes_for
from auditor.judgement import spoken_of
from auditor.model import Decision, Finding, Level, Trust
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
    filled,
    finding_form,
    told_breadth,
    verdict_form,
)
from auditor.rules.likeness import Likeness, kind_of, likeness
from auditor.rules.severity import rate

KINDS = 1 << 9
"""Kinds that are remembered; one takes some 50 KB."""

TRUSTS = 1 << 13
"""Trusts of which it is remembered what kind they are of."""


@dataclass(slots=True)
class _Kind:
    """What is known of a kind in which nothing is open."""

    decision: Decision
    reachable: VerdictForm
    classes: tuple[tuple[str, VerdictForm], ...]
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
    subject: str = ""
    proven: list[Token] = field(default_factory=list)
    """Tokens that its source lets in."""

    def gaps(self, decision: Decision) -> Gaps:
        identity = self.trust.identity
        return (identity.id, identity.name, decision.statement, decision.then or "", self.account, *self.names)


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
        gaps = seen.gaps(decision)
        found = [form.told(seen.subject, decision.power, gaps) for form in forms]
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
        owned = self._ours.tenants.get(issuer.kind, ())
        spoken = spoken_of(owned).union(one.id for one in owned if one.id is not None)
        found = likeness(trust, shapes_for(issuer, self._ours), spoken)
        kind = None if found is None else self._kind(trust, found)
        if found is None or kind is None:
            return _Seen(trust)
        seen = _Seen(trust, kind, None, found.account, tuple(found.placeholders), trust.id)
        seen.decision = decision = _told(kind, seen)
        accepted = (one for one in (decision.reachable, *decision.classes.values()) if isinstance(one, Accepted))
        return seen if all(self._proven(one.witness, seen) for one in accepted) else _Seen(trust)

    def _kind(self, trust: Trust, found: Likeness) -> _Kind | None:
        if found.key in self._kinds:
            self._kinds.move_to_end(found.key)
            return self._kinds[found.key]
        try:
            like = kind_of(trust, found)
            # With its own documents: those of another that was judged are equal, but may be written in another order.
            kind: _Kind | None = _known(replace(self._alone.judge(like), trust=like))
        except (OpenError, RecursionError):  # the latter of documents nested as none of AWS's is
            kind = None
        self._kinds[found.key] = kind
        if len(self._kinds) > KINDS:
            self._kinds.popitem(last=False)
        return kind


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
    return _Kind(
        decision=replace(decision, statement=STATEMENT, then=THEN),
        reachable=verdict_form(decision.reachable),
        classes=tuple([(name, verdict_form(verdict)) for name, verdict in decision.classes.items()]),
        breadth=breadth_form(decision.breadth),
        tenants=tuple(map(cut, decision.tenants)),
        projects=tuple(map(cut, decision.projects)),
    )


def _told(kind: _Kind, seen: _Seen) -> Decision:
    """The decision about a trust of the kind."""
    trust, complete = seen.trust, kind.decision.breadth_complete
    gaps = seen.gaps(kind.decision)
    breadth = told_breadth(kind.breadth, gaps)
    return Decision(
        trust=trust,
        reachable=kind.reachable.told(gaps),
        classes={name: form.told(gaps) for name, form in kind.classes},
        breadth=breadth,
        breadth_complete=complete,
        tenants=tuple(sorted([filled(text, gaps) for text in kind.tenants])),
        projects=tuple(sorted([filled(text, gaps) for text in kind.projects])),
        statement=sentence(breadth, trust.issuer, trust.identity.gained, complete),
    )
