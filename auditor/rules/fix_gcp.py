"""Before and after in Google's own words: CEL for a provider's condition, a member for a binding.

Guilty places are told by where they stand: a part of the attribute condition, which its span delimits, or the member of
a binding.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from auditor.claims.predicate import claims_of
from auditor.model import Clause, Source, Trust

Change = tuple[str, str]

CONDITION = "/attributeCondition"
_AUDIENCES = "/oidc/allowedAudiences"


def narrowed(trust: Trust, texts: Mapping[Source, str], claim: str) -> Change | None:
    """The claim must be the text given for a guilty place, in which only a star is a wildcard.

    The member becomes those subjects where the provider maps `google.subject` to it: a change of this one binding.
    Else the condition asks for them besides what it asks for already; parts that are guilty go, unless they pin an id.
    """
    subjects = list(dict.fromkeys(texts.values()))
    if claim != "sub" or not subjects:
        return None
    if not any("*" in subject for subject in subjects):
        change = granted(trust, subjects)
        if change is not None:
            return change
    tests = list(map(_test, subjects))
    test = tests[0] if len(tests) == 1 else f"({' || '.join(tests)})"
    written = _condition(trust)
    if written is None:
        return "(no attribute condition)", test
    kept = [_whole(written, clause.source) for clause in _conditions(trust) if not _guilty(clause, texts)]
    changed = " && ".join((*kept, test))
    return (written, changed) if changed != written else None


def required(trust: Trust, places: Iterable[Source], claim: str, text: str) -> Change | None:
    """The provider takes one audience only."""
    del places
    provider = trust.documents.get("provider")
    if claim != "aud" or not isinstance(provider, Mapping) or not trust.audiences:
        return None
    change = _json({"allowedAudiences": list(trust.audiences)}), _json({"allowedAudiences": [text]})
    return change if change[0] != change[1] else None


def without(trust: Trust, places: Iterable[Source]) -> Change | None:
    """The listed values are gone. None where that would leave a list empty, or where cutting them out is not safe."""
    guilty = set(places)
    for statement in trust.allows:
        for clause in statement.clauses:
            struck = [value for value in clause.values if value.source in guilty]
            if struck and len(struck) < len(clause.values):
                return _struck(trust, clause, guilty)
    return None


def audience(trust: Trust) -> str:
    """The audience to ask for: the provider's own name, which is made for nobody else."""
    own = (text for text in trust.audiences or () if "iam.googleapis.com" in text)
    return next(own, f"//iam.googleapis.com/{trust.via}")


def granted(trust: Trust, subjects: Iterable[str]) -> Change | None:
    """The member as it is, and as subjects; None where the provider maps something else to `google.subject`."""
    provider = trust.documents.get("provider")
    mapping = provider.get("attributeMapping") if isinstance(provider, Mapping) else None
    if trust.member is None or not isinstance(mapping, Mapping) or mapping.get("google.subject") != "assertion.sub":
        return None
    pool = trust.via.partition("/providers/")[0]
    return trust.member, "\n".join(f"principal://iam.googleapis.com/{pool}/subject/{subject}" for subject in subjects)


def _conditions(trust: Trust) -> Iterator[Clause]:
    """The parts of the attribute condition."""
    for statement in trust.allows[:1]:
        for clause in statement.clauses:
            if clause.source.pointer == CONDITION and clause.source.span is not None:
                yield clause


def _guilty(clause: Clause, texts: Mapping[Source, str]) -> bool:
    """Whether the part lets too much in; one that pins an immutable id stays all the same."""
    named = clause.source in texts or any(value.source in texts for value in clause.values)
    return named and not all(claim.endswith("_id") for claim in claims_of(clause.predicate))


def _whole(written: str, source: Source) -> str:
    """A part of the condition as it stands; in brackets where it needs them beside `&&`."""
    offset, length = source.span or (0, len(written))
    text = written[offset : offset + length]
    return f"({text})" if "||" in text or "?" in text else text


def _condition(trust: Trust) -> str | None:
    provider = trust.documents.get("provider")
    written = provider.get("attributeCondition") if isinstance(provider, Mapping) else None
    return written if isinstance(written, str) and written else None


def _test(text: str) -> str:
    """A CEL test of the subject; a star is any run of characters."""
    parts = text.split("*")
    if len(parts) == 1:
        return f"assertion.sub == {_quoted(text)}"
    tests = [f"assertion.sub.startsWith({_quoted(parts[0])})"] if parts[0] else []
    tests += [f"assertion.sub.contains({_quoted(part)})" for part in parts[1:-1] if part]
    tests += [f"assertion.sub.endsWith({_quoted(parts[-1])})"] if parts[-1] else []
    return " && ".join(tests) or "has(assertion.sub)"


def _quoted(text: str) -> str:
    """A CEL string; the simple quotes people use where nothing has to be escaped."""
    return f"'{text}'" if text.isprintable() and not {"'", "\\"} & set(text) else json.dumps(text)


def _struck(trust: Trust, clause: Clause, guilty: set[Source]) -> Change | None:
    """The audiences or the alternatives of a condition without the guilty ones."""
    kept = [value for value in clause.values if value.source not in guilty]
    if clause.source.pointer == _AUDIENCES:
        before = [value.text for value in clause.values]
        return _json({"allowedAudiences": before}), _json({"allowedAudiences": [value.text for value in kept]})
    written = _condition(trust)
    spans = [value.source.span for value in clause.values]
    own = clause.source.span
    if written is None or own is None or any(span is None for span in spans):
        return None
    places = [span for span in spans if span is not None]
    begin, end = places[0][0], sum(places[-1])
    between = " || " if "||" in written[begin:end] else ", "
    whole = written[own[0] : sum(own)]
    if between == " || " and any(sign in whole for sign in "()"):
        return None  # brackets around single alternatives do not belong to them
    texts = [written[value.source.span[0] : sum(value.source.span)] for value in kept if value.source.span is not None]
    return written, f"{written[:begin]}{between.join(texts)}{written[end:]}"


def _json(body: Any) -> str:
    return json.dumps(body, indent=2)
