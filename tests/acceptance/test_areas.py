"""片区 by the command line: a user holds a role in their own areas there too."""

from __future__ import annotations

from tests.acceptance.conftest import Home

CLERK = ("--as", "chen", "--role", "clerk")
SAID = ("--symptom", "no-internet", "--description", "断网")


def test_a_users_areas_hold_for_commands_and_a_name_that_is_no_user_is_refused(home: Home) -> None:
    home.done("user", "add", "chen", "--role", "clerk=panyu")
    home.done("user", "add", "guo", "--role", "ops")
    home.done("account", "add", "GZ1", "--area", "tianhe", "--mobile", "13800138000", "--as", "guo", "--role", "ops")
    code, _, told = home.run("submit", "GZ1", *SAID, *CLERK)
    assert (code, "GZ1" in told) == (4, True)
    assert home.run("account", "add", "GZ2", "--area", "tianhe", "--mobile", "13800138000", *CLERK)[0] == 2
    code, _, told = home.run("submit", "GZ1", *SAID, "--as", "somebody", "--role", "clerk")
    assert (code, "no user somebody" in told) == (4, True)
    home.done("user", "add", "somebody", "--role", "clerk")
    home.done("submit", "GZ1", *SAID, "--as", "SomeBody", "--role", "clerk")
    assert home.run("urge", "F00000001", "--reason", "x", *CLERK)[0] == 4
    home.done("user", "role", "chen", "--role", "clerk=panyu,tianhe")
    home.done("urge", "F00000001", "--reason", "x", *CLERK)


def test_a_supervisor_adds_to_crews_only_in_their_areas(home: Home) -> None:
    home.done("user", "add", "gao", "--role", "supervisor=panyu")
    add = ("crew", "add", "li.wei", "--team", "installer", "--as", "gao", "--role", "supervisor")
    code, _, told = home.run(*add, "--area", "tianhe")
    assert (code, "tianhe" in told) == (2, True)
    assert home.read("crew", "list") == []
    home.done("user", "add", "li.wei", "--role", "installer")
    home.done(*add, "--area", "panyu")
    remove = ("crew", "remove", "LI.WEI", "--team", "installer", "--as", "gao", "--role", "supervisor")
    home.done(*remove)
    assert home.read("crew", "show", "installer") == []
    home.done(*add, "--area", "panyu")
