"""What a subject says about itself: Entra's coded subjects, GUIDs, and which platform's form it has."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

FIRST_PARTY: Final[Mapping[str, str]] = {
    "499b84ac-1321-427f-aa17-267ca6975798": "Azure DevOps",
    "5b404cf4-a79d-4cfe-b866-24bf8e1a4921": "Bot Framework token service",
    "9d8f559b-5984-46a4-902a-ad4271e83efa": "Copilot Studio",
    "58e835ab-2e39-46a9-b797-accce6633447": "Power Platform plug-ins",
}
"""Microsoft's services whose coded subjects occur in public credentials, by application id."""

GUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

_CODED: Final = re.compile(r"/eid1/c/([^/]+)/t/([^/]+)/a/([^/]+)/(.*)", re.DOTALL)

_FORMS: Final = (
    (re.compile(r"repo:|repository:", re.IGNORECASE), "github", "GitHub Actions"),
    (re.compile(r"project_(?:path|id):", re.IGNORECASE), "gitlab", "GitLab CI/CD"),
    (re.compile(r"organization:[^:]*:(?:project|workspace|stack):", re.IGNORECASE), "terraform-cloud", "HCP Terraform"),
    (re.compile(r"system:serviceaccount:", re.IGNORECASE), "kubernetes", "Kubernetes"),
    (re.compile(r"sc://", re.IGNORECASE), "azure-devops", "the Azure DevOps issuer"),
    (re.compile(r"/eid1/", re.IGNORECASE), "entra", "the Entra issuer"),
)
"""How subjects begin, and whose they are: kind of issuer, name."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A subject by which Entra names something of one of Microsoft's own services."""

    cloud: str
    tenant: str | None
    """GUID; None where the segment is no coded GUID."""
    application: str | None
    rest: tuple[str, ...]

    def note(self) -> Mapping[str, Any]:
        """The same for `Trust.notes`."""
        return {
            "tenant": self.tenant,
            "application": self.application,
            "application-name": FIRST_PARTY.get(self.application or ""),
            "rest": list(self.rest),
        }


def decoded(subject: str) -> Coded | None:
    """The parts of `/eid1/c/{cloud}/t/{tenant}/a/{application}/{rest}`; None for a subject of another form.

    Tenant and application are the little-endian bytes of their GUIDs in base64url without padding (seen in tokens).
    """
    found = _CODED.fullmatch(subject)
    if found is None:
        return None
    cloud, tenant, application, rest = found.groups()
    return Coded(cloud, _guid(tenant), _guid(application), tuple(rest.split("/")))


def coded(guid: str) -> str:
    """A GUID as such subjects write it."""
    return base64.urlsafe_b64encode(uuid.UUID(guid).bytes_le).rstrip(b"=").decode("ascii")


def _guid(segment: str) -> str | None:
    """The GUID of a segment, if that is how Entra would write it."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{22}", segment):
        return None
    try:
        guid = str(uuid.UUID(bytes_le=base64.urlsafe_b64decode(f"{segment}==")))
    except (binascii.Error, ValueError):
        return None
    return guid if coded(guid) == segment else None


def form_of(subject: str) -> tuple[str, str] | None:
    """The kind of issuer whose subjects look like this, and its name; None where the form tells nothing."""
    return next(((kind, name) for form, kind, name in _FORMS if form.match(subject)), None)


def lower_guid(text: Any) -> str | None:
    """A GUID in lower case; None for anything else."""
    return text.lower() if isinstance(text, str) and GUID.fullmatch(text) else None
