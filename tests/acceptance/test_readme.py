"""A newcomer with a fresh clone types the commands of README and of the pages of `docs` as they are printed."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from tests.acceptance.conftest import PROJECT, eventually
from tests.acceptance.documented_commands import Block, Terminal, bare, blocks, newcomer, repository, set_up, statements
from tests.deploy.compose import free_port
from tests.postgres import server
from tests.valkey import broker

pytestmark = pytest.mark.system

README = PROJECT / "README.md"
CHINESE = PROJECT / "README.zh-CN.md"
DOCS = PROJECT / "docs"


def block(page: Path, word: str) -> Block:
    [found] = [each for each in blocks(page) if each.language == "sh" and each.word == word]
    return found


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository(tmp_path_factory.mktemp("repository"))


@pytest.fixture
def fresh_terminal(url: Path, tmp_path: Path) -> Terminal:
    return newcomers_terminal(url, tmp_path)


@pytest.fixture(scope="module")
def terminal(url: Path, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    return newcomers_terminal(url, tmp_path_factory.mktemp("newcomer"))


def newcomers_terminal(url: Path, folder: Path) -> Terminal:
    """A terminal in a fresh clone, made by the README's own lines and set up."""
    (folder / "home").mkdir()
    made = Terminal(folder, newcomer(folder / "home"), {"<URL of this repository>": str(url)})
    for command in statements(block(README, "clone").text):
        made.type(command)
    assert made.folder == folder / "paidan"
    set_up(made.folder)
    return made


