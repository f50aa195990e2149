"""What one role's session may do: is this action allowed on that resource, certainly, possibly, or not at all.

    allowed = some Allow of the role's policies, every fence (boundary, each level of organisation policies), no Deny

Two-sided: an answer without a doubt holds whatever the request is; no answer means that no request gets through.
A condition, a policy variable or a Deny that may apply leaves a doubt. Not modelled: policies of resources, which may
grant more to the role by name, and session policies, which a token does not bring. (Reference: IAM user guide, policy
evaluation logic.)
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from auditor.providers.aws.grants import Bound, Call, Fence, Grant, best, met, spared, together
from auditor.providers.aws.keys import Absent, Known
from auditor.providers.aws.policies import Rule, Target
from auditor.providers.aws.session import MOVING, UNKNOWN, Possible, Session, Truth, holds
from auditor.providers.aws.tables import ANYTHING, BIT, FORMS
from auditor.providers.aws.values import Variables
from auditor.providers.aws.wildcards import FRESH, common, matches

_HOME_REGION = {"aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
_VARIABLE = re.compile(r"\$\{\s*([^\s,'{}]+)\s*(?:,\s*'([^'*?]*)'\s*)?\}")


T = TypeVar("T")

Shared = dict[tuple[object, ...], Any]
SHARED = 1 << 12
"""Entries. Kept with the account, whose statements they hold."""


@dataclass(slots=True, eq=False)
class Standing:
    """Everything that decides about the calls of one role's session."""

    session: Session
    grants: tuple[Bound, ...]
    denies: tuple[Rule, ...] = ()
    fences: tuple[Fence, ...] = ()
    doubts: tuple[str, ...] = ()
    """What makes every call uncertain: a boundary or a Deny that was not read."""
    gaps: tuple[str, ...] = ()
    mask: int = 0
    """Which of `tables.ACTIONS` the role's policies may allow somewhere."""
    unnamed: int = 0
    """Which of them on something that no policy names."""
    shared: Shared = field(default_factory=dict)
    """What was worked out for every session of the account, by what it was worked out from; not more than `SHARED`."""
    _truths: dict[tuple[object, ...], Truth] = field(default_factory=dict)
    _regions: tuple[str, ...] | None = None
    _anything: tuple[Grant | None] | None = None

    def __post_init__(self) -> None:
        self.fences = tuple([fence for fence in self.fences if not fence.open])
        for bound in self.grants:
            self.mask |= bound.rule.mask
            if bound.rule.unnamed:
                self.unnamed |= bound.rule.mask

    @property
    def limited(self) -> bool:
        """Whether anything takes away from what the role's policies allow."""
        return bool(self.denies or self.fences or self.doubts)

    @property
    def rules(self) -> Iterator[Rule]:
        """Every statement that plays a part."""
        yield from (bound.rule for bound in self.grants)
        for fence in self.fences:
            yield from fence.allows
        yield from self.denies

    # One call

    def judge(self, call: Call) -> Grant | None:
        """Whether the call gets through; None where it certainly does not."""
        bit = BIT.get(call.action)
        found: tuple[Bound, Target] | None = None
        doubt: str | None = None
        for bound in self.grants:
            truth, target = self._applies(bound.rule, bit, call)
            if truth is True and target is not None:
                found, doubt = (bound, target), None
                break
            if truth and target is not None and found is None:
                found, doubt = (bound, target), met(str(truth))
        if found is None:
            return None
        for fence in self.fences:
            passes = self._passes(fence, bit, call)
            if passes is False:
                return None
            doubt = doubt or (None if passes is True else met(f"{passes} of {fence.name}"))
        for rule in self.denies:
            truth, _ = self._applies(rule, bit, call)
            if truth is True:
                return None
            if truth and doubt is None:
                doubt = spared(f"a Deny with {truth}")
        if doubt is None and self.doubts:
            doubt = spared(self.doubts[0])
        bound, target = found
        return Grant((bound,), _scope(bound.rule, target), doubt)

    def concerns(self, rule: Rule, call: Call) -> bool:
        """Whether the statement may be about this call."""
        truth, _ = self._applies(rule, BIT.get(call.action), call)
        return truth is not False

    def denied(self, call: Call) -> bool:
        """Whether a Deny is certainly about this call."""
        bit = BIT.get(call.action)
        return any(self._applies(rule, bit, call)[0] is True for rule in self.denies)

    def _passes(self, fence: Fence, bit: int | None, call: Call) -> Truth:
        answer: Truth = False
        for rule in fence.allows:
            truth, _ = self._applies(rule, bit, call)
            if truth is True:
                return True
            answer = answer or truth
        return answer or (fence.doubts[0] if fence.doubts else False)

    def _applies(self, rule: Rule, bit: int | None, call: Call) -> tuple[Truth, Target | None]:
        """Whether the statement is about this call, and the entry of its resources that says so."""
        if not (rule.mask & bit if bit is not None else rule.covers(call.action)):
            return False, None
        where, target = self._reaches(rule, call.resource)
        if where is False:
            return False, None
        whether = self._condition(rule, call)
        if whether is False:
            return False, None
        if rule.odd is not None:
            return rule.odd, target
        return where if where is not True else whether, target

    def _reaches(self, rule: Rule, resource: str) -> tuple[Truth, Target | None]:
        """Whether its resources cover this one."""
        maybe: tuple[str, Target] | None = None
        for target in rule.targets:
            truth = self._is_target(target, resource)
            if truth is True:
                return (True, target) if rule.target_element == "Resource" else (False, None)
            if truth:
                maybe = maybe or (str(truth), target)
        if maybe is not None:
            return maybe
        if rule.target_element == "NotResource":
            return True, rule.targets[0] if rule.targets else Target("*")
        return False, None

    def _is_target(self, target: Target, resource: str) -> Truth:
        pattern, doubt = self.pattern(target)
        if pattern is None or not matches(pattern, resource):
            return False
        return doubt or True

    def pattern(self, target: Target) -> tuple[str | None, str | None]:
        """The pattern an entry of `Resource` stands for in this session (None: it matches nothing), and its doubt."""
        if target.doubt is not None:  # an incomplete ARN is completed by wildcards
            return f"{target.text}*", target.doubt
        return _expanded(target.text, self.session) if target.variable else (target.text, None)

    def _condition(self, rule: Rule, call: Call) -> Truth:
        if rule.condition is None:
            return True
        moment = (rule, *(self._values(key, call) for key in sorted(rule.moving)))
        truth = self._truths.get(moment)
        if truth is None:
            variables = Variables(rule.expanded, self.session.expanded)
            truth = self._truths[moment] = holds(rule.condition, lambda key: self._values(key, call), variables)
        return truth

    def _values(self, key: str, call: Call) -> Possible:
        if key not in MOVING:
            return self.session.values(key)
        if key == "aws:requestedregion":
            return (Known(call.region),)
        if key == "iam:passedtoservice":
            return UNKNOWN if call.passed_to is None else (Known(call.passed_to),)
        parts = call.resource.split(":", 5)
        return (Known(parts[4]),) if len(parts) > 5 and parts[4].isdigit() else UNKNOWN

    # Where an action is allowed

    @property
    def regions(self) -> tuple[str, ...]:
        """One region that no policy names, and those that some policy does."""
        if self._regions is None:
            named = (region for rule in self.rules for region in rule.regions)
            self._regions = tuple(dict.fromkeys((FRESH, *named)))
        return self._regions

    def regions_of(self, action: str) -> tuple[str, ...]:
        """In which regions to ask: IAM has one."""
        return (_HOME_REGION.get(self.session.partition, "us-east-1"),) if action.startswith("iam:") else self.regions

    def widely(self, action: str) -> Grant | None:
        """Whether the action, one of `tables.FORMS`, is allowed on something that no policy names."""
        bit = BIT[action]
        if not self.unnamed & bit:
            return None
        grants = tuple([bound for bound in self.grants if bound.rule.mask & bit and bound.rule.unnamed])
        denies = tuple([rule for rule in self.denies if rule.mask & bit and rule.unnamed])
        fences = tuple([tuple([rule for rule in fence.allows if rule.mask & bit]) for fence in self.fences])
        rules = (*(bound.rule for bound in grants), *denies, *itertools.chain(*fences))
        if self.doubts or any(fence.doubts for fence in self.fences) or not all(rule.plain for rule in rules):
            return self.on_unnamed(action)
        session = self.session

        def found() -> Grant | None:
            return anyones(grants, denies, fences, session.account, session.partition).on_unnamed(action)

        return self.alike((action, grants, denies, fences, session.account, session.partition), found)

    def alike(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """What `make` gives, which is the same for all sessions of the account with the same `key`."""
        if key not in self.shared:
            if len(self.shared) >= SHARED:
                self.shared.clear()
            self.shared[key] = make()
        found: T = self.shared[key]
        return found

    def anything(self) -> Grant | None:
        """Whether an action nobody knows is allowed on a resource nobody knows."""
        if self._anything is None:
            account, partition = self.session.account, self.session.partition
            calls = (Call(ANYTHING, f"arn:{partition}:{FRESH}:{one}:{account}:{FRESH}", one) for one in self.regions)
            self._anything = (best(map(self.judge, calls)) if self.mask & BIT[ANYTHING] else None,)
        return self._anything[0]

    def on_unnamed(self, action: str) -> Grant | None:
        """`widely`, nothing remembered."""
        regions = self.regions_of(action)
        return best(together(map(self.judge, self.calls(action, region, FRESH))) for region in regions)

    def calls(self, action: str, region: str, name: str) -> Iterator[Call]:
        """The calls that amount to using `action` on something of that name: one for each form it is checked on."""
        for form in FORMS[action]:
            yield Call(action, self.shaped(form, region, name), region)

    def shaped(self, form: str, region: str, name: str) -> str:
        return _shaped(form, self.session.partition, region, self.session.account, name)

    def patterns(self, action: str) -> Iterator[str]:
        """Every resource pattern that could decide where `action` is allowed."""
        bit = BIT[action]
        for rule in self.rules:
            if rule.mask & bit and rule.allow == (rule.target_element == "Resource"):
                for target in rule.targets:
                    pattern, _ = self.pattern(target)
                    if pattern is not None:
                        yield pattern

    def instances(self, action: str, form: str) -> tuple[str, ...]:
        """Resources of this form, one for each way in which some policy names them, and one that none does."""
        shape = self.shaped(form, "*", "*")
        found = {self.shaped(form, region, FRESH): None for region in self.regions_of(action)}
        for pattern in self.patterns(action):
            resource = common(pattern, shape)
            if resource is not None:
                found[resource] = None
        return tuple(found)


def anyones(
    grants: tuple[Bound, ...],
    denies: tuple[Rule, ...],
    fences: tuple[tuple[Rule, ...], ...],
    account: str,
    partition: str,
) -> Standing:
    """The standing of any role of the account with these statements, which read the same in every session."""
    anyone = Session("", account, partition, datetime.min.replace(tzinfo=UTC))
    return Standing(anyone, grants, denies, tuple([Fence("", rules) for rules in fences]))


def _scope(rule: Rule, target: Target) -> str:
    if rule.target_element == "Resource":
        return target.text
    return f"* except {', '.join(entry.text for entry in rule.targets)}"


@lru_cache(maxsize=1 << 12)
def _shaped(form: str, partition: str, region: str, account: str, name: str) -> str:
    text = form.replace("{region}", region).replace("{account}", account).replace("{}", name)
    return text.replace("arn:aws:", f"arn:{partition}:", 1)


@lru_cache(maxsize=1 << 11)
def _expanded(text: str, session: Session) -> tuple[str | None, str | None]:
    """`text` with its policy variables put in. What is not known is `*`, with the reason; None: a key is missing."""
    doubt: str | None = None
    pieces: list[str] = []
    place = 0
    for found in _VARIABLE.finditer(text):
        pieces.append(text[place : found.start()])
        place = found.end()
        reading = session.expanded(found[1])
        if isinstance(reading, Known) and not {"*", "?"} & set(reading.text):
            pieces.append(reading.text)
        elif isinstance(reading, Absent):
            if found[2] is None:
                return None, None
            pieces.append(found[2])
        else:
            pieces.append("*")
            doubt = doubt or f"the policy variable {found[0]}"
    rest = text[place:]
    if "${" in rest or any("${" in piece for piece in pieces):
        return "*", f"the resource {text}"
    return "".join((*pieces, rest)), doubt
