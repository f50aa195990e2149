"""Reports for the tests of the HTML page: one with source documents, and one of thousands of trusts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from auditor.claims.verdict import Accepted, Rejected, Undecided
from auditor.model import Confidence, Decision, Extent, Finding, Fix, Level, Severity, Source
from auditor.report.base import Report
from auditor.snapshot import Document
from tests.estate import ACCOUNT, OPEN, STRANGER, VIA, decision, finding, report, role_arn
from tests.report.formats import whole, written

POINTER = "/AssumeRolePolicyDocument/Statement/0/Condition/StringLike/token.actions.githubusercontent.com:sub"


def policy(subject: str) -> dict[str, Any]:
    """A trust policy for one subject."""
    conditions = {
        "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
        "StringLike": {"token.actions.githubusercontent.com:sub": subject},
    }
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": VIA},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": conditions,
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def role(name: str, subject: str) -> Document:
    """A role as AWS returns it, less what no test is about."""
    body = {"RoleName": name, "Arn": role_arn(name), "AssumeRolePolicyDocument": policy(subject)}
    return Document("aws", ACCOUNT, "iam-role", role_arn(name), body)


def documented() -> Report:
    """`whole()` with the documents that its findings point into."""
    made = whole()
    first, *others = made.findings
    guilty = replace(first, evidence=(Source(role_arn("deploy-web"), POINTER, (5, 1)),))
    documents = (role("deploy-web", "repo:*"), role("deploy-api", "repo:acme/api:ref:refs/heads/main"))
    return replace(made, findings=(guilty, *others), documents=documents)


def _judged(number: int) -> Decision:
    """One of many trusts: most are tight, some wide, a few open, undecided or dead."""
    name, project = f"deploy-{number:05}", f"service-{number % 900}"
    kind = {0: "open", 1: "owner", 2: "run", 3: "run", 4: "undecided", 5: "dead"}.get(number % 60, "tight")
    getting_in = Accepted({**STRANGER, "sub": f"repo:acme/{project}:ref:refs/heads/main", "run_id": str(number)})
    names = ("any-tenant", "any-project", "any-branch", "any-tag", "any-environment", "pull-request")
    admitted = {"open": 6, "owner": 5, "run": 4}.get(kind, 0)
    classes = {one: getting_in if 6 - place <= admitted else Rejected() for place, one in enumerate(names)}
    made = decision(name, "repo:acme/*", classes, getting_in)
    tenant = Extent("any") if kind == "open" else Extent("exact", (f"acme-{number % 40}",))
    repository = Extent("any") if kind in ("open", "owner") else Extent("exact", (project,))
    statement = f"Branch main of acme-{number % 40}/{project} on GitHub Actions may become {name}."
    levels = tuple(Level)
    made = replace(
        made,
        breadth=({"tenant": tenant, "project": repository},),
        statement=statement,
        power=levels[number % len(levels)],
        then="do things that count",
    )
    if kind == "undecided":
        unknown = Undecided("the policy is no JSON")
        return replace(made, reachable=unknown, classes=dict.fromkeys(names, unknown), breadth_complete=False)
    if kind == "dead":
        return replace(made, reachable=Rejected(), breadth=())
    return made


def many(count: int) -> Report:
    """`count` trusts of as many roles, and three findings on two of them."""
    decisions = [_judged(number) for number in range(count)]
    return replace(
        report(_found(decisions), decisions),
        documents=[role(one.trust.identity.name, "repo:acme/*") for one in decisions],
    )


def _found(decisions: list[Decision]) -> Iterator[Finding]:
    severities = sorted(Severity, reverse=True)
    rules = ("any-tenant", "any-project", "any-branch", "dead-value", "reusable-name")
    for number, one in enumerate(decisions):
        for place in range(3 if number % 2 else 0):
            severity = severities[min((number + place) % 60, 4)]
            yield finding(
                one,
                rule=rules[(number + place) % len(rules)],
                severity=severity,
                confidence=Confidence.HIGH,
                title=f"Somebody can become {one.trust.identity.name} in way {place}",
                discriminator=str(place),
                evidence=(Source(one.trust.identity.id, POINTER),),
                fix=Fix("Name the branch.", '"repo:acme/*"', '"repo:acme/app:ref:refs/heads/main"'),
            )


def page(subject: Report) -> str:
    return written("html", subject)


_BLOCK = re.compile(r'<script type="application/json" id="([a-z0-9-]+)">([^<]*)</script>\n')


def blocks(text: str) -> dict[str, Any]:
    """The JSON in a page, by the ids of the elements."""
    return {name: json.loads(body) for name, body in _BLOCK.findall(text)}


def skeleton(text: str) -> str:
    """A page without its JSON: the same for every report."""
    return _BLOCK.sub("", text)


class Outline(HTMLParser):
    """Tags with their attributes, and texts, as a parser sees them."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.texts: list[str] = []
        self.comments: list[str] = []
        self._inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        inside = self._inside[-1] if self._inside else ""
        {"script": self.scripts, "style": self.styles}.get(inside, self.texts).append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


__all__ = ["OPEN", "Outline", "blocks", "documented", "many", "page", "role", "skeleton"]
