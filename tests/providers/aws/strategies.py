"""Generators: trust policies as people write them and as nobody should, and tokens near their values.

A `World` is one role with its registered providers. `make_token` makes tokens of one issuer whose claims come from the
policy's own values (wildcards filled, then perhaps one character more, less or different): a token made blindly would
satisfy next to nothing. Nothing here evaluates anything.

Everything is drawn from a `random.Random` that hypothesis supplies: `st.randoms(use_true_random=False)` shrinks,
`use_true_random=True` repeats itself less.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.providers.aws.material import (
    ACCOUNT,
    ASSUME,
    DOORS,
    GITHUB,
    GITLAB,
    NASTY_TEXTS,
    NASTY_VALUES,
    ODD_OPERATORS,
    OLD_VERSIONS,
    OPAQUE,
    PLAIN_REQUEST_VALUES,
    RARE_OPERATORS,
    REQUEST_VALUES,
    ROLE_ARN,
    SESSION_NAME,
    TIME_OPERATORS,
    TYPED,
    UNKNOWN_REQUEST_VALUES,
    USUAL_OPERATORS,
    VARIABLES,
    WRONG_OPERATORS,
    Door,
)


@dataclass(frozen=True, slots=True)
class Taste:
    """What one policy is about."""

    door: Door
    variables: int
    """In how many of a hundred lists of values a policy variable stands."""


@dataclass(frozen=True, slots=True)
class World:
    """One role, as its documents say it."""

    role: Mapping[str, Any]
    providers: Mapping[str, Mapping[str, Any]]
    providers_read: bool
    organisation: Mapping[str, Any] | None = None
    """Its document; None where it was not read."""
    controls: tuple[Any, ...] = ()
    """The contents of the resource control policies above the role's account; None for one that was not read."""

    @property
    def tests(self) -> list[tuple[str, str, Any]]:
        """(operator, key, listed values) of every readable Condition in the policies."""
        return [test for policy in (self.role["AssumeRolePolicyDocument"], *self.controls) for test in _tests(policy)]


def _tests(policy: Any) -> Iterator[tuple[str, str, Any]]:
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    for statement in statements if isinstance(statements, list) else [statements]:
        block = statement.get("Condition") if isinstance(statement, dict) else None
        for operator, tests in block.items() if isinstance(block, dict) else ():
            if isinstance(tests, dict):
                yield from ((operator, key, listed) for key, listed in tests.items())


def _chance(random: Random, in_hundred: float) -> bool:
    """True in about so many of a hundred cases; shrinks to False."""
    return random.randrange(1000) >= 1000 - 10 * in_hundred


def make_world(random: Random) -> World:
    """A role that trusts one issuer or several."""
    door = random.choice(DOORS)
    version = random.choice(OLD_VERSIONS) if _chance(random, 15) else "2012-10-17"
    # Policy variables are rare in life and so made common here, most of all where they are not expanded.
    taste = Taste(door, variables=8 if version == "2012-10-17" else 40)
    statements: list[Any] = [_statement(random, taste, "Allow")]
    effects = random.choices(("Allow", "Deny"), k=random.choice((0, 0, 0, 1, 1, 2)))
    statements += [_statement(random, taste, effect) for effect in effects]
    if _chance(random, 0.6):
        statements.append(random.choice(("x", None, {}, [])))
    policy: dict[str, Any] = {"Version": version, "Statement": random.sample(statements, len(statements))}
    if version is None:
        del policy["Version"]
    if len(statements) == 1 and _chance(random, 20):
        policy["Statement"] = statements[0]
    role = {
        "Arn": ROLE_ARN,
        "RoleName": "deploy",
        "Path": "/",
        "AssumeRolePolicyDocument": policy,
        "Tags": [{"Key": "Team", "Value": "shop"}],
    }
    if not _chance(random, 30):
        return World(role, _registered(random, door), not _chance(random, 10))
    if _chance(random, 5):
        role["Arn"] = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x/deploy"
    controls = tuple(_control(random, taste) for _ in range(random.choice((1, 1, 2))))
    return World(role, _registered(random, door), not _chance(random, 10), _organisation(random), controls)


