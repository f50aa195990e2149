"""How many scopes of one kind are under way at once: found out by trying. Knows no cloud.

As TCP does it (RFC 5681): half as many when it was too much, one more after a round in which it was not.
"""

from __future__ import annotations


class Rate:
    """Fewer at once when the other side says that it is too much, and more again while it does not.

    What was already under way when the number last went down tells nothing new: it counts once only.
    """

    def __init__(self) -> None:
        self._limit = float("inf")
        self._cuts = 0
        self.under_way = 0

    def room(self, most: int) -> bool:
        """Whether one more may begin, of `most` at once."""
        self._limit = min(self._limit, most)
        return self.under_way < int(self._limit)

    def begin(self) -> int:
        """One more. What comes back is for `end`."""
        self.under_way += 1
        return self._cuts

    def end(self, begun: int, *, throttled: bool, most: int) -> None:
        """One less. `throttled`: it was told to slow down."""
        self.under_way -= 1
        if not throttled:
            self._limit = min(self._limit + 1 / self._limit, most)
        elif begun == self._cuts:
            self._limit = max(self._limit / 2, 1)
            self._cuts += 1

    def forget(self) -> None:
        """Nobody waits any longer for whatever is under way."""
        self.under_way = 0
