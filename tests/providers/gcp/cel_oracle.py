"""The official CEL runtime (C++), with Google's `extract` added as its documentation describes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from cel_expr_python import cel  # type: ignore[import-untyped]  # it has no type information
from cel_expr_python.ext import ext_strings  # type: ignore[import-untyped]

REFUSED: Final = "refused when compiled"
ERROR: Final = "an error"

_TEMPLATE = re.compile(r"(?P<before>[^{}]*)\{\w+\}(?P<behind>[^{}]*)", re.DOTALL)


def extract(text: str, template: str) -> str:
    """What stands between the first `before` and the next `behind`; empty where either is missing."""
    parts = _TEMPLATE.fullmatch(template)
    assert parts is not None
    end = re.escape(parts["behind"]) if parts["behind"] else r"\Z"
    found = re.search(f"{re.escape(parts['before'])}(.*?){end}", text, re.DOTALL)
    first = text.find(parts["before"])
    return found[1] if found is not None and found.start() == first else ""


def _environment() -> cel.Env:
    text, anything = cel.Type.STRING, cel.Type.DYN
    overload = cel.Overload("string_extract_string", text, [text, text], True, extract)
    return cel.NewEnv(
        variables=dict.fromkeys(("assertion", "google", "attribute"), anything),
        extensions=[ext_strings.ExtStrings()],
        functions=[cel.FunctionDecl("extract", [overload])],
    )


_ENVIRONMENT = _environment()


class Program:
    """One compiled expression; `refused` where the runtime does not compile it."""

    def __init__(self, source: str) -> None:
        try:
            self._program = _ENVIRONMENT.compile(source)
        except Exception:  # noqa: BLE001 - the runtime raises classes of its own, all of them refusals
            self._program = None

    @property
    def refused(self) -> bool:
        return self._program is None

    def value(self, token: Mapping[str, Any], **names: Mapping[str, Any]) -> Any:
        """The value as Python writes it; `ERROR` for an error."""
        if self._program is None:
            return REFUSED
        data = {"google": {}, "attribute": {}, "assertion": token, **names}
        try:
            found = self._program.eval(data=data)
        except RuntimeError:  # constants that err are found out before anything is evaluated
            return ERROR
        return ERROR if found.type() == cel.Type.ERROR else found.plain_value()

    def truth(self, token: Mapping[str, Any], **names: Mapping[str, Any]) -> bool | None:
        """True, false, or None for anything else."""
        value = self.value(token, **names)
        return value if isinstance(value, bool) else None
