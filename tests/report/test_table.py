"""The table, whole."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from textwrap import dedent

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.graph import Standing
from auditor.model import Confidence, Decision, Fix, Identity, Level, Severity, Source, Status, Waived
from auditor.power import Capability, Power, Profile
from auditor.report.base import Comparison, Layout, Report
from auditor.report.subjects import described
from auditor.report.table import write
from auditor.snapshot import Coverage, Document
from auditor.snapshot import Status as Reading
from tests.estate import ACCOUNT, DENIED, OPEN, READ, TIGHT, UNREAD, finding, report, role_arn

HOSTILE = "\x1b[2J\u202e\nCOVERAGE\r"


def table(subject: Report, width: int = 100, *, details: bool = False, colour: bool = False) -> str:
    stream = io.StringIO()
    write(described(subject), stream, Layout(width, details=details, colour=colour))
    return stream.getvalue()


def section(text: str, heading: str, end: str = "") -> str:
    """The lines below the one that begins with `heading`, up to the one that begins with `end`."""
    below = re.split(rf"^{re.escape(heading)}.*\n", text, maxsplit=1, flags=re.MULTILINE)[1]
    return re.split(rf"^{re.escape(end)}", below, maxsplit=1, flags=re.MULTILINE)[0] if end else below


def powerful(decision: Decision, level: Level, what: str) -> Standing:
    """The standing of an identity that may do one thing."""
    profile = Profile(Power((Capability(level, what, ("*",), "*", ()),)))
    return Standing(profile, level, (), decision.trust.identity, profile)


def named(name: str, level: Level, base: Decision = OPEN) -> tuple[Decision, Standing]:
    trust = replace(base.trust, identity=replace(base.trust.identity, id=role_arn(name), name=name))
    decision = replace(base, trust=trust)
    return decision, powerful(decision, level, f"do what {level} is")


def test_a_finding_says_who_as_what_with_which_token_where_why_and_what_instead() -> None:
    assert table(report([finding()], [OPEN, TIGHT])) == dedent("""\
        Strangers can get in: 1 of 2 trusts admits anyone on GitHub Actions.
        Among them: anyone on GitHub Actions may become deploy-web. 2 trusts of 2 identities judged.

        COVERAGE
        cloud  status  what
        -----  ------  -------------------------------------------
        aws    read    123456789012: account, iam-policy, iam-role

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


FAILED = finding(
    UNREAD, rule="dead-trust", severity=Severity.HIGH, status=Status.ERROR, title="The rule failed", fix=None
)
AGREED = finding(
    TIGHT,
    rule="reusable-name",
    severity=Severity.LOW,
    status=Status.WAIVED,
    title="By name",
    fix=None,
    waiver=Waived("ids are not offered", "platform team", "2027-03-31"),
)


