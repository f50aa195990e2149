"""The capabilities of one role that follow from its permissions alone: administration, wide writing, reading, others.

Wide means on a resource of a name that no policy mentions; then it holds for all but those that some policy mentions.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from auditor.model import Level, Source
from auditor.power import Capability
from auditor.providers.aws import catalogue
from auditor.providers.aws.grants import Bound, Call, Grant, best, together
from auditor.providers.aws.permissions import Standing, anyones
from auditor.providers.aws.policies import Rule
from auditor.providers.aws.tables import (
    ANY_OF_IAM,
    ANYTHING,
    BIT,
    OPENING,
    READING,
    WRITTEN,
    Group,
)
from auditor.providers.aws.wildcards import FRESH, common, instance

_SELF_GRANTS = ("iam:attachrolepolicy", "iam:putrolepolicy")
_ANYTHING = "change almost anything in the account"
_LISTED = 3
"""Services and resources that are named before they are only counted."""
_PAIRS = 400
"""Actions by resources of one statement that are looked at."""
_LESS = "a boundary, an organisation policy or a Deny leaves something of it"


def sources(bounds: Iterable[Bound], actions: Iterable[str]) -> tuple[Source, ...]:
    """Where these statements name these actions, in lower case."""
    wanted = tuple(actions)
    return tuple(dict.fromkeys(source for bound in bounds for source in bound.sources(wanted)))


def administration(standing: Standing) -> Capability | None:
    """Whether the role may do everything, or all of IAM and so grant itself everything."""
    if not standing.mask & BIT[ANY_OF_IAM]:
        return None
    account, partition = standing.session.account, standing.session.partition
    (home,) = standing.regions_of(ANY_OF_IAM)
    iam = standing.judge(Call(ANY_OF_IAM, f"arn:{partition}:iam::{account}:{FRESH}", home))
    grants = [standing.judge(Call(action, standing.session.role, home)) for action in _SELF_GRANTS]
    able = [grant for grant in grants if grant is not None]
    if iam is None or not able:
        return None
    whole = standing.anything()
    found = together((iam, best(able)))
    assert found is not None
    if whole is not None and (whole.doubt is None or found.doubt is not None):
        what, action, names = "do anything in the account", ANYTHING, ("*",)
        found = Grant(whole.bounds, whole.scope, whole.doubt or found.doubt)
    else:
        what, action, names = "do anything in IAM, and so grant itself everything", ANY_OF_IAM, ("iam:*",)
    return Capability(Level.ADMIN, what, names, found.scope, sources(found.bounds, (action,)), doubt=found.doubt)


def groups(standing: Standing) -> Iterator[Capability]:
    """Reading what is stored, and letting others in, all over the account."""
    whole = standing.anything()
    reading = [_group(standing, group, Level.SENSITIVE_READ) for group in READING if group.mask & standing.mask]
    found = [one for one in reading if one is not None]
    if whole is None or whole.doubt is not None:
        yield from found
        opening = (_group(standing, group, Level.WIDE_WRITE) for group in OPENING if group.mask & standing.mask)
        yield from (one for one in opening if one is not None)
        return
    # Who may change anything may let others in; what such a role may read is told in one.
    certain = [one for one in found if one.certain]
    if certain:
        names = tuple(name for one in certain for name in one.permissions)
        what = "read almost anything that is stored in the account"
        yield Capability(Level.SENSITIVE_READ, what, names, whole.scope, sources(whole.bounds, (ANYTHING,)))
    yield from (one for one in found if not one.certain)


def _group(standing: Standing, group: Group, level: Level) -> Capability | None:
    able = {action: standing.widely(action) for action in group.any if standing.mask & BIT[action]}
    granted = {action: grant for action, grant in able.items() if grant is not None}
    certain = {action: grant for action, grant in granted.items() if grant.doubt is None} or granted
    found = together(certain.values())
    if not certain or found is None:
        return None
    names = tuple(WRITTEN[action] for action in certain)
    scope = ", ".join(dict.fromkeys(grant.scope for grant in certain.values()))
    return Capability(level, group.may, names, scope, sources(found.bounds, certain), doubt=found.doubt)


def wide_writes(standing: Standing) -> tuple[Capability, ...]:
    """Changing a whole service, or things all over the account."""
    grants = [bound for bound in standing.grants if _wide(bound.rule)]
    denies = [rule for rule in standing.denies if _wide(rule)]
    fences = tuple([fence.allows for fence in standing.fences])
    rules = (*(bound.rule for bound in grants), *denies, *itertools.chain.from_iterable(fences))
    sure = not standing.doubts and not any(fence.doubts for fence in standing.fences)
    if not sure or not all(rule.plain for rule in rules):
        return tuple(_worked_out(standing))
    # Where nothing is in doubt, each statement grants what it grants, whatever stands beside it.
    merged: dict[tuple[str, str], Capability] = {}
    for bound in grants:
        against = tuple([rule for rule in denies if _share(standing, bound.rule, rule)])
        for one in _in_any_session(standing, bound, against, fences):
            if one.what == _ANYTHING:
                return (one,)
            merged[one.what, one.scope] = _merged(merged.get((one.what, one.scope)), one)
    return tuple(merged.values())


def _share(standing: Standing, one: Rule, other: Rule) -> bool:
    """Whether two statements may be about the same action."""
    if "NotAction" in (one.action_element, other.action_element):
        return True

    def found() -> bool:
        return any(common(left, right) is not None for left in one.actions for right in other.actions)

    return standing.alike((one, other), found)


def _in_any_session(
    standing: Standing, bound: Bound, denies: tuple[Rule, ...], fences: tuple[tuple[Rule, ...], ...]
) -> tuple[Capability, ...]:
    """`wide_writes` of one statement, where all these say the same in every session of the account."""
    account, partition = standing.session.account, standing.session.partition

    def found() -> tuple[Capability, ...]:
        return tuple(_worked_out(anyones((bound,), denies, fences, account, partition)))

    return standing.alike((bound, denies, fences, account, partition), found)


def _wide(rule: Rule) -> bool:
    """Whether a statement may be about resources of any name."""
    if rule.target_element == "NotResource":
        return True
    return any(one.variable or one.doubt is not None or catalogue.wide(one.text) for one in rule.targets)


def _worked_out(standing: Standing) -> Iterator[Capability]:
    everything = standing.anything()
    if everything is not None:
        where = sources(everything.bounds, (ANYTHING,))
        yield Capability(Level.WIDE_WRITE, _ANYTHING, ("*",), everything.scope, where, doubt=everything.doubt)
        if everything.doubt is None:
            return
    merged: dict[tuple[str, str, str | None], Capability] = {}
    for pattern, written, targets in _candidates(standing):
        for write in catalogue.writes(pattern):
            for target in targets:
                found = _written(standing, write, written, target)
                if found is not None:
                    key = (found.what, found.scope, found.doubt)
                    merged[key] = _merged(merged.get(key), found)
    yield from merged.values()


def _merged(one: Capability | None, other: Capability) -> Capability:
    """The same thing by several permissions as one capability."""
    if one is None:
        return other
    permissions = tuple(dict.fromkeys((*one.permissions, *other.permissions)))
    return replace(one, permissions=permissions, sources=tuple(dict.fromkeys((*one.sources, *other.sources))))


def _candidates(standing: Standing) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Action patterns (in lower case, and as written) with the wide resource patterns they could be granted on."""
    around = [rule for fence in standing.fences for rule in fence.allows]
    around += [rule for rule in standing.denies if "Action" in (rule.action_element, rule.target_element)]
    narrowing = _wide_targets(standing, around)
    for bound in standing.grants:
        targets = _wide_targets(standing, (bound.rule,))
        if targets and bound.rule.action_element == "Action":
            yield from _named(bound.rule, tuple(dict.fromkeys((*targets, *narrowing))))
    everywhere = _wide_targets(standing, standing.rules)
    for rule in (*around, *standing.denies):
        if rule.allow == (rule.action_element == "Action"):
            yield from _named(rule, everywhere)


