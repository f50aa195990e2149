"""Ctrl-C at a convenient moment."""

from __future__ import annotations

import contextlib
import signal
import threading
from types import FrameType
from typing import Any


class held(contextlib.AbstractContextManager[None]):  # noqa: N801 - reads as a word of the language
    """Ctrl-C waits until the end of the block, so that nothing is half done.

    Elsewhere than in the main thread, and where somebody else takes care of Ctrl-C, nothing changes.
    """

    def __init__(self) -> None:
        self._came = False
        self._before: Any = None

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            if before is signal.default_int_handler:
                signal.signal(signal.SIGINT, self._note)
                self._before = before

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if self._came:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._came = True
