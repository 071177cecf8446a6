"""Billing's events come in any order, late and again: the newest decides, and nothing outside is asked twice."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from dispatch.domain.account import AccountState
from dispatch.storage.tables.billing import billing_event
from tests import factories as f
from tests.accounts.test_billing_events import ARREARS, CLEARED, event, orders, receive, state
from tests.strategies import RULEBOOK

_ORDERS = st.integers(1, 6).flatmap(lambda most: st.lists(st.integers(1, most), min_size=1, max_size=14))


@settings(max_examples=25)
@given(came=_ORDERS)
def test_in_whatever_order_events_come_the_newest_decides_and_the_network_hears_each_change_once(
    came: list[int],
) -> None:
    """Odd numbers are arrears, even ones their clearing. Each comes as often, and as late, as it likes."""
    database = f.in_memory(RULEBOOK)
    f.account(database)
    events = {seq: event(database, "GZ1", seq, ARREARS if seq % 2 else CLEARED) for seq in came}

    receive(database, *(events[seq] for seq in came))

    acted = [seq for seq, newest in zip(came, accumulate([0, *came], max), strict=False) if seq > newest]
    suspended = bool(acted[-1] % 2)
    assert (state(database, "GZ1")[0] == AccountState.SUSPENDED) == suspended
    changes = [seq % 2 for seq in acted]
    flips = [now for before, now in zip([0, *changes], changes, strict=False) if before != now]
    assert orders(database) == ["suspend" if each else "resume" for each in flips]
    with database.read() as tx:
        assert tx.execute(select(func.count()).select_from(billing_event)).scalar_one() == len(set(came))