def _named(rule: Rule, targets: tuple[str, ...]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for pattern, written in zip(rule.actions, rule.names, strict=True):
        if pattern not in ("*", "*:*"):
            yield pattern, written, targets


def _wide_targets(standing: Standing, rules: Iterable[Rule]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for rule in rules:
        if rule.allow and rule.target_element == "NotResource":
            found["*"] = None
        elif rule.allow:
            for target in rule.targets:
                pattern, _ = standing.pattern(target)
                if pattern is not None and catalogue.wide(pattern):
                    found[pattern] = None
    return tuple(found)


def _written(standing: Standing, write: catalogue.Writes, written: str, target: str) -> Capability | None:
    service = write.service
    if target != "*":
        named = target.split(":", 3)[2:3]
        if not any(common(named[0], one) is not None for one in catalogue.arn_services(service) if named):
            return None
    # Most general first: the whole service, else those of its actions that are granted.
    if write.whole:
        whole = _anywhere(standing, f"{service}:{FRESH}", target, service)
        if whole is not None:
            return _change(f"change anything in {service}", (written,), whole, (f"{service}:{FRESH}",), write)
    granted = [(action, _anywhere(standing, action, target, service)) for action in write.actions]
    able = [(action, grant) for action, grant in granted if grant is not None]
    able = [pair for pair in able if pair[1].doubt is None] or able
    if not able:
        return None
    exact = len(write.actions) == len(able) and not write.whole
    names = (written,) if exact else tuple(action for action, _ in able)
    return _change(f"change {service} all over the account", names, able[0][1], (able[0][0],), write)


def _change(
    what: str, names: tuple[str, ...], grant: Grant, actions: tuple[str, ...], write: catalogue.Writes
) -> Capability:
    unknown = None if write.known else f"{names[0]}, which no catalogue of actions knows, changes something"
    doubt = grant.doubt or unknown
    return Capability(Level.WIDE_WRITE, what, names, grant.scope, sources(grant.bounds, actions), doubt=doubt)


def _anywhere(standing: Standing, action: str, target: str, service: str) -> Grant | None:
    """Whether the action is allowed on something that `target` covers and no other pattern names."""
    session = standing.session
    regions = standing.regions_of(action)
    if target == "*":
        form = f"arn:{session.partition}:{service}:{{}}:{session.account}:{FRESH}"
        return best(standing.judge(Call(action, form.replace("{}", region), region)) for region in regions)
    resource = instance(target)
    region = resource.split(":", 4)[3] if resource.count(":") > 3 else FRESH
    own = (region,) if region else regions
    return best(standing.judge(Call(action, resource, one)) for one in own)


def scoped(standing: Standing, told: Iterable[Capability]) -> Iterator[Capability]:
    """One capability for each statement that no other capability speaks of."""
    spoken = {(source.document, place) for one in told for source in one.sources for place in _parents(source.pointer)}
    for bound in standing.grants:
        if (bound.document, bound.prefix + bound.rule.pointer) in spoken:
            continue
        found = _rest(standing, bound)
        if found is not None:
            yield found


def _parents(pointer: str) -> Iterator[str]:
    parts = pointer.split("/")
    for length in range(len(parts), 1, -1):
        yield "/".join(parts[:length])


def _rest(standing: Standing, bound: Bound) -> Capability | None:
    """What a statement grants besides, if anything can be left of it."""
    rule = bound.rule
    targets = [pattern for pattern, _ in map(standing.pattern, rule.targets) if pattern is not None]
    plain, named = rule.action_element == "Action", rule.target_element == "Resource"
    actions = rule.actions if plain else ("*",)
    found = _left(standing, bound, actions, targets if named else ["*"])
    if found is None:
        return None
    services = sorted({name.partition(":")[0] for name in rule.actions})
    more = " and more" if len(services) > _LISTED else ""
    what = f"use {', '.join(services[:_LISTED])}{more}" if plain else f"use all but {', '.join(rule.names)}"
    texts = [target.text for target in rule.targets]
    rest = f" and {len(texts) - _LISTED} more" if len(texts) > _LISTED else ""
    scope = f"{'' if named else '* except '}{', '.join(texts[:_LISTED])}{rest}"
    place = Source(bound.document, bound.prefix + rule.pointer)
    return Capability(Level.SCOPED, what, rule.names if plain else ("*",), scope, (place,), doubt=found[0])


def _left(standing: Standing, bound: Bound, actions: Sequence[str], targets: Sequence[str]) -> tuple[str | None] | None:
    """Why it is not certain that something is left of a statement, in a tuple of one; None where nothing is."""
    doubt: str | None = None
    for number, (action, target) in enumerate(itertools.product(actions, targets)):
        if number >= _PAIRS:
            return (doubt or _LESS,)
        resource = instance(target)
        call = Call(instance(action), resource, _region(resource))
        if not standing.concerns(bound.rule, call):
            continue
        grant = standing.judge(call)
        if grant is not None and grant.doubt is None:
            return (None,)
        if grant is not None:
            doubt = doubt or grant.doubt
        elif standing.denied(call):
            for grant in _spared(standing, action, target):
                if grant.doubt is None:
                    return (None,)
                doubt = doubt or grant.doubt
        else:
            shared = [_shared(standing, fence.allows, action, target) for fence in standing.fences]
            if all(one is not None or fence.doubts for one, fence in zip(shared, standing.fences, strict=True)):
                doubt = doubt or _LESS
            for one in shared:
                grant = None if one is None else standing.judge(Call(*one, _region(one[1])))
                if grant is not None and grant.doubt is None:
                    return (None,)
    return None if doubt is None else (doubt,)


def _spared(standing: Standing, action: str, target: str) -> Iterator[Grant]:
    """What of these actions on these resources gets past the Denies because they say what they are not about."""
    actions = {instance(action): None}
    places = {instance(target): None}
    for rule in standing.denies:
        if rule.action_element == "NotAction":
            actions.update(dict.fromkeys(one for one in (common(action, name) for name in rule.actions) if one))
        if rule.target_element == "NotResource":
            patterns = [pattern for pattern, _ in map(standing.pattern, rule.targets) if pattern is not None]
            places.update(dict.fromkeys(one for one in (common(target, place) for place in patterns) if one))
    for fence in standing.fences:
        for rule in fence.allows if len(places) > 1 or len(actions) > 1 else ():
            if rule.action_element == "Action":
                actions.update(dict.fromkeys(one for one in (common(action, name) for name in rule.actions) if one))
            if rule.target_element == "Resource":
                patterns = [pattern for pattern, _ in map(standing.pattern, rule.targets) if pattern is not None]
                places.update(dict.fromkeys(one for one in (common(target, place) for place in patterns) if one))
    for does, where in itertools.islice(itertools.product(actions, places), 1, _PAIRS):
        grant = standing.judge(Call(does, where, _region(where)))
        if grant is not None:
            yield grant


def _region(resource: str) -> str:
    parts = resource.split(":", 4)
    return parts[3] if len(parts) == 5 and parts[3] else FRESH


def _shared(standing: Standing, rules: Iterable[Rule], action: str, target: str) -> tuple[str, str] | None:
    """One of these actions on one of these resources that a statement may be about; None where there is none."""
    for rule in rules:
        acts = rule.actions if rule.action_element == "Action" else ("*",)
        patterns = [pattern for pattern, _ in map(standing.pattern, rule.targets) if pattern is not None]
        places = patterns if rule.target_element == "Resource" else ["*"]
        for one, place in itertools.product(acts, places):
            does, where = common(action, one), common(target, place)
            if does is not None and where is not None:
                return does, where
    return None