def _organisation(random: Random) -> Mapping[str, Any]:
    manager = random.choice((ACCOUNT, None)) if _chance(random, 8) else "000011112222"
    return {"Id": "o-abc", "MasterAccountId": manager}


def _control(random: Random, taste: Taste) -> Any:
    """A resource control policy, mostly one that Organizations would store."""
    if _chance(random, 4):
        return random.choice((None, "{", {}, {"Statement": "x"}))
    statements: list[Any] = [_denied(random, taste) for _ in range(random.choice((1, 1, 2, 3)))]
    if _chance(random, 20):
        statements.append({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})
    if _chance(random, 1):
        statements.append(random.choice(("x", None, {})))
    policy: dict[str, Any] = {"Version": "2012-10-17", "Statement": statements}
    if _chance(random, 8):
        policy["Version"] = random.choice(("2008-10-17", "2020-01-01"))
    if _chance(random, 1):
        policy["Foo"] = 1
    return policy


def _denied(random: Random, taste: Taste) -> dict[str, Any]:
    statement = _statement(random, taste, "Deny")
    if "Principal" in statement and not _chance(random, 2):
        statement["Principal"] = "*"
    if _chance(random, 30):
        statement["Action"] = random.choice((["s3:*", "sts:*"], "s3:*", ["sts:AssumeRole", "sts:TagSession"]))
    statement["Resource"] = "*"
    if _chance(random, 30):
        resource = statement.pop("Resource")
        named = (ROLE_ARN, "arn:aws:iam::*:role/*", "arn:aws:iam::*:role/dep?oy", "arn:aws:s3:::*", "*:role/deploy")
        odd: tuple[Any, ...] = (
            [],
            None,
            "arn:aws:iam::${aws:ResourceAccount}:role/deploy",
            ["*", ROLE_ARN],
            f"{ROLE_ARN}*",
            resource,
        )
        element = "NotResource" if _chance(random, 30) else "Resource"
        statement[element] = random.choice(odd if _chance(random, 15) else named)
    return statement


def _registered(random: Random, door: Door) -> Mapping[str, Mapping[str, Any]]:
    registered = [GITHUB, GITLAB, OPAQUE, *([door] if door.via.startswith("arn:") else [])]
    if _chance(random, 4):
        registered.remove(door if door in registered else GITHUB)
    more = ("https://github.com/acme",) if _chance(random, 30) else ()
    return {one.via: _provider(one, (*one.clients, *more)) for one in registered}


def _provider(door: Door, clients: tuple[str, ...]) -> Mapping[str, Any]:
    return {"Arn": door.via, "Url": door.prefix, "ClientIDList": list(clients), "ThumbprintList": [], "Tags": []}


