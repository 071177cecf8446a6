"""Boards as pages: their readers, the acts offered to each, and forms made from the rules."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from dispatch.domain.roles import Grant, Role
from dispatch.routing import loader
from dispatch.storage import crew
from dispatch.tickets import handling
from dispatch.tickets.handling import Claim
from tests import factories as f
from tests.users import user
from tests.web.conftest import API, Web

HTML = {"Accept": "text/html"}
YUEXIU = frozenset({"yuexiu"})


def page(client: TestClient, path: str, status: int = 200, **headers: str) -> str:
    answer = client.get(path, headers={**HTML, **headers})
    assert answer.status_code == status, answer.text
    return answer.text


def acts(text: str) -> set[str]:
    """Return the acts that the forms of a page do."""
    return {each.rpartition("/")[2] for each in re.findall(r'data-api="POST (/api/v1/(?:hops|tickets)/[^"]+)"', text)}


def column(text: str, state: str) -> str:
    found = re.search(rf'<section id="column-{state}".*?</section>', text, re.DOTALL)
    assert found is not None
    return found[0]


def at_installers(web: Web, number: str = "GZ1") -> str:
    """A fault that NOC has sent to the installers, on their board; the hop's name."""
    made = web.fault(number)
    f.reported(web.database, web.rulebook, made.ticket_id, f.NOC, "outside-plant", test_result="收光 -31 dBm")
    f.on_board(web.database, web.rulebook, made.ticket_id)
    return f"{made.number}-2"


def in_hand(web: Web, hop: str, actor: Any = f.INSTALLER) -> str:
    hop_id = f.live_id(web.database, int(hop[1:9]))
    with web.database.write() as tx:
        handling.claim(tx, web.rulebook, Claim(hop_id, actor), web.now)
    return hop


def test_a_board_shows_waiting_claimed_and_held_hops_with_ones_own_first(small_web: Web) -> None:
    for n, actor in ((1, f.INSTALLER), (2, None), (3, f.INSTALLER)):
        hop = at_installers(small_web, f"GZ{n}")
        if actor:
            in_hand(small_web, hop, actor)
    with small_web.database.write() as tx:
        until = small_web.now + timedelta(hours=1)
        handling.hold(tx, small_web.rulebook, f.live_id(small_web.database, 3), until, "x", f.INSTALLER, small_web.now)
    text = page(small_web.browser("li.wei", Role.INSTALLER), "/teams/installer")
    for state, number in (("waiting", 2), ("claimed", 1), ("held", 3)):
        assert re.findall(r'id="job-(F\d+)-2"', column(text, state)) == [f"F{number:08d}"]
    assert acts(column(text, "waiting")) == {"claim"}
    assert acts(column(text, "held")) == {"resume"}


def test_a_board_is_shown_to_its_team_in_its_areas_and_to_nobody_else(small_web: Web) -> None:
    hop = at_installers(small_web)
    assert hop in page(small_web.browser("li.wei", Role.INSTALLER), "/teams/installer")
    elsewhere = small_web.browser("far", Grant(Role.INSTALLER, YUEXIU))
    assert hop not in page(elsewhere, "/teams/installer")
    page(elsewhere, f"/teams/installer/hops/{hop}", 404)
    page(small_web.browser("sun", Role.TRANSMISSION), "/teams/installer", 403)
    page(small_web.browser("sun2", Role.TRANSMISSION), f"/teams/installer/hops/{hop}", 404)
    page(small_web.browser("zhao", Role.NOC), f"/teams/noc/hops/{hop}", 404)


def test_a_hop_under_way_to_its_board_already_has_a_page(small_web: Web) -> None:
    """A ticket's page links to the hop before a worker has put it on the board."""
    made = small_web.fault("GZ1")
    text = page(small_web.browser("zhao", Role.NOC), f"/teams/noc/hops/{made.number}-1")
    assert f"{made.number}-1" in text
    assert acts(text) == set()


def test_operations_see_a_board_without_customers(small_web: Web) -> None:
    hop = at_installers(small_web)
    ops = small_web.browser("ops", Role.OPS)
    for path in ("/teams/installer", f"/teams/installer/hops/{hop}"):
        text = page(ops, path)
        assert hop in text
        for secret in ("GZ1", "断网", "13800138000", "收光 -31 dBm"):
            assert secret not in text, (path, secret)
        assert acts(text) == set()


