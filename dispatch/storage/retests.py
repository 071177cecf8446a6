"""补测 Retests: live hops whose line couldn't be tested, each with the time of its next try.

A row is taken under one more try, which its message names: a message of an earlier try finds nothing. The row goes in
the transaction that writes the test's result, so a hop gets one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Integer, Select, bindparam, delete, func, insert, select, update

from dispatch.storage.bulk import in_list, in_pairs_parameter, pairs_parameters
from dispatch.storage.column_types import Instant
from dispatch.storage.database import Tx
from dispatch.storage.outbox import Pair
from dispatch.storage.rows import DueRetest, RetestRow, UntestedLine, shaped
from dispatch.storage.tables.accounts import account
from dispatch.storage.tables.tickets import hop, live, retest, ticket


def add(tx: Tx, hop_ids: Sequence[int], now: datetime, due_at: datetime) -> None:
    """Have the lines of these hops tested again at `due_at`; a hop that waits for that already goes on waiting."""
    known = set(tx.execute(select(retest.c.hop_id).where(in_list(retest.c.hop_id, hop_ids))).scalars())
    rows = [{"hop_id": id_, "away_since": now, "due_at": due_at} for id_ in hop_ids if id_ not in known]
    if rows:
        tx.execute(insert(retest), rows)


def teams_due(tx: Tx, now: datetime) -> set[str]:
    """The teams with hops whose line is to be tested again now."""
    return set(tx.execute(select(hop.c.team).join(retest).where(retest.c.due_at <= now).distinct()).scalars())


def lock_due(tx: Tx, now: datetime, limit: int, teams: Collection[str]) -> Sequence[DueRetest]:
    """Lock at most `limit` due retests of these teams, the longest due first, except those that another process has
    locked. Their hops may have ended."""
    query = select(retest, hop.c.ticket_id, hop.c.team, hop.c.state).join(hop)
    query = query.where(retest.c.due_at <= now, hop.c.team.in_(teams)).order_by(retest.c.due_at).limit(limit)
    return shaped(DueRetest, tx.execute(query.with_for_update(of=retest, skip_locked=True))).all()


_BEGIN = (
    update(retest)
    .where(retest.c.hop_id == bindparam("hop", type_=Integer))
    .values(tries=retest.c.tries + 1, unanswered=retest.c.unanswered + 1, due_at=bindparam("until", type_=Instant))
)


def begin(tx: Tx, until: Mapping[int, datetime]) -> None:
    """Begin one more try for these hops, by hop id; one that nobody answers until then is due again."""
    if until:
        tx.execute(_BEGIN, [{"hop": hop_id, "until": due_at} for hop_id, due_at in until.items()])


_THOSE = in_pairs_parameter(retest.c.hop_id, retest.c.tries)
_LINES: Select[Any] = (
    select(retest.c.hop_id, retest.c.tries, account.c.number.label("account"))
    .join(hop, hop.c.id == retest.c.hop_id)
    .join(ticket, ticket.c.id == hop.c.ticket_id)
    .join(account, account.c.id == ticket.c.account_id)
    .where(_THOSE, live, hop.c.team == bindparam("team"))
    .order_by(retest.c.hop_id)
)
_LOCKED = select(retest).where(_THOSE).order_by(retest.c.hop_id).with_for_update()


def lines(tx: Tx, pairs: Sequence[Pair], team: str) -> Sequence[UntestedLine]:
    """The lines of a message's hops that are still this team's, and still at that try."""
    return shaped(UntestedLine, tx.execute(_LINES, {**pairs_parameters(tx, pairs), "team": team})).all()


def lock(tx: Tx, pairs: Sequence[Pair]) -> Sequence[RetestRow]:
    """Lock a message's retests that are still at that try. Lock their hops before."""
    return shaped(RetestRow, tx.execute(_LOCKED, pairs_parameters(tx, pairs))).all()


def remove(tx: Tx, hop_ids: Sequence[int]) -> None:
    if hop_ids:
        tx.execute(delete(retest).where(in_list(retest.c.hop_id, hop_ids)))


_POSTPONE = (
    update(retest)
    .where(retest.c.hop_id == bindparam("hop", type_=Integer))
    .values(unanswered=0, due_at=bindparam("until", type_=Instant))
)


def postpone(tx: Tx, until: Mapping[int, datetime]) -> None:
    """Say when these hops' lines are tested again, by hop id: their try was answered."""
    if until:
        tx.execute(_POSTPONE, [{"hop": hop_id, "until": due_at} for hop_id, due_at in until.items()])


def of_ticket(tx: Tx, ticket_id: int) -> dict[int, datetime]:
    """When the line of the ticket's live hop is tested again, by hop id."""
    query = select(retest.c.hop_id, retest.c.due_at).join(hop).where(hop.c.ticket_id == ticket_id, live)
    return {row.hop_id: row.due_at for row in tx.execute(query)}


class Waiting(NamedTuple):
    """Live hops whose line waits to be tested: how many, and since when the first of them."""

    hops: int
    since: datetime | None


def waiting(tx: Tx) -> Waiting:
    query = select(func.count(), func.min(retest.c.away_since)).select_from(retest).join(hop).where(live)
    return Waiting(*tx.execute(query).one())
