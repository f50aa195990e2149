"""Tuples that are worked out once somebody looks at them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, overload

T = TypeVar("T")


class Later(Sequence[T]):
    """What `work` makes of what it is `given`, as soon as anybody asks what is in it.

    Compares like the tuple it is. To another process it travels as it stands: as the tuple, or as the work to be done.
    `work` is a function of a module, pure, and cheap enough to be done twice.
    """

    __slots__ = ("_found", "_given", "_work")

    def __init__(self, work: Callable[..., tuple[T, ...]], *given: Any) -> None:
        self._work = work
        self._given: tuple[Any, ...] | None = given
        self._found: tuple[T, ...] = ()

    @property
    def whole(self) -> tuple[T, ...]:
        """The tuple."""
        given = self._given
        if given is not None:
            self._found = self._work(*given)
            self._given = None  # it may be large
        return self._found

    @overload
    def __getitem__(self, place: int) -> T: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[T, ...]: ...
    def __getitem__(self, place: int | slice) -> T | tuple[T, ...]:
        return self.whole[place]

    def __len__(self) -> int:
        return len(self.whole)

    def __iter__(self) -> Iterator[T]:
        return iter(self.whole)

    def __eq__(self, other: object) -> bool:
        return self is other or self.whole == (other.whole if isinstance(other, Later) else other)

    def __hash__(self) -> int:
        return hash(self.whole)

    def __repr__(self) -> str:
        return repr(self.whole)

    def __reduce__(self) -> tuple[object, ...]:
        given = self._given
        return (tuple, (self._found,)) if given is None else (Later, (self._work, *given))
