"""受理单: the code on a slip leads to its page and tells a stranger nothing."""

from __future__ import annotations

import re

from dispatch.domain.roles import Grant, Role
from tests.accounts import factories as books
from tests.web.conftest import API, Web

HTML = {"Accept": "text/html"}


def slip(web: Web) -> tuple[str, str]:
    """An opened account: its number, and the serial of its slip."""
    account = books.opened(web.database, books.counter(web.rulebook))
    return account, "S000000001"


def test_counter_staff_see_the_operation_and_open_the_paper(web: Web) -> None:
    account, serial = slip(web)
    clerk = web.browser("chen", Role.CLERK)
    page = clerk.get(f"/slips/{serial}", headers=HTML)
    assert page.status_code == 200
    for told in ("开户", serial, account):
        assert told in page.text
    assert f'href="{API}/slips/{serial}"' in page.text
    assert clerk.get(f"{API}/slips/{serial}").headers["content-type"] == "application/pdf"


def test_a_stranger_is_led_to_the_sign_in_whether_the_slip_exists_or_not(small_web: Web) -> None:
    account, serial = slip(small_web)
    answers = [
        small_web.client().get(f"/slips/{each}", headers=HTML, follow_redirects=False)
        for each in (serial, "S000000999")
    ]
    assert [answer.status_code for answer in answers] == [303, 303]
    page = small_web.client().get(answers[0].headers["location"], headers=HTML).text
    assert "10086" in page
    assert account not in page


def test_a_slip_is_hidden_from_other_areas_and_from_teams(small_web: Web) -> None:
    _, serial = slip(small_web)
    elsewhere = small_web.browser("elsewhere", Grant(Role.CLERK, frozenset({"nowhere"})))
    assert elsewhere.get(f"/slips/{serial}", headers=HTML).status_code == 404
    assert small_web.browser("zhao", Role.NOC).get(f"/slips/{serial}", headers=HTML).status_code == 403


def test_papers_printed_again_after_the_zone_was_changed_are_the_same(small_web: Web) -> None:
    _, serial = slip(small_web)
    clerk = small_web.browser("chen", Role.CLERK)
    papers = [f"{API}/slips/{serial}", f"{API}/invoices/00000001"]

    def printed() -> list[bytes]:
        return [clerk.get(paper).content for paper in papers]

    first, page = printed(), clerk.get(f"/slips/{serial}", headers=HTML).text
    assert all(content.startswith(b"%PDF") for content in first)
    small_web.installation.settings = small_web.installation.settings.model_copy(
        update={"timezone": "America/New_York"}
    )
    assert printed() == first
    assert clerk.get(f"/slips/{serial}", headers=HTML).text.count(_time(page)) == 1


def _time(page: str) -> str:
    """The time of acceptance that a slip's page shows."""
    found = re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", page)
    assert found is not None
    return found[0]
