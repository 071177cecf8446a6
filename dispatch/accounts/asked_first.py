"""Which systems outside an operation depends on; they are asked before its transaction.

Whoever adds such a question adds it to `ASKED_FIRST`, and finds its answer inside the operation with `Act.answer`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from dispatch.accounts.asking import Asks
from dispatch.accounts.identity_check import asks_check
from dispatch.accounts.operation import Counter
from dispatch.accounts.quotes import asks_quote
from dispatch.accounts.resumption import pays_arrears
from dispatch.accounts.suspension import is_a_pause
from dispatch.domain.roles import AT_THE_COUNTER
from dispatch.port_answers import ask
from dispatch.ports.billing import QuotePurpose
from dispatch.storage.database import Database

ASKED_FIRST: Mapping[str, Sequence[Asks]] = {
    "open": (asks_check("open"),),
    "transfer": (asks_check("transfer"), asks_quote(QuotePurpose.TRANSFER)),
    "reset-password": (asks_check("reset-password"),),
    "modify": (asks_check("modify"),),
    "settle-preview": (asks_quote(QuotePurpose.CLOSE),),
    "close": (asks_quote(QuotePurpose.CLOSE),),
    "suspend": (asks_quote(QuotePurpose.CHECK, is_a_pause),),
    "resume": (asks_quote(QuotePurpose.RESUME, pays_arrears), asks_check("resume")),
}
"""By the operation's kind."""


def depends_on_others(kind: str) -> bool:
    """Return whether an operation of this kind may depend on a system outside."""
    return kind in ASKED_FIRST


def ask_first(
    counter: Counter, database: Database, kind: str, request: object, roles: Collection[str], now: datetime
) -> tuple[int, ...]:
    """Ask what this request depends on, outside of any transaction. Returns the ids of the answers, which the counter
    of the operation must have. For somebody whose roles may not do the operation, nobody is asked."""
    if not {*roles} & {*AT_THE_COUNTER[kind]}:
        return ()
    calls = [call for asks in ASKED_FIRST.get(kind, ()) for call in asks(counter, database, request, now)]
    return tuple(ask(database, counter.cipher, question, call, now) for question, call in calls)


def with_answers(counter: Counter, database: Database, kind: str, request: object, role: str, now: datetime) -> Counter:
    """The counter for one request, with the answers of the systems outside that it depends on."""
    return replace(counter, answers=ask_first(counter, database, kind, request, [role], now))
