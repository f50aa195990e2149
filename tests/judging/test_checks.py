"""A verdict the source does not confirm and a rule that breaks: neither is a pass."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.claims.verdict import Accepted, Undecided, Verdict
from auditor.config import Ours
from auditor.judging.checks import REFUSED, UNCONFIRMED, confirm, run, withdrawn
from auditor.model import Confidence, Finding, Identity, Severity, Source, Status
from auditor.rules.base import Context, Persona
from tests.estate import OPEN, STRANGER, TIGHT, UNREAD, AnyTenant, Broken, FakeCloud, finding

CONTEXT = Context(ours=Ours(), decisions=(OPEN, TIGHT), idle=())


@pytest.mark.parametrize(
    ("admits", "verdict"),
    [(True, Accepted(STRANGER)), (False, Undecided(REFUSED)), (None, Undecided(UNCONFIRMED))],
)
def test_only_what_the_source_confirms_stays_accepted(admits: bool | None, verdict: Verdict) -> None:
    confirmed = confirm(FakeCloud(admits=admits), OPEN)
    assert confirmed == replace(OPEN, reachable=verdict, classes={"any-tenant": verdict})


@pytest.mark.parametrize("admits", [True, False, None])
def test_other_verdicts_are_left_alone(admits: bool | None) -> None:
    assert confirm(FakeCloud(admits=admits), UNREAD) == UNREAD
    assert confirm(FakeCloud(admits=admits), TIGHT).classes == TIGHT.classes


def test_a_withdrawn_verdict_shows_among_the_findings() -> None:
    failed = Finding(
        rule="witness-check",
        severity=Severity.HIGH,
        confidence=Confidence.LOW,
        subject=OPEN.trust.id,
        subject_kind="trust",
        title="Whether deploy-web admits `reachable` is not settled",
        detail=(
            "The verdict was withdrawn. internal: the source policy refuses the token that was to prove this; "
            "a defect of this program."
        ),
        witness=STRANGER,
        evidence=(OPEN.trust.source,),
        fix=None,
        status=Status.ERROR,
        discriminator="reachable",
    )
    found = list(withdrawn(OPEN, confirm(FakeCloud(admits=False), OPEN)))
    assert found == [
        failed,
        replace(failed, title="Whether deploy-web admits `any-tenant` is not settled", discriminator="any-tenant"),
    ]
    assert list(withdrawn(OPEN, confirm(FakeCloud(admits=None), OPEN))) == []
    assert list(withdrawn(OPEN, confirm(FakeCloud(admits=True), OPEN))) == []


def test_rules_see_every_trust_and_the_estate() -> None:
    idle = (Identity("aws", "1", "oidc-provider", "arn:old", "old"), Source("arn:old", ""))
    found = list(run([AnyTenant()], replace(CONTEXT, idle=(idle,))))
    assert found == [
        finding(OPEN),
        finding(severity=Severity.LOW, subject="arn:old", subject_kind="identity", evidence=(idle[1],)),
    ]


def test_a_rule_that_raises_is_an_error_about_its_subject_and_ends_nothing() -> None:
    def broken(subject: str, kind: str, title: str, detail: str, evidence: tuple[Source, ...]) -> Finding:
        return finding(
            rule="broken",
            severity=Severity.HIGH,
            confidence=Confidence.LOW,
            subject=subject,
            subject_kind=kind,
            title=f"The rule failed on {title}: nothing is known in this respect",
            detail=f"{detail}. This is a defect of this program.",
            witness=None,
            evidence=evidence,
            fix=None,
            status=Status.ERROR,
            discriminator="error",
        )

    division = "ZeroDivisionError: division by zero"
    assert list(run([Broken(), AnyTenant()], CONTEXT)) == [
        finding(OPEN),
        broken(OPEN.trust.id, "trust", "deploy-web", division, (OPEN.trust.source,)),
        broken(TIGHT.trust.id, "trust", "deploy-api", division, (TIGHT.trust.source,)),
        broken("estate", "identity", "the estate as a whole", "KeyError: 'tenant'", ()),
        finding(OPEN),
    ]


@pytest.mark.parametrize(
    ("persona", "heard"),
    [
        (Persona.REGULAR, {Persona.REGULAR}),
        (Persona.PEDANTIC, {Persona.REGULAR, Persona.PEDANTIC}),
        (Persona.AUDITOR, {Persona.REGULAR, Persona.PEDANTIC, Persona.AUDITOR}),
    ],
)
def test_personas_hear_what_is_meant_for_them_and_for_those_before(persona: Persona, heard: set[Persona]) -> None:
    assert {other for other in Persona if persona.hears(other)} == heard
