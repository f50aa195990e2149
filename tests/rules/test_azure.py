"""Azure findings: a few in full, what is proposed, and estates as nobody should write them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from auditor.claims.predicate import Token
from auditor.claims.verdict import Rejected
from auditor.config import Ours, Owned
from auditor.issuers.catalogue import catalogue_of
from auditor.model import Confidence, Finding, Fix, Severity, Source, Status
from auditor.providers.azure import PROVIDER as AZURE
from auditor.rules import fix_azure
from auditor.snapshot import Document, Snapshot
from auditor.toml_lines import Written
from tests.providers.azure.estates import DEFAULT, guid, identity_id
from tests.rules.cases import Case, azure, cases, findings, judged

GITHUB = "https://token.actions.githubusercontent.com"
APPLICATION = f"applications/{guid('object', 'deploy')}"
CREDENTIAL = "/federatedIdentityCredentials/0"
ON_IDENTITY = f"{identity_id()}/federatedIdentityCredentials/fic-0"
MAIN, WITH_IDS = "repo:acme/app:ref:refs/heads/main", "repo:acme@123/app@456:ref:refs/heads/main"
EXPRESSION = "claims['sub'] matches 'repo:acme@123/*'"
OURS = Ours(tenants={"github": (Owned("acme", "12"),), "gitlab": (Owned("acme"),)}, declared=True)
WORLDS = 150

WRITTEN = [case for case in cases() if "azure" in case.body]


def found(estate: dict[str, Any], ours: Ours | None = None) -> list[Finding]:
    return findings(judged(azure(estate), ours or Ours()))


def only(rule: str, estate: dict[str, Any], ours: Ours | None = None) -> Finding:
    (one,) = (one for one in found(estate, ours) if one.rule == rule)
    return replace(one, subject="", witness=short(one.witness))


def short(token: Token | None) -> Token | None:
    return None if token is None else {claim: token[claim] for claim in ("sub", "aud")}


def written(fields: dict[str, Any], *, nested: bool = False) -> str:
    return json.dumps({"properties": fields} if nested else fields, indent=2)


def expression(text: str) -> dict[str, Any]:
    return {"value": text, "languageVersion": 1}


def test_any_repository_of_an_owner_known_by_id() -> None:
    one = only("any-project", {"expression": EXPRESSION})
    assert one == Finding(
        rule="any-project",
        severity=Severity.HIGH,
        confidence=Confidence.HIGH,
        subject="",
        subject_kind="trust",
        title="Any repository of acme can become deploy",
        detail=(
            "Any branch, environment, pull request or tag of any repository of acme with tenant id 123 on GitHub "
            "Actions may become deploy. The token shown is of acme/evil-repo, which the trust does not name. The same "
            "lines let in, and these are not reported again: any branch, any tag, any environment and code that nobody "
            "has merged. What deploy may then do was not judged."
        ),
        witness={"sub": "repo:acme@123/evil-repo@77700001:ref:refs/heads/main", "aud": DEFAULT},
        evidence=(Source(APPLICATION, f"{CREDENTIAL}/claimsMatchingExpression/value", (23, 15)),),
        fix=Fix(
            "Name the repository, and one branch or environment.",
            before=written(
                {"issuer": GITHUB, "claimsMatchingExpression": expression(EXPRESSION), "audiences": [DEFAULT]}
            ),
            after=written(
                {
                    "issuer": GITHUB,
                    "subject": "repo:acme@123/REPOSITORY@REPOSITORY_ID:ref:refs/heads/main",
                    "audiences": [DEFAULT],
                }
            ),
        ),
    )


def test_a_test_of_an_id_stays_in_the_expression() -> None:
    kept = "claims['repository_id'] eq '456'"
    one = only("any-branch", {"expression": f"claims['sub'] matches 'repo:acme/app:ref:refs/heads/*' and {kept}"})
    assert one.fix is not None
    assert one.fix.after == written(
        {
            "issuer": GITHUB,
            "claimsMatchingExpression": expression(f"claims['sub'] eq '{MAIN}' and {kept}"),
            "audiences": [DEFAULT],
        }
    )


def test_a_slip_in_a_dead_credential() -> None:
    fields = {"issuer": GITHUB, "subject": "repo:acme/app:pull-request", "audiences": [DEFAULT]}
    assert only("dead-trust", {"host": "uami", "subject": fields["subject"]}) == Finding(
        rule="dead-trust",
        severity=Severity.LOW,
        confidence=Confidence.HIGH,
        subject="",
        subject_kind="trust",
        title="No token of GitHub Actions can become deploy",
        detail=("subject: tokens say pull_request, with an underscore. Perhaps repo:acme/app:pull_request was meant."),
        witness=None,
        evidence=(Source(ON_IDENTITY, "/properties/subject"),),
        fix=Fix(
            "Delete the trust if nobody misses it; else say what was meant, exactly.",
            before=written(fields, nested=True),
            after=written({**fields, "subject": "repo:acme/app:pull_request"}, nested=True),
        ),
    )


@pytest.mark.parametrize(
    ("estate", "why"),
    [
        (
            {"subject": "repo:acme/app:ref:refs/heads/*"},
            "subject: a wildcard stands for itself in a subject, and no token's subject holds one.",
        ),
        (
            {"subject": MAIN, "issuer": f"{GITHUB}/"},
            (
                f"Azure lets no token in there: no token carries the issuer '{GITHUB}/', for its issuer is {GITHUB} "
                "(the slash at the end is too much)."
            ),
        ),
        (
            {"subject": MAIN, "principal": {"accountEnabled": False}},
            "Azure lets no token in there: the service principal is disabled.",
        ),
        (
            {"expression": "claims['sub'] matches 'repo:acme/(app|web):.*'"},
            (
                "claims['sub'] matches 'repo:acme/(app|web):.*': an expression knows * and ? and nothing else; what "
                "looks like a regular expression is compared letter by letter, and no token has it. Nobody documents "
                "it, but patterns are taken to match the whole value."
            ),
        ),
        (
            {"issuer": "cluster", "subject": "system:serviceaccount:Payments:settlement"},
            (
                "subject: letter case counts, and tokens spell it otherwise. Perhaps "
                "system:serviceaccount:payments:settlement was meant."
            ),
        ),
    ],
)
def test_why_nobody_gets_in(estate: dict[str, Any], why: str) -> None:
    assert only("dead-trust", estate).detail == why


def test_a_foreign_issuer() -> None:
    url = "https://oidc-7f3a.web.core.windows.net"
    assert only("foreign-issuer", {"issuer": url, "subject": "sync"}) == Finding(
        rule="foreign-issuer",
        severity=Severity.MEDIUM,
        confidence=Confidence.MEDIUM,
        subject="",
        subject_kind="trust",
        title=f"Whoever is behind {url} can become deploy",
        detail=(
            "No other identity of the estate trusts it. Whoever is behind an issuer decides what subjects it signs, "
            "and no change of secrets shuts them out."
        ),
        witness={"sub": "sync", "aud": DEFAULT},
        evidence=(Source(APPLICATION, f"{CREDENTIAL}/issuer"),),
        fix=Fix(
            "Delete the credential if nobody knows its issuer; if it is yours, declare it.",
            after=f'[ours]\nissuers = ["{url}"]',
        ),
        discriminator=url,
    )


def test_what_is_declared_already_stays_declared() -> None:
    ours = Ours(issuers=("https://a.example",), declared=True)
    one = only("foreign-issuer", {"issuer": "https://b.example", "subject": "x"}, ours)
    assert one.detail.startswith("[ours] lists issuers, and not this one. ")
    assert one.fix is not None
    assert one.fix.after == '[ours]\nissuers = ["https://a.example", "https://b.example"]'


def test_a_password_beside() -> None:
    password = {"keyId": "k-1", "displayName": "ci", "endDateTime": "2028-01-01T00:00:00Z"}
    one = only("long-lived-secret-beside", {"subject": WITH_IDS, "passwords": [password, {"keyId": "k-2"}]})
    assert one == Finding(
        rule="long-lived-secret-beside",
        severity=Severity.MEDIUM,
        confidence=Confidence.HIGH,
        subject="",
        subject_kind="trust",
        title="deploy still has 2 passwords beside its federated credentials",
        detail=(
            "Valid: password ci until 2028-01-01 and password k-2 without an end. Whoever holds one signs in as "
            "deploy from anywhere: none of the tests of its federated credentials is made."
        ),
        witness=None,
        evidence=(
            Source(APPLICATION, "/passwordCredentials/0"),
            Source(APPLICATION, "/passwordCredentials/1"),
        ),
        fix=Fix(
            "Remove what the sign-in log shows no more use of; move to the federated credential what still uses it."
        ),
        discriminator=guid("application", "deploy"),
    )


def test_a_secret_is_what_is_in_use_only_where_no_credential_is_alive() -> None:
    dead, alive = {"subject": "repo:acme/app:pull-request"}, {"subject": WITH_IDS}
    used = "No federated credential of it lets anybody in, so this may be what is in use."
    for credentials, said in (([dead], True), ([dead, alive], False)):
        one = only("long-lived-secret-beside", {"credentials": credentials, "passwords": [{"keyId": "k"}]})
        assert (used in one.detail) is said


def test_an_issuer_that_the_user_described_is_known() -> None:
    text = """
