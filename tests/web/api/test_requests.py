"""装维请求 by the API, on the page and at the terminal: who asked whom for what, and for how long."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from dispatch.cli import requests as cli
from dispatch.domain.roles import Role
from tests import factories as f
from tests.web.conftest import API, Web

HTML = {"Accept": "text/html"}


@pytest.fixture
def ticket(small_web: Web) -> str:
    """The number of a ticket for which an installer has asked transmission."""
    made = small_web.fault()
    database, rulebook = small_web.database, small_web.rulebook
    f.reported(database, rulebook, made.ticket_id, f.NOC, "outside-plant", test_result="-31 dBm")
    f.reported(database, rulebook, made.ticket_id, f.INSTALLER, "line-fault", location="12 号箱")
    f.on_board(database, rulebook, made.ticket_id)
    return made.number


def test_support_reads_what_installers_asked_and_teams_do_not(small_web: Web, ticket: str) -> None:
    support = small_web.program("wang", Role.NETWORK_SERVICE_SUPPORT)
    (told,) = support.get(f"{API}/requests").json()["items"]
    assert (told["ticket"], told["asker_team"], told["asker"], told["team"]) == (
        ticket,
        "installer",
        "li.wei",
        "transmission",
    )
    assert (told["finding"], told["evidence"]["location"], told["late"]) == ("line-fault", "12 号箱", False)
    assert small_web.program("sun", Role.TRANSMISSION).get(f"{API}/requests").status_code == 403


def test_the_page_says_it_in_words_of_its_language(small_web: Web, ticket: str) -> None:
    support = small_web.browser("wang", Role.NETWORK_SERVICE_SUPPORT)
    small_web.now += timedelta(minutes=20)
    page = support.get("/requests", headers=HTML).text
    for words in (ticket, "装维 li.wei → 网络维护·传输", "待接单", "管线故障", "12 号箱", "已等 20分钟"):
        assert words in page, words
    assert 'href="/requests"' in support.get("/devices", headers=HTML).text, "it is in the navigation"
    support.cookies.set("paidan_lang", "en")
    page = support.get("/requests", headers=HTML).text
    assert "Installers li.wei → Transmission" in page
    assert "网络维护" not in page
    elsewhere = small_web.browser("gao", Role.SUPERVISOR)
    assert ticket in elsewhere.get("/requests", headers=HTML).text


def test_the_terminal_lists_them_too(small_web: Web, ticket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "now", lambda: small_web.now + timedelta(hours=2))
    support = ("--as", "wang", "--role", "network-service-support")
    small_web.program("wang", Role.NETWORK_SERVICE_SUPPORT)
    shown = CliRunner().invoke(cli.app, support, env={"DISPATCH_LANG": "zh", "COLUMNS": "120"})
    assert shown.exit_code == 0, shown.output
    assert all(words in shown.stdout for words in (ticket, "装维 li.wei", "管线故障", "12 号箱", "2.0 h")), shown.stdout
    (told,) = json.loads(CliRunner().invoke(cli.app, (*support, "--json")).stdout)
    assert (told["ticket"], told["team"], told["finding"]) == (ticket, "transmission", "line-fault")
