"""One look at all documents of an estate, after which each account can be judged on its own.

It finds what an account's own documents do not tell: who of other accounts is let in, and which organisation stands
above whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from weakref import ReferenceType, ref

from auditor.providers.aws.above import KINDS, Above
from auditor.providers.aws.borders import Borders
from auditor.providers.aws.grounds import Grounds
from auditor.providers.aws.roles import place_of
from auditor.snapshot import Document, Snapshot
from auditor.storage.shelf import Shelf


@dataclass(slots=True)
class Survey:
    """What was found. Can be pickled."""

    above: Above = field(default_factory=Above)
    borders: Borders = field(default_factory=Borders)
    grounds: Grounds = field(default_factory=Grounds)
    size: tuple[int, int] = (0, 0)
    """How many documents and rows the snapshot had."""


_Known = tuple[ReferenceType[Snapshot], Survey]
_SURVEYS: dict[int, _Known] = {}
"""By the identity of their snapshots, as long as these are there."""


def survey_of(snapshot: Snapshot) -> Survey:
    """That of the snapshot, made when it is first asked for, and again if something was added since."""
    known = _known(snapshot)
    if known is not None and known.size == _size(snapshot):
        return known
    found = Survey(size=_size(snapshot))
    for documents in _batches(snapshot):
        found.above.add(document for document in documents if document.kind in KINDS)
        for document in documents:
            if document.kind == "iam-role":
                account = found.grounds.add(document.scope, document.id, document.body)
                found.borders.add(document.scope, document.id, account, document.body)
    found.borders.close()
    found.grounds.close(snapshot.scopes("aws"))
    remember(snapshot, found)
    return found


def _known(snapshot: Snapshot) -> Survey | None:
    known = _SURVEYS.get(id(snapshot))
    return known[1] if known is not None and known[0]() is snapshot else None


def remember(snapshot: Snapshot, survey: Survey) -> None:
    """That this is the survey of this very object."""
    key = id(snapshot)

    def forget(reference: ReferenceType[Snapshot]) -> None:
        if key in _SURVEYS and _SURVEYS[key][0] is reference:
            del _SURVEYS[key]

    _SURVEYS[key] = (ref(snapshot, forget), survey)


def portions(snapshot: Snapshot) -> Sequence[str]:
    """Its scopes: accounts, and organisations that were read as a whole."""
    survey_of(snapshot)
    return snapshot.scopes("aws")


def portion(snapshot: Snapshot, scope: str) -> Snapshot:
    """What was read of one scope, and the organisation documents that concern it."""
    within = snapshot.within("aws", scope)
    above = (_known(snapshot) or survey_of(snapshot)).above  # counting what there is for each account would take long
    accounts = dict.fromkeys((scope, *_accounts(within.documents)))
    own = [document for document in within.documents if document.kind not in KINDS or not above.covers(scope)]
    for account in accounts:  # other ones than the scope only where documents lie elsewhere than they should
        if account != scope and account not in above.homes and not above.covers(account):
            own += (document for document in snapshot.within("aws", account).documents if document.kind in KINDS)
    return Snapshot(within.started, within.finished, [*own, *above.around(scope, accounts)], within.coverage)


def _accounts(documents: Iterable[Document]) -> Iterable[str]:
    """The accounts to which the roles among them belong, by their names."""
    places = (place_of(document.id) for document in documents if document.kind == "iam-role")
    return (place[1] for place in places if place is not None)


def _batches(snapshot: Snapshot) -> Iterable[Sequence[Document]]:
    """All documents of AWS in their order, those of a scope together; at once where they lie in memory anyway."""
    shelf = snapshot.documents
    if isinstance(shelf, Shelf):
        return (shelf.within("aws", scope) for scope in shelf.scopes("aws"))
    return ([document for document in shelf if document.provider == "aws"],)


def _size(snapshot: Snapshot) -> tuple[int, int]:
    return len(snapshot.documents), len(snapshot.coverage)
