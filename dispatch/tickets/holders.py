"""Whose hop it is: who may act on it, and whether its holder still can.

A holder who was disabled, or lost the team's role in the area, does nothing more with the hop, and nobody does it on
their behalf. A colleague then takes it over by a claim, and a supervisor passes it on (decision 25).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from dispatch.access.people import People
from dispatch.domain.acts import act_wording
from dispatch.domain.numbers import hop_number, hop_wording
from dispatch.domain.roles import Actor, Role, require, role_wording
from dispatch.domain.ticket import IN_HAND, HopState, hop_move
from dispatch.domain.title import Wording
from dispatch.domain.user_name import folded
from dispatch.errors import IllegalMove, NotAllowed, NotYours
from dispatch.routing.rulebook import Team
from dispatch.storage.database import Tx
from dispatch.storage.rows import LockedHop
from dispatch.tickets.next_hop import held_seconds

CLAIMED_FIRST = Wording("处理中（请先接单）", "claimed: claim it first")


def people_with(tx: Tx, rows: Iterable[LockedHop]) -> People:
    """The holders of these hops, as users. They aren't locked: their hops are, and whoever changes a user waits for
    these."""
    return People(tx, {row.holder for row in rows if row.holder is not None}, locks=False)


def require_member(team: Team, actor: Actor, act: str, row: LockedHop, on_behalf_of: str | None) -> None:
    """Require a role of the team's members or, when acting for one of them, a role that may file for the team.

    Raises NotAllowed.
    """
    what = hop_wording(row.kind, row.ticket_id, row.seq)
    if on_behalf_of:
        what = Wording(f"{what.zh}，代 {on_behalf_of}", f"{what.en} for {on_behalf_of}")
    require(actor, act, what, team.filed_by if on_behalf_of else team.members)


def require_holder(
    people: People, team: Team, actor: Actor, act: str, row: LockedHop, on_behalf_of: str | None = None
) -> None:
    """Require that the actor, or the person for whom they act, has the hop in hand and still can.

    Raises NotAllowed, IllegalMove, NotYours, UnknownUser, UnfitUser.
    """
    require_member(team, actor, act, row, on_behalf_of)
    if row.holder is None:
        what, state = hop_wording(row.kind, row.ticket_id, row.seq), HopState(row.state).wording
        raise IllegalMove(what=what, move=act_wording(act), state=state, sources=CLAIMED_FIRST)
    if folded(row.holder) != folded(on_behalf_of or actor.name):
        number = hop_number(row.kind, row.ticket_id, row.seq)
        raise NotYours(hop=number, holder=row.holder, actor=on_behalf_of or actor.name)
    require_able(people, team, row.holder, row.area, for_another=bool(on_behalf_of))


def require_overrider(people: People, team: Team, actor: Actor, row: LockedHop, on_behalf_of: str | None) -> None:
    """Require that the actor is a supervisor who overrides what another, the holder, would report.

    Raises NotAllowed, IllegalMove, NotYours, UnknownUser, UnfitUser.
    """
    what = hop_wording(row.kind, row.ticket_id, row.seq)
    require(actor, "override", what, [Role.SUPERVISOR])
    if row.holder is None:
        state = HopState(row.state).wording
        raise IllegalMove(what=what, move=act_wording("override"), state=state, sources=CLAIMED_FIRST)
    if folded(row.holder) == folded(actor.name):
        raise NotAllowed(
            role=role_wording(actor.role),
            actor=actor.name,
            act=act_wording("override"),
            what=Wording(f"自己的{what.zh}", f"{what.en}, which is in their own hands"),
            allowed=[Wording("另一位调度主管", "another supervisor")],
        )
    if on_behalf_of is not None and folded(row.holder) != folded(on_behalf_of):
        number = hop_number(row.kind, row.ticket_id, row.seq)
        raise NotYours(hop=number, holder=row.holder, actor=on_behalf_of)
    require_able(people, team, row.holder, row.area, for_another=False)


def require_able(people: People, team: Team, holder: str, area: str, *, for_another: bool) -> None:
    """Require that a holder can still do a team's work in an area. Raises UnknownUser, UnfitUser."""
    (people.holder if for_another else people.self)(holder, team.members, area)


def is_left(people: People, team: Team, holder: str | None, state: str, area: str) -> bool:
    """Return whether a hop is in the hands of somebody who can't work it any more: a colleague may take it over."""
    return holder is not None and state in IN_HAND and not people.able(holder, team.members, area)


def back_on_board(team: Team | None, row: LockedHop, now: datetime) -> dict[str, Any]:
    """The columns of a hop that is taken out of its holder's hands. The time to claim it begins anew unless it is
    overdue."""
    level = None if team is None or row.late else team.level
    return {
        "id": row.id,
        "state": hop_move(HopState(row.state), "take back", hop_wording(row.kind, row.ticket_id, row.seq)),
        "holder": None,
        "assignee": None,
        "claimed_at": None,
        "held_at": None,
        "held_seconds": held_seconds(row, now),
        "wake_at": None if level is None else now + level.respond_within,
    }
