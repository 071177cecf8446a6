"""回访: the page behind the link in a customer's message, which reveals nothing."""

from __future__ import annotations

from datetime import timedelta

from dispatch.routing.rulebook import Rulebook
from dispatch.tickets import closing
from tests import factories as f
from tests.web.conftest import API, Web

HTML = {"Accept": "text/html"}


def asked(web: Web) -> tuple[str, str]:
    """A survey that waits for its customer: the ticket's number and the token."""
    made = web.fault(description="老人独居")
    return made.number, f.token(web.database, f.archived(web.database, web.rulebook, made.ticket_id))


def give_up(web: Web, rulebook: Rulebook) -> None:
    """Give the survey up, as the relay does when a customer hasn't answered for long."""
    hop_id = f.live_id(web.database, 1)
    for _ in range(rulebook.limits.survey_attempts):
        with web.database.write() as tx:
            closing.remind(tx, rulebook, [f.hop(web.database, hop_id)], f.AGENT_10086, f.NOW)
        f.work(web.database, rulebook)
    with web.database.write() as tx:
        now = f.NOW + rulebook.limits.survey_give_up
        closing.remind(tx, rulebook, [f.hop(web.database, hop_id)], f.AGENT_10086, now)


def test_a_customer_answers_by_the_link_alone_and_is_thanked(web: Web) -> None:
    number, token = asked(web)
    customer = web.client()
    page = customer.get(f"/s/{token}", headers=HTML)
    assert page.status_code == 200
    assert number in page.text
    for said in ("您的宽带修好了吗", "修好了", "还没修好", "非常满意", "没按约定时间上门"):
        assert said in page.text
    assert "联系不上" not in page.text  # a customer doesn't answer this
    answer = customer.post(f"{API}/surveys/{token}", json={"fixed": False})
    assert answer.status_code == 200
    thanks = customer.get(f"/s/{token}", headers=HTML).text
    assert "谢谢，已收到您的答复" in thanks
    assert "重新派人" in thanks
    assert f"POST /api/v1/surveys/{token}/undo" in thanks
    web.now += timedelta(seconds=60)
    assert "data-api" not in customer.get(f"/s/{token}", headers=HTML).text


def test_a_survey_is_english_for_customers_who_chose_it(small_web: Web) -> None:
    _, token = asked(small_web)
    page = small_web.client().get(f"/s/{token}", headers={**HTML, "Cookie": "paidan_lang=en"})
    assert "Is your broadband working again?" in page.text


def test_a_survey_tells_nothing_but_the_tickets_number_and_leads_nowhere(small_web: Web) -> None:
    _, token = asked(small_web)
    page = small_web.client().get(f"/s/{token}", headers=HTML)
    for hidden in ("GZ1", "138", "老人独居", "tianhe", "zhao", "no-internet", "<nav", "/sign-in"):
        assert hidden not in page.text, hidden
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert 'name="robots" content="noindex' in page.text


def test_a_survey_that_was_abandoned_says_that_it_is_over(small_web: Web) -> None:
    _, token = asked(small_web)
    give_up(small_web, small_web.rulebook)
    page = small_web.client().get(f"/s/{token}", headers=HTML).text
    assert "这次回访已经结束" in page
    assert "谢谢" not in page
    assert "data-api" not in page


def test_a_wrong_link_gives_a_friendly_page_whatever_it_contains(web: Web) -> None:
    asked(web)
    for token in ("wrong", "a" * 200, "%00", "%E4%B8%AD"):
        page = web.client().get(f"/s/{token}", headers=HTML)
        assert page.status_code == 404, token
    page = web.client().get("/s/wrong", headers=HTML)
    assert "这个链接不对" in page.text
    assert "data-api" not in page.text