@pytest.fixture(scope="module")
def second_terminal(terminal: Terminal, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """A second terminal, in which the README was typed to its end while the first runs everything."""
    log = tmp_path_factory.mktemp("up") / "output"
    with terminal.background(block(README, "background"), log, ready="ready: http") as ready:
        wanted = {
            "dispatch board noc": "F00000001-1",
            "dispatch tickets --json": "C00000002",
        }
        terminal.read(README, wanted)
        terminal.instead["http://127.0.0.1:8000"] = ready.removeprefix("ready: ")
        yield terminal


def shown(terminal: Terminal, ticket: str) -> Any:
    return json.loads(terminal.type(f"dispatch show {ticket} --json"))


def test_the_two_commands_lead_to_the_demonstration_and_the_tests(terminal: Terminal) -> None:
    language, demo, tests = statements(block(README, "dry").text)
    terminal.type(language)
    assert ".venv/bin/dispatch demo" in terminal.type(f"{demo} --dry-run")
    assert ".venv/bin/python -m pytest" in terminal.type(f"{tests} --dry-run")


def test_the_readmes_fault_travels_from_the_counter_to_the_archive_and_the_survey(second_terminal: Terminal) -> None:
    fault = shown(second_terminal, "F00000001")
    assert (fault["ticket"]["state"], fault["ticket"]["outcome"]) == ("closed", "satisfied")
    assert [hop["team"] for hop in fault["hops"]] == ["noc", "installer", "archive", "callback-survey"]
    assert len(fault["records"]) == 1


def test_the_readmes_commands_print_what_it_shows(second_terminal: Terminal) -> None:
    assert second_terminal.unlike == []
    [chinese] = [each.text for each in blocks(CHINESE) if each.language == "text"]
    assert bare(chinese) in bare(second_terminal.type("DISPATCH_LANG=zh dispatch rules explain F00000001"))


def test_the_readmes_account_is_opened_and_its_slip_printed(second_terminal: Terminal) -> None:
    assert (second_terminal.folder / "slip.pdf").read_bytes().startswith(b"%PDF")
    assert shown(second_terminal, "C00000002")["ticket"]["account"] == "kd0000000002"


def test_the_state_lies_in_the_folder_that_the_readme_names(second_terminal: Terminal) -> None:
    assert (Path(second_terminal.environment["HOME"]) / ".local/share/paidan/paidan.db").exists()


def test_a_clerk_works_at_the_counter_as_its_page_says(second_terminal: Terminal) -> None:
    second_terminal.instead |= {"C00000001": "C00000003", "S000000001": "S000000002", "kd0000000001": "kd0000000003"}
    second_terminal.instead |= {"00000001.": "00000002.", " 00000001": " 00000002", '"00000001"': '"00000002"'}
    second_terminal.read(DOCS / "counter.md", {"dispatch board construction": "C00000003-2"})
    built = shown(second_terminal, "C00000003")
    assert [hop["finding"] for hop in built["hops"]][:2] == ["provisioned", "installed"]
    assert (second_terminal.folder / "invoice.pdf").read_bytes().startswith(b"%PDF")
    assert second_terminal.unlike == []


@pytest.mark.parametrize("page", [README, CHINESE])
def test_both_readmes_name_the_first_hour_and_the_time_zone(page: Path) -> None:
    text, typed = page.read_text(encoding="utf-8"), statements(block(page, "first-hour").text)
    assert [each.split()[1] for each in typed] == ["doctor", "backup", "user"]
    assert typed == statements(block(README, "first-hour").text)
    for named in (
        "crew add",
        "crew remove",
        "crew show",
        "user role",
        "user work",
        "user disable",
        "DISPATCH_TIMEZONE",
    ):
        assert f"`{named}`" in text


@pytest.fixture
def servers(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The values that the page of several machines cannot know: a PostgreSQL and a broker with passwords."""
    port, password = free_port(), "Kd9wxTz4"
    turn = tmp_path_factory.getbasetemp().parent / "postgres.turn"
    with server(turn, port) as admin, broker(tmp_path, "--requirepass", password, "--appendonly", "yes") as broker_port:
        with psycopg.connect(admin.replace("+psycopg", ""), autocommit=True) as made:
            made.execute("ALTER SYSTEM RESET ALL")  # as durable as an operator's
            made.execute("SELECT pg_reload_conf()")
            made.execute(f"CREATE ROLE paidan LOGIN PASSWORD '{password}'")
            made.execute("CREATE DATABASE paidan OWNER paidan")
        yield {
            "postgresql+psycopg://paidan:<password>@<host>/paidan": f"postgresql+psycopg://paidan:{password}@127.0.0.1:{port}/paidan",
            "redis://:<password>@<host>:6379/0": f"redis://:{password}@127.0.0.1:{broker_port}/0",
            "<another password>": password,
        }


def test_several_machines_are_set_up_from_nothing_and_the_doctor_finds_nothing_wrong(
    fresh_terminal: Terminal, servers: dict[str, str]
) -> None:
    fresh_terminal.instead |= servers
    own = {"DISPATCH_FLOWER_PORT": str(free_port()), "DISPATCH_LANG": "en"}
    fresh_terminal.environment = {**fresh_terminal.environment, **own}
    with contextlib.ExitStack() as running:
        fresh_terminal.read(DOCS / "distributed.md", {"dispatch doctor": "a simulated system sends"}, running)
        flower = f"http://127.0.0.1:{fresh_terminal.environment['DISPATCH_FLOWER_PORT']}"
        asked = eventually(lambda: httpx2.get(f"{flower}/workers"))
        assert asked.status_code == 401
        assert httpx2.get(f"{flower}/workers", auth=("paidan", servers["<another password>"])).status_code == 200


def test_a_program_looks_at_a_board_and_claims_a_hop_as_the_page_of_the_api_says(second_terminal: Terminal) -> None:
    second_terminal.read(DOCS / "api.md", {})
    assert shown(second_terminal, second_terminal.environment["FAULT"])["hops"][0]["holder"] == "zhao"


def test_a_running_desk_is_examined_and_backed_up_as_the_page_of_operation_says(second_terminal: Terminal) -> None:
    second_terminal.read(DOCS / "operate.md", {})
    assert (second_terminal.folder / "paidan-20260302.backup").stat().st_mode & 0o777 == 0o600


def test_the_first_hour_of_a_real_desk_goes_as_the_readme_says(second_terminal: Terminal) -> None:
    """The last of the module: from its first user on, the names of the other pages' commands would have to be users."""
    *_, added = [second_terminal.type(each) for each in statements(block(README, "first-hour").text)]
    name, password = added.split()
    assert (name, bool(password)) == ("gao", True)
    assert (second_terminal.folder / "first.backup").stat().st_mode & 0o777 == 0o600
