"""What teams at the customer's have asked of other teams, and has not come back yet."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select

from dispatch.storage.database import Tx
from dispatch.storage.request_rows import OpenRequest
from dispatch.storage.rows import shaped
from dispatch.storage.tables.accounts import account
from dispatch.storage.tables.tickets import hop, live, ticket

_asker = hop.alias("asker")


def open_of(
    tx: Tx, teams: Collection[str], asking: Collection[str], areas: Collection[str] | None, limit: int
) -> Sequence[OpenRequest]:
    """At most `limit` live hops of `teams` that one of the `asking` teams asked for, in these areas (None: all); who
    has waited longest comes first."""
    query = (
        select(
            *(hop.c.ticket_id, ticket.c.kind, hop.c.seq, hop.c.area, account.c.number.label("account")),
            *(ticket.c.symptom, hop.c.team, hop.c.state, hop.c.holder, hop.c.late, hop.c.made_at.label("asked_at")),
            *(_asker.c.rulebook, _asker.c.team.label("asker_team"), _asker.c.holder.label("asker")),
            *(_asker.c.finding, _asker.c.evidence),
        )
        .select_from(hop)
        .join(_asker, _asker.c.id == hop.c.asked_by)
        .join(ticket, ticket.c.id == hop.c.ticket_id)
        .join(account, account.c.id == ticket.c.account_id)
        .where(live, hop.c.team.in_(teams), _asker.c.team.in_(asking))
    )
    if areas is not None:
        query = query.where(hop.c.area.in_(areas))
    return shaped(OpenRequest, tx.execute(query.order_by(hop.c.made_at, hop.c.id).limit(limit))).all()