def test_what_was_not_read_decided_or_checked_is_said() -> None:
    unread = Coverage("aws", ACCOUNT, f"iam-role {role_arn('legacy')}", Reading.FAILED, "its trust policy is no JSON")
    gaps = report([FAILED, AGREED], [TIGHT, UNREAD], [*READ, DENIED, unread])
    assert table(gaps) == dedent("""\
        Nothing was found, but this is not a clean report.
        2 trusts of 2 identities judged; 1 not decided in every respect; 1 check failed, which is no pass; 1
        finding waived. Coverage is INCOMPLETE.

        COVERAGE
        cloud  status  what
        -----  ------  -------------------------------------------------------------------------------------
        aws    read    123456789012: account, iam-policy, iam-role
        aws    denied  123456789012: oidc-provider (needs iam:ListOpenIDConnectProviders): AccessDenied
        aws    failed  123456789012: iam-role arn:aws:iam::123456789012:role/legacy: its trust policy is no
                       JSON

        FAILED CHECKS, which are no passes (1)

        1. dead-trust: The rule failed
           as      iam-role arn:aws:iam::123456789012:role/legacy
           token   sub = repo:evil-org/evil-repo:ref:refs/heads/main
                   aud = sts.amazonaws.com
           where   /AssumeRolePolicyDocument/Statement/0/Condition/StringLike
           why     The condition on the subject names no owner.

        WAIVED (1)

        2.  reusable-name: By name  until 2027-03-31, platform team: ids are not offered

        NOT DECIDED: unknown whether such tokens get in

        the policy is no JSON
            legacy (tokens of GitHub Actions)

        No open findings; 1 waived; 1 check failed, which is no pass. 2 trusts of 2 identities judged, 0
        without a finding. 1 trust not decided in every respect. Coverage is INCOMPLETE: 2 parts could not
        be read, see above.
        This is NOT a clean report: what was not read or decided or checked may hold anything.
        """)
    detailed = table(gaps, details=True)
    assert section(detailed, "WAIVED", "No open findings") == dedent("""\

        2. reusable-name: By name
           as      iam-role arn:aws:iam::123456789012:role/deploy-api
           token   sub = repo:evil-org/evil-repo:ref:refs/heads/main
                   aud = sts.amazonaws.com
           where   /AssumeRolePolicyDocument/Statement/0/Condition/StringLike
           why     The condition on the subject names no owner.
           waived  ids are not offered (platform team, until 2027-03-31)

        NOT DECIDED: unknown whether such tokens get in

        legacy (iam-role arn:aws:iam::123456789012:role/legacy), tokens of
        https://token.actions.githubusercontent.com
            reachable, any-tenant: the policy is no JSON

        """)


def test_nothing_read_at_all_is_not_clean() -> None:
    assert table(report(coverage=())) == dedent("""\
        Nothing was read, so nothing is known.
        0 trusts of 0 identities judged.

        COVERAGE
        Nothing was read.

        No open findings. 0 trusts of 0 identities judged. Coverage is INCOMPLETE: nothing was read.
        This is NOT a clean report: what was not read may hold anything.
        """)


def coverage(rows: list[Coverage], documents: tuple[Document, ...] = (), *, details: bool = False) -> str:
    subject = replace(report(coverage=rows), documents=documents)
    return section(table(subject, details=details), "COVERAGE", "\n").partition("  what\n")[2].partition("\n")[2]


def test_documents_read_one_by_one_are_counted_and_skipped_ones_are_no_gap() -> None:
    single = [Coverage("aws", ACCOUNT, f"oidc-provider arn:{number}", Reading.READ) for number in range(12)]
    skipped = Coverage("gcp", "-", "everything", Reading.SKIPPED, "not asked for")
    assert coverage([*READ, *single, skipped]) == dedent("""\
        aws    read     123456789012: account, iam-policy, iam-role, oidc-provider (12 one by one)
        gcp    skipped  everything: not asked for
        """)


def test_many_scopes_of_a_kind_are_one_line_that_counts() -> None:
    rows = [Coverage("gcp", f"web-{number}", "project", Reading.READ) for number in range(4)]
    assert coverage([*READ, *rows[:3]]) == dedent("""\
        aws    read    123456789012: account, iam-policy, iam-role
        gcp    read    web-0: project
        gcp    read    web-1: project
        gcp    read    web-2: project
        """)
    denied = [
        Coverage("gcp", f"web-{number}", "deny-policy", Reading.DENIED, "no", "iam.denypolicies.list")
        for number in range(5)
    ]
    extra = [Coverage("gcp", "web-1", "role", Reading.READ), Coverage("gcp", "folders/1", "folder", Reading.READ)]
    everything = [*READ, *rows, *extra, *denied]
    assert coverage(everything) == dedent("""\
        aws    read    123456789012: account, iam-policy, iam-role
        gcp    read    4 projects: project, role (in 1)
        gcp    read    folders/1: folder
        gcp    denied  5 projects: deny-policy (needs iam.denypolicies.list): no
        """)
    assert coverage(everything, details=True).count("\n") == 1 + 4 + 1 + 5
    assert coverage([*READ, *denied[:2]]).count("denied") == 2


