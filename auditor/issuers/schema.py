"""What an issuer table may say. The built-in tables and those of a user are held to the same rules.

Names of nested claims are paths joined by dots: `kubernetes.io.namespace` is the claim `namespace` within the object
`kubernetes.io` (`claims.payload.flatten` names them like this, and whoever reads a trust that looks into such an object
must do the same).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

Place = tuple[str | int, ...]
Check = Callable[[Place, Any], None]

CONTROLLERS = ("platform", "tenant_admin", "branch_writer", "job_code", "fork_pr", "anyone")
"""Who may choose a value, from the issuer itself down to any stranger."""

TENANCIES = ("shared", "single", "enterprise", "instance")
"""For whom an issuer URL mints: every customer, one tenant, one enterprise, one installation with many users."""

CONFIDENCES = ("documented", "observed", "third-party", "unverified")
"""By the vendor; in real tokens or source code; by somebody else; by nobody in particular."""

SLOT = re.compile(r"\{([a-z_0-9]+)(:encoded)?\}")
FRAGMENT = re.compile(r"<([a-z_0-9]+)>")


class TableError(ValueError):
    """A table that is not well formed, and the place in it."""

    def __init__(self, place: Place, message: str) -> None:
        super().__init__(message)
        self.place = place


def check(table: Any, taken: Collection[str] = ()) -> None:
    """Raises `TableError` for the first thing in a decoded table that this program would not understand.

    `taken` are ids that other tables have.
    """
    _TABLE((), table)
    if table["id"] in taken:
        raise TableError(("id",), f"the id {table['id']!r} is taken; `like` adds URLs to the table that has it")
    variables, options = table.get("variables", {}), dict(_options(table))
    names = [option["name"] for option in options.values()]
    fragments = set(table.get("fragments", {})).union(*(option.get("fragments", {}) for option in options.values()))
    for place, text in _texts(table, options):
        _terms(place, text, variables, fragments)
    constants = set(table.get("constants", {})).union(*(option.get("constants", {}) for option in options.values()))
    claims = set(table["claims"]).union(*(option.get("claims", {}) for option in options.values()))
    for place, listed in (((), table), *options.items()):
        for index, claim in enumerate(listed.get("optional", ())):
            _known((*place, "optional", index), claim, claims, "claim")
    for place, option in options.items():
        unmerged = option.get("unmerged", False)
        for name in (*option.get("fixed", ()), *([] if isinstance(unmerged, bool) else unmerged)):
            _known(place, name, variables, "variable")
        if "fresh_unmerged" in option:
            _known((*place, "fresh_unmerged"), option["fresh_unmerged"], variables, "variable")
    for index, row in enumerate(table["issuers"]):
        for number, name in enumerate(row.get("without", ())):
            _known(("issuers", index, "without", number), name, names, "option")
        for name in re.compile(row["url"]).groupindex:
            _known(("issuers", index, "url"), name, variables, "variable")
    for index, form in enumerate(table.get("formats", ())):
        _terms(("formats", index, "subject"), form["subject"], variables, fragments)
        for key in ("options", "any_of"):
            for number, name in enumerate(form.get(key, ())):
                _known(("formats", index, key, number), name, names, "option")
    for prefix, name in table.get("families", {}).items():
        _known(("families", prefix), name, variables, "variable")
    template = table.get("template", {})
    for key, text in template.get("special", {}).items():
        _terms(("template", "special", key), text, variables, fragments)
    for index, key in enumerate(template.get("first", ())):
        _known(("template", "first", index), key, template["keys"], "key")
    if ("subject_hint" in table) is not ("self_managed" in table):
        raise TableError((), "`subject_hint` and `self_managed` belong together")
    for claim in table.get("about", {}):
        _known(("about", claim), claim, claims | constants, "claim")


def check_like(table: Any, known: Collection[str]) -> None:
    """The same for a table that only adds URLs to a known one, which `like` names."""
    _keys({"like": _one_of(sorted(known)), "issuers": _list(_ISSUER, least=1)}, {})((), table)


def _options(table: Mapping[str, Any]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    for name, axis in table.get("axes", {}).items():
        for index, option in enumerate(axis):
            yield ("axes", name, index), option


def _texts(
    table: Mapping[str, Any], options: Mapping[Place, Mapping[str, Any]]
) -> Iterator[tuple[Place, str]]:  # fmt: skip
    for place, part in (((), table), *options.items()):
        for key in ("claims", "fragments"):
            for name, text in part.get(key, {}).items():
                yield (*place, key, name), text


def _terms(place: Place, text: str, variables: Collection[str], fragments: Collection[str]) -> None:
    if text.startswith("["):
        _known(place, text[1:-1], variables, "variable")
        return
    for match in SLOT.finditer(text):
        _known(place, match[1], variables, "variable")
    for match in FRAGMENT.finditer(text):
        _known(place, match[1], fragments, "fragment")


def _known(place: Place, name: str, names: Collection[str], what: str) -> None:
    if name not in names:
        raise TableError(place, f"there is no {what} {name!r} in this table")


# What stands where, as functions that judge one value.


def _text(place: Place, value: Any) -> None:
    if not isinstance(value, str):
        raise TableError(place, f"{_name(place)} must be a text")


def _word(place: Place, value: Any) -> None:
    _text(place, value)
    if not re.fullmatch(r"[a-z][a-z0-9-]*", value):
        raise TableError(place, f"{_name(place)} must be lower-case letters, digits and hyphens, not {value!r}")


def _flag(place: Place, value: Any) -> None:
    if not isinstance(value, bool):
        raise TableError(place, f"{_name(place)} must be true or false")


def _regex(place: Place, value: Any) -> None:
    _text(place, value)
    try:
        re.compile(value)
    except re.error as error:
        raise TableError(place, f"{_name(place)} is no regular expression: {error}") from error


def _length(place: Place, value: Any) -> None:
    numbers = isinstance(value, list) and len(value) == 2 and all(type(number) is int for number in value)
    if not numbers or not 0 <= value[0] <= value[1]:
        raise TableError(place, f"{_name(place)} must be [shortest, longest]")


def _constant(place: Place, value: Any) -> None:
    if not isinstance(value, bool | int):
        raise TableError(place, f"{_name(place)} must be a number or a truth value; texts go under `claims`")


def _one_of(names: Collection[str]) -> Check:
    def judge(place: Place, value: Any) -> None:
        if value not in names:
            raise TableError(place, f"{_name(place)} must be one of {', '.join(names)}, not {value!r}")

    return judge


def _either(first: type, judge_first: Check, otherwise: Check) -> Check:
    def judge(place: Place, value: Any) -> None:
        (judge_first if isinstance(value, first) else otherwise)(place, value)

    return judge


def _list(each: Check, *, least: int = 0) -> Check:
    def judge(place: Place, value: Any) -> None:
        if not isinstance(value, list):
            raise TableError(place, f"{_name(place)} must be a list")
        if len(value) < least:
            raise TableError(place, f"{_name(place)} must not be empty")
        for index, item in enumerate(value):
            each((*place, index), item)

    return judge


def _named(each: Check) -> Check:
    def judge(place: Place, value: Any) -> None:
        if not isinstance(value, dict):
            raise TableError(place, f"{_name(place)} must be a table")
        for key, item in value.items():
            each((*place, key), item)

    return judge


def _keys(needed: Mapping[str, Check], allowed: Mapping[str, Check]) -> Check:
    def judge(place: Place, value: Any) -> None:
        if not isinstance(value, dict):
            raise TableError(place, f"{_name(place)} must be a table")
        for key in value:
            if key not in needed and key not in allowed:
                raise TableError((*place, key), f"unknown key {key!r}; known here: {', '.join((*needed, *allowed))}")
        for key, each in needed.items():
            if key not in value:
                raise TableError(place, f"{_name(place)} needs the key {key!r}")
            each((*place, key), value[key])
        for key, each in allowed.items():
            if key in value:
                each((*place, key), value[key])

    return judge


def _name(place: Place) -> str:
    parts = [part for part in place if isinstance(part, str)]
    return f"`{'.'.join(parts)}`" if parts else "the table"


_TEXTS = _list(_text)
_VISIBLE = _keys({}, {"aws": _TEXTS, "entra": _TEXTS, "google": _one_of(("all",))})
_CONFIDENCE = _one_of(CONFIDENCES)
_ROW = {
    "name": _text,
    "example": _text,
    "shown": _text,
    "without": _TEXTS,
    "subject": _regex,
    "generic": _flag,
    "visible": _VISIBLE,
    "confidence": _CONFIDENCE,
    "about": _text,
}
_ISSUER = _keys({"url": _regex, "tenancy": _one_of(TENANCIES)}, _ROW)
_VARIABLE = _keys(
    {},
    {
        "characters": _text,
        "length": _length,
        "never": _TEXTS,
        "values": _list(_text, least=1),
        "hints": _list(_text, least=1),
        "ignore_case": _flag,
        "dimension": _word,
        "by": _one_of(CONTROLLERS),
        "about": _text,
        "confidence": _CONFIDENCE,
    },
)
_OPTION = _keys(
    {"name": _text},
    {
        "run": _text,
        "fragments": _named(_text),
        "claims": _named(_text),
        "constants": _named(_constant),
        "certain": _flag,
        "note": _text,
        "unmerged": _either(bool, _flag, _named(_TEXTS)),
        "fresh_unmerged": _text,
        "fixed": _TEXTS,
        "narrower": _flag,
        "optional": _TEXTS,
    },
)
_TEMPLATE = _keys(
    {"claim": _text, "joiner": _text, "keys": _list(_text, least=1)}, {"first": _TEXTS, "special": _named(_text)}
)
_FORMAT = _keys(
    {"name": _text, "subject": _text}, {"options": _TEXTS, "any_of": _TEXTS, "when": _text, "confidence": _CONFIDENCE}
)  # fmt: skip
_AUDIENCE = _keys(
    {"chosen_by": _one_of(CONTROLLERS), "carries_tenant": _flag},
    {"default": _text, "note": _text, "confidence": _CONFIDENCE},
)
_TABLE = _keys(
    {
        "id": _word,
        "name": _text,
        "issuers": _list(_ISSUER, least=1),
        "variables": _named(_VARIABLE),
        "claims": _named(_text),
    },
    {
        "nouns": _named(_text),
        "sources": _list(_keys({"title": _text, "url": _text}, {})),
        "confidence": _CONFIDENCE,
        "optional": _TEXTS,
        "families": _named(_text),
        "subject_hint": _regex,
        "self_managed": _keys({"tenancy": _one_of(TENANCIES)}, _ROW),
        "constants": _named(_constant),
        "fragments": _named(_text),
        "axes": _named(_list(_OPTION, least=1)),
        "template": _TEMPLATE,
        "formats": _list(_FORMAT),
        "audience": _AUDIENCE,
        "visible": _VISIBLE,
        "about": _named(_text),
        "unmerged_when": _text,
    },
)
