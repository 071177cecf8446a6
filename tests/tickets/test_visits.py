"""上门: who has a customer's hop in hand agrees on a visit and sets out; the customer is told, others may not."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from dispatch import messages
from dispatch.domain.messages import MessageState
from dispatch.domain.roles import Actor, Role
from dispatch.errors import BadMobile, BadVisit, IllegalMove, NotAllowed, NotYours, NoVisits
from dispatch.reports.messages import told
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Database
from dispatch.storage.tables import accounts as b
from dispatch.storage.tables import tickets as t
from dispatch.tickets import handling, visits
from dispatch.tickets.handling import Claim
from tests import factories as f
from tests.accounts import factories as c

TODAY = date(2026, 3, 2)
PHONE = "13900139000"


@pytest.fixture
def database(rulebook: Rulebook) -> Database:
    return f.in_memory(rulebook)


@pytest.fixture
def job(database: Database, rulebook: Rulebook) -> int:
    """A construction order in the hands of a builder."""
    ticket_id = f.order(database, rulebook, "GZ1", f.NOW)
    f.work(database, rulebook)
    hop_id = f.live_id(database, ticket_id)
    with database.write() as tx:
        handling.claim(tx, rulebook, Claim(hop_id, f.BUILDER), f.NOW)
    return hop_id


def texts(database: Database, now: datetime) -> list[tuple[str, datetime]]:
    """The text messages made by now, without those of other acts, and from when on they go."""
    with database.write() as tx:
        messages.settle(tx, f.messages(), f.CHINA, now, 100)
    rows = c.rows(database, b.effect, b.effect.c.key.startswith("message/"))
    return [(row.payload["text"], row.wake_at) for row in rows if "huang" in row.payload["text"]]


def agree(database: Database, rulebook: Rulebook, hop_id: int, day: date, actor: Actor = f.BUILDER) -> None:
    with database.write() as tx:
        visits.agree(tx, rulebook, hop_id, day, "morning", actor, f.NOW, TODAY)


def set_out(
    database: Database, rulebook: Rulebook, hop_id: int, actor: Actor = f.BUILDER, phone: str = PHONE, at: int = 0
) -> None:
    with database.write() as tx:
        visits.set_out(tx, rulebook, hop_id, phone, actor, f.NOW + timedelta(hours=at))


def test_the_customer_hears_who_comes_when_and_it_is_in_the_tickets_history_and_log(
    database: Database, rulebook: Rulebook, job: int
) -> None:
    agree(database, rulebook, job, date(2026, 3, 3))

    number = f"C{f.hop(database, job).ticket_id:08d}"
    assert [text for text, _ in texts(database, f.NOW)] == [f"{number}：huang2026-03-03上午上门，改约请拨10086。"]
    (entry,) = c.rows(database, t.history, t.history.c.act == "agree on visit")
    assert (entry.actor, entry.detail["visit"]["zh"]) == ("huang", "2026-03-03上午")
    with database.read() as tx:
        shown = [(each.event, each.state) for each in told(tx, f"ticket/{entry.ticket_id}")]
    assert ("visit", MessageState.DUE) in shown


def test_who_sets_out_is_announced_at_once_with_a_number_also_at_night_and_the_number_is_kept_nowhere(
    database: Database, rulebook: Rulebook, job: int
) -> None:
    set_out(database, rulebook, job, at=6)  # 22:00 in China

    late = f.NOW + timedelta(hours=6)
    assert texts(database, late) == [(f"huang正在上门，电话{PHONE}。", late)]
    (entry,) = c.rows(database, t.history, t.history.c.act == "set out")
    assert PHONE not in str(entry.detail)
    assert all(PHONE not in str(row.facts) and row.mobile is None for row in c.rows(database, b.message))


def test_a_visit_agreed_on_at_night_is_told_in_the_morning(database: Database, rulebook: Rulebook, job: int) -> None:
    agree(database, rulebook, job, date(2026, 3, 3))
    night = datetime(2026, 3, 2, 23, tzinfo=f.CHINA)
    [(_, due)] = texts(database, night)
    assert due == datetime(2026, 3, 3, 9, tzinfo=f.CHINA)


@pytest.mark.parametrize("days", [-1, 31])
def test_a_visit_is_today_or_within_thirty_days(database: Database, rulebook: Rulebook, job: int, days: int) -> None:
    with pytest.raises(BadVisit):
        agree(database, rulebook, job, TODAY + timedelta(days=days))


def test_nobody_but_the_holder_of_a_claimed_hop_says_so(database: Database, rulebook: Rulebook, job: int) -> None:
    with pytest.raises(NotYours):
        set_out(database, rulebook, job, Actor("other", Role.CONSTRUCTION))
    with pytest.raises(NotAllowed):
        set_out(database, rulebook, job, f.CLERK)
    with pytest.raises(BadMobile):
        set_out(database, rulebook, job, phone="12")
    with database.write() as tx:
        handling.hold(tx, rulebook, job, f.NOW + timedelta(hours=2), "客户约下午", f.BUILDER, f.NOW)
    with pytest.raises(IllegalMove):
        set_out(database, rulebook, job)


def test_a_team_that_goes_to_no_customers_sets_out_for_none(
    database: Database, rulebook: Rulebook, script: Script
) -> None:
    made = f.fault(database, rulebook, script, "GZ2")
    hop_id = f.on_board(database, rulebook, made.ticket_id)
    with database.write() as tx:
        handling.claim(tx, rulebook, Claim(hop_id, f.NOC), f.NOW)
    with pytest.raises(NoVisits):
        set_out(database, rulebook, hop_id, f.NOC)
