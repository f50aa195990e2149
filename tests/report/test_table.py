"""The table, whole."""

from __future__ import annotations

import io
from dataclasses import replace
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.model import Confidence, Fix, Identity, Severity, Source, Status
from auditor.report.base import Layout, Report
from auditor.report.table import write
from auditor.snapshot import Coverage
from auditor.snapshot import Status as Reading
from tests.estate import ACCOUNT, DENIED, OPEN, READ, TIGHT, UNREAD, finding, report, role_arn

HOSTILE = "\x1b[2J\u202e\nCOVERAGE\r"


def table(subject: Report, width: int = 100, *, details: bool = False) -> str:
    stream = io.StringIO()
    write(subject, stream, Layout(width, details))
    return stream.getvalue()


def test_a_finding_says_who_as_what_with_which_token_where_why_and_what_instead() -> None:
    assert table(report([finding()], [OPEN, TIGHT])) == dedent("""\
        COVERAGE
        provider    scope         status    documents
        ----------  ------------  --------  -----------------------------
        aws         123456789012  read      account, iam-policy, iam-role

        CRITICAL (1)

        1. any-tenant: Anyone on GitHub Actions can become deploy-web
           as      iam-role arn:aws:iam::123456789012:role/deploy-web
           token   sub = repo:evil-org/evil-repo:ref:refs/heads/main
                   aud = sts.amazonaws.com
           where   /AssumeRolePolicyDocument/Statement/0/Condition/StringLike
           why     The condition on the subject names no owner.
           fix     Name the repository.
                   - "sub": "repo:*"
                   + "sub": "repo:acme/web:ref:refs/heads/main"

        1 finding: 1 critical. 2 trusts of 2 identities judged, 1 without a finding. Everything that was
        asked for was read.
        """)


def test_what_was_not_read_decided_or_checked_is_said() -> None:
    failed = finding(
        UNREAD, rule="dead-trust", severity=Severity.HIGH, status=Status.ERROR, title="The rule failed", fix=None
    )
    waived = finding(
        TIGHT, rule="reusable-name", severity=Severity.LOW, status=Status.WAIVED, title="By name", fix=None
    )
    unread = Coverage("aws", ACCOUNT, f"iam-role {role_arn('legacy')}", Reading.FAILED, "its trust policy is no JSON")
    assert table(report([failed, waived], [TIGHT, UNREAD], [*READ, DENIED, unread])) == dedent("""\
        COVERAGE
        provider    scope         status    documents
        ----------  ------------  --------  ----------------------------------------------------------------
        aws         123456789012  read      account, iam-policy, iam-role
        aws         123456789012  denied    oidc-provider (needs iam:ListOpenIDConnectProviders):
                                            AccessDenied
        aws         123456789012  failed    iam-role arn:aws:iam::123456789012:role/legacy: its trust policy
                                            is no JSON

        FAILED CHECKS, which are no passes (1)

        1. dead-trust: The rule failed
           as      iam-role arn:aws:iam::123456789012:role/legacy
           token   sub = repo:evil-org/evil-repo:ref:refs/heads/main
                   aud = sts.amazonaws.com
           where   /AssumeRolePolicyDocument/Statement/0/Condition/StringLike
           why     The condition on the subject names no owner.

        WAIVED (1), in short: --details tells more

        2. reusable-name: By name
           as      iam-role arn:aws:iam::123456789012:role/deploy-api
           token   sub = repo:evil-org/evil-repo:ref:refs/heads/main
                   aud = sts.amazonaws.com
           where   /AssumeRolePolicyDocument/Statement/0/Condition/StringLike

        NOT DECIDED: unknown whether such tokens get in

        legacy (iam-role arn:aws:iam::123456789012:role/legacy), tokens of
        https://token.actions.githubusercontent.com
            reachable, any-tenant: the policy is no JSON

        No open findings; 1 waived; 1 check failed, which is no pass. 2 trusts of 2 identities judged, 0
        without a finding. 1 trust not decided in every respect. Coverage is INCOMPLETE: 2 parts could not
        be read, see above.
        This is NOT a clean report: what was not read or decided or checked may hold anything.
        """)