def test_a_hops_page_offers_exactly_the_acts_that_its_visitor_may_do(small_web: Web) -> None:
    hop = at_installers(small_web)
    path = f"/teams/installer/hops/{hop}"
    holder = small_web.browser("li.wei", Role.INSTALLER)
    mate = small_web.browser("zhou", Role.INSTALLER)
    supervisor = small_web.browser("gao", Role.SUPERVISOR)
    assert acts(page(holder, path)) == {"claim"}
    assert acts(page(supervisor, path)) == {"pass-on"}
    assert holder.post(f"{API}/hops/{hop}/claim", json={}).status_code == 200
    assert acts(page(holder, path)) == {"visit", "set-out", "report", "hold", "pass-on", "hand-back", "give-back"}
    assert acts(page(mate, path)) == set()
    assert acts(page(supervisor, path)) == {"override", "pass-on"}
    assert "on_behalf_of" not in page(supervisor, path)


@pytest.mark.parametrize(("language", "agreed", "gone"), [("zh", "下午", "出发"), ("en", "in the afternoon", "Set")])
def test_a_hops_page_says_what_the_customer_was_told_of_the_visit(
    small_web: Web, language: str, agreed: str, gone: str
) -> None:
    hop = at_installers(small_web)
    holder = small_web.browser("li.wei", Role.INSTALLER)
    asked = {"visit": {"day": f.NOW.date().isoformat(), "part": "afternoon"}, "set-out": {"phone": "13800138009"}}
    assert holder.post(f"{API}/hops/{hop}/claim", json={}).status_code == 200
    for act, body in asked.items():
        assert holder.post(f"{API}/hops/{hop}/{act}", json=body).status_code == 200
    holder.cookies.set("paidan_lang", language)
    told = re.findall(r'data-told="[^"]*">(.*?)</p>', page(holder, f"/teams/installer/hops/{hop}"), re.S)
    assert [agreed in told[0], gone in told[1], len(told)] == [True, True, 2]


def test_a_hop_that_no_team_asked_for_offers_no_hand_back(small_web: Web) -> None:
    number = small_web.on_board()
    noc = small_web.browser("zhao", Role.NOC)
    noc.post(f"{API}/hops/{number}/claim", json={})
    assert acts(page(noc, f"/teams/noc/hops/{number}-1")) == {"report", "hold", "pass-on", "give-back"}


def test_network_service_support_acts_for_one_of_the_crew_and_the_page_says_so(small_web: Web) -> None:
    hop = at_installers(small_web)
    for name in ("li.wei", "far.away"):
        user(small_web.database, name, Role.INSTALLER)
    with small_web.database.write() as tx:
        crew.add(tx, "installer", "li.wei", "tianhe")
        crew.add(tx, "installer", "far.away", "yuexiu")
    support = small_web.browser("wang", Role.NETWORK_SERVICE_SUPPORT)
    assert acts(page(support, "/teams/installer")) == set(), "no claim by one tap: it isn't said for whom"
    path = f"/teams/installer/hops/{hop}"
    text = page(support, path)
    assert "<option>li.wei</option>" in text
    assert "far.away" not in text
    support.post(f"{API}/hops/{hop}/claim", json={"on_behalf_of": "li.wei"})
    text = page(support, path)
    assert acts(text) == {"report", "pass-on", "hand-back", "give-back"}
    assert text.count('name="on_behalf_of" value="li.wei"') == 4
    assert "您代 li.wei 办理" in text


def test_a_reports_form_asks_for_the_evidence_that_the_rules_require(small_web: Web) -> None:
    hop = in_hand(small_web, at_installers(small_web))
    text = page(small_web.browser("li.wei", Role.INSTALLER), f"/teams/installer/hops/{hop}")
    fixed = part_of(text, "fixed-on-site")
    assert re.search(r'type="number"[^>]* data-kind="number"[^>]* min="-40" max="10" required', fixed)
    assert fixed.count('name="evidence.cause"') == 8
    assert fixed.count('name="evidence.customer-confirmed"') == 2
    assert 'data-kind="yes-no" required' in fixed
    assert re.search(r'name="evidence.remark"[^>]*maxlength="2000">', fixed), "what is optional isn't required"
    assert "工单归档" in fixed
    assert "网络维护·传输" in part_of(text, "line-fault")


def part_of(text: str, finding: str) -> str:
    found = re.search(
        rf'<fieldset data-finding="{finding}".*?(?=<fieldset data-finding|<button class="btn btn-primary)',
        text,
        re.DOTALL,
    )
    assert found is not None
    return found[0]


