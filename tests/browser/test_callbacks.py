"""Customers who answer no message are called from a list; supervisors read of those who are dissatisfied."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select

from dispatch.domain.numbers import ticket_number
from dispatch.storage.database import Database
from dispatch.storage.tables.tickets import hop, survey, survey_attempt, ticket
from tests.browser.chromium import DESKTOP
from tests.browser.conftest import Open
from tests.demonstration import Demo


def _asked_twice(demo: Demo) -> str:
    """The number of a ticket whose customer has answered neither of two messages."""
    database = Database(f"sqlite:///{demo.home.folder / 'paidan.db'}")
    with database.write() as tx:
        query = select(survey.c.hop_id, ticket.c.id, ticket.c.kind).join(hop, hop.c.id == survey.c.hop_id)
        query = query.join(ticket, ticket.c.id == hop.c.ticket_id)
        found = tx.execute(query.where(survey.c.answer.is_(None), hop.c.state == "waiting").limit(1)).one()
        now = datetime.now(UTC)
        sent = {"hop_id": found.hop_id, "made_at": now - timedelta(days=1), "confirmed_at": now - timedelta(days=1)}
        tx.execute(insert(survey_attempt), [{**sent, "attempt": attempt} for attempt in (7, 8)])
    database.dispose()
    return ticket_number(found.kind, found.id)


def test_an_agent_calls_a_silent_customer_and_a_supervisor_reads_of_the_bad_grade(demo: Demo, opened: Open) -> None:
    number = _asked_twice(demo)
    agent = opened(size=DESKTOP, language="zh")
    agent.sign_in(*demo.users["agent-10086"]).close()
    page = agent.open("/callbacks")
    card = page.locator(f'[data-callback="{number}"]')
    assert "****" in card.inner_text()
    card.locator("form button").click()
    called = card.locator("[data-answer=mobile]")
    called.wait_for()
    assert len(called.inner_text()) == 11
    agent.check(page)

    ticket_page = agent.open(f"/tickets/{number}")
    form = ticket_page.locator("#do-answer form")
    form.locator('[value="dissatisfied"]').check()
    form.locator("summary").click()
    form.locator("[name=grade]").select_option("2")
    form.locator('[name=reasons][value="late"]').check()
    form.locator("[name=words]").fill("说好上午来，下午才到")
    agent.check(ticket_page)
    form.locator("button").click()
    form.wait_for(state="detached")

    supervisor = opened(size=DESKTOP, language="zh")
    supervisor.sign_in(*demo.users["supervisor"]).close()
    bad = supervisor.open("/dissatisfied")
    said = bad.locator(f'[data-opinion="{number}"]').inner_text()
    assert "说好上午来，下午才到" in said
    assert "超过承诺时间" in said
    supervisor.check(bad)
