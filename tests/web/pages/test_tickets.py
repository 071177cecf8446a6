"""工单: the readers of a ticket's page, its contents, and the acts that it offers."""

from __future__ import annotations

import re
from datetime import timedelta

from starlette.testclient import TestClient

from dispatch.domain.roles import Grant, Role
from dispatch.tickets import closing, followup, intake
from tests import factories as f
from tests.web.conftest import Web

HTML = {"Accept": "text/html"}
DESCRIPTION = "老人独居，请先打电话"


def page(client: TestClient, path: str) -> str:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return answer.text


def travelled(web: Web) -> str:
    """A fault that went to NOC, the installer and transmission, which has claimed it."""
    made = web.fault(description=DESCRIPTION)
    f.reported(web.database, web.rulebook, made.ticket_id, f.NOC, "outside-plant", test_result="收光 -29")
    f.reported(web.database, web.rulebook, made.ticket_id, f.INSTALLER, "line-fault", location="12 号楼")
    f.claimed(web.database, web.rulebook, made.ticket_id, f.TRANSMISSION)
    return made.number


def test_a_tickets_page_tells_where_it_is_how_it_got_there_and_why(web: Web) -> None:
    number = travelled(web)
    shown = page(web.browser("gao", Role.SUPERVISOR), f"/tickets/{number}")
    assert "1 网管监控，2 装维，3 网络维护·传输；现在：网络维护·传输，处理中" in shown
    assert [re.findall(r'class="here"', shown), re.findall(r">(\d)</text></g>", shown)] == [
        ['class="here"'],
        ["1", "2", "3"],
    ]
    for told in ("局外障碍", "收光 -29", "管线故障", "12 号楼", "flows.fault.installer.line-fault", DESCRIPTION):
        assert told in shown, told


def test_a_hop_is_explained_together_with_the_rules_that_did_not_match(small_web: Web) -> None:
    made = small_web.fault()
    evidence = {"test_result": "光路中断，无光", "segment": "optical-path"}
    f.reported(small_web.database, small_web.rulebook, made.ticket_id, f.NOC, "inside-plant", f.NOW, **evidence)
    browser = small_web.browser("gao", Role.SUPERVISOR)
    shown = page(browser, f"/tickets/{made.number}")
    assert "须数据设备、路由，实为光路" in shown
    assert "前面的规则都不符合" in shown
    browser.cookies.set("paidan_lang", "en")
    assert "needs Data equipment, Routing, is Optical path" in page(browser, f"/tickets/{made.number}")


def test_a_ticket_of_another_area_or_of_other_teams_appears_not_to_exist(web: Web) -> None:
    number = travelled(web)
    elsewhere = web.browser("elsewhere", Grant(Role.SUPERVISOR, frozenset({"haizhu"})))
    never_had_it = web.browser("qin", Role.SYSTEM_SUPPORT)
    for client in (elsewhere, never_had_it):
        answer = client.get(f"/tickets/{number}", headers=HTML)
        missing = client.get("/tickets/F99999999", headers=HTML)
        assert (answer.status_code, missing.status_code) == (404, 404)
        assert DESCRIPTION not in answer.text
        assert number not in page(client, "/tickets")


def test_an_ended_ticket_hides_its_customer_from_the_teams_and_not_from_the_desk(web: Web) -> None:
    made = web.fault(description=DESCRIPTION)
    hop_id = f.archived(web.database, web.rulebook, made.ticket_id)
    noc, desk = web.browser("zhao", Role.NOC), web.browser("chen", Role.CLERK)
    assert DESCRIPTION in page(noc, f"/tickets/{made.number}")
    with web.database.write() as tx:
        closing.answer(tx, web.rulebook, f.link(tx, hop_id), "satisfied", f.NOW)
    shown = page(noc, f"/tickets/{made.number}")
    assert DESCRIPTION not in shown
    assert "GZ1" not in shown
    assert "不再显示客户资料" in shown
    assert "数据配置" not in shown  # the evidence
    assert DESCRIPTION in page(desk, f"/tickets/{made.number}")