def test_a_rule_added_to_the_file_appears_in_the_form_with_its_target(
    small_web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = small_web.rulebook.text.replace(
        "findings:\n  fixed:",
        "findings:\n  dug-up:\n    title: {zh: 光缆被挖断, en: Cable dug up}\n    evidence: [depth]\n  fixed:",
    ).replace(
        "evidence:\n  test-result:",
        "evidence:\n  depth:\n    title: {zh: 埋深, en: Depth}\n    kind: number\n    unit: m\n    least: 0\n"
        "  test-result:",
    )
    more = more.replace(
        "        fixed-on-site: archive\n",
        "        fixed-on-site: archive\n        dug-up:\n"
        "          - {when: {depth: {at_least: 2}}, to: transmission}\n"
        "          - {when: {category: system}, to: system-support}\n          - {to: noc}\n",
    )
    rulebook = loader.parse(more, "more.yaml")
    hop = in_hand(small_web, at_installers(small_web))
    monkeypatch.setattr(small_web.installation, "rulebook", lambda: rulebook)
    browser = small_web.browser("li.wei", Role.INSTALLER)
    dug = part_of(page(browser, f"/teams/installer/hops/{hop}"), "dug-up")
    assert re.search(r'name="evidence.depth"[^>]* min="0" required', dug)
    said = re.sub(r"\s+|<[^>]+>", " ", dug)
    assert re.search(r"埋深 ≥ 2 m： → 网络维护·传输 ；否则： → 网管监控", re.sub(r" +", " ", said)), said
    assert "业务支撑" not in dug, "of what is known of the ticket nothing is left open"


def test_the_findings_of_earlier_teams_are_shown_to_the_next(small_web: Web) -> None:
    hop = at_installers(small_web)
    text = page(small_web.browser("li.wei", Role.INSTALLER), f"/teams/installer/hops/{hop}")
    assert "局外障碍" in text
    assert "收光 -31 dBm" in text


def test_a_board_is_english_for_users_who_chose_it(small_web: Web) -> None:
    hop = in_hand(small_web, at_installers(small_web))
    browser = small_web.browser("li.wei", Role.INSTALLER)
    browser.cookies.set("paidan_lang", "en")
    board, form = page(browser, "/teams/installer"), page(browser, f"/teams/installer/hops/{hop}")
    for word in ("Waiting", "In hand", "On hold", "Report", "Nothing waits"):
        assert word in board
    for word in ("Fixed on site", "Received optical power", "Customer confirmed", "Hand back", "Outside-plant fault"):
        assert word in form
    for text in (board, form):
        assert not re.findall(r"[一-鿿]+", re.sub(r"断网|收光 -31 dBm|派单|中文", "", text)), "one language a page"


def test_a_long_board_is_continued_by_a_cursor(small_web: Web) -> None:
    made = [f"{small_web.on_board(f'GZ{n}')}-1" for n in range(5)]
    noc = small_web.browser("zhao", Role.NOC)
    read, path = [], "/teams/noc?limit=2"
    for _ in range(3):
        text = page(noc, path)
        read += re.findall(r'id="job-([^"]+)"', text)
        more = re.search(r'href="(/teams/noc\?state=waiting[^"]+)"', text)
        if more is None:
            break
        path = more[1].replace("&amp;", "&") + "&limit=2"
    assert read == made


def test_a_part_of_a_board_is_refreshed_without_the_page_around_it(small_web: Web) -> None:
    small_web.on_board()
    part = page(small_web.browser("zhao", Role.NOC), "/teams/noc", 200, **{"HX-Request": "true"})
    assert part.lstrip().startswith('<div class="container-xl board')
    assert "<dialog" not in part, "a form that is open stays as it is"


def test_an_agent_calls_a_customer_who_answers_no_message(small_web: Web) -> None:
    made = small_web.fault()
    f.archived(small_web.database, small_web.rulebook, made.ticket_id)
    agent = small_web.browser("he", Role.AGENT_10086)
    board = page(agent, "/teams/callback-survey")
    assert f'href="/teams/callback-survey/hops/{made.number}-3"' in board
    assert "电话回访" in board
    form = page(agent, f"/teams/callback-survey/hops/{made.number}-3")
    assert acts(form) == {"answer"}
    assert 'value="not-fixed"' in form
    watching = page(small_web.browser("gao", Role.SUPERVISOR), f"/teams/callback-survey/hops/{made.number}-3")
    assert acts(watching) == set()


def test_callback_survey_is_the_only_automatic_team_with_a_board(small_web: Web) -> None:
    agent = page(small_web.browser("he", Role.AGENT_10086), "/teams/callback-survey")
    assert '<a class="nav-link" href="/teams/callback-survey"' in agent
    clerk = page(small_web.browser("chen", Role.CLERK), "/teams/refund-desk")
    assert 'nav-link" href="/teams/' not in clerk
    assert "待回访" not in clerk
    assert "column-claimed" not in clerk
