"""非我方来电: a caller who isn't ours is recorded without a ticket, referred to whose business it is, and counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from dispatch.domain.referral import Whose, read_caller
from dispatch.domain.roles import Actor
from dispatch.errors import BadInput, NotAllowed
from dispatch.reports.overview import overview
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import referrals as stored
from dispatch.storage import retention
from dispatch.storage.database import Database
from dispatch.storage.tables.tickets import ticket
from dispatch.tickets import referrals
from dispatch.tickets.referrals import Stranger
from tests import factories as f

CALL = Stranger("020-8123 4567", "电信宽带断网", Whose.TELECOM, "请拨打10000", "gd-tel-77")


def refer(database: Database, stranger: Stranger = CALL, actor: Actor = f.AGENT_10050) -> int:
    with database.write() as tx:
        return referrals.refer(tx, stranger, actor, f.NOW)


def test_a_stranger_is_recorded_with_who_what_and_whose_it_is_and_there_is_no_ticket(database: Database) -> None:
    made = refer(database)
    with database.read() as tx:
        (row,) = stored.listed(tx, 9)
        assert tx.execute(select(func.count()).select_from(ticket)).scalar_one() == 0
    assert (row.id, row.caller, row.said_account, row.whose) == (made, "02081234567", "gd-tel-77", "telecom")
    assert (row.what, row.told, row.actor, row.at) == ("电信宽带断网", "请拨打10000", f.AGENT_10050.name, f.NOW)


def test_callers_are_counted_by_whose_they_are(database: Database, in_force: Rulebook) -> None:
    refer(database)
    refer(database, actor=f.AGENT_10086)
    refer(database, replace(CALL, whose=Whose.UNKNOWN))
    with database.read() as tx:
        assert overview(tx, in_force, f.NOW, f.NOW).referrals == {Whose.TELECOM: 2, Whose.UNKNOWN: 1}


def test_an_account_of_ours_is_reported_and_not_referred(database: Database) -> None:
    f.account(database)
    with pytest.raises(BadInput, match="ours"):
        refer(database, replace(CALL, said_account="gz1"))


@pytest.mark.parametrize("changes", [{"caller": "x"}, {"caller": "12"}, {"what": " "}, {"told": ""}])
def test_a_call_says_who_what_and_what_was_told(database: Database, changes: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        refer(database, replace(CALL, **changes))


def test_only_the_hotlines_refer_callers(database: Database) -> None:
    with pytest.raises(NotAllowed):
        refer(database, actor=f.CLERK)


def test_who_called_is_erased_after_90_days_and_the_call_still_counts(database: Database) -> None:
    refer(database)
    with database.write() as tx:
        assert retention.erase_callers(tx, 90, f.NOW + timedelta(days=89), 9) == 0
        assert retention.erase_callers(tx, 90, f.NOW + timedelta(days=90), 9) == 1
        (row,) = stored.listed(tx, 9)
        assert (row.caller, row.said_account, row.what) == (None, None, "电信宽带断网")
        assert stored.counts(tx, f.NOW) == {Whose.TELECOM: 1}


@pytest.mark.parametrize(
    ("typed", "read"),
    [("020-8123 4567", "02081234567"), ("+86 138 0013 8000", "+8613800138000"), ("１０００８６", "100086")],
)
def test_a_telephone_of_any_kind_is_read_as_its_digits(typed: str, read: str) -> None:
    assert read_caller(typed) == read
