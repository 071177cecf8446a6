"""Bad input: a clear message, an exit status that scripts can use, and nothing written. No process needs to run."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.rules_in_force import RulesInForce
from dispatch.runtime.child_process import hold
from dispatch.storage.database import Database
from dispatch.tickets import followup, handling
from dispatch.tickets.handling import Claim, Report
from tests.acceptance.conftest import PROJECT, Home
from tests.factories import CLERK as CHEN
from tests.factories import INSTALLER, NOC, NOW, SOLVED, claimed, dump, fault, on_board

CLERK = ("--as", "chen", "--role", "clerk")
AGENT = ("--as", "he", "--role", "agent-10086")
ZHAO = ("--as", "zhao", "--role", "noc")
QIAN = ("--as", "qian", "--role", "noc")
LI_WEI = ("--as", "li.wei", "--role", "installer")
WANG = ("--as", "wang", "--role", "network-service-support")
GAO = ("--as", "gao", "--role", "supervisor")
SAID = ("--symptom", "no-internet", "--description", "断网")
CLAIMED, WAITING, ON_SITE, URGED, DUE, SOLVED_ON_PHONE = (f"F{n:08d}" for n in range(1, 7))


class Installed(NamedTuple):
    home: Home
    database: Database


@pytest.fixture(scope="module")
def installed(sqlite_template: Path, script: Script, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installed]:
    """Tickets in every state that refusals depend on. All tests share them, because a refusal leaves no trace."""
    home = Home(tmp_path_factory.mktemp("bad-input") / "paidan")
    home.folder.mkdir()
    shutil.copy(sqlite_template, home.folder / "paidan.db")
    database = Database(f"sqlite:///{home.folder / 'paidan.db'}")
    rulebook: Rulebook = RulesInForce(PROJECT / "routing_rules.yaml", database).get()
    claimed(database, rulebook, fault(database, rulebook, script, "GZ1").ticket_id, NOC)
    on_board(database, rulebook, fault(database, rulebook, script, "GZ2").ticket_id)
    at_noc = claimed(database, rulebook, fault(database, rulebook, script, "GZ3").ticket_id, NOC)
    with database.write() as tx:
        handling.end(tx, rulebook, Report(at_noc, NOC, "outside-plant", {"test-result": "查不出原因"}), NOW)
    at_installer = on_board(database, rulebook, 3)
    with database.write() as tx:
        handling.claim(tx, rulebook, Claim(at_installer, INSTALLER), NOW)
    on_board(database, rulebook, fault(database, rulebook, script, "GZ4").ticket_id)
    with database.write() as tx:
        followup.urge(tx, rulebook, 4, "客户催", CHEN, datetime.now(UTC))
    fault(database, rulebook, script, "GZ5")
    fault(database, rulebook, script, "GZ6", answers=SOLVED)
    yield Installed(home, database)
    database.dispose()


def submit(account: str, *others: str) -> tuple[str, ...]:
    """Return the options of an acceptable report, with `others` in their place."""
    return ("submit", account, "--despite-duplicate", *SAID, *others)


def report(hop: str, finding: str, *evidence: str, actor: tuple[str, ...] = ZHAO) -> tuple[str, ...]:
    return ("report", hop, "--finding", finding, *(w for e in evidence for w in ("--evidence", e)), *actor)


CASES: dict[str, tuple[tuple[str, ...], int, str]] = {
    # a report
    "unknown account": (submit("nobody", *CLERK), 4, "There is no broadband account nobody: check the number"),
    "empty description": (submit("GZ6", "--description", " \t ", *CLERK), 2, "the description is empty"),
    "endless description": (submit("GZ6", "--description", "断" * 2001, *CLERK), 2, "2001 characters, at most 2000"),
    "control characters": (submit("GZ6", "--description", "a\x1b[2Jb", *CLERK), 2, "has control characters"),
    "bytes that are no text": (submit("GZ6", "--description", "a\udcffb", *CLERK), 2, "has control characters"),
    "unknown symptom": (
        submit("GZ6", "--symptom", "hiccups", *CLERK),
        2,
        "There is no symptom hiccups; known are: no-i",
    ),
    "priority 9": (submit("GZ6", "--priority", "9", *CLERK), 2, "priority 9: it is 1 (most urgent) to 4"),
    "priority that is no number": (submit("GZ6", "--priority", "high", *CLERK), 2, "--priority"),
    "endless request key": (submit("GZ6", "--request-key", "k" * 121, *CLERK), 2, "121 characters, at most 120"),
    "an open fault on the account": (("submit", "GZ1", *SAID, *CLERK), 3, f"already has an open fault {CLAIMED}"),
    # pre-handling
    "wrong answer": (
        submit("GZ6", "--answer", "account-state=blue", *AGENT),
        2,
        "asks account-state; account-state=blue was given. Allowed: account-state=normal",
    ),
    "answer to another question": (submit("GZ6", "--answer", "lights=dark", *AGENT), 2, "asks account-state"),
    "answer without a question": (submit("GZ6", "--answer", "dark", *AGENT), 2, "write it as name=value"),
    "pre-handling left out": (submit("GZ6", *AGENT), 2, "pre-handling isn't finished: answer account-state"),
    # who acts
    "no actor": (submit("GZ6"), 2, "who acts? give --as NAME --role ROLE"),
    "no role": (submit("GZ6", "--as", "chen"), 2, "who acts?"),
    "unknown role": (submit("GZ6", "--as", "chen", "--role", "king"), 2, "'king' is no role; roles are clerk"),
    "a name that repaints terminals": (submit("GZ6", "--as", "c\x1b[2J", "--role", "clerk"), 2, "printable characters"),
    "an endless name": (submit("GZ6", "--as", "c" * 81, "--role", "clerk"), 2, "at most 80"),
    "a role that may not report": (submit("GZ6", *LI_WEI), 5, "installer li.wei may not submit a report; that is for"),
    "a role that may not withdraw": (("withdraw", WAITING, "--reason", "x", *ZHAO), 5, "may not withdraw"),
    "a role that may not release": (("release", WAITING, *ZHAO), 5, "noc zhao may not release"),
    "a role that may not transfer": (("transfer", WAITING, *CLERK), 5, "may not transfer"),
    # which ticket
    "unknown ticket": (("show", "F99999999"), 4, "There is no ticket number 99999999"),
    "malformed ticket number": (("show", "what"), 2, "'what' is no ticket number: they look like F00000042"),
    "a letter that no kind has": (("show", "X1"), 2, "is no ticket number"),
    "digits of another script": (("show", "١"), 2, "is no ticket number"),
    "endless ticket number": (("show", "F" + "9" * 30), 2, "is no ticket number"),
    "malformed hop number": (("claim", f"{WAITING}-x", *ZHAO), 2, "is no hop number: they look like F00000042-3"),
    "endless hop number": (("claim", f"{WAITING}-{'9' * 30}", *ZHAO), 2, "is no hop number"),
    "a hop that there is not": (("claim", f"{WAITING}-9", *ZHAO), 4, "There is no hop 9 of ticket F00000002"),
    "a ticket without a live hop": (("claim", SOLVED_ON_PHONE, *ZHAO), 4, "There is no live hop of ticket"),
    # claims
    "claim of a claimed hop": (("claim", CLAIMED, *QIAN), 3, "F00000001-1 was already claimed by zhao"),
    "claim of what is on its way": (
        ("claim", DUE, *ZHAO),
        3,
        "can't claim: it is due, and that move starts from waiting",
    ),
    "claim of another team's": (("claim", WAITING, *LI_WEI), 5, "installer li.wei may not claim hop F00000002-1"),
    "claim for somebody where nobody may": (("claim", WAITING, *ZHAO, "--on-behalf-of", "q"), 5, "may not claim"),
    # findings and evidence
    "a finding of another team": (
        report(CLAIMED, "line-fault", "location=x"),
        2,
        "Team noc can't report line-fault; it",
    ),
    "missing evidence": (
        report(CLAIMED, "inside-plant", "segment=data"),
        2,
        "test-result (What the test showed) is missing",
    ),
    "all that is wrong at once": (
        report(ON_SITE, "fixed-on-site", "cause=ghosts", "optical-power=weak", actor=LI_WEI),
        2,
        "customer-confirmed (Customer confirmed) is missing",
    ),
    "none of the choices": (
        report(CLAIMED, "fixed", "cause=ghosts"),
        2,
        "'ghosts' is none of configuration, equipment",
    ),
    "text for a number": (
        report(ON_SITE, "fixed-on-site", "optical-power=weak", actor=LI_WEI),
        2,
        "optical-power: 'weak' is no number",
    ),
    "not a number": (
        report(ON_SITE, "fixed-on-site", "optical-power=nan", actor=LI_WEI),
        2,
        "optical-power: 'nan' is no number",
    ),
    "out of bounds": (report(ON_SITE, "fixed-on-site", "optical-power=-41", actor=LI_WEI), 2, "outside -40 … 10 dBm"),
    "neither yes nor no": (
        report(ON_SITE, "fixed-on-site", "customer-confirmed=maybe", actor=LI_WEI),
        2,
        "neither yes nor no",
    ),
    "evidence not asked for": (report(CLAIMED, "fixed", "cause=fibre", "location=x"), 2, "location: not asked for"),
    "evidence twice": (report(CLAIMED, "fixed", "cause=fibre", "cause=power"), 2, "is given twice"),
    "empty evidence": (report(CLAIMED, "outside-plant", "test-result= "), 2, "test-result: is empty"),
    "evidence without a value": (report(CLAIMED, "fixed", "cause"), 2, "--evidence 'cause': write it as name=value"),
    "report on another's hop": (
        report(CLAIMED, "fixed", "cause=fibre", actor=QIAN),
        5,
        "in the hands of zhao, not of q",
    ),
    "report of an unclaimed hop": (
        report(WAITING, "fixed", "cause=fibre"),
        3,
        "it is waiting, and that move starts from",
    ),
    "report for another than the holder": (
        report(ON_SITE, "line-fault", "location=x", actor=(*WANG, "--on-behalf-of", "ma.jun")),
        5,
        "in the hands of li.wei, not of ma.jun",
    ),
    "report for the holder by one who may not": (
        report(ON_SITE, "line-fault", "location=x", actor=(*ZHAO, "--on-behalf-of", "li.wei")),
        5,
        "noc zhao may not report on hop F00000003-2 for li.wei; that is for: network-service-support",
    ),
    # other ways on
    "pass on to a team not allowed": (
        ("pass-on", ON_SITE, "--to", "transmission", "--reason", "x", *LI_WEI),
        3,
        "Team installer may not pass work on to transmission; it may pass on to: installer, noc",
    ),
    "pass on to no team": (
        ("pass-on", CLAIMED, "--to", "moon", "--reason", "x", *ZHAO),
        3,
        "may not pass work on to moon",
    ),
    "pass on without a reason": (("pass-on", CLAIMED, "--to", "noc", "--reason", " ", *ZHAO), 2, "the reason is empty"),
    "hand back where nobody asked": (
        ("hand-back", CLAIMED, "--reason", "x", *ZHAO),
        3,
        "can't be handed back: no team",
    ),
    "hold until yesterday": (
        ("hold", CLAIMED, "--until", "2020-01-01T00:00", "--reason", "x", *ZHAO),
        2,
        "must end in the future and within 30d",
    ),
    "hold too long": (("hold", CLAIMED, "--until", "31d", "--reason", "x", *ZHAO), 2, "within 30d"),
    "hold beyond the calendar": (("hold", CLAIMED, "--until", "9" * 12 + "d", "--reason", "x", *ZHAO), 2, "--until"),
    "hold until soon": (("hold", CLAIMED, "--until", "soon", "--reason", "x", *ZHAO), 2, "or a duration such as 4h"),
    "resume of what isn't held": (("resume", CLAIMED, *ZHAO), 3, "can't resume: it is claimed, and that move starts"),
    "release of what isn't in quarantine": (("release", WAITING, *GAO), 3, "that move starts from quarantined"),
    "urge too often": (("urge", URGED, "--reason", "急", *CLERK), 3, "the last time was less than 30m ago"),
    "urge without a reason": (("urge", WAITING, "--reason", "", *CLERK), 2, "the reason is empty"),
    "urge of an ended ticket": (("urge", SOLVED_ON_PHONE, "--reason", "x", *CLERK), 3, "nobody is at work on it"),
    "withdraw of an ended ticket": (
        ("withdraw", SOLVED_ON_PHONE, "--reason", "x", *CLERK),
        3,
        "it is solved, and that",
    ),
    "take over what wasn't transferred": (
        ("take-over", WAITING, "--answer", "account-state=in-arrears", "--answer", "paid=not-yet", *AGENT),
        3,
        "can't solve: it is open",
    ),
    # surveys
    "a link that there is not": (("survey", "satisfied", "--token", "x"), 4, "There is no survey with this link"),
    "a survey of what isn't archived": (("survey", "satisfied", "--ticket", WAITING, *AGENT), 3, "is not archived yet"),
    "a survey of nothing": (("survey", "satisfied"), 2, "give either --token or --ticket"),
    # accounts, crew, boards
    "account entered twice": (
        ("account", "add", "GZ1", "--area", "t", "--mobile", "13800138000", *CLERK),
        2,
        "account GZ1 is known already",
    ),
    "malformed account": (
        ("account", "add", "G Z", "--area", "t", "--mobile", "13800138000", *CLERK),
        2,
        "that is no account number: letters, digits",
    ),
    "malformed mobile": (("account", "add", "GZ9", "--area", "t", "--mobile", "12345", *CLERK), 3, "no mobile number"),
    "mobile in digits of another script": (
        ("account", "add", "GZ9", "--area", "t", "--mobile", "138001380٠٠", *CLERK),
        3,
        "no mobile number",
    ),
    "account without an area": (
        ("account", "add", "GZ9", "--area", " ", "--mobile", "13800138000", *CLERK),
        2,
        "the area is empty",
    ),
    "account with an endless area": (
        ("account", "add", "GZ9", "--area", "t" * 41, "--mobile", "13800138000", *CLERK),
        2,
        "is no area: at most 40",
    ),
    "account by one who may not": (
        ("account", "add", "GZ9", "--area", "t", "--mobile", "13800138000", *ZHAO),
        5,
        "may not add accounts",
    ),
    "crew of an unknown team": (
        ("crew", "add", "li", "--team", "moon", "--area", "t", *GAO),
        4,
        "no team moon; teams are noc",
    ),
    "crew member without a name": (
        ("crew", "add", " ", "--team", "noc", "--area", "t", *GAO),
        2,
        "person's name is empty",
    ),
    "crew member by one who may not": (
        ("crew", "add", "li", "--team", "noc", "--area", "t", *ZHAO),
        5,
        "noc zhao may not add to a crew",
    ),
    "board of an unknown team": (("board", "moon"), 4, "There is no team moon; teams are noc"),
    "board of no rows": (("board", "noc", "--limit", "0"), 2, "--limit"),
    "a command that there is not": (("dispatch",), 2, "No such command"),
    "an option that there is not": (("teams", "--colour"), 2, "No such option"),
}


@pytest.mark.parametrize(("arguments", "status", "message"), CASES.values(), ids=CASES)
def test_bad_input_is_refused_and_nothing_is_written(
    installed: Installed, arguments: tuple[str, ...], status: int, message: str
) -> None:
    before = dump(installed.database)
    found, out, err = installed.home.call(*arguments)
    assert (found, out) == (status, ""), err
    assert message in err
    assert dump(installed.database) == before


def test_all_faults_of_the_evidence_are_told_at_once(installed: Installed) -> None:
    _, _, err = installed.home.call(
        *report(ON_SITE, "fixed-on-site", "cause=ghosts", "optical-power=1", "x=y", actor=LI_WEI)
    )
    assert all(
        part in err for part in ("ghosts", "customer-confirmed (Customer confirmed) is missing", "x: not asked for")
    )


# -- replay files ---------------------------------------------------------------------------------

HEAD = "number,sys_mod_count,opened_at,assignment_group,reopen_count,priority"
MAPPING = "version: 1\nwithout_group: noc\npriorities: {1: 1, 2: 2, 3: 3, 4: 4}\ngroups:\n"


@pytest.mark.parametrize(
    ("rows", "line", "message"),
    [
        (["1,0,2024-03-04T06:00:00,70,0,3", "2,0,yesterday,70,0,3"], 3, "column opened_at: 'yesterday' is no date"),
        (["1,x,2024-03-04T06:00:00,70,0,3"], 2, "column sys_mod_count: 'x' is no whole number"),
        (["1,0,2024-03-04T06:00:00,70,0"], 2, "the row has 5 columns, the header 6"),
        ([",0,2024-03-04T06:00:00,70,0,3"], 2, "column number: is empty"),
        (['1,0,"2024', "2,0,2024-03-04T06:00:00,70,0,3"], 3, "not CSV"),
        ([], 1, "the file has a header and no rows"),
        (["1,0,2024-03-04T06:00:00,unheard-of,0,3"], 2, "unheard-of"),
    ],
)
def test_a_malformed_replay_file_is_refused_with_its_line_and_nothing_is_replayed(
    installed: Installed, tmp_path: Path, rows: list[str], line: int, message: str
) -> None:
    file = tmp_path / "log.csv"
    file.write_text("\n".join([HEAD, *rows]) + "\n")
    before = dump(installed.database)
    status, out, _ = installed.home.call("replay", str(file))
    assert status == 1
    assert any(told.startswith(f"{file}:{line}: ") and message in told for told in out.splitlines()), out
    assert dump(installed.database) == before
    assert not installed.home.processes()


def test_a_mapping_without_a_group_of_the_log_is_refused_with_the_group_and_its_line(
    installed: Installed, tmp_path: Path
) -> None:
    file, mapping = tmp_path / "log.csv", tmp_path / "mapping.yaml"
    file.write_text(f"{HEAD}\n1,0,2024-03-04T06:00:00,70,0,3\n1,1,2024-03-04T06:00:00,71,0,3\n")
    mapping.write_text(f'{MAPPING}  noc: ["70"]\n')
    status, out, _ = installed.home.call("replay", str(file), "--mapping", str(mapping))
    assert status == 1
    assert "71" in out
    assert f"{file}:3" in out


def test_a_replay_without_its_file_or_mapping_says_which_is_missing(installed: Installed, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    assert installed.home.call("replay", str(file))[:2] == (
        1,
        f"{file}:1: can't be read (No such file or directory): check the path and its permissions\n",
    )
    file.write_text(f"{HEAD}\n1,0,2024-03-04T06:00:00,70,0,3\n")
    status, out, _ = installed.home.call("replay", str(file), "--mapping", str(tmp_path / "mapping.yaml"))
    assert status == 1
    assert out.startswith(f"{tmp_path / 'mapping.yaml'}:1")


@pytest.mark.parametrize("name", ["a/b", "x" * 41, "夜", " ", "a\tb", "../up"])
def test_a_run_name_unfit_for_request_keys_is_refused(installed: Installed, tmp_path: Path, name: str) -> None:
    status, _, err = installed.home.call("replay", str(tmp_path / "log.csv"), "--name", name)
    assert status == 2
    assert "at most 40 letters, digits, dots and dashes" in err


def test_a_second_replay_under_the_name_of_one_that_is_under_way_is_refused(
    installed: Installed, tmp_path: Path
) -> None:
    file = tmp_path / "log.csv"
    file.write_text(f"{HEAD}\n1,0,2024-03-04T06:00:00,70,0,3\n")
    folder = installed.home.folder / "replays"
    folder.mkdir()
    before = dump(installed.database)
    with hold(folder / "night.lock"):
        status, _, err = installed.home.call("replay", str(file), "--name", "night")
    assert status == 1
    assert f"Run night is under way already (process {os.getpid()})" in err
    assert dump(installed.database) == before
    assert not installed.home.processes()


# -- settings -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "messages"),
    [
        ({"DISPATCH_COLOUR": "red"}, ["DISPATCH_COLOUR: unknown; did you mean DISPATCH_USER?"]),
        (
            {"DISPATCH_COLOUR": "red", "DISPATCH_LEASE": "0", "DISPATCH_WORKERS": "many", "DISPATCH_BATCH": "9999"},
            ["DISPATCH_COLOUR", "DISPATCH_LEASE", "DISPATCH_WORKERS", "DISPATCH_BATCH"],
        ),
        ({"DISPATCH_DATABASE_URL": "nonsense"}, ["DISPATCH_DATABASE_URL: should be a URL such as postgresql://"]),
        (
            {"DISPATCH_DATABASE_URL": "mysql://u:hidden@127.0.0.1/x"},
            ["DISPATCH_DATABASE_URL: mysql:// is no"],
        ),
        (
            {"DISPATCH_DATABASE_URL": "postgresql+psycopg://u:hidden@127.0.0.1:1/x"},
            ["the database is not there", "refused", "mend DISPATCH_DATABASE_URL"],
        ),
        ({"DISPATCH_HOME": "/dev/null/paidan"}, ["/dev/null/paidan"]),
    ],
    ids=["unknown variable", "four at once", "no URL", "no such kind", "server away", "home that can't be"],
)
def test_all_invalid_settings_are_told_at_once_and_no_password_is_shown(
    home: Home, settings: dict[str, str], messages: list[str]
) -> None:
    home.settings = settings
    status, out, err = home.call("teams")
    assert (status, out) == (1, "")
    assert all(message in err for message in messages), err
    assert "hidden" not in err
    assert "Traceback" not in err
    assert not home.folder.exists()


# -- rules ----------------------------------------------------------------------------------------

TEN_FAULTS = (
    ("respond_within: 15m", "respond_within: quarter of an hour"),  # no duration
    ("members: [transmission]", "members: [wizard]"),  # no role
    ("passes_on_to: [supervisor]", "passes_on_to: [moon]"),  # no team
    ("kind: yes-no", "kind: riddle"),  # no kind
    ("evidence: [location, remark]", "evidence: [location, fog]"),  # no evidence
    ("fixed-on-site: archive", "mended: archive"),  # no finding
    ("outside-plant: installer", "outside-plant: pluto"),  # leads nowhere
    ("hold: 30d", "hold: 30d\n  patience: 1"),  # unknown key
    ("settled: archive", "settled: []"),  # an empty list
    ("urges: {at_most: 5, every: 30m}", "urges: {at_most: 0, every: 30m}"),  # out of bounds
)


def with_faults(folder: Path, faults: tuple[tuple[str, str], ...] = TEN_FAULTS) -> Path:
    text = (PROJECT / "routing_rules.yaml").read_text(encoding="utf-8")
    for sound, faulty in faults:
        assert sound in text, sound
        text = text.replace(sound, faulty, 1)
    file = folder / "bad.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_ten_different_faults_of_a_rules_file_are_told_at_once_each_with_its_place(home: Home, tmp_path: Path) -> None:
    file = with_faults(tmp_path)
    status, out, err = home.call("rules", "check", str(file))
    lines = out.splitlines()
    assert (status, err) == (1, "")
    assert all(re.fullmatch(rf"{re.escape(str(file))}:\d+:\d+: \S.*", line) for line in lines), out
    text = file.read_text(encoding="utf-8").splitlines()
    places = {int(line.removeprefix(f"{file}:").split(":")[0]) for line in lines}
    for _, faulty in TEN_FAULTS:
        wrong = faulty.splitlines()[-1].strip()
        assert places & {n for n, line in enumerate(text, 1) if wrong in line}, (wrong, out)


def test_no_command_goes_on_with_bad_rules_and_none_in_force(home: Home, tmp_path: Path) -> None:
    home.settings = {"DISPATCH_RULES": str(with_faults(tmp_path))}
    status, out, _ = home.call("account", "add", "GZ1", "--area", "t", "--mobile", "13800138000", *CLERK)
    assert status == 1
    assert len(out.splitlines()) >= len(TEN_FAULTS)


def test_the_last_good_rules_stay_in_force_over_bad_ones_and_every_command_says_so(home: Home, tmp_path: Path) -> None:
    home.done("migrate")
    good = home.read("teams")
    account = ("account", "add", "GZ1", "--area", "t", "--mobile", "13800138000", *CLERK)
    assert home.call(*account) == (0, "GZ1: entered\n", "")
    home.settings = {"DISPATCH_RULES": str(with_faults(tmp_path))}
    status, out, err = home.call("submit", "GZ1", *SAID, *CLERK)
    assert status == 0
    assert "F00000001" in out
    assert re.search(r"rules file refused, version \w{12} stays in force", err)
    assert len(re.findall(r"bad\.yaml:\d+:\d+: ", err)) >= len(TEN_FAULTS)
    [explained] = home.read("rules", "explain", "F00000001")
    assert (explained["to"], explained["rule"]) == ("noc", "flows.fault.start.otherwise")
    home.settings = {}
    assert home.call("teams")[2] == ""
    assert [team["team"] for team in home.read("teams")] == [team["team"] for team in good]


def test_a_team_with_work_cannot_be_dropped_from_the_rules(installed: Installed, tmp_path: Path) -> None:
    text: Any = (PROJECT / "routing_rules.yaml").read_text(encoding="utf-8")
    text = re.sub(r"  installer:\n    title.*?(?=  transmission:)", "", text, count=1, flags=re.S)
    text = re.sub(r"      installer:  .*?(?=      transmission:)", "", text, count=1, flags=re.S)
    text = re.sub(r"          - \{name: installer, [^\n]*\n|      installer: \{clarified: sender\}\n", "", text)
    text = text.replace("outside-plant: installer", "outside-plant: transmission").replace(", installer]", "]")
    for unused in ("fixed-on-site", "line-fault", "routing-fault"):
        text = re.sub(rf"  {unused}:\n    title.*?(?=\n  \w)", "", text, count=1, flags=re.S)
    for unused in ("location", "new-serial", "old-serial"):
        text = re.sub(rf"\n  {unused}:\n    title.*?(?=\n  \w)", "", text, count=1, flags=re.S)
    file = tmp_path / "smaller.yaml"
    file.write_text(text, encoding="utf-8")
    smaller = Home(installed.home.folder, settings={"DISPATCH_RULES": str(file)})
    assert smaller.call("rules", "check", str(file))[0] == 0, smaller.call("rules", "check", str(file))
    status, _, err = smaller.call("board", "installer")
    assert status == 0
    assert re.search(r"team 'installer' can't be dropped: \d+ open tickets? ", err), err