def test_nothing_read_at_all_is_not_clean() -> None:
    assert table(report(coverage=())) == dedent("""\
        COVERAGE
        Nothing was read.

        No open findings. 0 trusts of 0 identities judged. Coverage is INCOMPLETE: nothing was read.
        This is NOT a clean report: what was not read may hold anything.
        """)


def test_documents_read_one_by_one_are_counted_and_skipped_ones_are_no_gap() -> None:
    single = [Coverage("aws", ACCOUNT, f"oidc-provider arn:{number}", Reading.READ) for number in range(12)]
    skipped = Coverage("gcp", "-", "everything", Reading.SKIPPED, "not asked for")
    assert table(report(coverage=[*READ, *single, skipped])) == dedent("""\
        COVERAGE
        provider    scope         status    documents
        ----------  ------------  --------  -------------------------------------------------
        aws         123456789012  read      account, iam-policy, iam-role, oidc-provider (12)
        gcp         -             skipped   everything: not asked for

        No open findings. 0 trusts of 0 identities judged. Everything that was asked for was read.
        """)


def test_many_scopes_of_which_the_same_was_read_are_one_line() -> None:
    rows = [Coverage("gcp", f"web-{number}", "project", Reading.READ) for number in range(4)]
    assert table(report(coverage=[*READ, *rows[:3]])).splitlines()[4:7] == [
        "gcp         web-0         read      project",
        "gcp         web-1         read      project",
        "gcp         web-2         read      project",
    ]
    denied = Coverage("gcp", "web-4", "project", Reading.DENIED, "no", "resourcemanager.projects.get")
    assert table(report(coverage=[*READ, *rows, denied])).splitlines()[3:6] == [
        "aws         123456789012      read      account, iam-policy, iam-role",
        "gcp         web-0 and 3 more  read      project",
        "gcp         web-4             denied    project (needs resourcemanager.projects.get): no",
    ]


def test_what_is_about_an_identity_names_it_and_foreign_documents_are_named_too() -> None:
    home = "arn:aws:iam::123456789012:oidc-provider/old.example.com"
    orphan = finding(
        rule="orphan-provider",
        severity=Severity.LOW,
        confidence=Confidence.MEDIUM,
        subject=home,
        subject_kind="identity",
        title="No role trusts old.example.com",
        detail="",
        witness=None,
        evidence=(Source(home, ""), Source(role_arn("a"), "/Tags/0"), Source(role_arn("a"), "/Tags/1")),
        fix=Fix("Delete it."),
    )
    subject = report([orphan])
    known = replace(subject, identities=(Identity("aws", ACCOUNT, "oidc-provider", home, "old.example.com"),))
    block = dedent("""\
        LOW (1)

        1. orphan-provider: No role trusts old.example.com (confidence medium)
           about   oidc-provider arn:aws:iam::123456789012:oidc-provider/old.example.com
           where   arn:aws:iam::123456789012:oidc-provider/old.example.com
                   (the whole document)
                   arn:aws:iam::123456789012:role/a
                   /Tags/0
                   /Tags/1
           fix     Delete it.
        """)
    assert block in table(known, details=True)
    assert block.replace("about   oidc-provider", "about   identity") in table(subject, details=True)


def test_lesser_findings_are_short_unless_details_are_asked_for() -> None:
    levels = (Severity.HIGH, Severity.MEDIUM, Severity.MEDIUM, Severity.INFO)
    fix = Fix("Name the repository.")
    subject = report([finding(severity=level, title=str(level), witness=None, fix=fix) for level in levels], [OPEN])
    role = "as      iam-role arn:aws:iam::123456789012:role/deploy-web"
    where = "where   /AssumeRolePolicyDocument/Statement/0/Condition/StringLike"
    assert table(subject).partition("\n\n")[2].partition("4 findings")[0] == dedent(f"""\
        HIGH (1)

        1. any-tenant: high
           {role}
           {where}
           why     The condition on the subject names no owner.
           fix     Name the repository.

        MEDIUM (2), in short: --details tells more

        2. any-tenant: medium
           {role}
           {where}
        3. any-tenant: medium
           {role}
           {where}

        INFO (1), in short: --details tells more

        4. any-tenant: info
           {role}
           {where}

        """)
    assert table(subject, details=True).count("why     The condition") == 4


