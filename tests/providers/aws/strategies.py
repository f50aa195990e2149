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
from datetime import UTC, datetime
from random import Random
from typing import Any

ACCOUNT = "111122223333"
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/deploy"
ASSUME = "sts:AssumeRoleWithWebIdentity"
SESSION_NAME = "request:RoleSessionName"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
"""When everything here is decided; some policies name this very second."""


@dataclass(frozen=True, slots=True)
class Door:
    """An issuer as an account knows it, with the values policies about it usually hold."""

    url: str
    via: str
    clients: tuple[str, ...]
    usual: Mapping[str, Any]
    """A token of an ordinary run."""
    values: Mapping[str, tuple[str, ...]]
    """Key (without the issuer) to values found in policies."""
    lists: tuple[str, ...] = ()
    """Keys whose claim is a list."""

    @property
    def prefix(self) -> str:
        return self.url.removeprefix("https://")


def _door(url: str, clients: tuple[str, ...], usual: dict[str, Any], values: dict[str, tuple[str, ...]]) -> Door:
    via = f"arn:aws:iam::{ACCOUNT}:oidc-provider/{url.removeprefix('https://')}"
    return Door(url, via, clients, usual, values, ("amr",))


GITHUB_VALUES = {
    "sub": (
        "repo:acme/app:ref:refs/heads/main",
        "repo:acme/*",
        "repo:acme/app:*",
        "repo:acme*/app*:environment:prod",
        "repo:acm?/app:pull_request",
        "repo:acme@12/app@34:ref:refs/heads/*",
        "*:environment:prod",
        "repo:*",
        "*",
        "repo:${token.actions.githubusercontent.com:repository}:*",
    ),
    "aud": ("sts.amazonaws.com", "https://github.com/acme", "*"),
    "oaud": ("sts.amazonaws.com",),
    "environment": ("prod", "prod*", "dev", "*", "?*", "ünter", "🚀?"),
    "repository": ("acme/app", "acme/*", "*/app"),
    "repository_id": ("34", "5678"),
    "repository_owner_id": ("12",),
    "ref": ("refs/heads/main", "refs/heads/*", "refs/tags/v?"),
    "job_workflow_ref": ("acme/shared/.github/workflows/x.yml@*", "acme/app/.github/workflows/*"),
    "workflow": ("deploy", "Deploy ${*}", "arn:aws:s3:::bucket/*"),
    "actor": ("alice", "bob*"),
    "amr": ("x", "y*"),
    "email": ("a@example.com",),
    # claims of GitHub that are no keys
    "repository_owner": ("acme",),
    "event_name": ("push", "pull_request"),
    "runner_environment": ("github-hosted",),
}
GITHUB_USUAL = {
    "sub": "repo:acme/app:ref:refs/heads/main",
    "aud": "sts.amazonaws.com",
    "repository": "acme/app",
    "repository_id": "34",
    "repository_owner": "acme",
    "repository_owner_id": "12",
    "ref": "refs/heads/main",
    "workflow": "deploy",
    "job_workflow_ref": "acme/app/.github/workflows/x.yml@refs/heads/main",
    "actor": "alice",
    "event_name": "push",
    "runner_environment": "github-hosted",
}
GITLAB_SUB = "project_path:acme/app:ref_type:branch:ref:main"
GITLAB_USUAL = {
    "sub": GITLAB_SUB,
    "aud": "https://gitlab.com",
    "project_path": "acme/app",
    "project_id": "20",
    "namespace_id": "7",
    "user_login": "alice",
    "ref_protected": "true",
    "pipeline_source": "push",
}
GITLAB_VALUES = {
    "sub": (GITLAB_SUB, "project_path:acme/*", "project_path:*:ref_type:branch:ref:main", "project_path:acme/app:*"),
    "aud": ("https://gitlab.com", "sts.amazonaws.com"),
    "project_id": ("20", "21"),
    "namespace_id": ("7",),
    "user_login": ("alice", "a*"),
    "ref_protected": ("true", "TRUE", "false"),
    "pipeline_source": ("push", "merge_request_event"),
    "project_path": ("acme/app",),
}
CLUSTER = "https://oidc.eks.eu-west-1.amazonaws.com/id/B4E1D0"
CLUSTER_SUB = "system:serviceaccount:shop:api"
POOL = "eu-west-1:0e5a"

