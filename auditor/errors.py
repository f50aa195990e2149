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


class ReportError(UsageError):
    """A report that was to be read back is of another version, cut short, or no report."""


class TooLargeError(UsageError):
    """A report has more in it than a format can hold; the message names formats that take it."""


class TokenError(UsageError):
    """What was passed as a token is none. The message never quotes it: it may be a live one."""


class CollectError(AuditorError):
    """Nothing could be read from a cloud, so no report can be made (exit code 1)."""


class NothingAskedError(CollectError):
    """There are no credentials for a cloud, or nothing says what to read there. No gap where nobody asked for it."""


class BudgetExceededError(AuditorError):
    """The solver gave up on one question. Never reaches the user: it becomes an `Unknown` verdict."""


class RegexSyntaxError(AuditorError):
    """A regular expression that RE2 refuses, so that no such condition can exist. Never reaches the user as it is."""


class UnsupportedRegexError(AuditorError):
    """A regular expression that RE2 may accept and we do not understand: it becomes an `Unknown` condition."""


class UnsupportedTextError(AuditorError):
    """A derived text whose condition cannot be put back on the claims: it becomes an `Unknown` condition."""


class WorkerError(AuditorError):
    """Processes that judge a part of the trusts were lost, so no report can be made (exit code 1)."""


class OutputError(AuditorError):
    """A report or snapshot cannot be written where it was wanted (exit code 1)."""


class ScratchError(AuditorError):
    """Temporary files cannot be written or read, so that a large estate cannot be held (exit code 1)."""
