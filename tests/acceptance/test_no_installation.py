"""A mistyped DISPATCH_HOME doesn't look like an empty desk."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.conftest import Home


@pytest.mark.parametrize(
    "line",
    [
        *("teams", "board noc", "tickets", "show F00000001", "effects", "user list", "crew list"),
        *("claim F00000001 --as wu --role noc", "urge F00000001 --reason late --as wu --role noc"),
        *("survey satisfied --token x", "user disable chen", "token chen", "effects release 1"),
        *("account bindings --account GZ1", "crew add li --team noc --area t --as gao --role supervisor"),
        *("backup {folder}.backup", "restore --done"),
    ],
)
def test_commands_that_begin_nothing_make_no_installation(home: Home, line: str) -> None:
    status, out, err = home.call(*line.format(folder=home.folder).split())
    assert (status, out) == (1, "")
    assert f"There is no installation in {home.folder}" in err
    assert not home.folder.exists()


def test_a_database_without_a_schema_is_no_installation(home: Home) -> None:
    home.folder.mkdir()
    (home.folder / "paidan.db").touch()
    status, out, err = home.call("tickets")
    assert (status, out) == (1, "")
    assert f"There is no installation in {home.folder}" in err


def test_the_doctor_tells_a_missing_installation_and_creates_nothing(home: Home) -> None:
    status, out, err = home.call("doctor", "--json")
    assert (status, err) == (1, "")
    assert [each["found"] for each in json.loads(out) if each["verdict"] == "bad"] == [
        f"{home.folder}: no installation here"
    ]
    assert not home.folder.exists()


def test_a_backup_into_a_folder_that_is_not_there_is_refused(home: Home) -> None:
    home.done("migrate")
    status, _, err = home.call("backup", f"{home.folder}/none/b")
    assert status == 1
    assert f"folder {home.folder}/none is not there" in err
    assert not (home.folder / "none").exists()


def test_a_command_that_writes_makes_an_installation_and_says_where(home: Home) -> None:
    account = ("account", "add", "GZ1", "--area", "t", "--mobile", "13800138000", "--as", "chen", "--role", "clerk")
    status, _, err = home.call(*account)
    assert (status, f"new installation in {home.folder}" in err) == (0, True)
    assert home.call("board", "noc")[0] == 0
    assert home.call("account", "add", "GZ2", *account[3:])[2] == ""
