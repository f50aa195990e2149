"""What findings tell of their subjects, and what is counted, part by part or at once."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from auditor.model import Finding, Level, Severity, Status, Subject
from auditor.report.base import Report, Summary, Tally
from auditor.report.facts import subject_of
from auditor.report.subjects import Subjects, described
from tests.estate import ACCOUNT, DENIED, GITHUB, OPEN, READ, TIGHT, TIMES, UNREAD, finding, role_arn
from tests.report.formats import ORPHAN, POWERFUL

JUDGED = (OPEN, TIGHT, UNREAD)
KNOWN = Subjects(JUDGED, [one.trust.identity for one in JUDGED] + [ORPHAN], {OPEN.trust.identity: POWERFUL})


def test_a_trust() -> None:
    assert KNOWN(finding()) == Subject(
        provider="aws",
        scope=ACCOUNT,
        kind="iam-role",
        id=role_arn("deploy-web"),
        name="deploy-web",
        issuer=GITHUB,
        reads=("sub",),
        level=Level.ADMIN,
        power="become admin, who may do anything in the account",
    )
    told = replace(TIGHT, then="do nothing")
    assert Subjects([told])(finding(told)) == Subject(
        "aws", ACCOUNT, "iam-role", role_arn("deploy-api"), "deploy-api", GITHUB, ("sub",), then="do nothing"
    )


def test_an_identity() -> None:
    about = KNOWN(finding(subject=ORPHAN.id, subject_kind="identity"))
    assert about == Subject("aws", ACCOUNT, "oidc-provider", ORPHAN.id, "old")


def test_what_is_not_held_stays_as_it_was() -> None:
    strange = finding(subject="estate", subject_kind="identity")
    assert KNOWN(strange) is None
    before = replace(strange, about=Subject("aws", "1", "iam-role", "a", "b"))
    unknown, kept, known = KNOWN.fill((strange, before, finding()))
    assert (unknown.about, kept.about) == (None, before.about)
    assert known.about == KNOWN(finding())
    assert subject_of(unknown) == Subject("", "", "identity", "estate", "estate")
    assert subject_of(kept) == before.about


def test_it_is_no_part_of_what_a_finding_is() -> None:
    (told,) = KNOWN.fill([finding()])
    assert told == finding()
    assert repr(told) == repr(finding())


def test_a_report_of_which_all_is_told() -> None:
    bare = Report(
        "0", *TIMES, READ, JUDGED, (ORPHAN,), (finding(), finding(subject=ORPHAN.id, subject_kind="identity"))
    )
    assert [one.about and one.about.name for one in described(bare).findings] == ["deploy-web", "old"]


FINDINGS = st.builds(
    lambda about, severity, status, known: finding(about, severity=severity, status=status, known=known),
    st.sampled_from(JUDGED),
    st.sampled_from(list(Severity)),
    st.sampled_from(list(Status)),
    st.sampled_from((None, False, True)),
)


@given(st.lists(FINDINGS, max_size=12))
def test_parts_are_counted_as_the_whole(found: list[Finding]) -> None:
    tally, half = Tally(), Tally()
    for number, one in enumerate(JUDGED):
        part = tally if number else half
        part.add([one], [each for each in found if each.subject == one.trust.id])
    tally.merge(half)
    made = Report("0", *TIMES, (*READ, DENIED), JUDGED, (), found)
    assert tally.summary(made.coverage, 0) == made.summary()
    counted = made.with_counts()
    assert counted == made
    assert counted.summary() is counted.with_counts().summary()


def test_the_counts() -> None:
    found = (
        finding(known=True),
        finding(severity=Severity.LOW, known=False),
        finding(severity=Severity.LOW, status=Status.WAIVED),
        finding(UNREAD, status=Status.ERROR, known=True),
    )
    zeros = dict.fromkeys(Severity, 0)
    assert Report("0", *TIMES, READ, JUDGED, (ORPHAN,), found).summary() == Summary(
        trusts=3,
        identities=1,
        by_severity={**zeros, Severity.CRITICAL: 1, Severity.LOW: 1},
        coverage_complete=True,
        waived=1,
        errors=1,
        undecided=1,
        known={Severity.CRITICAL: 1},
        quiet=1,
    )
