"""What a collection takes over from an earlier one: whole scopes, complete and fresh, of the same plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.collecting import resume
from auditor.collecting.executors import Inline, Means
from auditor.collecting.plan import Patience
from auditor.collecting.resume import Asked, Resumption, Saved, opened, partial, plan_name, visited
from auditor.collecting.scopes import Reading, gather
from auditor.errors import UsageError
from auditor.progress import Progress, silent
from auditor.snapshot import Coverage, Document, Snapshot, Status, merge
from auditor.snapshot_file import load, save
from auditor.visits import Visit, age, read, taken_over, written

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLAN = plan_name(["aws"], "targets")
ONE, TWO, THREE = "111111111111", "222222222222", "333333333333"


@dataclass(frozen=True)
class Account:
    """A scope of a plan."""

    number: str
    provider: str = "aws"

    @property
    def name(self) -> str | None:
        return self.number or None


def part(account: str, hours: float = 1, status: Status = Status.READ, scope: str = "") -> Snapshot:
    """What was read of an account so many hours before now."""
    started = NOW - timedelta(hours=hours)
    finished = started + timedelta(minutes=2)
    scope = scope or account
    return Snapshot(
        written_time(started),
        written_time(finished),
        [Document("aws", scope, "iam-role", f"{account}/deploy", {"Arn": account})],
        [Coverage("aws", scope, "iam-role", status)],
    )


def written_time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def whole(*parts: tuple[str, Snapshot], plan: str = PLAN) -> Snapshot:
    """A snapshot of several scopes of a plan."""
    return replace(merge(visited("aws", name, one) for name, one in parts), plan=plan)


def filed(path: Path, snapshot: Snapshot) -> Path:
    with path.open("w", encoding="utf-8") as stream:
        save(snapshot, stream)
    return path


def plain(snapshot: Snapshot | None) -> Snapshot | None:
    return None if snapshot is None else replace(snapshot, documents=list(snapshot.documents))


def old(name: str, one: Snapshot) -> Snapshot:
    """The part as it is taken over."""
    (visit,) = visited("aws", name, one).visits
    return replace(one, visits=(replace(visit, earlier=True),))


class Run:
    """Collections into one file, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.target = folder / "estate.jsonl"
        self.said: list[str] = []
        self.folder = folder

    @contextmanager
    def __call__(self, asked: Asked | None = None, plan: str = PLAN, now: datetime = NOW) -> Iterator[Resumption]:
        self.said.clear()
        with opened(self.target, plan, now, asked, self._say) as kept:
            yield kept

    def _say(self, text: str) -> None:
        self.said.append(text.replace(f"{self.folder}/", ""))

    def interrupted(self, *parts: tuple[str, Snapshot]) -> None:
        """One that ends in the middle."""
        with suppress(KeyboardInterrupt), self(Asked()) as kept:
            for name, one in parts:
                kept.done(Account(name), one)
            raise KeyboardInterrupt


@pytest.fixture(scope="module", autouse=True)
def _without_waiting_for_the_disk() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auditor.collecting.journal.os.fsync", lambda _: None)
        yield


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_what_was_read_before_the_interruption_is_taken_over(run: Run) -> None:
    run.interrupted((ONE, part(ONE)), (TWO, part(TWO)))
    assert run.said == [
        "there is nothing to take over; everything is read",
        "estate.jsonl.partial: what was read is kept there; the same command with --resume continues it",
    ]
    with run(Asked()) as kept:
        assert run.said == ["estate.jsonl.partial: 2 of 2 scopes are complete and fresh, and taken over"]
        assert plain(kept.fresh(Account(ONE))) == old(ONE, part(ONE))
        assert kept.fresh(Account(THREE)) is None
        assert kept.fresh(Account("")) is None
        kept.done(Account(THREE), part(THREE, 0))
        kept.done(Account(""), part(ONE, 0))
        told = kept.stamped(Snapshot("", ""), PLAN)
        assert told.plan == PLAN
        assert [(visit.scope, visit.started, visit.earlier) for visit in told.visits] == [
            (ONE, "2026-11-22T11:00:00Z", True),
            (THREE, "2026-11-22T12:00:00Z", False),
        ]
        assert partial(run.target).exists()
        kept.finish()
    assert list(run.folder.iterdir()) == []


