"""What was probably meant by a subject that no token has: the nearest text that the issuer does mint.

Slips that people make in federated credentials, which are compared letter by letter: blanks at the ends, the hyphen of
`pull-request`, the URL of a repository in the place of its name, capitals where the platform has none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from auditor.claims.grammar import Grammar
from auditor.claims.languages.pattern import Pattern
from auditor.claims.predicate import Match, Predicate, conjunction
from auditor.claims.solver import solve
from auditor.claims.verdict import Accepted

_URL = re.compile(r"(?<=^repo:)https?://[^/]+/|(?<=^project_path:)https?://[^/]+/")

LONGEST = 600
"""Characters of a subject that Azure stores (Microsoft's page on considerations)."""


def _without_blanks(text: str) -> str:
    return text.strip()


def _without_url(text: str) -> str:
    return _URL.sub("", text).replace(".git:", ":")


def _event(text: str) -> str:
    return f"{text.removesuffix('pull-request')}pull_request" if text.endswith(":pull-request") else text


SLIPS: tuple[Callable[[str], str], ...] = (_without_blanks, _without_url, _event, str.lower)
"""Each undoes one slip, or leaves the text as it is; tried alone, then together with those before."""


def subject(text: str, grammar: Grammar, besides: Iterable[Predicate] = ()) -> str | None:
    """The nearest subject that the issuer mints and that satisfies `besides`; None when no known slip explains it."""
    if len(text) > LONGEST:
        return None
    asked = conjunction(besides)
    mended = text
    tried = [undo(text) for undo in SLIPS]
    for undo in SLIPS:
        mended = undo(mended)
        tried.append(mended)
    for other in dict.fromkeys(tried):
        if other != text and isinstance(solve(conjunction((_is(other), asked)), grammar), Accepted):
            return other
    return None


def _is(text: str) -> Predicate:
    return Match("sub", Pattern.exactly(text))
