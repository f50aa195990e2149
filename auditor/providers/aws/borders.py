"""Who of other accounts is let in by the trust policies of an estate: what crosses the border of an account, no more.

An index that stays in memory, where accounts do not. It may name a role too often, never too seldom: who asks looks at
the trust policy itself, which travels along. What cannot be placed (everybody, unique ids, what could not be read)
counts as crossing.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from auditor.model import Identity
from auditor.providers.aws.admission import ACCOUNT, SESSION, Admission, read_admission
from auditor.providers.aws.roles import Role, identity_of

ANYBODY = "*"
UNREAD = "?"
"""As whom somebody may be let in besides by names: as everybody; by a policy that could not be read."""

_PLACED = re.compile(r"(?:arn:[^:]*:(?:iam|sts)::)?(\d{12})(?::.*)?", re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class Outsider:
    """A role of another account, as far as it takes to tell whom it lets in."""

    identity: Identity
    account: str
    policy: object
    """Its trust policy, pickled."""

    @property
    def arn(self) -> str:
        return self.identity.id

    @property
    def admission(self) -> Admission:
        return _admission(self.policy) if isinstance(self.policy, bytes) else read_admission(self.policy)


@lru_cache(maxsize=512)
def _admission(policy: bytes) -> Admission:
    return read_admission(pickle.loads(policy))  # noqa: S301 - written by `Borders.add`, and nowhere else


class Borders:
    """Filled once, in the order of documents; asked any number of times."""

    def __init__(self) -> None:
        self._crossing: dict[str, tuple[Outsider, tuple[str, ...]]] = {}
        self._policies: dict[bytes, bytes] = {}
        self._names: dict[str, list[Outsider]] = {}
        self._sessions: dict[tuple[str, str], list[str]] = {}

    def add(self, scope: str, arn: str, account: str, body: Any) -> None:
        """One role. Of several with the same ARN the last one counts."""
        self._crossing.pop(arn, None)
        policy = body.get("AssumeRolePolicyDocument") if isinstance(body, Mapping) else None
        home = (scope, account)
        if not _crosses(policy, home):
            return
        names = tuple(dict.fromkeys(name for name in whom(read_admission(policy)) if placed(name) not in home))
        if names:
            self._crossing[arn] = (Outsider(identity_of(scope, arn, body), account, self._written(policy)), names)

    def _written(self, policy: Any) -> object:
        """The policy as bytes, once for all that are alike; as it is where it is nested too deeply for that."""
        try:
            written = pickle.dumps(policy, pickle.HIGHEST_PROTOCOL)
        except RecursionError:
            return policy
        return self._policies.setdefault(written, written)

    def close(self) -> None:
        """Nothing is added after this."""
        for outsider, names in self._crossing.values():
            for name in names:
                self._names.setdefault(name, []).append(outsider)
        for name in self._names:
            found = SESSION.fullmatch(name)
            if found:
                self._sessions.setdefault((found[2], found[3]), []).append(name)
        self._crossing, self._policies = {}, {}

    def open_to(self, name: str) -> Iterable[Outsider]:
        """Roles that let in whoever is called so, and whose accounts that is not; in the order of documents."""
        return self._names.get(name, ())

    def sessions(self, role: Role) -> Iterator[str]:
        """The names of single sessions of the role by which somebody lets it in."""
        last = role.arn.rpartition("/")[2]
        own = f":{role.account}:assumed-role/{role.identity.name}/"
        return (name for name in self._sessions.get((role.account, last), ()) if own in name)


def names_of(role: Role) -> Iterator[str]:
    """By which names others may let the role in, single sessions of it apart; some of them twice."""
    own = (role.arn, role.unique_id or role.arn)
    yield from own
    for name in own:  # of no role that AWS made
        account = ACCOUNT.fullmatch(name)
        if account:
            yield account[1]
    yield from (role.account, ANYBODY, UNREAD)


def whom(admission: Admission) -> Iterator[str]:
    """The names of everybody a trust policy lets in, roles' services apart; an account is called by its number."""
    if admission.unread is not None:
        yield UNREAD
    for entry in admission.allows:
        yield from (name for name in sorted(entry.names) if ACCOUNT.fullmatch(name) is None)
        yield from sorted(entry.accounts)
        if entry.everyone:
            yield ANYBODY


def placed(name: str) -> str | None:
    """The account to which a name of a principal belongs; None where that is not told by the name."""
    found = _PLACED.fullmatch(name)
    return found[1] if found else None


def _crosses(policy: Any, home: tuple[str, str]) -> bool:
    """Whether a trust policy may let in somebody of another account; a quick look that is never wrong about "no"."""
    if not isinstance(policy, Mapping):
        return True
    body = policy.get("Statement")
    if isinstance(body, Mapping):
        body = (body,)
    elif not isinstance(body, list | tuple):
        return True
    for part in body:
        if not isinstance(part, Mapping):
            return True
        effect = part.get("Effect")
        if effect == "Deny":
            continue
        if effect != "Allow" or "NotPrincipal" in part:
            return True
        principal = part.get("Principal")
        if principal == ANYBODY:
            return True
        named = principal.get("AWS") if isinstance(principal, Mapping) else None
        for name in named if isinstance(named, list | tuple) else (named,):
            if isinstance(name, str) and placed(name) not in home:
                return True
    return False