def test_interrupted_twice(run: Run) -> None:
    run.interrupted((ONE, part(ONE)))
    run.interrupted((TWO, part(TWO)))
    with run(Asked()) as kept:
        assert plain(kept.fresh(Account(ONE))) == old(ONE, part(ONE))
        assert plain(kept.fresh(Account(TWO))) == old(TWO, part(TWO))


def test_interrupted_while_taking_over_from_another_file(run: Run, tmp_path: Path) -> None:
    """What was taken over before the interruption need not be there any more."""
    asked = Asked(filed(tmp_path / "old.jsonl", whole((ONE, part(ONE)), (TWO, part(TWO)))))
    with suppress(KeyboardInterrupt), run(asked) as kept:
        kept.fresh(Account(ONE))
        raise KeyboardInterrupt
    with run(Asked()) as kept:
        assert plain(kept.fresh(Account(ONE))) == old(ONE, part(ONE))
        assert kept.fresh(Account(TWO)) is None
    with run(asked) as kept:
        assert plain(kept.fresh(Account(TWO))) == old(TWO, part(TWO))


def test_without_resume_everything_is_read_and_nothing_is_said(run: Run) -> None:
    filed(run.target, whole((ONE, part(ONE))))
    with run() as kept:
        assert kept.fresh(Account(ONE)) is None
    assert run.said == []


def test_without_resume_what_was_left_is_said_to_be_lost(run: Run) -> None:
    run.interrupted((ONE, part(ONE)))
    with run() as kept:
        assert kept.fresh(Account(ONE)) is None
    assert run.said == [
        "estate.jsonl.partial: what an interrupted collection left is read anew; --resume continues one"
    ]


@pytest.mark.parametrize("status", Status)
def test_only_what_was_read_completely_is_taken_over(run: Run, status: Status) -> None:
    """What was denied may be granted now; what failed may go well."""
    good = status in {Status.READ, Status.SKIPPED}
    run.interrupted((ONE, part(ONE, status=status)))
    with run(Asked()) as kept:
        assert (kept.fresh(Account(ONE)) is not None) is good
        kept.finish()
    filed(run.target, whole((ONE, part(ONE, status=status))))
    with run(Asked()) as kept:
        assert (kept.fresh(Account(ONE)) is not None) is good


@pytest.mark.parametrize(
    ("hours", "asked", "taken"),
    [
        (23, Asked(), True),
        (24, Asked(), True),
        (24.001, Asked(), False),
        (12, Asked(max_age=timedelta(hours=12)), True),
        (12.001, Asked(max_age=timedelta(hours=12)), False),
        (100, Asked(max_age=timedelta(days=7)), True),
        (0, Asked(max_age=timedelta()), True),
        (0.001, Asked(max_age=timedelta()), False),
        (-0.001, Asked(), False),  # of the future
    ],
)
def test_how_old_it_may_be(run: Run, hours: float, asked: Asked, *, taken: bool) -> None:
    """It counts when the reading began: what it says was true then."""
    run.interrupted((ONE, part(ONE, hours)))
    with run(asked) as kept:
        assert (kept.fresh(Account(ONE)) is not None) is taken
        kept.finish()
    filed(run.target, whole((ONE, part(ONE, hours))))
    with run(asked) as kept:
        assert (kept.fresh(Account(ONE)) is not None) is taken


def test_old_and_fresh_ones_side_by_side(run: Run) -> None:
    filed(run.target, whole((ONE, part(ONE, 30)), (TWO, part(TWO, 2)), (THREE, part(THREE, 2, Status.DENIED))))
    with run(Asked()) as kept:
        assert run.said == ["estate.jsonl: 1 of 3 scopes are complete and fresh, and taken over"]
        assert [name for name in (ONE, TWO, THREE) if kept.fresh(Account(name))] == [TWO]


def test_what_is_taken_over_again_keeps_its_times(run: Run) -> None:
    """Or an account would stay fresh for ever."""
    filed(run.target, whole((ONE, part(ONE, 20))))
    with run(Asked()) as kept:
        first = kept.fresh(Account(ONE))
        assert first is not None
        again = kept.stamped(first, PLAN)
        kept.finish()
    filed(run.target, again)
    with run(Asked(), now=NOW + timedelta(hours=3)) as kept:
        assert plain(kept.fresh(Account(ONE))) == old(ONE, part(ONE, 20))
    with run(Asked(), now=NOW + timedelta(hours=5)) as kept:
        assert kept.fresh(Account(ONE)) is None


