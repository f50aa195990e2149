"""One class per failure a user can act on. Every message says what to do next."""

from __future__ import annotations


class AuditorError(Exception):
    """Base of every error this program reports as a plain sentence instead of a traceback."""


class UsageError(AuditorError):
    """The command line or the configuration cannot be carried out (exit code 2)."""


class ConfigError(UsageError):
    """`auditor.toml` holds an unknown key, a wrong type or no TOML at all; the message names file and line."""


class SnapshotError(UsageError):
    """A snapshot is of another version, cut short, or not a snapshot."""


class CollectError(AuditorError):
    """Nothing could be read from a cloud, so no report can be made (exit code 1)."""


class BudgetExceededError(AuditorError):
    """The solver gave up on one question. Never reaches the user: it becomes an `Unknown` verdict."""


class OutputError(AuditorError):
    """A report or snapshot cannot be written where it was wanted (exit code 1)."""
