"""The counter's page: the forms of the user's operations, each made from its request, and no customer in any URL."""

from __future__ import annotations

import re

from dispatch.accounts.catalogue import OPERATIONS
from dispatch.accounts.proof import SEND
from dispatch.domain.roles import AT_THE_COUNTER, Role
from dispatch.web.pages.counter import form
from tests.accounts.factories import PLANS
from tests.web.conftest import Web

HTML = {"Accept": "text/html"}


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


def test_a_form_has_every_field_of_its_request_with_the_chinese_label_first(small_web: Web) -> None:
    chen = small_web.browser("chen", Role.CLERK)
    chen.cookies.set("paidan_lang", "en")
    page = chen.get("/counter", headers=HTML).text
    for name in ("holder.name", "holder.document_number", "plan", "payment.amount", "scans"):
        assert f'name="{name}"' in page
    assert re.search(r'for="open-holder.mobile">联系手机\s+<span class="en" lang="en">mobile number</span>', page)
    opening = form("open", PLANS)
    assert [part.folded for part in form("transfer", PLANS).parts if part.title] == [False, True, True]
    assert next(f for part in opening.parts for f in part.fields if f.name == "plan").choices[0].pay == "200.00"


def test_no_form_of_the_page_puts_its_input_into_a_url(small_web: Web) -> None:
    whole = small_web.browser("chen", Role.CLERK).get("/counter", headers=HTML).text
    page = whole[whole.index("<main") :]  # the search at every page's head has its words in the address
    assert not re.search(r'data-api="GET|method="get"', page)
    assert all(
        method == "POST" or path == "/api/v1/session" for method, path in re.findall(r'data-api="(\w+) (\S+)"', page)
    )
