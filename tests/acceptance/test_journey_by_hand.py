"""Faults driven by hand, by the commands alone, through the real workers."""

from __future__ import annotations

import json
import re
import sqlite3
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from dispatch.routing.rulebook import Rulebook
from tests.acceptance.conftest import PHOTO, Home, eventually
from tests.faulty_lines import faulty

pytestmark = pytest.mark.system

CLERK = ("--as", "chen", "--role", "clerk")
AGENT = ("--as", "he", "--role", "agent-10086")
ZHAO = ("--as", "zhao", "--role", "noc")
LI_WEI = ("--as", "li.wei", "--role", "installer")
SUN = ("--as", "sun", "--role", "transmission")
WANG = ("--as", "wang", "--role", "network-service-support")
GAO = ("--as", "gao", "--role", "supervisor")
NOT_SOLVED = ("account-state=normal", "lights=dark", "after-power=still-dark")
SOLVED = ("account-state=normal", "lights=dark", "after-power=working")
ON_SITE = ("cause=power", "optical-power=-19.5", "customer-confirmed=yes")

ACCOUNT = next(faulty())
"""The first customer."""
accounts = faulty()


def given(option: str, *values: str) -> Iterator[str]:
    for value in values:
        yield from (f"--{option}", value)


def submitted(home: Home, *options: str, actor: tuple[str, ...] = CLERK) -> str:
    """Submit a fault of a new customer; return its number."""
    number = next(accounts)
    home.done("account", "add", number, "--area", "tianhe", "--mobile", "13800138000", *CLERK)
    what = ("--symptom", "no-internet", "--description", "断网")
    ticket: str = home.read("submit", number, *what, *options, *actor)["ticket"]
    return ticket


def waits(home: Home, team: str, ticket: str) -> dict[str, Any]:
    """Return the ticket's line on the team's board, once it waits there."""

    def there() -> Any:
        rows = home.read("board", team)
        return [row for row in rows if row["hop"].startswith(ticket) and row["state"] == "waiting"]

    found: dict[str, Any] = eventually(there)[0]
    return found


def report(home: Home, ticket: str, actor: tuple[str, ...], finding: str, *evidence: str) -> None:
    home.done("report", ticket, "--finding", finding, *given("evidence", *evidence), *actor)


def handle(home: Home, ticket: str, team: str, actor: tuple[str, ...], finding: str, *evidence: str) -> None:
    """Wait until the ticket is on the team's board, claim it, report."""
    waits(home, team, ticket)
    home.done("claim", ticket, *actor)
    report(home, ticket, actor, finding, *evidence)


def token(home: Home, ticket: str) -> str:
    """Return the token at the end of the customer's link, once the message is there."""
    return str(eventually(lambda: links(home, ticket))[0])


def links(home: Home, ticket: str) -> list[str]:
    with closing(sqlite3.connect(home.folder / "sms.db")) as gateway:
        texts = [
            text
            for (text,) in gateway.execute("SELECT text FROM delivered ORDER BY id")
            if ticket in text and "/s/" in text
        ]
    return [text.rpartition("/")[2] for text in texts]


def state(home: Home, ticket: str) -> tuple[str, str | None]:
    shown = home.read("show", ticket)["ticket"]
    return shown["state"], shown["outcome"]


@pytest.fixture(scope="module")
def line_fault(running: Home) -> str:
    """NOC → installer → transmission → installer → archive → callback survey → closed, every step by hand."""
    home = running
    home.done("crew", "add", "li.wei", "--team", "installer", "--area", "tianhe", *GAO)
    ticket = submitted(home)
    found = waits(home, "noc", ticket)["found"]
    assert set(found) == {"optical_power", "online", "suspect"}  # the worker tested the line
    handle(home, ticket, "noc", ZHAO, "outside-plant", "test-result=-31 dBm")
    assert waits(home, "installer", ticket)["assignee"] == "li.wei"
    home.done("claim", ticket, *LI_WEI)
    photographed = (*WANG, "--on-behalf-of", "li.wei", "--photo", str(PHOTO))
    report(home, ticket, photographed, "line-fault", "location=3号交接箱")
    assert waits(home, "transmission", ticket)["asker_team"] == "installer"
    handle(home, ticket, "transmission", SUN, "fixed", "cause=fibre")
    handle(home, ticket, "installer", LI_WEI, "fixed-on-site", *ON_SITE)
    home.done("survey", "satisfied", "--token", token(home, ticket))
    return ticket


def test_a_line_fault_travels_to_its_end_and_the_customer_closes_it_by_the_link(running: Home, line_fault: str) -> None:
    whole = running.read("show", line_fault)
    assert [hop["team"] for hop in whole["hops"]] == [
        "noc",
        "installer",
        "transmission",
        "installer",
        "archive",
        "callback-survey",
    ]
    assert state(running, line_fault) == ("closed", "satisfied")
    assert {hop["state"] for hop in whole["hops"]} == {"reported"}
    assert [hop["seq"] for hop in whole["hops"]] == [1, 2, 3, 4, 5, 6]
    moments = [(hop["made_at"], hop["sent_at"], hop["received_at"], hop["ended_at"]) for hop in whole["hops"]]
    assert all(list(each) == sorted(each) for each in moments)
    [filed] = [act for act in whole["history"] if act["on_behalf_of"]]
    assert (filed["act"], filed["actor"], filed["on_behalf_of"]) == ("report", "wang", "li.wei")
    [record] = whole["records"]
    assert re.fullmatch(r"[0-9a-f]{64}", record["sha256"])
    assert len(links(running, line_fault)) == 1


