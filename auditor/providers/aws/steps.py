"""From one collected role to another: assume it, rewrite whom it trusts, run something under it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.model import Source
from auditor.power import Step
from auditor.providers.aws.admission import lets_in, serves
from auditor.providers.aws.borders import Outsider
from auditor.providers.aws.escalations import Ways
from auditor.providers.aws.grants import Call, best
from auditor.providers.aws.levels import sources
from auditor.providers.aws.roles import Role
from auditor.providers.aws.tables import ASSUME_ROLE, BIT, PASS_ROLE, REWRITE_TRUST, paths_within
from auditor.providers.aws.wildcards import FRESH

MOST = 64
"""Roles that a role may run things under: beyond that, with a free choice of role, the capability says it all."""


def steps(ways: Ways, *, administrator: bool) -> tuple[Step, ...]:
    """Every collected role that this one may become; those of its own account are left out for an administrator."""
    found: dict[tuple[str, str], Step] = {}
    for step in _all(ways, administrator):
        key = (step.target.id, step.kind)
        kept = found.get(key)
        if kept is None or (step.certain, -len(step.permissions)) > (kept.certain, -len(kept.permissions)):
            found[key] = step
    return tuple(found[key] for key in sorted(found))


def _all(ways: Ways, administrator: bool) -> Iterator[Step]:
    yield from _assumed(ways)
    if not administrator:
        yield from _rewritten(ways)
        yield from _run(ways)


def _assumed(ways: Ways) -> Iterator[Step]:
    standing, role = ways.standing, ways.role
    able = standing.mask & BIT[ASSUME_ROLE]
    # Without the permission, only being named in one's own account may be enough.
    candidates: Iterable[Role | Outsider] = ways.room.open_to(role) if able else ways.room.naming(role)
    for target in candidates:
        if target is role:
            continue
        way = lets_in(target.admission, standing.session, role.unique_id)
        if way is None:
            continue
        calls = [Call(ASSUME_ROLE, target.arn, region) for region in standing.regions]
        grant = best(standing.judge(call) for call in calls)
        place = Source(target.arn, way.pointer)
        if grant is not None:
            where = (*sources(grant.bounds, (ASSUME_ROLE,)), place)
            yield Step(
                target.identity, "assume-role", "assume it", ("sts:AssumeRole",), where, grant.doubt or way.doubt
            )
        elif way.named and target.account == role.account and not all(map(standing.denied, calls)):
            doubt = way.doubt or "a trust policy that names it is enough, where its own policies do not let it"
            yield Step(target.identity, "assume-role", "assume it", (), (place,), doubt)


def _rewritten(ways: Ways) -> Iterator[Step]:
    """Roles named by a policy; the right to rewrite any role is a capability."""
    standing, role = ways.standing, ways.role
    if not standing.mask & BIT[REWRITE_TRUST]:
        return
    home = standing.regions_of(REWRITE_TRUST)[0]
    session = standing.session
    if standing.judge(Call(REWRITE_TRUST, f"arn:{session.partition}:iam::{session.account}:role/{FRESH}", home)):
        return
    targets = {
        target: None
        for pattern in standing.patterns(REWRITE_TRUST)
        for target in ways.room.matching(role.account, pattern)
    }
    for target in targets:
        grant = standing.judge(Call(REWRITE_TRUST, target.arn, home)) if target is not role else None
        if grant is not None:
            where = sources(grant.bounds, (REWRITE_TRUST,))
            how = "let itself into it by rewriting whom it trusts"
            yield Step(target.identity, "rewrite-trust", how, ("iam:UpdateAssumeRolePolicy",), where, grant.doubt)


def _run(ways: Ways) -> Iterator[Step]:
    standing, role = ways.standing, ways.role
    if not standing.mask & BIT[PASS_ROLE]:
        return
    for way in paths_within(standing.mask):
        if PASS_ROLE not in way.needs:
            continue
        things, _ = ways.running.jointly(tuple(action for action in way.needs if action != PASS_ROLE))
        if things is None:
            continue
        (service,) = way.services
        serving = ways.room.serving(role.account, service)
        session = standing.session
        free = ways.running.passes(f"arn:{session.partition}:iam::{session.account}:role/{FRESH}", service)
        if free is not None and len(serving) > MOST:
            continue
        settled = free is not None and free.doubt is None and not standing.limited
        for target in serving:
            if target is role:
                continue
            grant = free if settled else ways.running.passes(target.arn, service)
            let = serves(target.admission, service, role.account) if grant is not None else None
            if grant is None or let is None:
                continue
            bounds = dict.fromkeys((*grant.bounds, *things.bounds))
            where = (*sources(bounds, way.needs), Source(target.arn, let.pointer))
            doubt = grant.doubt or things.doubt or let.doubt or _profile(target, service)
            yield Step(target.identity, "run-as", f"{way.may}: this one", way.permissions, where, doubt)


def _profile(target: Role, service: str) -> str | None:
    """Instances take a role in an instance profile only."""
    if service == "ec2.amazonaws.com" and not target.body.get("InstanceProfileList"):
        return "the role, which has no instance profile, gets one"
    return None