def test_operations_see_a_tickets_journey_and_not_its_customer(small_web: Web) -> None:
    number = travelled(small_web)
    shown = page(small_web.browser("ops", Role.OPS), f"/tickets/{number}")
    assert "您的角色不查看客户资料" in shown
    for hidden in (DESCRIPTION, "GZ1", "12 号楼", "收光 -29"):
        assert hidden not in shown, hidden


def offered(client: TestClient, number: str) -> set[str]:
    """Return the ends of the API paths used by the page's forms, and the script's."""
    shown = page(client, f"/tickets/{number}")
    forms = set(re.findall(rf'data-api="POST /api/v1/tickets/{number}/([a-z-]+)"', shown))
    return forms | set(re.findall(rf'href="/tickets/{number}/(take-over)"', shown))


def test_a_tickets_page_offers_the_acts_possible_for_its_visitor_in_its_state(small_web: Web) -> None:
    working = travelled(small_web)
    desk, noc = small_web.browser("chen", Role.CLERK), small_web.browser("zhao", Role.NOC)
    calls, hotline = small_web.browser("he", Role.AGENT_10086), small_web.browser("lin", Role.AGENT_10050)
    assert offered(desk, working) == offered(calls, working) == {"urge", "withdraw", "compensations"}
    assert offered(noc, working) == set()
    assert offered(hotline, working) == {"urge"}

    f.account(small_web.database, "GZ2")
    with small_web.database.write() as tx:
        report = intake.FaultReport("GZ2", "no-internet", "断网")
        taken = intake.submit(tx, small_web.rulebook, small_web.script, report, f.AGENT_10050, f.NOW)
    assert offered(hotline, taken.number) == {"transfer", "refer"}
    assert "take-over" in offered(calls, taken.number)

    asked = small_web.fault("GZ3")
    f.archived(small_web.database, small_web.rulebook, asked.ticket_id)
    assert offered(calls, asked.number) == {"answer", "compensations"}
    assert offered(desk, asked.number) == {"compensations"}


def test_an_order_with_a_port_and_a_payment_offers_no_withdrawal(small_web: Web) -> None:
    order = f.order(small_web.database, small_web.rulebook)
    assert "withdraw" not in offered(small_web.browser("chen", Role.CLERK), f"C{order:08d}")


def test_a_transferred_report_is_taken_over_through_the_script(small_web: Web) -> None:
    f.account(small_web.database)
    with small_web.database.write() as tx:
        report = intake.FaultReport("GZ1", "no-internet", "断网")
        made = intake.submit(tx, small_web.rulebook, small_web.script, report, f.AGENT_10050, f.NOW)
        intake.transfer(tx, made.ticket_id, "", f.AGENT_10050, f.NOW)
    agent, path = small_web.browser("he", Role.AGENT_10086), f"/tickets/{made.number}/take-over"
    for question, answer in f.NOT_SOLVED:
        shown = page(agent, path)
        link = next(each for each in re.findall(r'href="(\?[^"]+)"', shown) if each.endswith(f"{question}%3A{answer}"))
        path = f"/tickets/{made.number}/take-over{link.replace('&amp;', '&')}"
    shown = page(agent, path)
    assert "需要派单" in shown
    assert f'data-api="POST /api/v1/tickets/{made.number}/take-over"' in shown
    assert agent.get(f"/tickets/{made.number}/take-over?answer=lights:dark", headers=HTML).status_code == 422
    clerk = small_web.browser("chen", Role.CLERK)
    assert clerk.get(f"/tickets/{made.number}/take-over", headers=HTML).status_code == 403


def test_an_urge_and_the_person_it_was_done_for_are_on_the_page(small_web: Web) -> None:
    number = travelled(small_web)
    with small_web.database.write() as tx:
        followup.urge(tx, small_web.rulebook, 1, "又打来了", f.CLERK, f.NOW + timedelta(hours=1))
    shown = page(small_web.browser("gao", Role.SUPERVISOR), f"/tickets/{number}")
    assert "催单 1" in shown
    assert "又打来了" in shown