def test_of_two_readings_the_later_one_counts(run: Run, tmp_path: Path) -> None:
    run.interrupted((ONE, part(ONE, 2)), (TWO, part(TWO, 8)))
    asked = Asked(filed(tmp_path / "old.jsonl", whole((ONE, part(ONE, 5)), (TWO, part(TWO, 5)), (THREE, part(THREE)))))
    with run(asked) as kept:
        assert run.said == [
            "estate.jsonl.partial: 2 of 2 scopes are complete and fresh, and taken over",
            "old.jsonl: 3 of 3 scopes are complete and fresh, and taken over",
        ]
        found = {name: kept.fresh(Account(name)) for name in (ONE, TWO, THREE)}
    assert {name: one and one.started for name, one in found.items()} == {
        ONE: "2026-11-22T10:00:00Z",
        TWO: "2026-11-22T07:00:00Z",
        THREE: "2026-11-22T11:00:00Z",
    }


def test_scopes_that_read_into_one_another_are_as_old_and_as_complete_as_all() -> None:
    """Nothing tells whose a document is."""
    shared = [
        ("mine", part(ONE, 1, scope="shared")),
        ("stale", part(TWO, 9, scope="shared")),
        ("alone", part(THREE, 2)),
    ]
    found = Saved(whole(*shared))
    assert {key[1]: (visit.started, visit.complete) for key, visit in found.visits.items()} == {
        "mine": ("2026-11-22T03:00:00Z", True),
        "stale": ("2026-11-22T03:00:00Z", True),
        "alone": ("2026-11-22T10:00:00Z", True),
    }
    assert {doc.id for doc in found.part(("aws", "mine")).documents} == {f"{ONE}/deploy", f"{TWO}/deploy"}
    broken = Saved(whole(*shared, ("denied", part(ONE, 1, Status.DENIED, scope="shared"))))
    assert {key[1]: visit.complete for key, visit in broken.visits.items()} == {
        "mine": False,
        "stale": False,
        "denied": False,
        "alone": True,
    }


def test_a_gap_that_something_else_left_in_its_scope_is_one_of_it() -> None:
    snapshot = whole((ONE, part(ONE)), (TWO, part(TWO)))
    snapshot.coverage.append(Coverage("aws", ONE, "organization", Status.FAILED))
    assert {key[1]: visit.complete for key, visit in Saved(snapshot).visits.items()} == {ONE: False, TWO: True}


@pytest.mark.parametrize("where", ["estate.jsonl.partial", "estate.jsonl", "old.jsonl"])
def test_another_plan_is_refused(run: Run, where: str) -> None:
    asked = Asked()
    if where == "estate.jsonl.partial":
        run.interrupted((ONE, part(ONE)))
    else:
        filed(run.folder / where, whole((ONE, part(ONE))))
        asked = Asked(run.folder / where)
    before = (run.folder / where).read_bytes()
    said = (
        rf"{where}: is of a collection with another command line or configuration, and cannot be continued by this "
        "one; repeat that one, or leave --resume out to read everything anew$"
    )
    with pytest.raises(UsageError, match=said), run(asked, plan_name(["aws"], "others")):
        pass
    assert (run.folder / where).read_bytes() == before


