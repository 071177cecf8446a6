"""上门 Who goes to a customer's home agrees with them when, and tells them on the way: both by a text message."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from dispatch import messages
from dispatch.domain.acts import act_wording
from dispatch.domain.messages import Event
from dispatch.domain.naming import read_mobile
from dispatch.domain.numbers import hop_number, hop_wording, ticket_number
from dispatch.domain.roles import Actor
from dispatch.domain.ticket import HopState
from dispatch.domain.visit import PartOfDay, visit_time
from dispatch.errors import IllegalMove, NoVisits
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import history
from dispatch.storage.database import Tx
from dispatch.storage.rows import LockedHop
from dispatch.storage.ticket_changes import write_act
from dispatch.tickets import handling, holders

AGREE, SET_OUT = "agree on visit", "set out"


def agree(
    tx: Tx, rulebook: Rulebook, hop_id: int, day: date, part: PartOfDay, actor: Actor, now: datetime, today: date
) -> None:
    """Note when the holder of a hop comes to the customer, who is told. `today`: in the desk's zone.

    Raises NotFound, NotAllowed, NotYours, IllegalMove, UnfitUser, NoVisits, BadVisit.
    """
    row = _in_hand(tx, rulebook, hop_id, actor, AGREE)
    when = visit_time(day, part, today)
    window = when.stored()
    write_act(tx, [history.entry(row.ticket_id, now, AGREE, actor, row.id, team=row.team, visit=window)])
    _tell(tx, row, Event.VISIT, {"who": actor.name, "window": window}, now)


def set_out(tx: Tx, rulebook: Rulebook, hop_id: int, phone: str, actor: Actor, now: datetime) -> None:
    """Tell the customer that the holder of a hop is on the way, and by which mobile number they are reached. The
    number is in that message alone.

    Raises NotFound, NotAllowed, NotYours, IllegalMove, UnfitUser, NoVisits, BadMobile.
    """
    row = _in_hand(tx, rulebook, hop_id, actor, SET_OUT)
    reached = read_mobile(phone)
    write_act(tx, [history.entry(row.ticket_id, now, SET_OUT, actor, row.id, team=row.team)])
    _tell(tx, row, Event.ON_ITS_WAY, {"who": actor.name, "phone": reached}, now)


def _in_hand(tx: Tx, rulebook: Rulebook, hop_id: int, actor: Actor, act: str) -> LockedHop:
    """The hop, locked, if the actor has it in hand for a team that goes to customers."""
    row = handling.locked(tx, hop_id, actor)
    team = rulebook.team(row.team)
    holders.require_holder(holders.people_with(tx, [row]), team, actor, act, row)
    if row.state != HopState.CLAIMED:
        raise IllegalMove(
            what=hop_wording(row.kind, row.ticket_id, row.seq),
            move=act_wording(act),
            state=HopState(row.state).wording,
            sources=[HopState.CLAIMED.wording],
        )
    if not team.visits:
        raise NoVisits(hop=hop_number(row.kind, row.ticket_id, row.seq), team=team.title)
    return row


def _tell(tx: Tx, row: LockedHop, event: Event, facts: Mapping[str, object], now: datetime) -> None:
    told = {"no": ticket_number(row.kind, row.ticket_id), **facts}
    messages.tell(tx, now, messages.Told(event, messages.of_ticket(row.ticket_id), told, row.account_id))
