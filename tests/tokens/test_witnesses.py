"""What an audit proves with a token, `auditor token` says of that token: recognised, and let in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.claims.payload import nested
from auditor.claims.verdict import Accepted
from auditor.config import Config
from auditor.pipeline import audit
from auditor.providers.aws import Aws
from auditor.rules.base import Persona
from auditor.tokens.admission import REQUEST, judge
from fixtures.loopback.aws import LoopbackAws
from tests.reading import read_alone
from tests.tokens.material import decoded, recognised

DEMO = Path(__file__).parents[2] / "fixtures/estates/aws/demo.json"


def test_every_witness_of_the_demo_estate(monkeypatch: pytest.MonkeyPatch) -> None:
    with LoopbackAws(managed_policies=True) as aws:
        for name, value in aws.environment.items():
            monkeypatch.setenv(name, value)
        aws.load_estate(DEMO)
        snapshot = read_alone(Aws(), Config())
    report = audit(snapshot, [Aws()], Config(), [], Persona.REGULAR, lambda _: None)
    told = 0
    for decision in report.decisions:
        for verdict in (decision.reachable, *decision.classes.values()):
            if isinstance(verdict, Accepted):
                claims = {"iss": decision.trust.issuer.url, **verdict.witness}
                payload = nested({name: value for name, value in claims.items() if not name.startswith(REQUEST)})
                recognition = recognised(json.loads(json.dumps(payload)))
                assert (recognition.misfits, recognition.missing) == ((), ()), decision.trust.identity.name
                assert recognition.template == verdict.template or not verdict.template
                assert judge(decision.trust, decoded(payload), Aws().admits).result is True
                told += 1
    assert told > 100
