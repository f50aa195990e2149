"""What the page shows of one trust or identity when somebody looks at it. Parts of a page's JSON, in plain words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from auditor.claims.predicate import Token, claims_of
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.graph import Standing
from auditor.model import Decision, Extent, Finding, Fix, Identity, Source
from auditor.power import Capability
from auditor.report import standing as words
from auditor.report.facts import places, waiver
from auditor.report.html_source import Documents, Excerpt
from auditor.report.json_report import witness_record
from auditor.report.neutral import clip

Record = dict[str, Any]

MOST_VALUES = 40
"""Names of one dimension that are written out."""
MOST_BOXES = 30
MOST_CAPABILITIES = 12
MOST_PLACES = 30
MOST_CHANGES = 300
"""Lines of a fix."""
AROUND = 3

FIRST = ("sub", "aud")
"""The claims every reader of a token looks at."""


class Texts:
    """Texts that many records share, each once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        return self._places.setdefault(text, len(self._places))

    @property
    def listed(self) -> list[str]:
        return list(self._places)


class Tokens:
    """The tokens of one trust, each once."""

    def __init__(self, decision: Decision, texts: Texts) -> None:
        self._read = claims_of(decision.trust.predicate) | set(FIRST)
        self._texts = texts
        self.listed: list[Record] = []

    def __call__(self, token: Token | None) -> int | None:
        """Its place among the tokens."""
        if token is None:
            return None
        record = self._record(token)
        if record not in self.listed:
            self.listed.append(record)
        return self.listed.index(record)

    def _record(self, token: Token) -> Record:
        """Claims and values, as texts; in front those by which the trust decides, `read` of them."""
        claims = list(witness_record(token).items())
        claims.sort(key=lambda claim: claim[0] not in self._read)
        read = sum(1 for name, _ in claims if name in self._read)
        return {"read": read, "claims": [self._texts(text) for name, value in claims for text in (name, said(value))]}


def said(value: object) -> str:
    """The value of a claim as text."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case tuple() | list():
            return ", ".join(map(said, value))
        case _:
            return str(value)


def trust_record(decision: Decision, findings: Sequence[Finding], documents: Documents, texts: Texts) -> Record:
    """A trust, and what was found about it; what was found about its identity stands with that."""
    trust = decision.trust
    tokens = Tokens(decision, texts)
    verdicts = [("reachable", decision.reachable), *decision.classes.items()]
    classes = [[name, *_verdict(verdict, tokens)] for name, verdict in verdicts]
    sources = [trust.source, *(clause.source for one in trust.statements for clause in one.clauses)]
    return {
        "issuer": trust.issuer.url,
        "via": trust.via,
        "member": trust.member,
        "audiences": None if trust.audiences is None else list(trust.audiences[:MOST_VALUES]),
        "boxes": [_box(box) for box in decision.breadth[:MOST_BOXES]],
        "boxes_in_all": len(decision.breadth),
        "whole": decision.breadth_complete,
        "classes": classes,
        "findings": [finding_record(one, tokens(one.witness)) for one in findings],
        "tokens": tokens.listed,
        **_excerpts(documents, sources, findings),
    }


def identity_record(
    identity: Identity | None, standing: Standing | None, findings: Sequence[Finding], documents: Documents
) -> Record:
    """What an identity may do, and what was found about it; None is the estate as a whole."""
    if identity is None or standing is None:
        return {"power": None, "findings": _found(findings), **_excerpts(documents, (), findings)}
    granted = [source for one in _shown(standing) for source in one.sources[:AROUND]]
    return {
        "power": _power(identity, standing),
        "findings": _found(findings),
        **_excerpts(documents, granted[:MOST_PLACES], findings, granted=True),
    }


def _found(findings: Iterable[Finding]) -> list[Record]:
    return [finding_record(one, None) for one in findings]


def _verdict(verdict: Verdict, tokens: Tokens) -> tuple[str, int | None, str | None]:
    match verdict:
        case Accepted(witness, template):
            chosen = f"its owner composes the subject of {', '.join(template)}" if template else None
            return "accepted", tokens(witness), chosen
        case Rejected(reason):
            return "rejected", None, reason
        case Undecided(reason):
            return "unknown", None, reason


def _box(box: Mapping[str, Extent]) -> list[list[Any]]:
    """Dimension, label, values, and how many values there are."""
    return [
        [name.replace("-", " "), extent.label, list(extent.values[:MOST_VALUES]), len(extent.values)]
        for name, extent in box.items()
    ]


def _shown(standing: Standing) -> Iterable[Capability]:
    return standing.profile.power.capabilities[:MOST_CAPABILITIES]


def _power(identity: Identity, standing: Standing) -> Record:
    power = standing.profile.power
    return {
        "level": str(standing.level),
        "certain": standing.certain,
        "words": words.power(standing),
        "own": str(power.level),
        "hops": list(words.hops(identity, standing.way)),
        "capabilities": [
            {
                "level": str(one.level),
                "what": one.what,
                "permissions": list(one.permissions),
                "scope": one.scope,
                "doubt": one.doubt,
            }
            for one in _shown(standing)
        ],
        "capabilities_in_all": len(power.capabilities),
        "gaps": list(power.gaps),
    }


def finding_record(finding: Finding, token: int | None) -> Record:
    listed = list(places(finding))
    record: Record = {
        "id": finding.id,
        "detail": finding.detail,
        "places": listed[:MOST_PLACES],
        "places_in_all": len(listed),
    }
    if token is not None:
        record["token"] = token
    if finding.fix is not None:
        record["fix"] = {"summary": finding.fix.summary, "changes": list(_changes(finding.fix))}
    if finding.waiver is not None:
        record["waived"] = waiver(finding.waiver)
    return record


def _changes(fix: Fix) -> Iterator[list[str]]:
    """Lines that go (`-`), that come (`+`) and that stand around them (a space); `…` where some are left out."""
    before, after = (text.splitlines() if text else [] for text in (fix.before, fix.after))
    lines = list(difflib.unified_diff(before, after, n=AROUND, lineterm=""))[2:]
    for number, line in enumerate(lines[:MOST_CHANGES]):
        if line.startswith("@@"):
            if number:
                yield ["…", ""]
        else:
            yield [line[0], clip(line[1:])]
    if len(lines) > MOST_CHANGES:
        yield ["…", f"{len(lines) - MOST_CHANGES:,} more lines, see the JSON report"]


def _excerpts(
    documents: Documents, sources: Iterable[Source], findings: Sequence[Finding], *, granted: bool = False
) -> Record:
    """Parts of documents, and where in each the findings point: number of the finding, lines, characters.

    When `granted`, what `sources` point to is marked as well, with None for a number.
    """
    listed = tuple(dict.fromkeys(sources))
    guilty: list[tuple[int | None, Source]] = [
        (number, source) for number, one in enumerate(findings) for source in one.evidence[:MOST_PLACES]
    ]
    guilty += [(None, source) for source in listed if granted]
    asked = dict.fromkeys((*listed, *(source for _, source in guilty)))
    found = list(documents.excerpts(asked))
    missing = sorted({source.document for source in asked} - {one.document for one in found})
    return {"excerpts": [_excerpt(one, guilty) for one in found], "missing": missing}


def _excerpt(one: Excerpt, guilty: Iterable[tuple[int | None, Source]]) -> Record:
    marked = ((number, one.marks[source]) for number, source in guilty if source in one.marks)
    marks = [[number, mark.first, mark.last, mark.begin, mark.end] for number, mark in marked]
    return {"document": one.document, "pointer": one.pointer, "lines": list(one.lines), "marks": marks}
