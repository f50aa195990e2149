"""A JSON report read back, so that a later audit can be compared with it.

What a report does not hold is not made up: the trusts have no policy (their condition is unknown), the identities no
steps but those to their level. Written again it is the same report, byte for byte.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from auditor.claims.predicate import Token, Unknown
from auditor.claims.verdict import Accepted, Rejected, Undecided, Verdict
from auditor.errors import ReportError
from auditor.graph import Standing, with_power
from auditor.issuers.catalogue import Catalogue, opaque
from auditor.model import (
    Confidence,
    Decision,
    Extent,
    Finding,
    Fix,
    Identity,
    Issuer,
    Level,
    Severity,
    Source,
    Status,
    Trust,
    Waived,
)
from auditor.power import Capability, Power, Profile, Step
from auditor.report.base import TOOL, Comparison, Report
from auditor.report.json_report import COMPOSED, VERSION
from auditor.report.subjects import described
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading

UNTOLD = "a report does not hold the policy"

Record = Mapping[str, Any]
_T = TypeVar("_T")


def load(path: Path, issuers: Catalogue) -> Report:
    """Read a report in JSON or JSON Lines. `issuers` knows the names of their platforms.

    Raises `ReportError`, naming the part, for what is no whole report of version 1.
    """
    try:
        text = path.read_text(encoding="utf-8", errors="strict")
    except OSError as error:
        raise ReportError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ReportError(f"{path}: not a report: it holds bytes that are not UTF-8 text") from error
    try:
        record = _joined(text) if text.startswith('{"header"') else json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{path}: not JSON; the file is damaged or cut short") from error
    if not isinstance(record, dict) or not isinstance(tool := record.get("tool"), dict) or tool.get("name") != TOOL:
        raise ReportError(f"{path}: not a JSON report of this program (`auditor scan -f json -o FILE` writes one)")
    if record.get("version") != VERSION:
        raise ReportError(f"{path}: report version {record.get('version')!r}; this program reads version {VERSION}")
    return _Reader(path, record, issuers).report()


def _joined(text: str) -> Record:
    """JSON Lines as the one object that they make. Raises ValueError where the last line is not the summary."""
    lines = [json.loads(line) for line in text.splitlines()]
    if not all(isinstance(line, dict) and len(line) == 1 for line in lines) or "summary" not in lines[-1]:
        raise ValueError("cut short")
    parts = {"coverage": "coverage", "trust": "trusts", "identity": "identities", "finding": "findings"}
    listed = {name: [line[kind] for line in lines if kind in line] for kind, name in parts.items()}
    compared: Record = next((line for line in lines if "comparison" in line), {})
    return {**lines[0]["header"], **compared, **listed}


class _Reader:
    """Takes one decoded report apart."""

    def __init__(self, path: Path, record: Record, issuers: Catalogue) -> None:
        self.path = path
        self.record = record
        self.issuers = issuers
        self.identities: dict[tuple[str, str, str], Identity] = {}
        self.powers: dict[Identity, Record] = {}

    def report(self) -> Report:
        record = self.record
        identities = tuple(self.each("identities", self.identity))
        coverage = tuple(self.each("coverage", _coverage))
        standings = dict(self.each("identities", self.standing))
        bare = self.each("trusts", self.decision)
        known = {one: standing for one, standing in standings.items() if standing is not None}
        decisions = tuple(
            with_power(one, known[one.trust.identity]) if one.trust.identity in known else one for one in bare
        )
        findings = tuple(self.each("findings", _finding))
        with self.part("the head"):
            report = Report(
                tool_version=_text(record["tool"]["version"]),
                started=_text(record["started"]),
                finished=_text(record["finished"]),
                coverage=coverage,
                decisions=decisions,
                identities=identities,
                findings=findings,
                standings=known,
                comparison=_comparison(record.get("comparison")),
            )
        return described(report)

    def each(self, name: str, read: Callable[[Record], _T]) -> Iterator[_T]:
        """Every record of one list, read. Raises `ReportError`, naming the record that is of the wrong shape."""
        listed = self.record.get(name)
        if not isinstance(listed, list):
            raise ReportError(f"{self.path}: has no list of {name}: not a whole report")
        for number, record in enumerate(listed):
            with self.part(f"{name}[{number}]"):
                found = read(record)
            yield found

    @contextmanager
    def part(self, where: str) -> Iterator[None]:
        try:
            yield
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise ReportError(f"{self.path}: {where} is of the wrong shape ({error})") from error

    def identity(self, record: Record) -> Identity:
        texts = (_text(record[key]) for key in ("provider", "scope", "kind", "id", "name"))
        found = Identity(*texts)
        self.identities[found.provider, found.kind, found.id] = found
        self.powers[found] = record["power"]
        return found

    def standing(self, record: Record) -> tuple[Identity, Standing | None]:
        """What an identity comes to; None where nobody had asked."""
        identity = self.identities[record["provider"], record["kind"], record["id"]]
        power = record["power"]
        if "own" not in power:
            return identity, None
        profile = Profile(_power(power))
        way = tuple(map(self.step, power["way"]))
        if not way:
            return identity, Standing(profile, Level(power["level"]), (), identity, profile)
        holder = way[-1].target
        told = self.powers.get(holder)
        held = Profile(_power(told) if told is not None and "own" in told else _guessed(power, way))
        return identity, Standing(profile, Level(power["level"]), way, holder, held)

    def step(self, record: Record) -> Step:
        to = record["to"]
        provider, kind, name = (_text(to[key]) for key in ("provider", "kind", "id"))
        short = name.rstrip("/").rpartition("/")[2]
        return Step(
            target=self.identities.get((provider, kind, name)) or Identity(provider, "-", kind, name, short),
            kind=_text(record["kind"]),
            how=_text(record["how"]),
            permissions=_texts(record["permissions"]),
            sources=_sources(record["sources"]),
            doubt=record["reason"],
        )

    def decision(self, record: Record) -> Decision:
        about = record["identity"]
        identity = Identity(
            *(_text(record[key]) for key in ("provider", "scope")),
            *(_text(about[key]) for key in ("kind", "id", "name")),
        )
        trust = Trust(
            identity=identity,
            issuer=self.issuer(_text(record["issuer"]), _text(record["issuer_kind"])),
            via=_text(record["via"]),
            source=_source(record["source"]),
            statements=(),
            gate=Unknown(UNTOLD),
            audiences=None,
            documents={},
            notes={"member": _text(record["member"])} if "member" in record else {},
        )
        if trust.id != record["id"]:
            raise ValueError(f"the id {record['id']!r} is not that of such a trust")
        return Decision(
            trust=trust,
            reachable=_verdict(record["reachable"]),
            classes={_text(name): _verdict(verdict) for name, verdict in record["classes"].items()},
            breadth=tuple({name: _extent(extent) for name, extent in box.items()} for box in record["breadth"]),
            breadth_complete=record.get("breadth_complete") is True,
            tenants=(),
            projects=(),
            statement=_text(record["statement"]),
        )

    def issuer(self, url: str, kind: str) -> Issuer:
        found = self.issuers.identify(url)
        if found.kind == kind:
            return found
        table = self.issuers.table_of(kind)
        name, nouns = (url.removeprefix("https://"), {}) if table is None else (table["name"], table.get("nouns", {}))
        return Issuer(url, kind, name, opaque(), nouns)


def _comparison(record: Record | None) -> Comparison | None:
    if record is None:
        return None
    kind: Literal["snapshot", "report"] = "report" if record["with"] == "report" else "snapshot"
    counts = record["findings"]
    return Comparison(
        kind=kind,
        started=_text(record["started"]),
        finished=_text(record["finished"]),
        by_tokens=record["by"] == "tokens",
        trusts={_text(name): int(count) for name, count in record["trusts"].items()},
        new=int(counts["new"]),
        known=int(counts["known"]),
        gone=int(counts["gone"]),
        hidden=record["known_hidden"] is True,
        changes_only=record["changes_only"] is True,
    )


def _coverage(record: Record) -> Coverage:
    return Coverage(
        provider=_text(record["provider"]),
        scope=_text(record["scope"]),
        kind=_text(record["kind"]),
        status=Reading(record["status"]),
        reason=_optional(record["reason"]),
        permission=_optional(record["permission"]),
    )


def _power(record: Record) -> Power:
    return Power(tuple(map(_capability, record["evidence"])), _texts(record["gaps"]))


def _guessed(record: Record, way: Iterable[Step]) -> Power:
    """What the end of a way is capable of, where the report does not list that identity: its level and no more."""
    level = Level(record["level"])
    if level in (Level.UNKNOWN, Level.NONE):
        return Power(gaps=("the report does not say what",) if level is Level.UNKNOWN else ())
    unproven = record["certain"] is not True and all(step.certain for step in way)
    doubt = "the documents behind the report allow it" if unproven else None
    return Power((Capability(level, f"do what counts as {level}", (), "", (), doubt=doubt),))


def _capability(record: Record) -> Capability:
    return Capability(
        level=Level(record["level"]),
        what=_text(record["what"]),
        permissions=_texts(record["permissions"]),
        scope=_text(record["scope"]),
        sources=_sources(record["sources"]),
        path=_optional(record["path"]),
        doubt=_optional(record["reason"]),
    )


def _verdict(record: Record) -> Verdict:
    match record["result"]:
        case "accepted":
            reason = record["reason"] or ""
            chosen = reason.removeprefix(COMPOSED).split(", ") if reason.startswith(COMPOSED) else ()
            return Accepted(_token(record["witness"]), tuple(chosen))
        case "rejected":
            return Rejected(_optional(record["reason"]))
        case "unknown":
            return Undecided(_text(record["reason"]))
        case other:
            raise ValueError(f"{other!r} is no result of a verdict")


def _token(record: Record) -> Token:
    return {_text(claim): _texts(value) if isinstance(value, list) else value for claim, value in record.items()}


def _extent(record: Record) -> Extent:
    if record["label"] not in ("exact", "list", "pattern", "any"):
        raise ValueError(f"{record['label']!r} is no label of an extent")
    return Extent(record["label"], _texts(record["values"]))


def _finding(record: Record) -> Finding:
    kind: Literal["trust", "identity"] = "trust" if "trust" in record else "identity"
    fix, waiver = record["fix"], record.get("waiver")
    found = Finding(
        rule=_text(record["rule"]),
        severity=Severity[record["severity"].upper()],
        confidence=Confidence(record["confidence"]),
        subject=_text(record[kind]),
        subject_kind=kind,
        title=_text(record["title"]),
        detail=_text(record["detail"]),
        witness=None if record["witness"] is None else _token(record["witness"]),
        evidence=_sources(record["evidence"]),
        fix=None if fix is None else Fix(_text(fix["summary"]), _optional(fix["before"]), _optional(fix["after"])),
        status=Status(record["status"]),
        waiver=None if waiver is None else Waived(*(_text(waiver[key]) for key in ("reason", "owner", "expires"))),
        discriminator=_text(record.get("discriminator", "")),
        known=record.get("known"),
    )
    if found.id != record["id"]:
        raise ValueError(f"the id {record['id']!r} is not that of such a finding")
    return found


def _sources(records: Iterable[Record]) -> tuple[Source, ...]:
    return tuple(map(_source, records))


def _source(record: Record) -> Source:
    span = record.get("span")
    found = Source(_text(record["document"]), _text(record["pointer"]))
    return found if span is None else replace(found, span=(int(span["offset"]), int(span["length"])))


def _texts(values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise TypeError(f"{values!r} stands where a list belongs")
    return tuple(map(_text, values))


def _optional(value: object) -> str | None:
    return None if value is None else _text(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} stands where text belongs")
    return value