GITHUB = _door("https://token.actions.githubusercontent.com", ("sts.amazonaws.com",), GITHUB_USUAL, GITHUB_VALUES)
SLUG = _door(GITHUB.url + "/acme", ("sts.amazonaws.com", "other"), GITHUB_USUAL, GITHUB_VALUES)
SERVER = _door("https://ghe.example.com/_services/token", ("sts.amazonaws.com",), GITHUB_USUAL, GITHUB_VALUES)
GITLAB = _door("https://gitlab.com", ("https://gitlab.com", "sts.amazonaws.com"), GITLAB_USUAL, GITLAB_VALUES)
GITLAB_OWN = _door("https://gitlab.example.com", ("https://gitlab.com",), GITLAB_USUAL, GITLAB_VALUES)
OPAQUE = _door(
    CLUSTER,
    ("sts.amazonaws.com",),
    {"sub": CLUSTER_SUB, "aud": "sts.amazonaws.com"},
    {
        "sub": (CLUSTER_SUB, "system:serviceaccount:shop:*", "system:serviceaccount:*:*", "*:api"),
        "aud": ("sts.amazonaws.com",),
        "amr": ("x", "y*"),
        "email": ("a@example.com",),
        "namespace": ("shop",),
    },
)
COGNITO = Door(
    "https://cognito-identity.amazonaws.com",
    "cognito-identity.amazonaws.com",
    (),
    {"sub": "eu-west-1:user", "aud": POOL, "amr": ("authenticated", "graph.facebook.com")},
    {
        "aud": (POOL, "eu-west-1:*"),
        "sub": ("eu-west-1:user", "eu-west-1:*"),
        "amr": ("authenticated", "unauthenticated", "*", "graph.facebook.com"),
        "oaud": (POOL,),
        "email": ("a@example.com",),
    },
    ("amr",),
)
GOOGLE = Door(
    "https://accounts.google.com",
    "accounts.google.com",
    (),
    {"sub": "1234", "aud": "server", "azp": "robot", "email": "a@example.com"},
    {"aud": ("robot", "server"), "oaud": ("server",), "sub": ("1234", "12*"), "email": ("*@example.com",)},
)
FACEBOOK = Door(
    "https://graph.facebook.com",
    "graph.facebook.com",
    (),
    {"app_id": "77", "id": "5"},
    {"app_id": ("77", "7?"), "id": ("5",), "aud": ("77",)},
)
DOORS = (GITHUB, GITHUB, GITHUB, GITLAB, SLUG, SERVER, GITLAB_OWN, OPAQUE, COGNITO, GOOGLE, FACEBOOK)