def test_a_ticket_is_found_by_its_number_and_an_account_by_its_name(small_web: Web) -> None:
    number = travelled(small_web)
    small_web.fault("GZ2")
    browser = small_web.browser("gao", Role.SUPERVISOR)
    for asked in (number, number.lower(), f" {number} ", "1"):
        answer = browser.get("/tickets/find", params={"q": asked}, follow_redirects=False)
        assert answer.headers["location"].upper() in (f"/TICKETS/{number}", "/TICKETS/1"), asked
    answer = browser.get("/tickets/find", params={"q": "GZ2"}, headers=HTML)
    assert "GZ2" in answer.text
    assert number not in answer.text
    mobile = browser.get("/tickets/find", params={"q": "13800138000"}, follow_redirects=False)
    assert mobile.headers["location"] == "/tickets?account=13800138000"


def test_the_list_keeps_its_filters_from_page_to_page(small_web: Web) -> None:
    for number in range(53):
        small_web.fault(f"GZ{number}")
    browser = small_web.browser("gao", Role.SUPERVISOR)
    first = page(browser, "/tickets?team=noc&area=tianhe&unfinished=true")
    assert "F00000053" in first
    assert "F00000001" not in first
    link = re.search(r'href="(/tickets\?[^"]*cursor=[^"]+)"', first)
    assert link is not None
    second = page(browser, link[1].replace("&amp;", "&"))
    assert "F00000001" in second
    assert '<option value="noc" selected>' in second
    assert "F00000001" not in page(browser, "/tickets?area=haizhu")


def test_users_who_may_list_tickets_find_the_list_in_the_navigation(small_web: Web) -> None:
    assert 'href="/tickets"' in page(small_web.browser("zhao", Role.NOC), "/tickets")
    administrator = small_web.browser("root", Role.ADMINISTRATOR)
    assert 'href="/tickets"' not in page(administrator, "/password")
    assert administrator.get("/tickets", headers=HTML).status_code == 403


def test_a_part_of_a_tickets_page_is_refreshed_without_the_page_around_it(small_web: Web) -> None:
    number = travelled(small_web)
    answer = small_web.browser("gao", Role.SUPERVISOR).get(f"/tickets/{number}", headers={**HTML, "HX-Request": "true"})
    assert answer.text.lstrip().startswith('<div class="container-xl')
    assert "<nav" not in answer.text


def test_a_line_that_waits_for_its_test_says_when_and_later_what_was_found_and_at_what_time(web: Web) -> None:
    made = web.fault()
    hop_id = f.untested(web.database, web.rulebook, made.ticket_id)
    reader = web.browser("gao", Role.SUPERVISOR, Role.NOC)
    pages = (f"/tickets/{made.number}", "/teams/noc", f"/teams/noc/hops/{made.number}-1")
    for path in pages:
        shown = re.sub(r"<[^>]+>", "", page(reader, path))
        assert re.search(r"线路测试系统不可用，再测时间\s+(03-02 )?16:00:10", shown), path
    f.tested_again(web.database, hop_id, f.NOW + timedelta(minutes=5))
    for path in pages:
        shown = re.sub(r"<[^>]+>", "", page(reader, path))
        assert "不可用" not in shown, path
        assert re.search(r"线路补测于\s+(03-02 )?16:05:00", shown), path
        assert "收光 -19.5 dBm" in shown, path
    entry = re.sub(r"<[^>]+>", "", page(reader, pages[0])).partition("操作记录")[2]
    assert re.search(r"线路补测\s+worker 系统\s.*收光 -19.5 dBm", entry)


def test_a_hop_that_ended_untested_waits_for_no_test(web: Web) -> None:
    made = web.fault()
    f.untested(web.database, web.rulebook, made.ticket_id)
    f.reported(web.database, web.rulebook, made.ticket_id, f.NOC, "fixed", cause="fibre")
    shown = page(web.browser("gao", Role.SUPERVISOR), f"/tickets/{made.number}")
    assert "测试不可用" in shown
    assert "再测时间" not in shown