def test_remarks_on_what_was_read_stand_beside_it_and_scopes_go_by_name() -> None:
    ladder = Coverage("azure", "tenants/1", "application-enumeration", Reading.READ, "rung 3 of 4: $batch")
    subscriptions = [
        Coverage("azure", f"subscriptions/{number}", "role-assignment", Reading.READ, remark)
        for number, remark in enumerate(("by itself", "by itself", "by another way", "by a third"))
    ]
    known = (
        Document("azure", "tenants/1", "tenant", "tenants/1", {"displayName": "Example"}),
        Document("azure", "-", "subscription", "subscriptions/0", {"displayName": "Prod\x1b[2J"}),
        Document("azure", "-", "subscription", "subscriptions/abcdefghi-1", {"displayName": "Dev"}),
        Document("azure", "-", "subscription", "subscriptions/ihgfedcba-1", {"displayName": "Dev"}),
    )
    same_name = [Coverage("azure", one.id, "role-assignment", Reading.FAILED, "timeout") for one in known[2:]]
    assert coverage([ladder, *subscriptions, *same_name], known) == dedent("""\
        azure  read    tenant Example: application-enumeration (rung 3 of 4: $batch)
        azure  read    4 subscriptions: role-assignment (by itself; by another way; 1 more remarks)
        azure  failed  subscription Dev (abcdefgh): role-assignment: timeout
        azure  failed  subscription Dev (ihgfedcb): role-assignment: timeout
        """)
    assert "subscription Prod\\x1b[2J: role-assignment (by itself)" in coverage(subscriptions[:1], known)


def test_what_identities_may_do_comes_before_the_findings_worst_first() -> None:
    pairs = [
        named("reader", Level.SENSITIVE_READ, TIGHT),
        named("boss", Level.ADMIN, TIGHT),
        named("open-boss", Level.ADMIN),
        named("nobody", Level.NONE),
        named("puzzle", Level.WIDE_WRITE, UNREAD),
    ]
    decisions = [decision for decision, _ in pairs]
    standings = {decision.trust.identity: standing for decision, standing in pairs}
    subject = replace(report([], decisions), standings=standings)
    assert section(table(subject), "POWER", "NOT DECIDED") == dedent("""\
        What tokens can become: 2 admin, 1 wide-write, 1 sensitive-read, 1 none.

        level           identity   cloud  open to       by itself or by becoming others
        --------------  ---------  -----  ------------  -------------------------------
        admin           open-boss  aws    anyone        may do what admin is
        admin           boss       aws    who is named  may do what admin is
        wide-write      puzzle     aws    not decided   may do what wide-write is
        sensitive-read  reader     aws    who is named  may do what sensitive-read is

        """)
    assert section(table(subject, 60), "POWER", "NOT DECIDED") == dedent("""\
        What tokens can become: 2 admin, 1 wide-write, 1
        sensitive-read, 1 none.

        admin           open-boss (aws; open to: anyone) may do what
                        admin is
        admin           boss (aws; open to: who is named) may do
                        what admin is
        wide-write      puzzle (aws; open to: not decided) may do
                        what wide-write is
        sensitive-read  reader (aws; open to: who is named) may do
                        what sensitive-read is

        """)
    many = [named(f"boss-{number}", Level.ADMIN) for number in range(10)]
    subject = replace(
        report([], [decision for decision, _ in many]),
        standings={decision.trust.identity: standing for decision, standing in many},
    )
    assert "… and 2 more: --details names them\n" in table(subject)
    assert table(subject, details=True).count("boss-") == 10 + 1  # and in the verdict


