"""What scopes are called."""

from __future__ import annotations

import pytest

from auditor.report.scopes import kind


@pytest.mark.parametrize(
    ("provider", "scope", "called"),
    [
        ("aws", "111122223333", "account"),
        ("aws", "o-a1b2c3d4e5", "organization"),
        ("aws", "-", ""),
        ("gcp", "o-shop", "project"),
        ("gcp", "organizations/1", "organization"),
        ("azure", "managementGroups/platform", "management group"),
    ],
)
def test_what_a_scope_is_called(provider: str, scope: str, called: str) -> None:
    assert kind(provider, scope) == called
