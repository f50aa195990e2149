"""Made-up estates of several accounts whose roles let one another in, ordinary ones and such as nobody should meet."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from auditor.snapshot import Coverage, Document, Snapshot, Status, ordered

NOW = "2026-11-22T12:00:00Z"
ACCOUNTS = ("111111111111", "222222222222", "333333333333", "444444444444")
NAMES = ("app", "boss", "ci")
HOST = "token.actions.githubusercontent.com"
KINDS = ("account", "iam-policy", "iam-role", "oidc-provider")


def arn(account: str, name: str) -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def _unique(account: str, name: str) -> str:
    return f"AROA{account[:3]}{name.upper()}"


def estate(random: Random, *, hostile: bool) -> Snapshot:
    """In order. Where it is not `hostile`, every role lies in the scope of its account, once, under an id of AWS's."""
    accounts = random.sample(ACCOUNTS, random.choice((1, 2, 3, 3, 4)))
    found: list[Document] = []
    for account in accounts:
        found.append(Document("aws", account, "account", account, {"Account": account, "Partition": "aws"}))
        names = random.sample(NAMES, random.choice((1, 2, 3)))
        found.extend([_role(random, account, account, name) for name in names])
        found.extend([_policy(random, account, name) for name in ("shared", "bounds") if random.random() < 0.8])
        if random.random() < 0.8:
            found.append(_provider(account))
        if random.random() < 0.3:
            found += _organisation(random, account, (account,), hostile=hostile)
    if random.random() < 0.6:
        found += _organisation(random, "o-acme", ACCOUNTS, hostile=hostile)
    rows = [
        Coverage("aws", account, kind, Status.READ if random.random() < 0.8 else Status.DENIED, "why")
        for account in random.sample(ACCOUNTS, 4)
        for kind in KINDS
        if account in accounts or random.random() < 0.1
    ]
    if hostile:
        found += _odd(random, found)
        rows.append(Coverage("aws", "-", "iam-role", Status.READ))
        rows.append(Coverage("gcp", "-", "project", Status.READ))
        random.shuffle(found)
    return ordered(Snapshot(NOW, NOW, found, rows))


def _odd(random: Random, found: list[Document]) -> Iterator[Document]:
    """The same account read twice, ids that say something else than their scope, documents of other clouds."""
    if random.random() < 0.4:
        scope = random.choice(("-", "0", *ACCOUNTS, "o-other"))
        for document in list(found):
            if document.kind in ("iam-role", "oidc-provider", "iam-policy") and random.random() < 0.5:
                yield Document("aws", scope, document.kind, document.id, document.body)
    for _ in range(random.choice((0, 1, 1, 2))):
        scope, account = random.choice(("-", *ACCOUNTS)), random.choice(ACCOUNTS)
        role = _role(random, scope, account, random.choice(NAMES))
        ident = random.choice(
            ("weird", account, f"arn:aws:iam::{account}:root", "*", "?", f"arn:aws:iam::{account}:user/bob", role.id)
        )
        unique = random.choice((account, arn(account, "app"), _unique(account, "app"), "*", "weird", None))
        body: Any = {**role.body, "RoleId": unique}
        bodies: list[Any] = [body, body, {}, []]
        yield Document("aws", scope, "iam-role", ident, random.choice(bodies))
    if random.random() < 0.3:
        yield from _organisation(random, random.choice(("o-other", *ACCOUNTS)), ACCOUNTS, hostile=True)
    yield Document("gcp", ACCOUNTS[0], "iam-role", arn(ACCOUNTS[0], "app"), {})
    if random.random() < 0.2:
        yield random.choice(found)


def _role(random: Random, scope: str, account: str, name: str) -> Document:
    body = {
        "RoleName": name if random.random() < 0.9 else "other",
        "RoleId": _unique(account, name),
        "AssumeRolePolicyDocument": _trust(random, account),
        "RolePolicyList": [{"PolicyName": "own", "PolicyDocument": _permissions(random, account)}],
        "AttachedManagedPolicies": [
            {"PolicyArn": f"arn:aws:iam::{account}:policy/{name}"} for name in ("shared",) if random.random() < 0.3
        ],
        "InstanceProfileList": [{}] if random.random() < 0.5 else [],
    }
    if random.random() < 0.2:
        body["PermissionsBoundary"] = {"PermissionsBoundaryArn": f"arn:aws:iam::{account}:policy/bounds"}
    return Document("aws", scope, "iam-role", arn(account, name), body)


def _trust(random: Random, account: str) -> Any:
    if random.random() < 0.04:
        return random.choice(("not json", {}, {"Statement": "x"}, {"Statement": ["x"]}, None, {"Statement": {}}))
    statements = [_trusting(random, account) for _ in range(random.choice((1, 1, 2, 3)))]
    return {"Version": "2012-10-17", "Statement": statements[0] if random.random() < 0.1 else statements}


