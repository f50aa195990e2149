"""Takes decoded TOML apart, with errors that name the file and the line. Knows nothing of what the keys mean."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import ConfigError
from auditor.toml_lines import line_of

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """Takes decoded TOML apart, and knows where in the file each part stands."""

    path: Path
    source: str
    root: tuple[str, ...]

    def error(self, place: Place, message: str) -> ConfigError:
        line = line_of(self.source, (*self.root, *place))
        return ConfigError(f"{self.path}:{line}: {message}" if line else f"{self.path}: {message}")

    def table(self, place: Place, value: object, known: Collection[str] | None = None) -> Mapping[str, Any]:
        """`value` as a table whose keys are all `known` (any, if None)."""
        if not isinstance(value, dict):
            raise self.error(place, f"{self.name(place)} must be a table, not {type_name(value)}")
        for key in value:
            if known is not None and key not in known:
                near = difflib.get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]!r}?" if near else f"known here: {listing(known)}"
                within = f" in {self.name(place)}" if place else ""
                raise self.error((*place, key), f"unknown key {key!r}{within}; {hint}")
        return value

    def texts(self, place: Place, value: object) -> Iterator[tuple[Place, str]]:
        """`value` as a list of texts, none of them blank, each with its place."""
        if not isinstance(value, list):
            raise self.error(place, f"{self.name(place)} must be a list of strings, not {type_name(value)}")
        for index, item in enumerate(value):
            if not isinstance(item, str):
                raise self.error((*place, index), f"{self.name(place)} must hold strings only, not {type_name(item)}")
            yield (*place, index), self._decent((*place, index), item)

    def text(self, place: Place, value: object) -> str:
        """`value` as a text that is not blank."""
        if not isinstance(value, str):
            raise self.error(place, f"{self.name(place)} must be a string, not {type_name(value)}")
        return self._decent(place, value)

    def _decent(self, place: Place, text: str) -> str:
        if not text or text != text.strip() or not text.isprintable():
            raise self.error(place, f"{self.name(place)} holds {text!r}: empty, padded or not printable")
        return text

    def choice(self, place: Place, value: object, known: Collection[str]) -> str:
        """`value` as one of the texts that are `known`."""
        text = self.text(place, value)
        if text not in known:
            raise self.error(place, f"{text!r} is none of {', '.join(known)}")
        return text

    def name(self, place: Place) -> str:
        path = (*self.root, *(part for part in place if isinstance(part, str)))
        return f"`{'.'.join(path)}`" if path else "the configuration"


def text_of(path: Path) -> str:
    """The text of a file. Raises `ConfigError` when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: holds bytes that are not UTF-8 text") from error


def parsed(path: Path, text: str) -> dict[str, Any]:
    """TOML, decoded. Raises `ConfigError`, naming the line, for what is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = found.group(1) if found else len(text.splitlines())  # what is missing is missing at the end
        raise ConfigError(f"{path}:{line}: not TOML: {error}") from error
    except RecursionError as error:
        raise ConfigError(f"{path}: nested too deeply to be read") from error


def as_table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def type_name(value: object) -> str:
    names = {
        str: "a string",
        bool: "a truth value",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a table",
    }
    return names.get(type(value), "a date or time")


def listing(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) if names else "nothing"
