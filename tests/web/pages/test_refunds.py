"""The refund desk's page: the failed orders of the caller's areas, masked, each with its three steps."""

from __future__ import annotations

import re

from dispatch.domain.naming import masked_mobile
from dispatch.domain.roles import Grant, Role
from tests.accounts import factories as a
from tests.web.conftest import Web
from tests.web.prepared_changes import give_counter

HTML = {"Accept": "text/html"}


def test_clerk_and_manager_have_each_failed_order_with_contact_appointment_and_refund(small_web: Web) -> None:
    number = a.failed(small_web.database, give_counter(small_web))
    order = f"C{a.order_of(small_web.database, number):08d}"
    for name, role in (("chen", Role.CLERK), ("xu", Role.COMMUNITY_MANAGER)):
        page = small_web.browser(name, Grant(role, frozenset({"tianhe"}))).get("/refunds", headers=HTML).text
        assert f'data-order="{order}"' in page
        assert re.findall(r'data-api="POST /api/v1/accounts/([a-z]+)"', page) == ["contact", "appoint", "refund"]
        assert masked_mobile(a.mobile()) in page
        assert a.mobile() not in page
        assert "无法布线" in page
        assert "No way for the cable" not in page, "a page has one language"
        assert f'value="{number}"' in page
        assert 'href="/refunds"' in page
    elsewhere = small_web.browser("wu", Grant(Role.CLERK, frozenset({"panyu"}))).get("/refunds", headers=HTML).text
    assert "没有待退的单" in elsewhere
    noc = small_web.browser("li", Role.NOC).get("/refunds", headers=HTML)
    assert (noc.status_code, 'href="/refunds"' in noc.text) == (403, False)
