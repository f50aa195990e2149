"""Snapshots survive the way to disk and back, and a damaged one is refused, never half read."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import SnapshotError
from auditor.shards import Part, Shard
from auditor.snapshot import Coverage, Document, Snapshot, Status, merge, ordered
from auditor.snapshot_file import BATCH, load, save
from auditor.visits import Visit

ROLE = "arn:aws:iam::123456789012:role/deploy"

SNAPSHOT = Snapshot(
    started="2026-11-21T09:00:00Z",
    finished="2026-11-21T09:00:04.5Z",
    documents=[
        Document("aws", "123456789012", "account", "123456789012", {"Account": "123456789012"}),
        Document("aws", "123456789012", "iam-role", ROLE, {"Arn": ROLE, "Tags": [], "MaxSessionDuration": 3600}),
    ],
    coverage=[
        Coverage("aws", "123456789012", "iam-role", Status.READ, None, "iam:GetAccountAuthorizationDetails"),
        Coverage("aws", "123456789012", f"iam-role {ROLE}", Status.FAILED, "the trust policy is not a JSON object"),
        Coverage("aws", "123456789012", "oidc-provider", Status.DENIED, "no", "iam:ListOpenIDConnectProviders"),
    ],
)

TEXT = (
    '{"format":"oidc-trust-auditor snapshot","version":1,'
    '"started":"2026-11-21T09:00:00Z","finished":"2026-11-21T09:00:04.5Z"}\n'
    '{"document":{"provider":"aws","scope":"123456789012","kind":"account","id":"123456789012",'
    '"body":{"Account":"123456789012"}}}\n'
    '{"document":{"provider":"aws","scope":"123456789012","kind":"iam-role",'
    '"id":"arn:aws:iam::123456789012:role/deploy",'
    '"body":{"Arn":"arn:aws:iam::123456789012:role/deploy","Tags":[],"MaxSessionDuration":3600}}}\n'
    '{"coverage":{"provider":"aws","scope":"123456789012","kind":"iam-role","status":"read",'
    '"reason":null,"permission":"iam:GetAccountAuthorizationDetails"}}\n'
    '{"coverage":{"provider":"aws","scope":"123456789012",'
    '"kind":"iam-role arn:aws:iam::123456789012:role/deploy","status":"failed",'
    '"reason":"the trust policy is not a JSON object","permission":null}}\n'
    '{"coverage":{"provider":"aws","scope":"123456789012","kind":"oidc-provider","status":"denied",'
    '"reason":"no","permission":"iam:ListOpenIDConnectProviders"}}\n'
    '{"end":{"documents":2,"coverage":3}}\n'
)
HEADER, FIRST_DOCUMENT = TEXT.splitlines()[:2]

# Everything an API can hand over: control characters, lone surrogates, line separators, deep and odd values.
ANY_TEXT = st.text(st.characters(exclude_categories=()))
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=20,
)
DOCUMENTS = st.builds(Document, ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT, st.dictionaries(ANY_TEXT, ANY_JSON, max_size=4))
ROWS = st.builds(
    Coverage, ANY_TEXT, ANY_TEXT, ANY_TEXT, st.sampled_from(Status), st.none() | ANY_TEXT, st.none() | ANY_TEXT
)


def saved(snapshot: Snapshot) -> str:
    stream = io.StringIO()
    save(snapshot, stream)
    return stream.getvalue()


def loaded(directory: Path, content: str | bytes) -> Snapshot:
    path = directory / "estate.snapshot"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return load(path)


def refusal(directory: Path, content: str | bytes) -> str:
    """The message with which `content` is refused, the directory left out."""
    with pytest.raises(SnapshotError) as caught:
        loaded(directory, content)
    return str(caught.value).replace(f"{directory}/", "")


def test_written_form() -> None:
    assert saved(SNAPSHOT) == TEXT


def test_read_back(tmp_path: Path) -> None:
    assert loaded(tmp_path, TEXT) == SNAPSHOT


@given(st.lists(DOCUMENTS, max_size=4), st.lists(ROWS, max_size=4))
def test_whatever_was_saved_is_loaded(
    tmp_path_factory: pytest.TempPathFactory, documents: list[Document], coverage: list[Coverage]
) -> None:
    snapshot = Snapshot("2026-11-21T09:00:00Z", "2026-11-21T09:00:00+01:00", documents, coverage)
    text = saved(snapshot)
    assert text.isascii()
    assert text.count("\n") == len(documents) + len(coverage) + 2
    found = loaded(tmp_path_factory.getbasetemp(), text)
    assert found.coverage == coverage
    assert found.documents == ordered(merge([snapshot])).documents


def test_every_shortened_file_is_refused(tmp_path: Path) -> None:
    # Without its last line break the file still holds everything.
    for length in range(len(TEXT) - 1):
        with pytest.raises(SnapshotError, match=r"cut short|empty"):
            loaded(tmp_path, TEXT[:length])
    assert loaded(tmp_path, TEXT[:-1]) == SNAPSHOT


@pytest.mark.parametrize("number", [2, BATCH, BATCH + 1, 2 * BATCH, 2 * BATCH + 3])
@pytest.mark.parametrize("line", ["", "{", "{},{}", '{"document":', "1],[2"])
def test_a_damaged_line_is_named_wherever_it_stands(tmp_path: Path, number: int, line: str) -> None:
    lines = [HEADER, *([FIRST_DOCUMENT] * 3 * BATCH)]
    lines[number - 1] = line
    message = f"estate.snapshot:{number}: not JSON; the file is damaged or cut short"
    assert refusal(tmp_path, "\n".join(lines) + "\n") == message
    lines[number - 1] = "5"
    shape = "a record of the wrong shape (argument of type 'int' is not iterable)"
    assert refusal(tmp_path, "\n".join(lines) + "\n") == f"estate.snapshot:{number}: {shape}"


def test_names_of_fields_are_kept_once_for_many_lines(tmp_path: Path) -> None:
    body = '{"Account":"123456789012"}'
    documents = [FIRST_DOCUMENT.replace('"id":"123456789012"', f'"id":"{number}"') for number in range(BATCH - 1)]
    assert body in documents[0]
    end = f'{{"end":{{"documents":{BATCH - 1},"coverage":0}}}}'
    found = loaded(tmp_path, "\n".join([HEADER, *documents, end]))
    assert len({id(key) for doc in found.documents for key in doc.body}) == 1
    assert len({id(doc.kind) for doc in found.documents}) == 1


def test_every_missing_line_is_noticed(tmp_path: Path) -> None:
    lines = TEXT.splitlines(keepends=True)
    for missing in range(len(lines)):
        with pytest.raises(SnapshotError):
            loaded(tmp_path, "".join(lines[:missing] + lines[missing + 1 :]))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "estate.snapshot: empty, not a snapshot"),
        ("\n", "estate.snapshot:1: not JSON; the file is damaged or cut short"),
        ("[" * 100_000 + "\n", "estate.snapshot:1: not JSON; the file is damaged or cut short"),
        (b"\xff\xfe\x00", "estate.snapshot: not a snapshot: it holds bytes that are not UTF-8 text"),
        (
            TEXT.encode().replace(b"deploy", b"d\xe9ploy"),
            "estate.snapshot: not a snapshot: it holds bytes that are not UTF-8 text",
        ),
        (
            '{"version":1}\n',
            "estate.snapshot: not a snapshot of this program (`auditor collect -o FILE` writes one)",
        ),
        ("[1]\n", "estate.snapshot: not a snapshot of this program (`auditor collect -o FILE` writes one)"),
        (
            TEXT.replace('"version":1', '"version":3'),
            (
                "estate.snapshot: snapshot version 3; this program reads versions up to 2. "
                "Collect again, or audit it with the program that wrote it."
            ),
        ),
        (
            TEXT.replace("2026-11-21T09:00:00Z", "yesterday"),
            "estate.snapshot:1: a record of the wrong shape (Invalid isoformat string: 'yesterday')",
        ),
        (
            TEXT.replace("2026-11-21T09:00:00Z", "2026-11-21T09:00:00"),
            "estate.snapshot:1: a record of the wrong shape ('started' has no time zone)",
        ),
        (
            TEXT.replace('"finished"', '"ended"'),
            "estate.snapshot:1: a record of the wrong shape ('finished')",
        ),
        (
            TEXT.replace('"coverage":3', '"coverage":4'),
            (
                "estate.snapshot: damaged: the end line counts {'documents': 2, 'coverage': 4}, "
                "the file holds {'documents': 2, 'coverage': 3}"
            ),
        ),
        (TEXT + TEXT, "estate.snapshot:8: something follows the end line; use `--from` once per snapshot"),
        (f'{HEADER}\n{{"finding":{{}}}}\n', "estate.snapshot:2: a record of a kind this version does not know"),
        (f"{HEADER}\n5\n", "estate.snapshot:2: a record of the wrong shape (argument of type 'int' is not iterable)"),
        (
            TEXT.replace('"body":{"Account":"123456789012"}', '"body":[]'),
            "estate.snapshot:2: a record of the wrong shape (the body of a document is not an object)",
        ),
        (
            TEXT.replace('"id":"123456789012"', '"id":7'),
            "estate.snapshot:2: a record of the wrong shape (7 stands where text belongs)",
        ),
        (
            TEXT.replace('"status":"denied"', '"status":"fine"'),
            "estate.snapshot:6: a record of the wrong shape ('fine' is not a valid Status)",
        ),
        (
            TEXT.replace('"reason":"no"', '"reason":["no"]'),
            "estate.snapshot:6: a record of the wrong shape (['no'] stands where text belongs)",
        ),
    ],
)
def test_what_is_no_snapshot_is_refused(tmp_path: Path, content: str | bytes, message: str) -> None:
    assert refusal(tmp_path, content) == message


def test_a_field_of_a_later_version_is_refused(tmp_path: Path) -> None:
    record: dict[str, Any] = json.loads(FIRST_DOCUMENT)
    record["document"]["region"] = "eu-west-1"
    assert "a record of the wrong shape" in refusal(tmp_path, f"{HEADER}\n{json.dumps(record)}\n")


def test_a_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"missing: cannot be read: No such file or directory$"):
        load(tmp_path / "missing")
    with pytest.raises(SnapshotError, match=r"cannot be read: Is a directory$"):
        load(tmp_path)


def test_complete_unless_something_was_not_read() -> None:
    read, failed, denied = SNAPSHOT.coverage
    skipped = replace(read, status=Status.SKIPPED)
    for rows, complete in (([read, skipped], True), ([], True), ([read, failed], False), ([read, denied], False)):
        assert replace(SNAPSHOT, coverage=rows).complete is complete


def test_merged_snapshots_hold_everything_once_and_the_latest_of_each() -> None:
    other_role = replace(SNAPSHOT.documents[1], scope="210987654321", id="arn:aws:iam::210987654321:role/deploy")
    older_role = replace(SNAPSHOT.documents[1], body={"Arn": ROLE, "Tags": [{"Key": "team", "Value": "web"}]})
    other_row = replace(SNAPSHOT.coverage[0], scope="210987654321")
    older = Snapshot(
        "2026-11-20T09:00:00Z", "2026-11-20T09:01:00Z", [older_role, other_role], [SNAPSHOT.coverage[0], other_row]
    )
    merged = Snapshot(
        started="2026-11-20T09:00:00Z",
        finished="2026-11-21T09:00:04.5Z",
        documents=[SNAPSHOT.documents[1], other_role, SNAPSHOT.documents[0]],
        coverage=[SNAPSHOT.coverage[0], other_row, *SNAPSHOT.coverage[1:]],
    )
    assert merge([SNAPSHOT, older]) == merge([older, SNAPSHOT]) == merged
    assert ordered(merged).documents == [*SNAPSHOT.documents, other_role]
    assert ordered(merged).coverage == [*SNAPSHOT.coverage, other_row]


@given(
    st.lists(DOCUMENTS, max_size=8, unique_by=lambda doc: (doc.provider, doc.scope, doc.kind, doc.id)),
    st.lists(ROWS, max_size=8),
    st.data(),
)
def test_however_a_snapshot_is_divided_the_parts_merge_into_the_same(
    documents: list[Document], coverage: list[Coverage], data: st.DataObject
) -> None:
    parts = [replace(SNAPSHOT, documents=[], coverage=[]) for _ in range(3)]
    places = st.sets(st.sampled_from(range(3)), min_size=1)
    for document in documents:
        for place in data.draw(places):
            held = parts[place].documents
            assert isinstance(held, list)
            held.append(document)
    for row in coverage:
        for place in data.draw(places):
            parts[place].coverage.append(row)
    whole = replace(SNAPSHOT, documents=documents, coverage=coverage)
    assert ordered(merge(data.draw(st.permutations(parts)))) == ordered(merge([whole]))
    assert ordered(merge([merge(parts[:2]), parts[2]])) == ordered(merge([whole]))


PART = Part("4f2a", Shard(2, 3), ("aws", "gcp"))
PART_HEADER = (
    '{"format":"oidc-trust-auditor snapshot","version":1,'
    '"started":"2026-11-21T09:00:00Z","finished":"2026-11-21T09:00:04.5Z",'
    '"parts":[{"plan":"4f2a","index":2,"count":3,"providers":["aws","gcp"]}]}\n'
)


def test_a_part_says_so_in_its_header(tmp_path: Path) -> None:
    part = replace(SNAPSHOT, parts=(PART,))
    assert saved(part) == PART_HEADER + TEXT.partition("\n")[2]
    assert loaded(tmp_path, saved(part)) == part
    assert part.providers == {"aws", "gcp"}
    other = replace(part, parts=(replace(PART, shard=Shard(1, 3)),))
    assert merge([part, other, part]).parts == (replace(PART, shard=Shard(1, 3)), PART)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"index":2', '"index":4', "there is no part 4 of 3"),
        ('"index":2', '"index":"2"', "there is no part 2 of 3"),
        ('"plan":"4f2a"', '"plan":7', "7 stands where text belongs"),
        ('"gcp"', "5", "5 stands where text belongs"),
        ('"plan":"4f2a",', "", "'plan'"),
        ('"parts":[{', '"parts":[5,{', "'int' object is not subscriptable"),
    ],
)
def test_a_part_of_the_wrong_shape_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    content = PART_HEADER.replace(old, new) + TEXT.partition("\n")[2]
    assert refusal(tmp_path, content) == f"estate.snapshot:1: a record of the wrong shape ({message})"


VISIT = Visit("aws", "account", "2026-11-21T09:00:00Z", "2026-11-21T09:00:04.5Z", False, ("123456789012",))
VISITED = TEXT.replace(
    '"version":1,"started":"2026-11-21T09:00:00Z","finished":"2026-11-21T09:00:04.5Z"}\n',
    '"version":2,"started":"2026-11-21T09:00:00Z","finished":"2026-11-21T09:00:04.5Z","plan":"0.1.0/4f2a"}\n'
    '{"visit":{"provider":"aws","scope":"account","started":"2026-11-21T09:00:00Z",'
    '"finished":"2026-11-21T09:00:04.5Z","complete":false,"earlier":false,"holds":["123456789012"]}}\n',
).replace('{"end":{', '{"end":{"visits":1,')


def test_version_2_says_when_each_scope_was_read(tmp_path: Path) -> None:
    visited = replace(SNAPSHOT, visits=(VISIT,), plan="0.1.0/4f2a")
    assert saved(visited) == VISITED
    assert loaded(tmp_path, VISITED) == visited
    for length in range(0, len(VISITED) - 1, 7):
        with pytest.raises(SnapshotError, match=r"cut short|empty"):
            loaded(tmp_path, VISITED[:length])
    other = replace(visited, visits=(replace(VISIT, scope="other"),))
    merged = merge([other, visited, visited])
    assert (merged.visits, merged.plan) == ((VISIT, replace(VISIT, scope="other")), "0.1.0/4f2a")
    assert merge([visited, replace(other, plan="0.1.0/other")]).plan == ""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (',"plan":"0.1.0/4f2a"', "", "estate.snapshot:1: a record of the wrong shape ('plan')"),
        ('"0.1.0/4f2a"', "7", "estate.snapshot:1: a record of the wrong shape (7 stands where text belongs)"),
        ('"complete":false', '"complete":0', "estate.snapshot:2: a record of the wrong shape (0 stands where true or "),
        ('"holds":["123456789012"]', '"holds":[7]', "estate.snapshot:2: a record of the wrong shape (7 stands where "),
        ('"version":2', '"version":1', "estate.snapshot:2: a record of a kind this version does not know"),
        ('{"visits":1', '{"visits":2', "estate.snapshot: damaged: the end line counts {'visits': 2, "),
        ('{"visits":1,', "{", "estate.snapshot: damaged: the end line counts {'documents': 2, "),
    ],
)
def test_visits_of_the_wrong_shape_are_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert refusal(tmp_path, VISITED.replace(old, new)).startswith(message)


def test_nothing_to_merge() -> None:
    with pytest.raises(SnapshotError, match=r"^there is no snapshot to audit$"):
        merge([])