id = "forge"
name = "Forge"
[[issuers]]
url = 'https://ci\\.example\\.com'
tenancy = "single"
[variables.job]
dimension = "project"
by = "tenant_admin"
[variables.aud]
dimension = "audience"
by = "job_code"
[claims]
sub = "{job}"
aud = "{aud}"
[[axes.run]]
name = "job"
run = "job"
"""
    estate = azure({"issuer": "unheard-of", "subject": "x"})
    described = judged(estate, Ours(), catalogue_of((Written("auditor.toml", text),)))
    assert [one.rule for one in findings(described)] == []
    assert [one.rule for one in findings(judged(estate, Ours()))] == ["foreign-issuer"]


@pytest.mark.parametrize(
    ("rule", "estate", "ours", "summary"),
    [
        (
            "reusable-name",
            {"issuer": "terraform", "subject": "organization:acme:project:core:workspace:prod:run_phase:apply"},
            None,
            "Azure can ask for no id of HCP Terraform: see that nobody else can take the name acme.",
        ),
        (
            "reusable-name",
            {"host": "uami", "issuer": "gitlab", "subject": "project_path:acme/app:ref_type:branch:ref:main"},
            None,
            (
                "Ask for the immutable ids as well, in an expression, which a managed identity takes in a preview "
                "only: namespace_id and project_id."
            ),
        ),
        (
            "environment-gate",
            {"subject": "repo:acme@123/app@456:environment:production"},
            None,
            "See that the environment demands reviewers and lists its branches.",
        ),
        (
            "untrusted-tenant",
            {"subject": "repo:harbour@9/app@4:ref:refs/heads/main"},
            Ours(tenants={"github": (Owned("acme"),)}, declared=True),
            "Delete the credential; if it is a partner, add it to [ours].",
        ),
        (
            "undecided",
            {"host": "uami"},
            None,
            "Let the auditor read what it could not, or ask for an exact subject.",
        ),
        ("vacuous-condition", {"expression": "claims['sub'] matches '*'"}, None, "Ask for the subject that is meant."),
    ],
)
def test_what_to_do_is_what_azure_can_do(rule: str, estate: dict[str, Any], ours: Ours | None, summary: str) -> None:
    one = only(rule, estate, ours)
    assert one.fix == Fix(summary)


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        (
            "reusable-name",
            "claims['sub'] matches 'repo:acme/*'",
            " and claims['repository_owner_id'] eq 'REPOSITORY_OWNER_ID'",
        ),
        (
            "reusable-name",
            f"claims['sub'] eq '{MAIN}' and claims['repository_owner_id'] eq '123'",
            " and claims['repository_id'] eq 'REPOSITORY_ID'",
        ),
        (
            "reusable-name",
            f"claims['sub'] eq '{MAIN}'",
            (
                " and claims['repository_owner_id'] eq 'REPOSITORY_OWNER_ID'"
                " and claims['repository_id'] eq 'REPOSITORY_ID'"
            ),
        ),
    ],
)
def test_the_ids_that_fit_are_asked_for(rule: str, before: str, after: str) -> None:
    one = only(rule, {"expression": before})
    assert one.fix is not None
    assert json.loads(one.fix.after or "")["claimsMatchingExpression"] == expression(before + after)


def test_the_issuer_that_was_meant() -> None:
    one = only("dead-trust", {"issuer": f"{GITHUB}/", "subject": MAIN})
    assert one.fix is not None
    assert json.loads(one.fix.after or "")["issuer"] == GITHUB


def test_nothing_is_proposed_that_azure_would_not_take() -> None:
    """No expression for a managed identity, no id of HCP Terraform, nothing for credentials of an unknown shape."""
    for estate in (
        {"host": "uami", "subject": MAIN},
        {"issuer": "terraform", "subject": "organization:acme:project:core:workspace:prod:run_phase:apply"},
    ):
        one = only("reusable-name", estate)
        assert one.fix is not None
        assert one.fix.before is one.fix.after is None
    (decision,) = judged(azure({"subject": MAIN}), Ours()).decisions
    place = Source(APPLICATION, f"{CREDENTIAL}/subject")
    trust = decision.trust
    assert fix_azure.without(trust, [place]) is None
    assert fix_azure.required(trust, [place], "sub", "x") is None
    assert fix_azure.narrowed(trust, {place: "x"}, "aud") is None
    assert fix_azure.narrowed(trust, {place: "x", trust.source: "y"}, "sub") is None
    assert fix_azure.narrowed(trust, {place: "it's*"}, "sub") is None
    assert fix_azure.narrowed(trust, {place: MAIN}, "sub") is None
    for odd in ({"issuer": 7}, {"audiences": "x"}, "x", None, {"issuer": GITHUB, "subject": "x" * 9000}):
        credential = {**trust.documents["credential"], **odd} if isinstance(odd, dict) else odd
        assert fix_azure.changed(replace(trust, documents={"credential": credential}), {"subject": "y"}) is None


MENDED = (
    *("any-tenant", "any-project", "pull-request", "any-branch", "any-tag", "any-environment"),
    *("reusable-name", "refused-if-resaved", "dead-trust", "audience-unusual"),
)

FILLED = {
    "REPOSITORY_OWNER_ID": "123",
    "REPOSITORY_ID": "456",
    "OWNER_ID": "123",
    "NAMESPACE_ID": "7",
    "PROJECT_ID": "8",
}
"""What a reader fills in; longer names first."""


def mended(snapshot: Snapshot, one: Finding) -> Snapshot:
    """The estate with the credential of a fix in the place of the one that it shows as it is."""
    assert one.fix is not None
    before = json.loads(one.fix.before or "")
    text = one.fix.after or ""
    for name, value in FILLED.items():
        text = text.replace(name, value)
    after = json.loads(text)
    done = 0

    def new(body: dict[str, Any]) -> dict[str, Any]:
        nonlocal done
        told, told_after = before.get("properties", before), after.get("properties", after)
        if {name: body.get(name) for name in told} != told:
            return body
        done += 1
        rest = {
            k: v for k, v in body.items() if k not in ("issuer", "subject", "claimsMatchingExpression", "audiences")
        }
        return {**rest, **told_after}

    documents = []
    for document in snapshot.documents:
        body = dict(document.body)
        if document.kind == "federated-credential":
            body["properties"] = new(body["properties"])
        if document.kind == "application":
            key = "federatedIdentityCredentials"
            body[key] = [new(one) for one in body[key]]
        documents.append(replace(document, body=body))
    assert done == 1
    return Snapshot(snapshot.started, snapshot.finished, documents, snapshot.coverage)


@pytest.mark.parametrize("case", [case for case in WRITTEN if case.titles], ids=str)
def test_the_fix_mends_what_it_is_for_and_lets_somebody_in(case: Case) -> None:
    for one in findings(judged(case.snapshot(), case.ours)):
        if one.rule in MENDED and one.fix is not None and one.fix.before is not None:
            after = judged(mended(case.snapshot(), one), case.ours)
            assert (one.rule, one.subject) not in {(other.rule, other.subject) for other in findings(after)}
            wanted = [decision for decision in after.decisions if decision.trust.id == one.subject]
            # A subject that its owner customised is out of sight: without [ours.subject-templates] nobody has one.
            dead = [decision.reachable for decision in wanted if isinstance(decision.reachable, Rejected)]
            assert [verdict for verdict in dead if not (verdict.reason or "").startswith("assuming")] == []
            assert all(isinstance(decision.classes.get(one.rule, Rejected()), Rejected) for decision in wanted)


def test_most_fixes_show_what_to_write() -> None:
    shown = [
        one.rule
        for case in WRITTEN
        for one in findings(judged(case.snapshot(), case.ours))
        if one.rule in MENDED and one.fix is not None and one.fix.before is not None
    ]
    assert set(shown) >= {*MENDED} - {"any-tag"}


ODD: tuple[Any, ...] = (
    None,
    True,
    7,
    "",
    "x",
    "*",
    [],
    {},
    ["x"],
    {"x": 1},
    "'",
    "claims['sub'] eq",
    "a" * 5000,
    "\ud800",
)


def places(body: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything inside a JSON value."""
    steps = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ()
    for step, inner in steps:
        yield (*here, step)
        yield from places(inner, (*here, step))


