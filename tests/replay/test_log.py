"""A log of incidents is read strictly: its cases, and the message for each fault."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dispatch.errors import BadReplayFile
from dispatch.replay.log import LoggedCase, read

HEADER = "number,sys_mod_count,opened_at,assignment_group,reopen_count,priority"


def written(folder: Path, *rows: str, header: str = HEADER) -> Path:
    file = folder / "log.csv"
    file.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return file


def row(number: str = "7", mod: int = 0, group: str = "a", reopens: int = 0, at: str = "2016-02-29T01:16:00") -> str:
    return f"{number},{mod},{at},{group},{reopens},3"


def faults_of(file: Path) -> tuple[str, ...]:
    with pytest.raises(BadReplayFile) as caught:
        read(file)
    return caught.value.lines


def test_a_case_is_the_sequence_of_its_groups_without_repeats_and_unknowns(tmp_path: Path) -> None:
    rows = [row(mod=i, group=group) for i, group in enumerate(["a", "a", "?", "a", "b", "?", "a"])]
    assert read(written(tmp_path, *rows)).cases == (
        LoggedCase("7", datetime(2016, 2, 29, 1, 16, tzinfo=UTC), 3, 0, (("a", "b", "a"),)),
    )


def test_a_new_round_starts_where_the_count_of_reopenings_rises(tmp_path: Path) -> None:
    rows = [row(mod=0, group="a"), row(mod=1, group="b"), row(mod=2, group="b", reopens=1), row(mod=3, reopens=3)]
    case = read(written(tmp_path, *rows)).cases[0]
    assert case.rounds == (("a", "b"), ("b",), ("a",))
    assert case.reopens == 3


def test_the_rows_of_a_case_are_sorted_wherever_they_stand(tmp_path: Path) -> None:
    file = written(tmp_path, row("1", 1, "b"), row("2", 0, "x"), row("1", 0, "a"))
    assert [case.rounds for case in read(file).cases] == [(("a", "b"),), (("x",),)]


def test_cases_come_in_the_order_of_their_opening_then_of_their_number(tmp_path: Path) -> None:
    later = "2016-03-01T00:00:00"
    file = written(tmp_path, row("3", at=later), row("2"), row("1", at=later))
    assert [case.number for case in read(file).cases] == ["2", "1", "3"]


def test_a_case_without_any_group_has_an_empty_round(tmp_path: Path) -> None:
    assert read(written(tmp_path, row(group="?"))).cases[0].rounds == ((),)


def test_columns_may_stand_in_any_order_among_others(tmp_path: Path) -> None:
    header = "priority,state,reopen_count,assignment_group,opened_at,sys_mod_count,number"
    file = written(tmp_path, "3,x,0,a,2016-02-29 01:16:00,0,7", header=header)
    assert read(file).cases[0].rounds == (("a",),)


def test_the_first_line_of_every_group_and_priority_is_known(tmp_path: Path) -> None:
    log = read(written(tmp_path, row(mod=0), row(mod=1, group="b"), row(mod=2, group="b")))
    assert (log.groups, log.priorities, log.rows) == ({"a": 2, "b": 3}, {3: 2}, 3)


@pytest.mark.parametrize("name", ["log.csv.gz", "log.csv"])
def test_a_gzipped_file_is_recognised_by_its_content(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(f"{HEADER}\n{row()}\n".encode()))
    assert len(read(tmp_path / name).cases) == 1


def test_progress_ends_at_the_size_of_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, *(row(str(i)) for i in range(5_000)))
    told: list[int] = []
    read(file, told.append)
    assert told == sorted(told)
    assert told[-1] == file.stat().st_size


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("7,0,2016-13-01T00:00:00,a,0,3", "column opened_at: '2016-13-01T00:00:00' is no date: write it like 2016-"),
        ("7,0,?,a,0,3", "column opened_at: '?' is no date"),
        ("7,x,2016-02-29T01:16:00,a,0,3", "column sys_mod_count: 'x' is no whole number: write digits only"),
        ("7,0,2016-02-29T01:16:00,a,-1,3", "column reopen_count: '-1' is no whole number"),
        ("7,0,2016-02-29T01:16:00,a,0,3 - Low", "column priority: '3 - Low' is no whole number"),
        ("?,0,2016-02-29T01:16:00,a,0,3", "column number: is empty"),
        (f"{'7' * 31},0,2016-02-29T01:16:00,a,0,3", f"column number: '{'7' * 31}' is no incident's number: at most 30"),
        ("7\t8,0,2016-02-29T01:16:00,a,0,3", "column number: '7\\t8' is no incident's number"),
        ("7,0,2016-02-29T01:16:00,a,0", "the row has 5 columns, the header 6"),
        ('7,0,2016-02-29T01:16:00,"a"b,0,3', "not CSV"),
    ],
)
def test_a_bad_value_is_told_with_its_line_its_column_and_what_to_do(tmp_path: Path, bad: str, told: str) -> None:
    file = written(tmp_path, row("1"), bad)
    (fault,) = faults_of(file)
    assert fault.startswith(f"{file}:3: {told}")


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    lines = faults_of(written(tmp_path, row(at="?"), row("8"), "9,0,2016-02-29T01:16:00,a,x,y"))
    assert [line.split(":")[1] for line in lines] == ["2", "4", "4"]


def test_at_most_twenty_faults_are_told(tmp_path: Path) -> None:
    assert len(faults_of(written(tmp_path, *(row(str(i), at="?") for i in range(50))))) == 20


def test_missing_columns_are_told_together(tmp_path: Path) -> None:
    lines = faults_of(written(tmp_path, "7,0", header="number,sys_mod_count"))
    assert [line.split(" ")[2] for line in lines] == ["opened_at", "assignment_group", "reopen_count", "priority"]


def test_a_column_given_twice_is_refused(tmp_path: Path) -> None:
    (fault,) = faults_of(written(tmp_path, row() + ",3", header=HEADER + ",priority"))
    assert "column priority stands twice" in fault


def test_two_opening_times_of_one_case_are_refused_with_both_lines(tmp_path: Path) -> None:
    file = written(tmp_path, row(), row(mod=1, at="2016-03-01T00:00:00"))
    (fault,) = faults_of(file)
    assert fault.startswith(f"{file}:3: column opened_at")
    assert "on line 2" in fault


def test_a_truncated_gzip_is_refused_with_the_last_line_read(tmp_path: Path) -> None:
    file = tmp_path / "log.csv.gz"
    whole = gzip.compress("\n".join([HEADER, *(row(str(i * 7919)) for i in range(3_000))]).encode())
    file.write_bytes(whole[: len(whole) // 2])
    (fault,) = faults_of(file)
    assert int(fault.split(":")[1]) > 1
    assert fault.endswith("the gzip ends in the middle: fetch the file again")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("log.csv", b"", "1: the file is empty"),
        ("log.csv.gz", b"", "1: the file is empty"),
        ("log.csv.gz", gzip.compress(b"", mtime=0), "1: the file is empty"),
        ("log.csv", HEADER.encode(), "1: the file has a header and no rows"),
        ("log.csv.gz", b"number,opened_at\n", "1: the gzip is broken"),
        ("log.csv", HEADER.encode("utf-16"), "1: the file is UTF-16: save it as UTF-8"),
        ("log.csv", f"{HEADER}\n{row(group='Zürich')}".encode("latin-1"), "2: byte 26 (0xfc) is not UTF-8"),
        ("log.csv", f"{HEADER}\n".encode() + b"7" * (1 << 21), "2: the line is longer than"),
    ],
)
def test_a_file_that_is_not_a_log_is_refused(tmp_path: Path, name: str, content: bytes, told: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert faults_of(file)[0].startswith(f"{file}:{told}")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "No such file" in faults_of(tmp_path / "none.csv")[0]
    assert "check the path" in faults_of(tmp_path)[0]


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    file = written(tmp_path, row(), header="\ufeff" + HEADER)
    assert len(read(file).cases) == 1


def test_the_error_names_the_file_and_lists_the_faults(tmp_path: Path) -> None:
    file = written(tmp_path, row(at="?"))
    with pytest.raises(BadReplayFile, match=r"1 fault\(s\) in .*nothing was fed(.|\n)*:2: column opened_at"):
        read(file)
