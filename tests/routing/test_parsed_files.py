"""Parsed files are cached beside the state and read back equal."""

from __future__ import annotations

from pathlib import Path

import pytest

from dispatch.defaults import PROJECT
from dispatch.errors import BadRules
from dispatch.routing import loader, parsed_files, prehandling_file
from dispatch.routing.parsed_files import KEPT, parse_cached
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook

RULES = (PROJECT / "routing_rules.yaml").read_text(encoding="utf-8")


def parse() -> Rulebook:
    return loader.parse(RULES, "rules")


def never() -> Rulebook:
    raise AssertionError("it was parsed again")


def test_the_shipped_rules_are_read_back_equal(tmp_path: Path) -> None:
    assert parse_cached(tmp_path, Rulebook, RULES, parse) == parse_cached(tmp_path, Rulebook, RULES, never) == parse()


def test_the_shipped_script_is_read_back_equal(tmp_path: Path) -> None:
    text = (PROJECT / "prehandling.yaml").read_text(encoding="utf-8")
    made = prehandling_file.parse(text, "script", parse().categories)

    def fail() -> Script:
        raise AssertionError("it was parsed again")

    assert parse_cached(tmp_path, Script, text, lambda: made) == parse_cached(tmp_path, Script, text, fail) == made


def test_a_changed_text_or_program_causes_a_new_parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parse_cached(tmp_path, Rulebook, RULES, parse)
    with pytest.raises(AssertionError):
        parse_cached(tmp_path, Rulebook, f"{RULES}\n", never)
    monkeypatch.setattr(parsed_files, "_program", lambda: "another")
    with pytest.raises(AssertionError):
        parse_cached(tmp_path, Rulebook, RULES, never)


@pytest.mark.parametrize("content", ["[]", '["Rulebook"]', '["os.system", "true"]', '["Title", "a", "b"]', "{", "7"])
def test_a_corrupt_cache_entry_is_ignored(tmp_path: Path, content: str) -> None:
    parse_cached(tmp_path, Rulebook, RULES, parse)
    [entry] = tmp_path.iterdir()
    entry.write_text(content)
    assert parse_cached(tmp_path, Rulebook, RULES, parse) == parse()
    assert parse_cached(tmp_path, Rulebook, RULES, never) == parse()


def test_faults_are_told_each_time_and_never_cached(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(BadRules):
            parse_cached(tmp_path, Rulebook, "teams: 3", lambda: loader.parse("teams: 3", "rules"))
    assert not list(tmp_path.iterdir())


def test_only_the_newest_entries_are_kept_readable_by_their_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    for number in range(KEPT + 3):
        parse_cached(folder, Rulebook, f"{RULES}# {number}\n", parse)
    assert len(list(folder.iterdir())) == KEPT
    assert folder.stat().st_mode & 0o077 == 0


def test_a_file_is_parsed_each_time_where_no_cache_can_be_written() -> None:
    assert parse_cached(Path("/dev/null/cache"), Rulebook, RULES, parse) == parse()
