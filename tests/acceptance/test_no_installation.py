"""A mistyped DISPATCH_HOME doesn't look like an empty desk."""

from __future__ import annotations

import pytest

from tests.acceptance.conftest import Home


@pytest.mark.parametrize(
    "line", ["teams", "board noc", "tickets", "show F00000001", "effects", "user list", "crew list"]
)
def test_commands_that_only_read_make_no_installation(home: Home, line: str) -> None:
    status, out, err = home.call(*line.split())
    assert (status, out) == (1, "")
    assert f"There is no installation in {home.folder}" in err
    assert not home.folder.exists()


def test_a_command_that_writes_makes_an_installation_and_says_where(home: Home) -> None:
    account = ("account", "add", "GZ1", "--area", "t", "--mobile", "13800138000", "--as", "chen", "--role", "clerk")
    status, _, err = home.call(*account)
    assert (status, f"new installation in {home.folder}" in err) == (0, True)
    assert home.call("board", "noc")[0] == 0
    assert home.call("account", "add", "GZ2", *account[3:])[2] == ""