@pytest.mark.parametrize("where", ["estate.jsonl.partial", "estate.jsonl"])
def test_what_another_version_read_is_read_anew(run: Run, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have read less. No nightly run fails for it."""
    if where == "estate.jsonl":
        filed(run.target, whole((ONE, part(ONE))))
    else:
        run.interrupted((ONE, part(ONE)))
    monkeypatch.setattr(resume, "__version__", "9.0")
    with run(Asked(), plan_name(["aws"], "targets")) as kept:
        version = PLAN.partition("/")[0]
        assert run.said == [
            f"{where}: was written by version {version} of this program; nothing of it is taken over",
            "there is nothing to take over; everything is read",
        ]
        assert kept.fresh(Account(ONE)) is None


def test_a_snapshot_that_says_nothing_of_its_scopes(run: Run) -> None:
    filed(run.target, part(ONE))
    with run(Asked()) as kept:
        assert kept.fresh(Account(ONE)) is None
    assert run.said == [
        "estate.jsonl: does not say when its scopes were read; nothing of it is taken over",
        "there is nothing to take over; everything is read",
    ]


def test_a_journal_of_another_name(run: Run) -> None:
    run.interrupted((ONE, part(ONE)))
    moved = partial(run.target).rename(run.folder / "yesterday")
    with run(Asked(moved)) as kept:
        assert plain(kept.fresh(Account(ONE))) == old(ONE, part(ONE))
        kept.finish()
    assert list(run.folder.iterdir()) == [moved]


def test_the_journal_by_its_own_name(run: Run) -> None:
    run.interrupted((ONE, part(ONE)))
    with run(Asked(partial(run.target))) as kept:
        assert plain(kept.fresh(Account(ONE))) == old(ONE, part(ONE))


@pytest.mark.parametrize("content", ["of another plan", "of no plan", "not a snapshot"])
def test_the_file_that_the_journal_is_to_replace_need_not_be_of_its_plan(run: Run, content: str) -> None:
    run.interrupted((ONE, part(ONE)))
    if content == "not a snapshot":
        run.target.write_text(content)
    else:
        filed(run.target, whole((TWO, part(TWO)), plan="0/0" if content == "of another plan" else ""))
    with run(Asked()) as kept:
        assert kept.fresh(Account(ONE)) is not None
        assert kept.fresh(Account(TWO)) is None


def test_a_torn_end_is_said(run: Run) -> None:
    run.interrupted((ONE, part(ONE)), (TWO, part(TWO)))
    path = partial(run.target)
    path.write_bytes(path.read_bytes()[:-7])
    with run(Asked()) as kept:
        assert kept.fresh(Account(ONE)) is not None
        assert kept.fresh(Account(TWO)) is None
    (said,) = run.said
    head, _, tail = said.partition("; ")
    assert head == "estate.jsonl.partial: 1 of 1 scopes are complete and fresh, and taken over"
    assert tail.endswith(" bytes at its end were torn off")


def test_what_is_not_there_cannot_be_resumed(run: Run) -> None:
    with (
        pytest.raises(UsageError, match=r"missing: cannot be read: No such file or directory$"),
        run(Asked(run.folder / "missing")),
    ):
        pass


def test_a_journal_of_nothing_stays_nowhere_but_where_it_was_named(run: Run) -> None:
    run.interrupted()
    assert list(run.folder.iterdir()) == []
    run.interrupted((ONE, part(ONE)))
    moved = partial(run.target).rename(run.folder / "yesterday")
    moved.write_bytes(moved.read_bytes()[:-3])
    with run(Asked(moved)) as kept:
        assert kept.fresh(Account(ONE)) is None
    assert list(run.folder.iterdir()) == [moved]


def test_without_a_file_nothing_is_kept(tmp_path: Path) -> None:
    found = filed(tmp_path / "old.jsonl", whole((ONE, part(ONE))))
    with opened(None, PLAN, NOW, Asked(found), lambda _: None) as kept:
        assert plain(kept.fresh(Account(ONE))) == old(ONE, part(ONE))
        kept.done(Account(TWO), part(TWO))
        kept.finish()
    assert list(tmp_path.iterdir()) == [found]


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(7)),
    ],
)
def test_spans_of_time(text: str, span: timedelta) -> None:
    assert age(text) == span


@pytest.mark.parametrize("text", ["", "12", "h", "1.5h", "-1h", "12 h", "1w", "٣h", "9999999d"])
def test_what_is_no_span_of_time(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no span of time such as 30m, 12h or 7d"):
        age(text)


VISIT = Visit("aws", ONE, "2026-11-22T10:00:00Z", "2026-11-22T10:02:00Z", True, (ONE,), False)


@pytest.mark.parametrize(
    "change",
    [
        {"scope": 7},
        {"holds": [7]},
        {"holds": 7},
        {"complete": "yes"},
        {"earlier": None},
        {"started": "2026-11-22T10:00:00"},
        {"finished": "today"},
        {"region": "eu-west-1"},
    ],
)
def test_a_visit_of_the_wrong_shape(change: dict[str, object]) -> None:
    assert read(written(VISIT)) == VISIT
    with pytest.raises((TypeError, ValueError)):
        read({**written(VISIT), **change})


def test_a_snapshot_with_visits_is_version_2(tmp_path: Path) -> None:
    snapshot = whole((ONE, part(ONE)), (TWO, part(TWO)))
    text = filed(tmp_path / "estate.jsonl", snapshot).read_text("utf-8").splitlines()
    assert text[0] == (
        '{"format":"oidc-trust-auditor snapshot","version":2,"started":"2026-11-22T11:00:00Z",'
        f'"finished":"2026-11-22T11:02:00Z","plan":"{PLAN}"}}'
    )
    assert text[1] == (
        '{"visit":{"provider":"aws","scope":"111111111111","started":"2026-11-22T11:00:00Z",'
        '"finished":"2026-11-22T11:02:00Z","complete":true,"earlier":false,"holds":["111111111111"]}}'
    )
    assert text[-1] == '{"end":{"visits":2,"documents":2,"coverage":2}}'
    assert plain(load(tmp_path / "estate.jsonl")) == snapshot


def test_what_was_taken_over_in_words() -> None:
    earlier = replace(VISIT, scope=TWO, started="2026-11-21T10:00:00.5Z", finished="2026-11-21T10:02:00Z", earlier=True)
    later = replace(earlier, scope=THREE, started="2026-11-21T10:00:00Z", finished="2026-11-21T10:02:00.5Z")
    assert list(taken_over([VISIT])) == []
    assert list(taken_over([VISIT, earlier, later, replace(earlier, provider="gcp")])) == [
        ("aws", "2 of 3 scopes, read from 2026-11-21T10:00:00Z to 2026-11-21T10:02:00.5Z"),
        ("gcp", "1 of 1 scopes, read from 2026-11-21T10:00:00.5Z to 2026-11-21T10:02:00Z"),
    ]


PATIENCE = Patience()
INLINE = Means(Inline, elsewhere=False)


@dataclass(frozen=True)
class Stage:
    """An account for a real collection, which its diary tells to fail, or to be interrupted."""

    number: int
    diary: Diary = field(compare=False)
    provider: str = "aws"
    what: str | None = None
    lane: str = "aws"
    patience: Patience = PATIENCE

    @property
    def name(self) -> str:
        return f"{self.number:012}"

    def read(self, tell: Progress = silent) -> Reading:
        del tell
        if self.diary.ends == self.number:
            raise KeyboardInterrupt
        self.diary.read.append(self.number)
        status = Status.DENIED if self.number in self.diary.denied else Status.READ
        return Reading(part(self.name, 0.5, status))

    def unread(self, why: str) -> Coverage:
        return Coverage("aws", self.name, "account", Status.FAILED, why)

    def close(self) -> None:
        """Nothing is kept."""


@dataclass
class Diary:
    """What was read in one run."""

    ends: int | None
    denied: frozenset[int]
    read: list[int] = field(default_factory=list)


@given(
    st.integers(1, 12),
    st.lists(st.tuples(st.integers(0, 11), st.frozensets(st.integers(0, 11)), st.integers(0, 60)), max_size=4),
)
def test_however_often_it_is_interrupted_and_torn_the_end_is_that_of_one_that_is_not(
    tmp_path_factory: pytest.TempPathFactory, size: int, runs: list[tuple[int, frozenset[int], int]]
) -> None:
    """And nothing that was read completely, and was on the disk, is read again."""
    run = Run(tmp_path_factory.mktemp("runs"))
    safe: set[int] = set()
    for ends, denied, torn in [*runs, (size, frozenset[int](), 0)]:
        diary = Diary(ends if ends < size else None, denied)
        scopes = [Stage(number, diary) for number in range(size)]
        with suppress(KeyboardInterrupt), run(Asked()) as kept:
            gathered = gather(scopes, INLINE, known=kept.fresh, done=kept.done)
            if diary.ends is not None:
                raise KeyboardInterrupt  # as if it was killed
            snapshot = kept.stamped(gathered.snapshot, PLAN)
            filed(run.target, snapshot)
            kept.finish()
        assert not safe & set(diary.read)
        safe |= set(diary.read) - denied
        if torn and partial(run.target).exists():
            run.target.unlink(missing_ok=True)
            with partial(run.target).open("r+b") as file:
                file.truncate(max(file.seek(0, 2) - torn, 0))
            with run(Asked()) as kept:
                left = [visit for source in kept.sources for visit in source.visits.values()]
                safe = {int(visit.scope) for visit in left if visit.complete}
    whole = [part(f"{number:012}", 0.5) for number in range(size)]
    assert list(snapshot.documents) == [document for one in whole for document in one.documents]
    assert sorted(snapshot.coverage) == [row for one in whole for row in one.coverage]
    assert [(visit.scope, visit.complete) for visit in snapshot.visits] == [
        (one.coverage[0].scope, True) for one in whole
    ]