REQUEST_VALUES: Mapping[str, tuple[str, ...]] = {
    "sts:RoleSessionName": ("ci", "ci-*", "*", "??*"),
    "sts:RoleAuthorizedByIdp": ("true", "false"),
    "aws:PrincipalOrgID": ("o-abc", "*"),
    "aws:PrincipalArn": (ROLE_ARN, "*"),
    "aws:PrincipalAccount": (ACCOUNT, "999999999999", "1*"),
    "aws:PrincipalType": ("User", "AssumedRole"),
    "aws:userid": (GITHUB.via, "*", f"arn:aws:iam::{ACCOUNT}:oidc-provider/*", "arn:aws:iam::*:oidc-provider/git*"),
    "aws:ResourceAccount": (ACCOUNT, "999999999999"),
    "aws:ResourceTag/team": ("shop", "bank", "*"),
    "aws:ResourceTag/none": ("shop",),
    "aws:RequestTag/team": ("shop",),
    "aws:TagKeys": ("team",),
    "sts:TransitiveTagKeys": ("team",),
    "sts:SourceIdentity": ("alice",),
    "aws:CurrentTime": ("2026-12-01T00:00:00Z", "2026-01-01", "1800000000", NOW.isoformat()),
    "aws:EpochTime": ("1800000000", "1700000000", "2026-12-01T00:00:00Z", str(int(NOW.timestamp()))),
}
SIGNED = (
    "aws:RequestTag/team",
    "aws:TagKeys",
    "sts:TransitiveTagKeys",
    "sts:SourceIdentity",
    "sts:RoleAuthorizedByIdp",
)
PLAIN_REQUEST_VALUES = {key: values for key, values in REQUEST_VALUES.items() if key not in SIGNED}
"""What is known of every issuer's calls; who signs the rest is known of GitHub only."""
TYPED = ("aws:userid", "aws:CurrentTime", "aws:EpochTime")
"""More frequent than in life: only here do the operators for dates, numbers and ARNs decide something."""
UNKNOWN_REQUEST_VALUES: Mapping[str, tuple[str, ...]] = {
    "aws:SourceIp": ("10.0.0.0/8",),
    "aws:PrincipalTag/team": ("shop",),
    "aws:ResourceOrgID": ("o-abc",),
    "aws:UserAgent": ("*",),
    "aws:SomethingNew": ("x",),
    "sts:ExternalId": ("x",),
}
USUAL_OPERATORS = ("StringEquals", "StringLike", "StringLike", "StringEquals", "StringNotEquals", "StringNotLike")
RARE_OPERATORS = ("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "Bool", "Bool", "Null", "Null", "Null")
ODD_OPERATORS = (
    *("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike", "NumericEquals", "NumericNotEquals"),
    *("NumericLessThan", "NumericLessThanEquals", "NumericGreaterThan", "NumericGreaterThanEquals"),
    *("DateEquals", "DateNotEquals", "DateLessThan", "DateGreaterThan", "DateLessThanEquals", "DateGreaterThanEquals"),
    *("IpAddress", "NotIpAddress", "BinaryEquals"),
)
"""Seldom used on claims, and mostly undecided there."""
TIME_OPERATORS = (
    *("DateEquals", "DateNotEquals", "DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals"),
    *("NumericLessThan", "NumericGreaterThanEquals"),
)
WRONG_OPERATORS = ("StringContains", "stringequals", "ForSomeValue:StringLike", "NullIfExists", "ForAllValues:Null")
OLD_VERSIONS = ("2008-10-17", "2008-10-17", None, None, "2020-01-01")
NASTY_TEXTS = (
    "",
    "*",
    "?",
    "**",
    "?*",
    "$",
    "a\nb*",
    "[a]*",
    "\\*",
    "é",
    "🚀",
    "${",
    "${}",
    "${*",
    "${x}",
    "${aws:username}",
)
VARIABLES = (
    *(
        "${*}",
        "a${*}b",
        "${?}",
        "${$}x",
        "${aws:ResourceAccount}",
        "${aws:PrincipalOrgID}x",
        "${gitlab.com:user_login}",
    ),
    *("${sts:RoleSessionName}", "${token.actions.githubusercontent.com:ref}", "x${aws:PrincipalOrgID, 'prod'}"),
    "${token.actions.githubusercontent.com:repository_owner, 'prod'}",
    "${token.actions.githubusercontent.com:environment, 'prod'}",
    "${token.actions.githubusercontent.com:environment, 'prod'}",
)
NASTY_VALUES: tuple[Any, ...] = (None, True, False, 34, 1.5, [], {}, ["x", None], [["x"]], [34, "prod"], {"x": "y"})


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

    @property
    def tests(self) -> list[tuple[str, str, Any]]:
        """(operator, key, listed values) of every readable Condition in the policy."""
        return list(_tests(self.role["AssumeRolePolicyDocument"]))


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
    return World(role, _registered(random, door), not _chance(random, 10))


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


def door_of(url: str) -> Door | None:
    """The door of an issuer, by the issuer's URL."""
    return next((door for door in DOORS if door.url == url), None)