def test_the_timeline_tells_every_team_person_finding_and_time(running: Home, line_fault: str) -> None:
    told = running.done("show", line_fault)
    parts = (
        f"{line_fault}  {ACCOUNT} · tianhe · No internet",
        "1. NOC",
        "line test: optical power",
        "Claimed  zhao (NOC)",
        "Outside-plant fault",
        "2. Installers",
        "wang (Network service support) for li.wei",
        "3号交接箱",
        "3. Transmission",
        "4. Installers",
        "Fixed on site",
        "5. Archive",
        "6. Callback survey",
        "Customer answered: Satisfied",
        "Closed: Satisfied",
        "intact",
    )
    places = [told.find(part) for part in parts]
    assert -1 not in places, (parts[places.index(-1)], told)
    assert places == sorted(places), told
    assert told.count("in hand") >= 4


def test_every_hop_is_explained_by_its_rule_its_facts_and_why_no_other_rule_matched(
    running: Home, line_fault: str
) -> None:
    explained = running.read("rules", "explain", line_fault)
    assert [(hop["to"], hop["rule"]) for hop in explained] == [
        ("noc", "flows.fault.start.otherwise"),
        ("installer", "flows.fault.noc.outside-plant"),
        ("transmission", "flows.fault.installer.line-fault"),
        ("installer", "flows.fault.transmission.fixed"),
        ("archive", "flows.fault.installer.fixed-on-site"),
        ("callback-survey", "flows.fault.archive.filed"),
    ]
    [missed] = explained[0]["did_not_match"]
    assert (missed["to"], missed["because"]) == ("system-support", ["category = system (is network)"])
    assert "sender is the team that asked: installer" in explained[3]["because"]
    assert (explained[3]["facts"]["asked by"], explained[3]["facts"]["cause"]) == ("installer", "fibre")
    assert all(re.search(r"routing_rules\.yaml@\w+:\d+$", hop["file"]) for hop in explained)
    told = running.done("rules", "explain", line_fault)
    assert "✗ flows.fault.start.system → System support (system-support): needs System fault (system)," in told


def test_flower_shows_a_tickets_steps_and_finds_them_by_its_number(running: Home, line_fault: str) -> None:
    with urllib.request.urlopen(running.address("flower"), timeout=10) as page:
        assert b"Flower" in page.read()
    steps = {"noc.line-test", "noc.board", "installer.board", "transmission.board", "archive.file"}
    # A worker's events reach Flower a moment after its step.
    found = eventually(lambda: (rows := tasks(running, line_fault)) and steps <= {row["name"] for row in rows} and rows)
    assert all(line_fault in row["args"] for row in found)
    assert tasks(running, "F99999999") == []


def tasks(home: Home, searched: str) -> list[dict[str, Any]]:
    """Return the tasks that Flower's own search finds."""
    query = {"draw": 1, "start": 0, "length": 50, "search[value]": searched, "columns[0][data]": "name"}
    order = {"order[0][column]": 0, "order[0][dir]": "asc"}
    address = f"{home.address('flower')}/tasks/datatable?{urllib.parse.urlencode({**query, **order})}"
    with urllib.request.urlopen(address, timeout=10) as answer:
        table = json.load(answer)
    assert table["recordsFiltered"] == len(table["data"])
    rows: list[dict[str, Any]] = table["data"]
    return rows


def test_a_fault_solved_by_the_script_on_the_phone_is_counted_and_not_dispatched(running: Home) -> None:
    ticket = submitted(running, *given("answer", *SOLVED), actor=AGENT)
    whole = running.read("show", ticket)
    assert (whole["ticket"]["state"], whole["hops"]) == ("solved", [])
    assert ticket in [row["number"] for row in running.read("tickets")]
    assert ticket not in [row["number"] for row in running.read("tickets", "--open")]


def test_a_fault_not_solved_by_the_script_is_dispatched_with_its_answers(running: Home) -> None:
    ticket = submitted(running, *given("answer", *NOT_SOLVED), actor=AGENT)
    waits(running, "noc", ticket)
    whole = running.read("show", ticket)
    assert whole["ticket"]["channel"] == "hotline-10086"
    assert whole["ticket"]["script"] == [answer.split("=") for answer in NOT_SOLVED]
    shown = running.done("show", ticket)
    assert "What does the LOS light do? All lights are off" in shown
    assert "visits 1 " in shown


