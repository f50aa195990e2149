"""One estate: the documents of a snapshot, the clouds that read them, and the portions it can be looked at in.

An AWS account is a portion; of other clouds all there is (`Provider.portions`). No more of a divided cloud is held in
memory than the portion that somebody looks at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from auditor.config import Config
from auditor.graph import Graph
from auditor.issuers.catalogue import Catalogue, catalogue_of
from auditor.judging.checks import GuardedAuthority
from auditor.model import Finding, Trust
from auditor.order import trust_order
from auditor.providers.base import Provider
from auditor.snapshot import Snapshot


class Portion(NamedTuple):
    """Which part of an estate."""

    provider: str
    key: str


class Estate:
    """Everything is in the order of reports. Can be pickled; what was worked out stays behind."""

    def __init__(self, snapshot: Snapshot, providers: Sequence[Provider], config: Config) -> None:
        self.snapshot = snapshot
        self.config = config
        self.rooms: Mapping[str, Provider] = {provider.id: provider for provider in providers}
        self._authorities = {one.id: GuardedAuthority(one.authority(snapshot), one.id) for one in providers}

    def __getstate__(self) -> dict[str, object]:
        return {name: value for name, value in vars(self).items() if name not in {"issuers", "graph"}}

    @property
    def divided(self) -> Sequence[Portion]:
        """The portions of clouds that have several."""
        return [one for several in self._portions if len(several) > 1 for one in several]

    @property
    def whole(self) -> Sequence[Portion]:
        """The other clouds, each a portion."""
        return [one for several in self._portions if len(several) == 1 for one in several]

    @cached_property
    def _portions(self) -> list[list[Portion]]:
        """Of each cloud."""
        rooms = sorted(self.rooms.items())
        return [[Portion(name, key) for key in room.portions(self.snapshot)] for name, room in rooms]

    def portion(self, portion: Portion) -> Snapshot:
        """What there is of it, in memory."""
        return self.rooms[portion.provider].portion(self.snapshot, portion.key)

    @cached_property
    def issuers(self) -> Catalogue:
        return catalogue_of(self.config.issuers)

    def trusts(self) -> Iterator[Trust]:
        """Those of all portions, one portion after the other."""
        for portion in chain.from_iterable(self._portions):
            yield from self.trusts_of(portion, self.portion(portion))

    def trusts_of(self, portion: Portion, held: Snapshot) -> list[Trust]:
        """Those of a portion, of which this is `held`."""
        return sorted(self.rooms[portion.provider].trusts(held, self.issuers), key=trust_order)

    @cached_property
    def graph(self) -> Graph:
        """What identities may do, and become."""
        there = self.snapshot.providers
        own = tuple(url for name, one in self._authorities.items() if name in there for url in one.token_issuers)
        doors = (trust for trust in self.trusts() if trust.issuer.url.startswith(own)) if own else ()
        return Graph(self._authorities, doors)

    def failures(self) -> list[Finding]:
        """Where permissions could not be worked out, since this was last asked."""
        return [failure for one in self._authorities.values() for failure in one.taken()]