def spoiled(random: Random, document: Document) -> Document:
    body = copy.deepcopy(dict(document.body))
    everywhere = list(places(body))
    if everywhere:
        *above, last = random.choice(everywhere)
        inner: Any = body
        for step in above:
            inner = inner[step]
        inner[last] = random.choice(ODD)
    return replace(document, body=body)


def test_no_rule_fails_on_documents_of_another_shape() -> None:
    random = Random(7)
    for _ in range(WORLDS):
        snapshot = random.choice(WRITTEN).snapshot()
        for _ in range(random.randint(1, 3)):
            assert isinstance(snapshot.documents, list)
            place = random.randrange(len(snapshot.documents))
            snapshot.documents[place] = spoiled(random, snapshot.documents[place])
        context = judged(snapshot, OURS)
        trusts = {decision.trust.id: decision.trust for decision in context.decisions}
        for one in findings(context):
            assert one.status is Status.OPEN, f"{one.rule}: {one.detail}"
            assert one.witness is None or AZURE.admits(trusts[one.subject], one.witness) is True


def test_a_writer_of_credentials() -> None:
    (case,) = (case for case in WRITTEN if case.body["name"] == "a role on one managed identity")
    context = judged(case.snapshot(), case.ours, power=True)
    (one,) = (one for one in findings(context) if one.rule == "credential-writer")
    action = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write"
    role, assignment = (document["id"] for document in case.body["azure"]["documents"])
    assert one == Finding(
        rule="credential-writer",
        severity=Severity.INFO,
        confidence=Confidence.HIGH,
        subject=identity_id(),
        subject_kind="identity",
        title="deploy, which federated tokens become, may add credentials to other",
        detail=(
            f"By {action}, whoever becomes deploy can add a credential of their own to other. It stays when the trust "
            "of deploy is mended. Branch main of acme/app with project id 456, tenant id 123 on GitHub Actions may "
            "become deploy."
        ),
        witness=None,
        evidence=(Source(assignment, "/properties"), Source(role, "/properties/permissions/0/actions/0")),
        fix=Fix("Let it write the credentials of its own applications, or of one identity, and of no others."),
    )