def test_answers_given_at_10050_reach_the_agent_who_takes_over(running: Home) -> None:
    lin = ("--as", "lin", "--role", "agent-10050")
    ticket = submitted(running, actor=lin)
    assert state(running, ticket) == ("reported", None)
    running.done("transfer", ticket, "--note", "已重启光猫", *lin)
    running.done("take-over", ticket, *given("answer", *NOT_SOLVED), *AGENT)
    waits(running, "noc", ticket)
    assert "已重启光猫" in running.done("show", ticket)
    assert "What state is the account in? Normal" in running.done("show", ticket)


def test_an_act_names_the_hop_by_its_number_however_it_was_typed(running: Home) -> None:
    ticket = submitted(running)
    waits(running, "noc", ticket)
    assert running.done("claim", ticket.lstrip("F0"), *ZHAO) == f"{ticket}-1: claimed by zhao\n"


def test_an_unsatisfied_customer_gets_the_case_reopened_and_their_link_answers_once(running: Home) -> None:
    ticket = submitted(running)
    handle(running, ticket, "noc", ZHAO, "fixed", "cause=configuration")
    link = token(running, ticket)
    running.done("survey", "not-fixed", "--token", link)
    assert running.call("survey", "satisfied", "--token", link)[0] == 3
    waits(running, "noc", ticket)
    assert running.read("show", ticket)["ticket"]["reopened"] == 1
    handle(running, ticket, "noc", ZHAO, "fixed", "cause=configuration")
    eventually(lambda: len(links(running, ticket)) == 2)
    running.done("survey", "satisfied", "--ticket", ticket, *AGENT)
    assert state(running, ticket) == ("closed", "satisfied")
    assert len(running.read("show", ticket)["records"]) == 2


def test_work_can_be_held_resumed_passed_on_handed_back_urged_and_withdrawn(running: Home) -> None:
    ticket = submitted(running)
    waits(running, "noc", ticket)
    running.done("claim", ticket, *ZHAO)
    running.done("hold", ticket, "--until", "2h", "--reason", "等客户", *ZHAO)
    running.done("resume", ticket, *ZHAO)
    running.done("pass-on", ticket, "--to", "transmission", "--reason", "光路", *ZHAO)
    waits(running, "transmission", ticket)
    running.done("claim", ticket, *SUN)
    running.done("hand-back", ticket, "--reason", "非传输", *SUN)
    assert waits(running, "noc", ticket)["asker_team"] is None
    assert "1 of 5" in running.done("urge", ticket, "--reason", "客户催", *CLERK)
    assert running.read("board", "noc")[0]["hop"] == f"{ticket}-3"  # the urged come first
    running.done("withdraw", ticket, "--reason", "好了", *GAO)
    assert state(running, ticket) == ("withdrawn", "withdrawn")
    assert [hop["state"] for hop in running.read("show", ticket)["hops"]] == ["passed-on", "handed-back", "withdrawn"]
    explained = running.read("rules", "explain", ticket)
    assert [hop["rule"] for hop in explained[1:]] == ["teams.noc.passes_on_to", "hand back"]


def test_an_ended_hold_brings_the_work_back_by_itself(running: Home) -> None:
    ticket = submitted(running)
    waits(running, "noc", ticket)
    running.done("claim", ticket, *ZHAO)
    running.done("hold", ticket, "--until", "1s", "--reason", "等客户", *ZHAO)
    eventually(lambda: running.read("show", ticket)["hops"][0]["state"] == "claimed")
    assert running.read("show", ticket)["hops"][0]["held_seconds"] >= 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("teams",),
        ("teams", "noc"),
        ("tickets",),
        ("tickets", "--open"),
        ("tickets", "--account", ACCOUNT),
        ("board", "noc"),
        ("board", "callback-survey"),
        ("quarantine",),
        ("account", "list"),
        ("crew", "list"),
        ("settings",),
        ("show", "F00000001"),
        ("rules", "explain", "F00000001"),
        ("rules", "test"),
    ],
    ids=" ".join,
)
def test_every_view_is_shown_as_text_and_as_json(running: Home, line_fault: str, arguments: tuple[str, ...]) -> None:
    assert isinstance(running.read(*arguments), list | dict)
    assert running.done(*arguments).strip()


def test_no_view_shows_a_mobile_number(running: Home, line_fault: str) -> None:
    for arguments in (("account", "list"), ("tickets",), ("show", line_fault), ("rules", "explain", line_fault)):
        assert "13800138000" not in running.done(*arguments) + running.done(*arguments, "--json")


def test_the_logs_name_no_customer(running: Home, line_fault: str) -> None:
    for file in (running.folder / "log").iterdir():
        text = file.read_text(errors="replace")
        assert "13800138000" not in text, file.name
        assert "断网" not in text, file.name


def test_the_command_prints_results_to_standard_output_and_errors_to_standard_error(
    running: Home, rulebook: Rulebook
) -> None:
    status, out, err = running.run("teams", "--json")
    assert (status, [each["team"] for each in json.loads(out)], err) == (0, list(rulebook.teams), "")
    status, out, err = running.run("show", "F99999999")
    assert (status, out) == (4, "")
    assert "There is no ticket number 99999999" in err
