"""The counter's page: the forms of the user's operations, each made from its request, and no customer in any URL."""

from __future__ import annotations

import re

from dispatch.accounts.catalogue import OPERATIONS
from dispatch.accounts.proof import SEND
from dispatch.domain.roles import AT_THE_COUNTER, Role
from dispatch.domain.suspension import BY_MISTAKE, MEANT_BY, SET_BY
from dispatch.web.pages.counter import form
from tests import factories as f
from tests.accounts.factories import PLANS
from tests.web.conftest import Web

HTML = {"Accept": "text/html"}
SUPERVISED = {kind for kind, roles in SET_BY.items() if Role.SUPERVISOR in roles}


def kinds(text: str) -> set[str]:
    return set(re.findall(r'data-api="POST /api/v1/accounts/([a-z-]+)"', text))


def test_a_clerk_has_the_form_of_every_operation_and_other_roles_have_fewer(small_web: Web) -> None:
    clerk = small_web.browser("chen", Role.CLERK).get("/counter", headers=HTML)
    assert clerk.status_code == 200
    assert kinds(clerk.text) == set(OPERATIONS) - {SEND}  # a code is sent from the form that needs it
    manager = small_web.browser("xu", Role.COMMUNITY_MANAGER).get("/counter", headers=HTML)
    theirs = {kind for kind, roles in AT_THE_COUNTER.items() if Role.COMMUNITY_MANAGER in roles}
    assert kinds(manager.text) == theirs - {"view"}, "the view is masked: only a clerk has the form that unmasks"
    assert "data-view" in manager.text
    agent = small_web.browser("he", Role.AGENT_10086).get("/counter", headers=HTML)
    assert (kinds(agent.text), "data-fault" in agent.text) == ({"register-demand", "suspend"}, True)
    assert "data-view" in agent.text
    assert small_web.browser("li", Role.NOC).get("/counter", headers=HTML).status_code == 403


def test_a_form_has_every_field_of_its_request_and_its_label_in_the_language_of_the_page(small_web: Web) -> None:
    chen = small_web.browser("chen", Role.CLERK)
    assert re.search(r'for="open-holder.mobile">联系手机</label>', chen.get("/counter", headers=HTML).text)
    chen.cookies.set("paidan_lang", "en")
    page = chen.get("/counter", headers=HTML).text
    for name in ("holder.name", "holder.document_number", "plan", "payment.amount", "scans"):
        assert f'name="{name}"' in page
    assert re.search(r'for="open-holder.mobile">mobile number</label>', page)
    assert re.findall(r"<label[^>]*>[^<]*[\u4e00-\u9fff][^<]*<", page) == [], "a Chinese word in an English page"
    opening = form("open", PLANS)
    assert [part.folded for part in form("transfer", PLANS).parts if part.title] == [False, False, True, True]
    plan = next(each for part in opening.parts for each in part.fields if each.name == "plan")
    assert plan.choices[0].pay == "200.00"


def test_no_form_of_the_page_puts_its_input_into_a_url(small_web: Web) -> None:
    whole = small_web.browser("chen", Role.CLERK).get("/counter", headers=HTML).text
    page = whole[whole.index("<main") :]  # the search at every page's head has its words in the address
    assert not re.search(r'data-api="GET|method="get"', page)
    assert all(
        method == "POST" or path == "/api/v1/session" for method, path in re.findall(r'data-api="(\w+) (\S+)"', page)
    )


def options(page: str, field: str) -> set[str]:
    """The values of a choice, without the empty one."""
    (choice,) = re.findall(rf'<select[^>]* id="{field}".*?</select>', page, re.DOTALL)
    return set(re.findall(r'<option value="([^"]+)"', choice))


def test_a_supervisor_finds_the_customer_and_has_the_forms_of_what_is_a_supervisors_to_do(small_web: Web) -> None:
    gao = small_web.browser("gao", Role.SUPERVISOR)
    page = gao.get("/counter", headers=HTML).text
    assert kinds(page) == {"suspend", "resume"}
    assert "data-find" in page
    assert "data-fault" not in page, "supervisors take no reports"
    assert "counter_script.js" not in page
    assert "data-view" not in page
    assert 'href="/counter"' in page
    assert options(page, "suspend-reason") == {reason for reason, kind in MEANT_BY.items() if kind in SUPERVISED}
    assert options(page, "resume-reason") == {"abuse-ended", "order-lifted", BY_MISTAKE}
    f.account(small_web.database)
    found = gao.post("/api/v1/customers/find", json={"account": "GZ1"}).json()["items"]
    assert [each["account"] for each in found] == ["GZ1"]
    assert "13800138000" not in str(found)


def test_a_form_offers_the_reasons_that_its_user_may_give_and_no_field_that_they_could_not_use(
    small_web: Web,
) -> None:
    clerk = small_web.browser("chen", Role.CLERK).get("/counter", headers=HTML).text
    of_clerks = {reason for reason, kind in MEANT_BY.items() if Role.CLERK in SET_BY[kind]}
    assert options(clerk, "suspend-reason") == of_clerks
    assert '<optgroup label="停机保号">' in clerk
    agent = small_web.browser("he", Role.AGENT_10086).get("/counter", headers=HTML).text
    assert options(agent, "suspend-reason") == {"lost-password", "lost-document"}
    assert 'name="document_number"' in agent
    assert "data-send-code" not in agent, "a hotline has no codes sent"
    assert "data-scan-file" not in agent, "nor has it papers"


def test_a_field_is_shown_with_the_reasons_that_ask_for_it(small_web: Web) -> None:
    page = small_web.browser("gao", Role.SUPERVISOR).get("/counter", headers=HTML).text
    (authority,) = re.findall(r'data-for="([^"]+)" hidden>\s*<label[^>]* for="suspend-authority"', page)
    assert set(authority.split()) == {"official-order", "fraud-risk"}
    assert [part.title.en for part in form("suspend", PLANS).parts if part.title and part.reasons] == [
        "Agent, if one acts for the customer",
        "Payment",
    ]
    months = next(each for part in form("suspend", PLANS).parts for each in part.fields if each.name == "months")
    assert (months.is_number, set(months.reasons)) == (True, {"customer-request", "away", "vacant", "other"})
    clerk = small_web.browser("chen", Role.CLERK).get("/counter", headers=HTML).text
    assert re.search(r'name="months"[^>]* data-kind="number"', clerk), "a number is sent as one"
