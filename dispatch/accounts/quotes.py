"""核价 What an account owes and has paid in advance: asked of billing before an operation, and read inside of it.

A quote has everything that was booked before it. Bookings that are still on their way are handed over first, which
does no harm: billing books a key once. What was booked since makes a quote void.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from dispatch import port_answers
from dispatch.accounts.asking import Asks, Call
from dispatch.accounts.operation import Act, Counter
from dispatch.domain.effect import billing_lane_of
from dispatch.domain.naming import read_account_number, read_mobile
from dispatch.domain.time import local_date
from dispatch.effects import booking_of
from dispatch.errors import DispatchError, QuoteChanged
from dispatch.port_answers import Answer, PortQuestion
from dispatch.ports.billing import Quote, QuotePurpose
from dispatch.storage import aliases, effects, enrolments
from dispatch.storage.account_rows import AccountRow
from dispatch.storage.database import Database, Tx
from dispatch.storage.effect_rows import EffectRow

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
            with database.read() as tx:
                waiting = effects.waiting_in_lane(tx, billing_lane_of(account_id))
            return _ask(counter, account_id, today, purpose, waiting, now)

        return [(_question(account_id, today, purpose), call)]

    return asks


def with_simulated_quote(tx: Tx, counter: Counter, request: object, purpose: QuotePurpose, now: datetime) -> Counter:
    """The counter for one request of a demonstration, whose billing answers at once."""
    account_id, today = _account_of(tx, request, now), local_date(now, counter.zone)
    if account_id is None:
        return counter
    waiting = effects.waiting_in_lane(tx, billing_lane_of(account_id))
    answer = _ask(counter, account_id, today, purpose, waiting, now)
    kept = port_answers.keep(tx, counter.cipher, _question(account_id, today, purpose), answer, now)
    return replace(counter, answers=(*counter.answers, kept))


def quoted(act: Act, account: AccountRow, purpose: QuotePurpose) -> Quote | None:
    """The quote that was asked for this operation; None in a trial. The caller holds the account's lock and has booked
    nothing yet. Raises PortUnavailable, QuoteChanged."""
    answer: Any = act.answer(_question(account.id, act.today, purpose))
    if answer is None:
        return None
    lane, since = billing_lane_of(account.id), datetime.fromisoformat(answer["at"])
    booked = {row.id for row in effects.waiting_in_lane(act.tx, lane)} | {*effects.confirmed_since(act.tx, lane, since)}
    if booked - {*answer["booked"]}:
        raise QuoteChanged()
    return Quote(**answer["quote"])


def _ask(
    counter: Counter, account_id: int, today: date, purpose: QuotePurpose, waiting: Sequence[EffectRow], now: datetime
) -> Answer:
    """Ask for a quote, after billing has what still waits for it. Raises OSError."""
    if waiting and counter.billing.book([booking_of(row) for row in waiting]):
        raise ConnectionRefusedError  # a refused booking waits for a person: until then no quote is right
    quote = asdict(counter.billing.quote(account_id, today, purpose))
    return {"quote": quote, "booked": [row.id for row in waiting], "at": now.isoformat()}


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
