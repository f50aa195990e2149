"""What `auditor issuers` prints for a machine: JSON, version 1, ASCII only. Fields are only ever added."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Protocol, TextIO

from auditor.report.base import Layout
from auditor.tokens.portrait import Portrait

VERSION = 1

Record = dict[str, Any]


class IssuerFormat(Protocol):
    """One way to write issuers down: a module of two functions. Each writes whole lines."""

    def write_list(self, portraits: Iterable[Portrait], stream: TextIO, layout: Layout) -> None:
        """All of `portraits`, in short where people read."""
        ...

    def write_one(self, portrait: Portrait, stream: TextIO, layout: Layout) -> None:
        """Everything about one issuer."""
        ...


def write_list(portraits: Iterable[Portrait], stream: TextIO, layout: Layout) -> None:
    """All issuers, each as `write_one` writes it."""
    del layout
    _write({"version": VERSION, "issuers": [portrait_record(one) for one in portraits]}, stream)


def write_one(portrait: Portrait, stream: TextIO, layout: Layout) -> None:
    """A list of one."""
    write_list([portrait], stream, layout)


def _write(record: Record, stream: TextIO) -> None:
    json.dump(record, stream, indent=1, ensure_ascii=True, allow_nan=False)
    stream.write("\n")


def portrait_record(one: Portrait) -> Record:
    return {
        "id": one.id,
        "name": one.name,
        "confidence": one.confidence,
        "addresses": [{"name": a.name, "url": a.url, "mints_for": a.mints_for} for a in one.addresses],
        "subjects": [
            {"name": f.name, "subject": f.subject, "when": f.when or None, "certain": f.certain, "note": f.note or None}
            for f in one.forms
        ],
        "template_keys": list(one.template),
        "segments": [
            {
                "name": s.name,
                "label": s.label,
                "dimension": s.dimension,
                "controller": s.control.id,
                "values": list(s.values),
                "about": s.about or None,
            }
            for s in one.segments
        ],
        "claims": [
            {
                "name": c.name,
                "composed_of": list(c.forms),
                "always": c.always,
                "about": c.about or None,
                "visible_to": list(c.visible),
            }
            for c in one.claims
        ],
        "audience": one.audience,
        "unmerged": {"runs": list(one.unmerged), "when": one.unmerged_when or None},
        "classes": [
            {"name": e.name, "adversary": e.adversary, "token": e.token, "note": e.note or None} for e in one.examples
        ],
        "minted_at": one.at,
        "sources": [{"title": title or None, "url": url} for title, url in one.sources],
    }
