"""The demo estates, collected and audited once for all tests of formats."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from auditor.report.base import Report
from tests.report.formats import demo_report, one_rule


@pytest.fixture(scope="session")
def demo() -> Report:
    return demo_report()


@pytest.fixture
def _one_rule() -> Iterator[None]:
    """Rules of one rule, and a region of AWS: what golden reports are made under."""
    with one_rule():
        yield
