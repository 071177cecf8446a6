"""The wall: its figures and its readers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from dispatch.domain.roles import Grant, Role
from dispatch.storage import heartbeats
from dispatch.storage.tables import tickets as t
from dispatch.tickets import closing, followup
from tests import factories as f
from tests.web.conftest import API, Web

YUEXIU = frozenset({"yuexiu"})


def figures(web: Web, name: str = "gao", grant: Grant | Role = Role.SUPERVISOR) -> dict[str, Any]:
    told: dict[str, Any] = web.program(name, grant).get(f"{API}/figures").json()
    return told


def big(page: str) -> dict[str, str]:
    """Return the big figures by title."""
    found = re.findall(r"<dt>([^<]+)</dt>\s*<dd>([^<]*)<", page)
    return {title.strip(): " ".join(value.split()) for title, value in found}


def test_the_backlog_is_shown_by_team_with_its_oldest_and_its_late_hops(web: Web) -> None:
    for n, minutes in enumerate((50, 20)):
        made = web.fault(f"GZ{n}", now=web.now - timedelta(minutes=minutes))
        f.on_board(web.database, web.rulebook, made.ticket_id, web.now - timedelta(minutes=minutes))
    with web.database.write() as tx:
        tx.execute(update(t.hop).where(t.hop.c.ticket_id == made.ticket_id).values(late=True))
    told = figures(web)
    oldest = (web.now - timedelta(minutes=50)).isoformat().replace("+00:00", "Z")
    assert told["backlog"]["noc"] == {"hops": 2, "late": 1, "oldest": oldest}
    assert (told["open"], told["late"]) == (2, 1)


def test_a_case_that_came_back_counts_among_the_archived_and_a_no_among_the_answers(web: Web) -> None:
    answers = ("satisfied", "not-fixed", "satisfied")
    for n, answer in enumerate(answers):
        made = web.fault(f"GZ{n}")
        token = f.token(web.database, f.archived(web.database, web.rulebook, made.ticket_id))
        with web.database.write() as tx:
            closing.answer(tx, web.rulebook, token, answer, web.now)
    told = figures(web)
    assert (told["archived"], told["reopened"]) == (3, 1)
    assert (told["answers"], told["answered"], told["satisfied"]) == ({"satisfied": 2, "not-fixed": 1}, 3, 2)
    web.now += timedelta(hours=26)
    told = figures(web, "later")
    assert (told["archived"], told["reopened"], told["answers"], told["arrived"]) == (0, 0, {}, 0)


def test_an_unreachable_customer_does_not_count_as_an_answer(web: Web) -> None:
    made = web.fault()
    f.archived(web.database, web.rulebook, made.ticket_id)
    with web.database.write() as tx:
        closing.answer_by_phone(tx, web.rulebook, made.ticket_id, "unreachable", f.AGENT_10086, web.now)
    told = figures(web)
    assert (told["answers"], told["answered"], told["satisfied"]) == ({"unreachable": 1}, 0, 0)


def test_hops_due_and_not_sent_are_the_relays_lag(web: Web) -> None:
    web.fault(now=web.now - timedelta(seconds=90))
    told = figures(web)
    assert (told["hops"]["due"], told["hops"]["lag"], told["effects"]["lag"]) == (1, 90.0, 0.0)
    f.work(web.database, web.rulebook, web.now)
    assert figures(web, "later")["hops"] == {"due": 0, "lag": 0.0, "quarantined": 0}


def test_a_process_is_alive_while_its_heartbeat_lasts_and_its_successor_takes_over_its_name(web: Web) -> None:
    def beat(name: str, kind: str) -> None:
        with web.database.write() as tx:
            heartbeats.beat(tx, name, kind, web.now, web.now)

    beat("worker1@gz", "worker")
    beat("relay@gz", "relay")
    web.now += heartbeats.SILENCE + timedelta(seconds=1)
    beat("relay@gz", "relay")
    assert [(each["name"], each["alive"]) for each in figures(web)["processes"]] == [
        ("relay@gz", True),
        ("worker1@gz", False),
    ]
    beat("worker1@gz", "worker")
    assert [each["alive"] for each in figures(web, "again")["processes"]] == [True, True]
    web.now += heartbeats.REMEMBERED + timedelta(seconds=1)
    beat("relay@gz", "relay")
    assert [each["name"] for each in figures(web, "later")["processes"]] == ["relay@gz"]


def test_the_wall_shows_the_figures_of_its_viewers_areas(web: Web) -> None:
    for n in range(3):
        web.on_board(f"GZ{n}")
    page = web.browser("gao", Role.SUPERVISOR).get("/wall").text
    shown = big(page)
    assert (shown["在办工单"], shown["24小时新到"], shown["重派率"], shown["回访满意度"]) == ("3", "3", "–", "–")
    assert re.search(r'<th scope="row">网管监控</th><td class="number">3</td>', page)
    assert (shown["工作进程"], shown["隔离"]) == ("0", "0")
    far = web.browser("far", Grant(Role.SUPERVISOR, YUEXIU)).get("/wall").text
    assert (big(far)["在办工单"], "没有待办" in far) == ("0", True)


def test_the_end_of_a_case_updates_the_wall_in_english_too(small_web: Web) -> None:
    browser = small_web.browser("ops", Role.OPS)
    browser.cookies.set("paidan_lang", "en")
    made = small_web.fault()
    before = big(browser.get("/wall").text)
    with small_web.database.write() as tx:
        followup.withdraw(tx, made.ticket_id, "好了", f.CLERK, small_web.now)
    after = big(browser.get("/wall", headers={"HX-Request": "true"}).text)
    assert [(each["Open"], each["Closed, 24 h"]) for each in (before, after)] == [("1", "0"), ("0", "1")]


@pytest.mark.parametrize("role", [Role.NOC, Role.CLERK, Role.INSTALLER, Role.ADMINISTRATOR])
def test_the_wall_is_for_overseers_alone(small_web: Web, role: Role) -> None:
    assert small_web.browser("other", role).get("/wall").status_code == 403
    assert small_web.client().get("/wall", headers={"Accept": "text/html"}, follow_redirects=False).status_code == 303


def test_flower_is_linked_where_it_runs(small_web: Web) -> None:
    browser = small_web.browser("ops", Role.OPS)
    assert "Flower" not in browser.get("/wall").text
    run = small_web.installation.settings.run
    run.mkdir(parents=True)
    (run / "flower.url").write_text("http://127.0.0.1:5555\n")
    assert '<a href="http://127.0.0.1:5555"' in browser.get("/wall").text
