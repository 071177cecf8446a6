"""核价 What an account owes and has paid in advance: asked of billing before an operation, and read inside of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from dispatch.accounts.asking import Asks, Call
from dispatch.accounts.operation import Act, Counter
from dispatch.domain.naming import read_account_number, read_mobile
from dispatch.domain.time import local_date
from dispatch.errors import DispatchError
from dispatch.port_answers import Answer, PortQuestion
from dispatch.ports.billing import Quote, QuotePurpose
from dispatch.storage import aliases, enrolments
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Database, Tx

PORT = "billing"


def asks_quote(purpose: QuotePurpose, when: Callable[[Any], bool] = lambda _: True) -> Asks:
    """Ask for a quote of the account that a request names, by its number or by a bound mobile number, if the request
    needs one."""

    def asks(counter: Counter, database: Database, request: Any, now: datetime) -> Sequence[Call]:
        if not when(request):
            return ()
        with database.read() as tx:
            account_id = _account_of(tx, request, now)
        if account_id is None:
            return ()  # the operation refuses it
        today = local_date(now, counter.zone)

        def call() -> Answer:
            return asdict(counter.billing.quote(account_id, today, purpose))

        return [(_question(account_id, today, purpose), call)]

    return asks


def quoted(act: Act, account: AccountRow, purpose: QuotePurpose) -> Quote | None:
    """The quote that was asked for this operation; None in a trial. Raises PortUnavailable."""
    answer: Any = act.answer(_question(account.id, act.today, purpose))
    return None if answer is None else Quote(**answer)


def _question(account_id: int, on: date, purpose: QuotePurpose) -> PortQuestion:
    return PortQuestion(PORT, {"quote": account_id, "on": on.isoformat(), "purpose": purpose})


def _account_of(tx: Tx, request: Any, now: datetime) -> int | None:
    try:
        if (typed := getattr(request, "account", None)) is not None:
            number = read_account_number(typed)
            found = aliases.called(tx, [number], now).get(number)
            return None if found is None else found.id
        mobile = getattr(request, "mobile", None)
        bound = None if mobile is None else enrolments.bound_to(tx, read_mobile(mobile))
    except DispatchError:
        return None
    return None if bound is None else bound.account_id