def _trusting(random: Random, account: str) -> Any:
    if random.random() < 0.4:
        door = f"arn:aws:iam::{random.choice((account, account, *ACCOUNTS))}:oidc-provider/{HOST}"
        return {
            "Effect": "Allow",
            "Principal": {"Federated": random.choice((door, f"{door}/gone"))},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringLike": {f"{HOST}:sub": random.choice(("repo:acme/app:*", "*"))}},
        }
    other, name = random.choice((account, *ACCOUNTS)), random.choice(NAMES)
    principals = (
        *(arn(other, name), arn(other, name), arn(other, name), f"arn:aws:iam::{other}:root", other, other),
        *(_unique(other, name), "*", f"arn:aws:iam::{other}:user/bob", "weird", "?"),
        f"arn:aws:sts::{other}:assumed-role/{name}/once",
        "arn:aws:iam::555555555555:role/vendor",
    )
    chosen = random.sample(principals, random.choice((1, 1, 2)))
    statement: dict[str, Any] = {
        "Effect": "Allow" if random.random() < 0.9 else "Deny",
        "Principal": {"AWS": chosen[0] if len(chosen) == 1 else chosen},
        "Action": random.choice(
            ("sts:AssumeRole", "sts:AssumeRole", ["sts:AssumeRole", "sts:TagSession"], "sts:*", "*")
        ),
    }
    if random.random() < 0.25:
        statement["Principal"] = {"Service": ["lambda.amazonaws.com", "ec2.amazonaws.com"]}
    if random.random() < 0.2:
        tests = (
            {"StringEquals": {"sts:ExternalId": "x"}},
            {"StringEquals": {"aws:PrincipalAccount": other}},
            {"ArnLike": {"aws:PrincipalArn": arn(other, "*")}},
            {"StringEquals": {"aws:PrincipalOrgID": "o-acme"}},
        )
        statement["Condition"] = random.choice(tests)
    if random.random() < 0.05:
        odd = (
            {"NotPrincipal": {"AWS": other}},
            {"Resource": "*"},
            {"Effect": "allow"},
            {"Principal": "*"},
            {"Action": 3},
        )
        statement |= random.choice(odd)
    return statement


def _permissions(random: Random, account: str) -> Any:
    other, name = random.choice((account, *ACCOUNTS)), random.choice(NAMES)
    choices: tuple[tuple[Any, Any], ...] = (
        *(("sts:AssumeRole", "*"), ("sts:AssumeRole", arn(other, name)), ("sts:AssumeRole", arn("*", name))),
        *(("sts:AssumeRole", arn(other, "*")), ("sts:AssumeRole", "*"), ("s3:GetObject", "*"), ("sts:*", "*")),
        *(("iam:UpdateAssumeRolePolicy", arn(account, name)), ("iam:PutRolePolicy", arn(account, "*"))),
        *((["iam:PassRole", "lambda:*"], "*"), (["iam:PassRole", "ec2:*"], arn(account, name)), ("*", "*")),
        (["iam:CreateRole", "iam:AttachRolePolicy"], random.choice(("*", arn(account, "new")))),
        (["iam:CreateOpenIDConnectProvider", "iam:AddClientIDToOpenIDConnectProvider"], "*"),
        (["iam:UpdateAssumeRolePolicy", "sts:AssumeRole"], arn(account, random.choice((name, "*")))),
        (["iam:AttachRolePolicy", "sts:AssumeRole"], arn(account, name)),
    )
    statements = []
    for actions, resources in random.sample(choices, random.choice((1, 2, 3))):
        effect = "Allow" if random.random() < 0.9 else "Deny"
        statements.append({"Effect": effect, "Action": actions, "Resource": resources})
    return {"Version": "2012-10-17", "Statement": statements}


def _policy(random: Random, account: str, name: str) -> Document:
    ident = f"arn:aws:iam::{account}:policy/{name}"
    version = {"VersionId": "v1", "IsDefaultVersion": True, "Document": _permissions(random, account)}
    return Document("aws", account, "iam-policy", ident, {"Arn": ident, "PolicyVersionList": [version]})


def _provider(account: str) -> Document:
    ident = f"arn:aws:iam::{account}:oidc-provider/{HOST}"
    return Document("aws", account, "oidc-provider", ident, {"Arn": ident, "Url": HOST, "ClientIDList": ["sts"]})


def _organisation(random: Random, scope: str, accounts: tuple[str, ...], *, hostile: bool) -> Iterator[Document]:
    ident = scope if scope.startswith("o-") else "o-own"
    yield Document(
        "aws",
        scope,
        "organization",
        ident,
        {"Id": ident, "MasterAccountId": random.choice((*ACCOUNTS, "999999999999"))},
    )
    policies = ("p-all", "p-some", "p-rcp")
    contents = ([("*", "*")], [("sts:*", "*"), ("iam:*", "*")], [("s3:*", "*")])
    for policy, grants in zip(policies, contents, strict=True):
        if random.random() < 0.9:
            statements: list[Any] = [{"Effect": "Allow", "Action": one, "Resource": where} for one, where in grants]
            if policy != "p-all":
                place = arn("*", random.choice(NAMES))
                actions = ("sts:AssumeRole", "sts:AssumeRoleWithWebIdentity", "iam:*")
                denied = {"Effect": "Deny", "Action": random.choice(actions), "Resource": random.choice((place, "*"))}
                if policy == "p-rcp":
                    denied["Principal"] = "*"
                statements.append(denied)
            kind = "RESOURCE_CONTROL_POLICY" if policy == "p-rcp" else "SERVICE_CONTROL_POLICY"
            content = {"Version": "2012-10-17", "Statement": statements}
            yield Document("aws", scope, "organization-policy", policy, {"Type": kind, "Content": content})
    parents: dict[str, str | None] = {**dict.fromkeys(accounts, "ou-1"), "ou-1": "r-1", "r-1": None}
    if hostile:
        parents["r-1"] = random.choice((None, "ou-1", accounts[0], "r-1"))
        parents[random.choice(accounts)] = random.choice((*ACCOUNTS, "nowhere", "r-1"))
    for target, parent in parents.items():
        kind = "ACCOUNT" if target in ACCOUNTS and not (hostile and random.random() < 0.2) else "ORGANIZATIONAL_UNIT"
        attached = random.sample(policies, random.choice((0, 1, 1, 2)))
        yield Document(
            "aws", scope, "organization-target", target, {"Type": kind, "Parent": parent, "Policies": attached}
        )
