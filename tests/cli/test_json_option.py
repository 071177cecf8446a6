"""`--json` asks for JSON output, `--from` gives a request's input; the old words are still accepted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dispatch.cli.json_option import modernised, wanted
from tests.acceptance.conftest import Home

CHEN = ("--as", "chen", "--role", "clerk")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("account open --json -", "account open --from -"),
        ("account open --json=request.json", "account open --from request.json"),
        ("account open --json request.json --json-out", "account open --from request.json --json"),
        ("account open --json-out --json - --as chen", "account open --json --from - --as chen"),
        ("account view --account kd1 --json-out", "account view --account kd1 --json"),
    ],
)
def test_the_counters_old_command_lines_keep_their_meaning(old: str, new: str) -> None:
    assert modernised(old.split()) == (new.split(), True)


@pytest.mark.parametrize(
    "line",
    [
        "account open --json",
        "account open --from - --json",
        "account open --json --from request.json",
        "account open --json --as chen",
        "account list --json",
        "board noc --json",
        "account add GZ1 -- --json-out",
    ],
)
def test_present_command_lines_are_left_unchanged(line: str) -> None:
    assert modernised(line.split()) == (line.split(), False)


def test_the_json_option_and_not_an_argument_of_that_name_asks_for_json() -> None:
    assert wanted(["board", "noc", "--json"])
    assert not wanted(["account", "add", "--", "--json"])


@pytest.fixture
def desk(tmp_path: Any) -> Home:
    home = Home(tmp_path / "paidan")
    home.done("account", "add", "GZ1", "--area", "tianhe", "--mobile", "13800138000", *CHEN)
    return home


def test_every_act_on_a_fault_answers_with_one_document(desk: Home) -> None:
    what = ("--symptom", "no-internet", "--description", "x")
    made = desk.read("submit", "GZ1", *what, *CHEN)
    assert made == {"act": "submit", "ticket": "F00000001", "state": "open", "repeated": False}
    assert desk.read("urge", "F00000001", "--reason", "y", *CHEN) == {
        "act": "urge",
        "ticket": "F00000001",
        "state": "open",
        "urged": 1,
        "at_most": 5,
    }
    withdrawn = desk.read("withdraw", "F00000001", "--reason", "z", *CHEN)
    assert withdrawn == {"act": "withdraw", "ticket": "F00000001", "state": "withdrawn"}


def test_an_operation_answers_in_json_whichever_way_its_request_came(desk: Home, tmp_path: Any) -> None:
    request = {"account": "GZ1", "show": ["accounts"]}
    (tmp_path / "request.json").write_text(json.dumps(request))
    ways = (
        ("--json", "--from", str(tmp_path / "request.json")),
        ("--from", "-", "--json"),
        ("--json-out", "--json", "-"),
        ("--json", "--account", "GZ1", "--show", "accounts"),
    )
    for way in ways:
        status, out, _ = desk.call("account", "view", *way, *CHEN, given=json.dumps(request))
        assert (status, json.loads(out)["accounts"][0]["account"]) == (0, "GZ1"), way


def test_a_user_of_the_old_form_is_told_the_new_one_on_standard_error(desk: Home) -> None:
    request = json.dumps({"account": "GZ1", "show": ["accounts"]})
    status, out, err = desk.call("account", "view", "--json", "-", *CHEN, given=request)
    assert (status, "--from FILE" in err) == (0, True)
    assert "GZ1" in out
    assert not out.startswith("{")


@pytest.mark.parametrize(
    ("line", "status", "code"),
    [
        ("show F00000009 --json", 4, "not-found"),
        ("claim F00000009 --json", 4, "not-found"),
        ("release --json", 2, "bad-usage"),
        ("urge F1 --reason x --as chen --role wizard --json", 2, "bad-input"),
        ("account view --account nobody --as chen --role noc --json", 5, "not-allowed"),
    ],
)
def test_an_error_is_one_document_on_standard_error_with_the_same_exit_status(
    desk: Home, line: str, status: int, code: str
) -> None:
    found, out, err = desk.call(*line.split())
    assert (found, out) == (status, "")
    error = json.loads(err)["error"]
    assert error["code"] == code
    assert error["message"]
