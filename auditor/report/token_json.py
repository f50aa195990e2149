"""What `auditor token` tells a machine: JSON, version 1, ASCII only. Within version 1 fields are only ever added."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol, TextIO

from auditor.report.base import TOOL, Layout
from auditor.report.json_report import coverage_record, member_record, source_record, witness_record
from auditor.tokens.admission import Admission
from auditor.tokens.answer import Answer, TokenReport
from auditor.tokens.explain import Carried, ClauseView, Why
from auditor.tokens.recognise import Part, Recognition
from auditor.tokens.times import Times

VERSION = 1

Record = dict[str, Any]

RESULTS: Mapping[bool | None, str] = {True: "accepted", False: "rejected", None: "unknown"}
TRUTH: Mapping[bool | None, str] = {True: "true", False: "false", None: "unknown"}


class TokenFormat(Protocol):
    """One way to write down what is known about a token."""

    def __call__(self, report: TokenReport, stream: TextIO, layout: Layout, /) -> None:
        """Write the whole of `report`, ending in a newline."""
        ...


def write(report: TokenReport, stream: TextIO, layout: Layout) -> None:
    """Write `report` as one JSON object, whatever the layout."""
    del layout
    record = {
        "version": VERSION,
        "tool": {"name": TOOL, "version": report.tool_version},
        "token": token_record(report),
        "estate": None if report.answer is None else estate_record(report.answer),
    }
    json.dump(record, stream, indent=1, ensure_ascii=True, allow_nan=False)
    stream.write("\n")


def token_record(report: TokenReport) -> Record:
    recognition = report.recognition
    return {
        "issuer": recognition.issuer.url,
        "issuer_kind": recognition.issuer.kind,
        "issuer_name": recognition.issuer.name,
        "subject": report.subject,
        "run": recognition.run or None,
        "form": recognition.form or None,
        "template": list(recognition.template),
        "note": recognition.note or None,
        "signature_passed": report.whole,
        "times": times_record(report.times),
        "parts": [part_record(part) for part in recognition.parts],
        "other_readings": [[part_record(part) for part in other] for other in recognition.others],
        "contradictions": [
            {"claim": one.claim, "value": one.value, "expected": one.expected} for one in recognition.misfits
        ],
        "missing": list(recognition.missing),
        "undescribed": list(recognition.strange),
        "unread": dict(report.unread),
        "whose": {"result": recognition.standing.whose, "reason": recognition.standing.why},
        "classes": classes_record(recognition),
    }


def times_record(times: Times) -> Record:
    def stamp(moment: datetime | None) -> str | None:
        return None if moment is None else moment.isoformat()

    return {
        "issued": stamp(times.issued),
        "not_before": stamp(times.begins),
        "expires": stamp(times.ends),
        "expired": times.expired,
        "unreadable": list(times.unreadable),
    }


def part_record(part: Part) -> Record:
    return {
        "name": part.variable,
        "label": part.label,
        "dimension": part.dimension,
        "value": part.value,
        "controller": part.control.id,
        "claims": list(part.claims),
    }


def classes_record(recognition: Recognition) -> Record:
    return {
        name: {"result": TRUTH[member.result], "reason": member.why} for name, member in recognition.classes.items()
    }


def estate_record(answer: Answer) -> Record:
    named = answer.named
    return {
        "started": answer.started,
        "finished": answer.finished,
        "complete": answer.complete,
        "coverage": [coverage_record(row) for row in answer.coverage],
        "trusts": answer.trusts,
        "admissions": [admission_record(one) for one in answer.admissions],
        "identity": None
        if named is None
        else {
            "provider": named.provider,
            "scope": named.scope,
            "kind": named.kind,
            "id": named.id,
            "name": named.name,
            "trusts": list(answer.elsewhere or dict.fromkeys(why.trust.issuer.url for why in answer.why)),
            "why": [why_record(why) for why in answer.why],
        },
    }


def admission_record(one: Admission) -> Record:
    trust = one.trust
    return {
        "trust": trust.id,
        "provider": trust.provider,
        "scope": trust.scope,
        "identity": {"kind": trust.identity.kind, "id": trust.identity.id, "name": trust.identity.name},
        "via": trust.via,
        **member_record(trust),
        "result": RESULTS[one.result],
        "reason": one.reason or None,
        "chosen": witness_record(one.chosen),
        "audience_assumed": "provider-unread" in trust.notes,
        "grounds": [
            {
                "source": source_record(ground.source),
                "tests": [{"test": test, "value": value} for test, value in ground.tests],
            }
            for ground in one.grounds
        ],
    }


def why_record(why: Why) -> Record:
    door = why.door
    return {
        "trust": why.trust.id,
        "via": why.trust.via,
        **member_record(why.trust),
        "result": RESULTS[why.admission.result],
        "reason": why.summary or None,
        "door": {
            "holds": TRUTH[door.result],
            "issuer_difference": door.issuer or None,
            "carried": [carried_record(one) for one in door.audience],
            "registered": None if door.registered is None else list(door.registered),
            "note": door.note or None,
            "difference": door.difference or None,
        },
        "statements": [
            {
                "effect": statement.effect,
                "holds": TRUTH[statement.result],
                "source": source_record(statement.source),
                "clauses": [clause_record(clause) for clause in statement.clauses],
            }
            for statement in why.statements
        ],
    }


def clause_record(clause: ClauseView) -> Record:
    return {
        "test": clause.text,
        "holds": TRUTH[clause.result],
        "source": source_record(clause.source),
        "note": clause.note or None,
        "carried": [carried_record(one) for one in clause.carried],
        "nearest": [
            {
                "value": one.text,
                "matches": TRUTH[one.matches],
                "difference": one.difference or None,
                "source": source_record(one.source),
            }
            for one in clause.wanted
        ],
        "more": clause.more,
        "written": clause.written or None,
    }


def carried_record(one: Carried) -> Record:
    return {"claim": one.claim, "value": one.value}
