"""`complaints.yaml` is read strictly: all faults at once, each at its place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from dispatch.domain.complaint import ComplaintKind, ComplaintSource
from dispatch.errors import BadRules
from dispatch.routing.complaints_file import load, parse
from tests.conftest import PROJECT

TEXT = (PROJECT / "complaints.yaml").read_text(encoding="utf-8")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(BadRules) as refused:
        parse(text, "complaints.yaml")
    return refused.value.lines


def changed(words: str, new: str) -> str:
    """The file with the one line that begins with these words replaced."""
    lines = TEXT.splitlines()
    (place,) = [n for n, line in enumerate(lines) if line.startswith(words)]
    return "\n".join([*lines[:place], new, *lines[place + 1 :], ""])


def place(text: str, words: str, column: int) -> str:
    """Where the line that begins with these words has its fault."""
    (number,) = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith(words)]
    return f"complaints.yaml:{number}:{column}: "


def test_the_projects_file_has_times_for_every_kind_and_the_compensation_that_the_law_demands() -> None:
    read = load(PROJECT / "complaints.yaml")
    assert list(read.kinds) == list(ComplaintKind)
    assert read.kinds[ComplaintKind.REAL_NAME] == (4 * HOUR, 3 * DAY)
    assert set(read.sources) == {ComplaintSource("12345"), ComplaintSource.REGULATOR}
    paid = read.compensation
    assert (paid.desk, paid.repair_town, paid.repair_country) == (50_00, 48 * HOUR, 72 * HOUR)
    assert (paid.building, paid.building_percent, paid.country) == (7 * DAY, 1, frozenset())


def test_areas_in_the_country_are_named() -> None:
    text = changed("    country_areas:", "    country_areas: [conghua, zengcheng]")
    assert parse(text, "x").compensation.country == {"conghua", "zengcheng"}


def test_a_source_without_times_of_its_own_has_the_kinds() -> None:
    assert ComplaintSource.REGULATOR not in parse(changed("  regulator:", ""), "x").sources


def test_another_text_is_another_version() -> None:
    assert parse(TEXT, "x").version == parse(TEXT, "y").version != parse(TEXT + "# a remark\n", "x").version


@pytest.mark.parametrize(
    ("words", "new", "column", "fault"),
    [
        ("version:", "version: 2", 10, "1"),
        ("version:", "levels: 3", 1, "levels"),
        ("  attitude:", "  atitude: {contact: 2h, reply: 3d}", 3, "unknown kind of complaint 'atitude'; did you mean"),
        ("  attitude:", "  attitude: {contact: 2h, reply: 16d}", 34, "waits longer than 15 days"),
        ("  attitude:", "  attitude: {contact: 4d, reply: 3d}", 23, "the contact is later than the reply"),
        ("  attitude:", "  attitude: {contact: 0h, reply: 3d}", 23, "nobody can keep a time of zero"),
        ("  regulator:", "  regulater: {contact: 2h, reply: 3d}", 3, "unknown source of complaints 'regulater'"),
        ("  regulator:", "  regulator: {contact: 2h}", 3, "'reply' is missing"),
        ("  regulator:", "  regulator: {contact: 2, reply: 3d}", 24, "2"),
        ("  regulator:", "  regulator: soon", 14, "soon"),
        ("  desk:", "  desk: 50.00", 9, "50.0 is no amount: write '50.00'"),
        ("  desk:", '  desk: "fifty"', 9, "this is no amount"),
        ("  desk:", '  desk: "-1.00"', 9, "this is no amount"),
        ("    town:", "    town: two days", 11, "two days"),
        ("    country_areas:", "    country_areas: conghua", 20, "conghua"),
        ("    percent:", "    percent: 0", 14, "0"),
        ("    percent:", "    percent: 101", 14, "101"),
        ("    percent:", "    percentage: 1", 5, "percentage"),
    ],
)
def test_each_fault_is_told_with_its_place(words: str, new: str, column: int, fault: str) -> None:
    text = changed(words, new)
    where = place(text, new.partition(":")[0], column)
    assert any(line.startswith(where) and fault in line for line in faults(text)), (where, faults(text))


@pytest.mark.parametrize("kind", ComplaintKind)
def test_each_kind_needs_its_times(kind: ComplaintKind) -> None:
    text = changed(f"  {kind}:", "")
    assert faults(text) == (f"{place(text, 'kinds:', 1)}'{kind}' ({kind.label.en}) is missing",)


def test_a_section_that_is_missing_is_told() -> None:
    assert any("compensation" in line and "missing" in line for line in faults(TEXT.partition("compensation:")[0]))


def test_all_faults_are_told_at_once_in_the_files_order() -> None:
    text = (
        TEXT.replace("  attitude:", "  atitude:").replace("percent: 1", "percent: 0").replace("  regulator:", "  re:")
    )
    found = faults(text)
    assert len(found) == 4
    assert found == tuple(sorted(found, key=lambda line: int(line.split(":")[1])))


@pytest.mark.parametrize("text", ["", "42\n", "- attitude\n", "kinds: [attitude\n", "kinds: &a {}\nsources: *a\n"])
def test_a_text_that_is_no_such_file_is_refused(text: str) -> None:
    assert faults(text)


def test_an_unreadable_file_is_a_fault_too(tmp_path: Path) -> None:
    with pytest.raises(BadRules, match=r"missing\.yaml"):
        load(tmp_path / "missing.yaml")