def test_claims_that_the_trust_reads_stand_in_the_token_beside_subject_and_audience() -> None:
    lines = table(report([finding(witness={"repository": "evil-org/x", "amr": ("a", "b"), "sub": "s"})], [OPEN]))
    assert "token   sub = s\n" in lines
    assert "repository = " not in lines  # this trust looks at the subject only


def fixed(before: str | None, after: str | None) -> list[str]:
    """The lines of a fix below its summary, without their margin."""
    lines = table(report([finding(fix=Fix("Name it.", before, after))], [OPEN])).splitlines()
    begin = next(number for number, line in enumerate(lines) if line.endswith("Name it."))
    return [line[11:] for line in lines[begin + 1 : lines.index("", begin)]]


def test_a_fix_shows_what_changes_and_a_line_around_it() -> None:
    before = "{\n  1,\n  2,\n  3,\n  4,\n  5,\n  6,\n  7,\n  8,\n  9\n}"
    after = before.replace("2,", '"two",').replace("  9\n", "")
    assert fixed(before, after) == ["    1,", "-   2,", '+   "two",', "    3,", "…", "    8,", "-   9", "  }"]
    assert fixed(None, "a\nb") == ["+ a", "+ b"]
    assert fixed("a\nb", None) == ["- a", "- b"]
    assert fixed("a", "a") == fixed(None, None) == []


def test_a_long_fix_is_cut_and_says_so() -> None:
    lines = fixed(None, "\n".join(f"    line {number}" for number in range(30)))
    assert lines[:1] + lines[-2:] == ["+     line 0", "+     line 23", "… 6 more lines, see the JSON report"]


def test_many_findings_end_in_an_overview() -> None:
    many = [
        *(finding(title=str(number)) for number in range(8)),
        finding(severity=Severity.LOW, rule="dead-value"),
        finding(severity=Severity.LOW),
        finding(status=Status.ERROR, rule="dead-value"),
    ]
    assert "OVERVIEW" not in table(report(many[:9], [OPEN]))
    assert table(report(many, [OPEN])).partition("OVERVIEW\n")[2].partition("\n\n")[0] == dedent("""\
        rule          critical    low    failed checks
        ----------  ----------  -----  ---------------
        any-tenant           8      1
        dead-value                  1                1""")


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_every_line_keeps_the_width(width: int) -> None:
    deep = finding(
        evidence=(Source("arn:" + "x" * 200, "/" + "/".join(["StringLike"] * 40)),),
        detail="word " * 100,
        title="t" * 300,
        fix=Fix("f" * 200, " " * 90 + "b" * 200, "\t" * 20),
    )
    text = table(report([deep, finding()], [OPEN, UNREAD], [*READ, DENIED]), width, details=True)
    assert max(map(len, text.splitlines())) <= width


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(), max_size=30).map(lambda text: text + HOSTILE))
def test_no_string_can_forge_a_line_or_reach_the_terminal(text: str) -> None:
    hostile = finding(
        title=text,
        detail=text,
        rule=text,
        witness={"sub": text, "aud": (text,)},
        evidence=(Source(text, text),),
        fix=Fix(text, text, text),
    )
    row = Coverage("aws", text, text, Reading.FAILED, text, text)
    plain = table(report([finding()], [OPEN], [*READ, DENIED]))
    shown = table(report([hostile], [OPEN], [*READ, row]))
    assert all(char == "\n" or char.isprintable() for char in shown)
    headings = ("COVERAGE", "CRITICAL (1)", "No open findings")
    for heading in headings:
        count = sum(line.startswith(heading) for line in shown.splitlines())
        assert count == sum(line.startswith(heading) for line in plain.splitlines())