def test_the_power_told_of_a_trust_is_not_told_twice() -> None:
    decision, standing = named("boss", Level.ADMIN)
    decision = replace(decision, power=Level.ADMIN, then="do what admin is")
    one = finding(decision, detail="It names nobody. boss may then do what admin is.", witness=None, fix=None)
    subject = replace(report([one], [decision]), standings={decision.trust.identity: standing})
    assert section(table(subject), "CRITICAL", "1 finding") == dedent("""\

        1. any-tenant: Anyone on GitHub Actions can become boss
           as      iam-role arn:aws:iam::123456789012:role/boss
           may     do what admin is (admin)
           where   arn:aws:iam::123456789012:role/deploy-web
                   /AssumeRolePolicyDocument/Statement/0/Condition/StringLike
           why     It names nobody.

        """)


def test_documents_below_the_subject_are_not_spelled_out_again() -> None:
    below = Source(f"{role_arn('deploy-web')}/credentials/main", "/subject")
    assert "where   …/credentials/main\n           /subject\n" in table(report([finding(evidence=(below,))], [OPEN]))


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


def several(*levels: Severity, rule: str = "any-tenant") -> Report:
    fix = Fix("Name the repository.")
    found = [
        finding(rule=rule, severity=level, title=f"{level} {number}", witness=None, fix=fix, discriminator=str(number))
        for number, level in enumerate(levels, 1)
    ]
    return report(found, [OPEN])


def test_the_worst_are_written_out_and_the_others_are_lines_with_the_same_numbers() -> None:
    subject = several(
        *[Severity.CRITICAL] * 4, *[Severity.HIGH] * 12, *[Severity.MEDIUM] * 5, *[Severity.LOW] * 2, Severity.INFO
    )
    text = table(subject)
    assert text.count("why     The condition") == 5
    assert section(text, "HIGH (12)", "NOT DECIDED") == dedent("""\

        5. any-tenant: high 5
           as      iam-role arn:aws:iam::123456789012:role/deploy-web
           where   /AssumeRolePolicyDocument/Statement/0/Condition/StringLike
           why     The condition on the subject names no owner.
           fix     Name the repository.

            any-tenant (11)
         6.   high 6
         7.   high 7
         8.   high 8
         9.   high 9
        10.   high 10
        11.   high 11
        12.   high 12
        13.   high 13
              and 3 more: deploy-web

        MEDIUM (5)

            any-tenant (5)
        17.   medium 17
        18.   medium 18
        19.   medium 19
              and 2 more: deploy-web

        LOW (2)

            any-tenant (2): deploy-web

        INFO (1)

        24. any-tenant: info 24

        --details writes out every finding; `auditor explain RULE` tells about a rule.

        24 findings: 4 critical, 12 high, 5 medium, 2 low, 1 info. 1 trust of 1 identity judged, 0 without a
        finding. Everything that was asked for was read.
        """)
    detailed = table(subject, details=True)
    assert detailed.count("why     The condition") == 24
    assert "--details" not in detailed
    for number in range(1, 25):
        assert len(re.findall(rf"^{number}\. any-tenant: \w+ {number}$", detailed, re.MULTILINE)) == 1


def test_few_findings_are_written_out_however_small_and_information_is_not() -> None:
    text = table(several(Severity.LOW, Severity.INFO))
    assert section(text, "LOW (1)", "--details") == dedent("""\

        1. any-tenant: low 1
           as      iam-role arn:aws:iam::123456789012:role/deploy-web
           where   /AssumeRolePolicyDocument/Statement/0/Condition/StringLike
           why     The condition on the subject names no owner.
           fix     Name the repository.

        INFO (1)

        2. any-tenant: info 2

        """)
    assert "--details" not in table(several(Severity.LOW))


def test_among_equally_bad_findings_the_more_powerful_identity_comes_first() -> None:
    pairs = [named(name, level) for name, level in (("weak", Level.SCOPED), ("strong", Level.ADMIN))]
    found = [finding(decision, title=decision.trust.identity.name, fix=None) for decision, _ in pairs]
    subject = replace(
        report([*found, *[finding(severity=Severity.HIGH, title=str(n)) for n in range(9)]], [d for d, _ in pairs]),
        standings={decision.trust.identity: standing for decision, standing in pairs},
    )
    heads = re.findall(r"^\d\. any-tenant: (\w+)$", table(subject), re.MULTILINE)
    assert heads == ["strong", "weak", "0", "1", "2"]