def _statement(random: Random, taste: Taste, effect: str) -> dict[str, Any]:
    door = taste.door
    statement: dict[str, Any] = {
        "Effect": effect,
        "Principal": {"Federated": door.via},
        "Action": random.choice((ASSUME, ASSUME, ASSUME, [ASSUME, "sts:TagSession"])),
    }
    if _chance(random, 10):
        other = random.choice(DOORS).via
        foreign = door.via.replace(ACCOUNT, "999999999999")
        statement["Principal"] = random.choice(
            (
                *({"Federated": [door.via, other]}, {"Federated": [other, door.via]}, {"Federated": other}),
                {"Federated": door.via, "Service": "ec2.amazonaws.com"},
                {"Federated": [door.via, foreign]},
                *({"AWS": f"arn:aws:iam::{ACCOUNT}:role/x"}, {"AWS": "*"}),
            )
        )
    if _chance(random, 1):
        everyone = ("*", {"Federated": "*"}, {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/*"}, {"Robot": "x"})
        statement["Principal"] = random.choice(everyone)
    if _chance(random, 12):
        actions = ("sts:*", "*", "sts:Assume*", "STS:assumerolewithwebidentity", "sts:AssumeRoleWithWebIdentit?")
        statement["Action"] = random.choice((*actions, "sts:AssumeRole", ["sts:AssumeRole", ASSUME], "sts:Tag*"))
    if _chance(random, 5):
        del statement["Action"]
        statement["NotAction"] = random.choice(("sts:AssumeRole", ASSUME, ["iam:*"], "sts:*", "s3:?et*"))
    if _chance(random, 2):
        statement[random.choice(("Resource", "NotPrincipal", "Sid", "Foo"))] = "*"
    if _chance(random, 0.5):
        del statement[random.choice(sorted(set(statement) - {"Sid"}))]
    block = _block(random, taste)
    if block or _chance(random, 50):
        statement["Condition"] = block
    return statement


def _block(random: Random, taste: Taste) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for _ in range(random.choice((0, 1, 1, 1, 2, 2, 3))):
        key, values = _key(random, taste.door)
        operator = _operator(random, key)
        if operator in ("Null", "Bool") and not _chance(random, 5):
            values = ("true", "false")
        block.setdefault(operator, {})[key] = _listed(random, values, taste.variables)
    if _chance(random, 1):
        block["StringLike"] = random.choice((None, [], "x", {}))
    return block


def _key(random: Random, door: Door) -> tuple[str, tuple[str, ...]]:
    """A condition key, and values it is usually compared with."""
    kind = random.randint(0, 99)
    if kind < 72:
        name = random.choice((*(("sub", "sub") if "sub" in door.values else ()), *door.values))
        key, values = f"{door.prefix}:{name}", door.values[name]
    elif kind < 80:
        other = random.choice(DOORS)
        name = random.choice(sorted(other.values))
        key, values = f"{other.prefix}:{name}", other.values[name]
    elif kind < 96:
        keys = sorted(REQUEST_VALUES if door.url.startswith(GITHUB.url) else PLAIN_REQUEST_VALUES)
        key = random.choice((*keys, *TYPED, *TYPED))
        values = REQUEST_VALUES[key]
    elif kind < 98:
        key = random.choice(sorted(UNKNOWN_REQUEST_VALUES))
        values = UNKNOWN_REQUEST_VALUES[key]
    else:
        key, values = random.choice(("sub", "saml:sub", "https://gitlab.com:sub", "a.b/c:d")), ("x",)
    return (random.choice((key.upper(), key.lower(), key.title())) if _chance(random, 8) else key), values


def _operator(random: Random, key: str) -> str:
    name = random.choice(USUAL_OPERATORS)
    if _chance(random, 20):
        name = random.choice(ODD_OPERATORS if _chance(random, 30) else RARE_OPERATORS)
    lower = key.lower()
    if lower in ("aws:currenttime", "aws:epochtime") and _chance(random, 95):
        name = random.choice(TIME_OPERATORS)
    if lower in ("aws:userid", "aws:principalarn") and _chance(random, 70):
        name = random.choice(("ArnLike", "ArnEquals", "ArnNotEquals"))
    if lower.endswith(("roleauthorizedbyidp", "ref_protected")) and _chance(random, 90):
        name = "Bool"
    if name == "Null" or _chance(random, 2):
        return name if name == "Null" else random.choice(WRONG_OPERATORS)
    listed = lower.rpartition(":")[2] in ("amr", "tagkeys", "transitivetagkeys")
    if _chance(random, 75 if listed else 12):
        name = random.choice(("ForAnyValue:", "ForAllValues:")) + name
    return name + "IfExists" if _chance(random, 12) else name


def _listed(random: Random, values: tuple[str, ...], variables: int) -> Any:
    if _chance(random, 2):
        return random.choice(NASTY_VALUES)
    chosen = [random.choice(values) for _ in range(random.choice((1, 1, 1, 2, 3)))]
    if _chance(random, variables):
        chosen[0] = random.choice(VARIABLES)
    elif _chance(random, 5):
        chosen[0] = random.choice(NASTY_TEXTS)
    if _chance(random, 10):
        chosen[0] = _blurred(random, chosen[0])
    if _chance(random, 4):
        chosen = [random.choice(("true", "false"))]
    return chosen[0] if len(chosen) == 1 and _chance(random, 50) else chosen


CHARACTERS = "aZ0-_.:/@*?$%{} é🚀"


def _blurred(random: Random, text: str) -> str:
    """`text` with one small change."""
    at = random.randint(0, len(text))
    match random.randint(0, 5):
        case 0:
            return text[:at] + random.choice(CHARACTERS) + text[at:]
        case 1:
            return text[:at] + text[at + 1 :]
        case 2:
            return text[:at] + text[at : at + 1].swapcase() + text[at + 1 :]
        case 3:
            return text[:at] + random.choice(CHARACTERS) + text[at + 1 :]
        case 4:
            return text.swapcase()
        case _:
            return text[:at] if _chance(random, 50) else text + random.choice(CHARACTERS)


FILLERS = ("", "x", "main", "acme/app", "a:b", "/", "é", "🚀", "*", "@12/x")


def _filled(random: Random, text: str, token: Mapping[str, Any], *, plain: bool) -> str:
    """A text the policy's value might match: wildcards filled, variables replaced by what the token holds."""
    if plain:
        return text
    made, rest = "", text
    while rest:
        if rest.startswith("${") and "}" in rest:
            inner, _, rest = rest[2:].partition("}")
            key, _, default = inner.partition(",")
            held = token.get(key.rpartition(":")[2])
            made += inner if len(inner) == 1 else held if isinstance(held, str) else default.strip(" '")
        else:
            letter, rest = rest[0], rest[1:]
            made += random.choice(FILLERS) if letter == "*" else random.choice(CHARACTERS) if letter == "?" else letter
    return made


def make_token(random: Random, world: World, door: Door) -> dict[str, Any]:
    """A token of `door`'s issuer, its claims near what the policy asks for."""
    token: dict[str, Any] = dict(door.usual)
    token[SESSION_NAME] = "ci-run"
    if _chance(random, 50):
        token["iss"] = door.url
    for operator, key, listed in world.tests:
        prefix, _, claim = key.rpartition(":")
        texts = [value for value in (listed if isinstance(listed, list) else [listed]) if isinstance(value, str)]
        if not texts or _chance(random, 12):
            continue
        value = _filled(random, random.choice(texts), token, plain=_chance(random, 15))
        if _chance(random, 20):
            value = _blurred(random, value)
        if key.lower() == "sts:rolesessionname":
            token[SESSION_NAME] = _session_name(value)
        elif prefix.lower() == door.prefix.lower():
            _place(random, token, door, claim.lower(), value, negated="Not" in operator)
    if _chance(random, 10):
        token.setdefault("azp", random.choice(door.clients or ("robot",)))
        if _chance(random, 50):
            token["aud"] = random.choice(("other", "sts.amazonaws.com", "*"))
    if _chance(random, 3):
        token["aud"] = random.choice((("a", "b"), (token.get("aud", "x"),), ("sts.amazonaws.com", "x")))
    for claim in sorted(set(token) - {"sub", "aud", "iss", SESSION_NAME}):
        if _chance(random, 4):
            del token[claim]
    return token


def _place(random: Random, token: dict[str, Any], door: Door, claim: str, value: str, *, negated: bool) -> None:
    if negated and _chance(random, 50):
        return
    if claim in door.lists:
        token[claim] = (value, *random.choices(("authenticated", "x", "y1"), k=random.randint(0, 2)))
        if _chance(random, 10):
            token[claim] = ()
    elif claim in ("aud", "oaud"):
        # Most made-up audiences stop at the provider's door, so they are rare.
        token["aud"] = (
            value if value in door.clients or not door.clients or _chance(random, 10) else token.get("aud", "x")
        )
    else:
        token[claim] = value


def _session_name(text: str) -> str:
    """The nearest name the service takes: 2 to 64 letters, digits and a few signs."""
    legal = "".join(char for char in text if char.isascii() and (char.isalnum() or char in "_+=,.@-"))
    return (legal + "ci")[:64] if len(legal) < 2 else legal[:64]
