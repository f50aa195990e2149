"""How AWS organisations are named, and for how long their accounts may be entered. Imported by the command line."""

from __future__ import annotations

import re

ANY = "any"
"""Whatever AWS organisation the credentials belong to."""

ID = re.compile(r"o-[a-z0-9]{10,32}")
"""As AWS writes them (Organizations API reference, Organization)."""

ACCOUNT = re.compile(r"[0-9]{12}")
"""The id of an account (Organizations API reference, Account)."""

SHORTEST, LONGEST = 900, 43_200
"""Seconds that credentials of an assumed role may live (STS API reference, AssumeRole)."""
