"""What scopes are called."""

from __future__ import annotations

import pytest

from auditor.report.scopes import Scopes, kind
from auditor.storage.shelf import Document, Shelf


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


@pytest.mark.parametrize("limit", [1, 1_000_000])
def test_names_are_found_on_the_disk_as_in_memory(limit: int) -> None:
    documents = [
        Document("aws", "111122223333", "iam-role", "arn", {"displayName": "no scope"}),
        Document("azure", "subscriptions/1", "subscription", "subscriptions/1", {"displayName": "Shop"}),
        Document("gcp", "folders/2", "folder", "folders/2", {"displayName": "Teams"}),
    ]
    asked = (("azure", "subscriptions/1"), ("gcp", "folders/2"), ("aws", "111122223333"), ("aws", "arn"))
    for held in (documents, Shelf(documents, limit=limit)):
        names = Scopes(held)
        assert [names(*one) for one in asked] == ["subscription Shop", "folder Teams", "111122223333", "arn"]
