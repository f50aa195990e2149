"""What is known of the session that a federated token buys, and whether a condition of a policy holds for it.

Three-valued: a condition holds, does not hold, or depends on something. Keys and their values: IAM user guide, global
condition context keys. The caller is taken to use TLS and to call directly, since it may.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.claims.predicate import TRUE, Constant
from auditor.providers.aws.keys import ABSENT, Known, Reading, Unreadable
from auditor.providers.aws.operators import Comparison, Operator, Quantifier, parse
from auditor.providers.aws.values import Variables, known_test
from auditor.providers.aws.wildcards import cleaned, matches

Truth = bool | str
"""Whether something holds; a text says what that depends on."""

Possible = tuple[Known | None, ...]
"""Every value that a key may have; None for a key that is missing. Empty where the value is not known."""

UNKNOWN: Possible = ()

MOVING = frozenset(("aws:requestedregion", "aws:resourceaccount", "iam:passedtoservice"))
"""Keys whose value is that of one call, and not of the session."""


@dataclass(frozen=True, slots=True)
class Session:
    """A session of one role, bought with a token."""

    role: str
    """The role's ARN."""
    account: str
    partition: str
    now: datetime
    """The moment for which times are judged."""
    organisation: str | None = None
    """The id of the organisation, where it was read."""

    def values(self, key: str) -> Possible:
        """What the key (in lower case) may read in any call of the session."""
        match key:
            case "aws:principalarn":
                return (Known(self.role),)
            case "aws:principalaccount":
                return (Known(self.account),)
            case "aws:principaltype":
                return (Known("AssumedRole"),)
            case "aws:principalorgid" if self.organisation:
                return (Known(self.organisation),)
            case "aws:username" | "aws:calledvia" | "aws:calledviafirst" | "aws:calledvialast":
                return (None,)
            case "aws:securetransport":
                return (Known("true", "bool"),)
            case "aws:viaawsservice" | "aws:principalisawsservice":
                return (Known("false", "bool"),)
            case "aws:multifactorauthpresent":  # missing or false, never true: the token is no second factor
                return (None, Known("false", "bool"))
            case "aws:multifactorauthage":
                return (None,)
            case "aws:currenttime":
                return (Known(self.now.isoformat(), "date"),)
            case "aws:epochtime":
                return (Known(str(int(self.now.timestamp())), "epoch"),)
        return UNKNOWN

    def expanded(self, name: str) -> Reading:
        """What the policy variable of that name stands for."""
        possible = self.values(name.lower())
        if len(possible) != 1:
            return Unreadable(f"the policy variable ${{{name}}}")
        (only,) = possible
        return ABSENT if only is None else only


def holds(condition: Any, values: Callable[[str], Possible], variables: Variables) -> Truth:
    """Whether a `Condition` block holds, where `values` tells what a key (in lower case) may read. Never raises."""
    if not isinstance(condition, Mapping):
        return "a condition that is no object"
    undecided: list[str] = []
    for name, tests in condition.items():
        operator = parse(name) if isinstance(name, str) else None
        if operator is None or not isinstance(tests, Mapping) or not tests:
            undecided.append(f"the condition {name}")
            continue
        for key, listed in tests.items():
            outcome = _test(operator, values(str(key).lower()), listed, variables)
            if outcome is False:
                return False
            if outcome is None:
                undecided.append(f"the condition {name} {key}")
    return undecided[0] if undecided else True


def keys_of(condition: Any) -> Iterator[tuple[str, Any]]:
    """Every key of a condition, in lower case, with the values it is compared with."""
    if isinstance(condition, Mapping):
        for tests in condition.values():
            if isinstance(tests, Mapping):
                yield from ((str(key).lower(), listed) for key, listed in tests.items())


def texts_of(listed: Any) -> list[str]:
    """The texts among the values of a condition."""
    return [value for value in (listed if isinstance(listed, list | tuple) else [listed]) if isinstance(value, str)]


def _test(operator: Operator, possible: Possible, listed: Any, variables: Variables) -> bool | None:
    """The same outcome for every value the key may have, or None."""
    outcomes = {_outcome(operator, value, listed, variables) for value in possible}
    return outcomes.pop() if len(outcomes) == 1 else None


def _outcome(operator: Operator, value: Known | None, listed: Any, variables: Variables) -> bool | None:
    wanted = listed if isinstance(listed, list | tuple) else [listed]
    if operator.comparison is Comparison.NULL:
        asked = {_text(entry) for entry in wanted}
        return (value is None) == (asked == {"true"}) if asked in ({"true"}, {"false"}) else None
    if value is None:
        if operator.quantifier is Quantifier.ANY:
            return False
        return operator.negated or operator.if_exists or operator.quantifier is Quantifier.ALL
    matched: bool | None = False
    for entry in wanted:
        verdict = _matches(_text(entry), operator, value, variables)
        if verdict is None:
            matched = None
        elif verdict:
            matched = True
            break
    if not wanted and operator.negated:
        return None
    return matched if matched is None else matched != operator.negated


def _matches(text: str | None, operator: Operator, value: Known, variables: Variables) -> bool | None:
    if text is None:
        return None
    if operator.comparison is Comparison.ARN and "${" not in text:
        return _same_arn(text, value.text)
    verdict = known_test(text, operator, value, variables)
    return verdict == TRUE if isinstance(verdict, Constant) else None


def _same_arn(pattern: str, arn: str) -> bool | None:
    """Each of the six parts is compared by itself. What matches as a whole only is not decided."""
    if not matches(cleaned(pattern), arn):
        return False
    parts, others = cleaned(pattern).split(":", 5), arn.split(":", 5)
    return True if len(parts) == len(others) and all(map(matches, parts, others)) else None


def _text(entry: Any) -> str | None:
    match entry:
        case str():
            return entry
        case bool():
            return "true" if entry else "false"
        case int() if abs(entry) < 10**40:
            return str(entry)
    return None