def test_many_failed_checks_do_not_fill_the_screen() -> None:
    failed = [finding(status=Status.ERROR, title=f"failure {n}", discriminator=str(n)) for n in range(30)]
    assert section(table(report(failed, [OPEN])), "FAILED CHECKS", "--details").splitlines()[-11:] == [
        "    any-tenant (25)",
        " 6.   failure 5",
        " 7.   failure 6",
        " 8.   failure 7",
        " 9.   failure 8",
        "10.   failure 9",
        "11.   failure 10",
        "12.   failure 11",
        "13.   failure 12",
        "      and 17 more: deploy-web",
        "",
    ]


def test_a_comparison_closes_the_report_and_known_findings_say_so() -> None:
    changed = Comparison("snapshot", *("2026-11-20T10:00:00Z",) * 2, True, {"equal": 1}, 0, 1, 0)
    subject = replace(report([finding(known=True)], [OPEN]), comparison=changed)
    text = table(subject)
    assert "1. any-tenant: Anyone on GitHub Actions can become deploy-web (known)\n" in text
    assert text.endswith("Findings: 0\nnew, 1 known, 0 gone.\n")


def test_colour_is_for_words_of_ours_and_only_where_it_is_wanted() -> None:
    subject = report([finding(title="\x1b[31mx", fix=Fix("Do.", "a", "b"))], [OPEN], [*READ, DENIED])
    painted = table(subject, colour=True)
    plain = table(subject)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == plain
    assert re.findall(r"\x1b\[[1-9][0-9;]*m(.*?)\x1b\[0m", painted) == [
        "Strangers can get in: 1 of 1 trust admits anyone on GitHub Actions.",
        "COVERAGE",
        "denied",
        "CRITICAL (1)",
        "any-tenant:",
        "- a",
        "+ b",
    ]


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


WORDS = st.text(st.characters(), max_size=120) | st.text("ab /:-", max_size=300)


@settings(max_examples=40, deadline=None)
@given(st.integers(60, 200), WORDS, WORDS, st.booleans())
def test_no_line_is_longer_than_the_terminal(width: int, text: str, other: str, details: bool) -> None:
    deep = finding(
        evidence=(Source(f"arn:{text}", "/" + "/".join(["StringLike"] * 40)), Source(other, text)),
        detail=f"{text} {other}",
        title=text,
        witness={"sub": other},
        fix=Fix(text, " " * 90 + other, text),
    )
    decision, standing = named(text or "x", Level.ADMIN)
    agreed = replace(deep, status=Status.WAIVED, waiver=Waived(text, other, "2027-03-31"))
    levels = [replace(deep, severity=level, subject=decision.trust.id) for level in Severity for _ in range(4)]
    strange = (Coverage(text, other, text, Reading.READ, other), Coverage("aws", text, other, Reading.FAILED))
    rows = [*READ, DENIED, *strange]
    subject = replace(
        report([deep, agreed, *levels], [decision, UNREAD], rows), standings={decision.trust.identity: standing}
    )
    assert max(map(len, table(subject, width, details=details).splitlines())) <= width


def test_endless_names_do_not_make_an_endless_report() -> None:
    row = Coverage("aws", "x" * 10_000, "y" * 10_000, Reading.FAILED, "z" * 10_000)
    assert len(table(report(coverage=[row]))) < 10_000


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
    headings = ("COVERAGE", "CRITICAL (1)", "Strangers", "Among", "1 finding")
    for heading in headings:
        count = sum(line.startswith(heading) for line in shown.splitlines())
        assert count == sum(line.startswith(heading) for line in plain.splitlines())
