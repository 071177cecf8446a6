"""A user leaves, or loses a role: what they have in hand goes back to the board or to a colleague, in the same act.

Proposals go with it, so that nobody waits for a person who won't come.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from dispatch.access import users
from dispatch.access.people import People, PossibleHolder
from dispatch.access.users import User
from dispatch.domain.numbers import hop_number, hop_wording
from dispatch.domain.roles import Actor, Grant
from dispatch.domain.ticket import IN_HAND, HopState, hop_move
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import history, hops
from dispatch.storage.database import Tx
from dispatch.storage.rows import LockedHop
from dispatch.storage.ticket_changes import write_act
from dispatch.storage.wakeups import boards_changed
from dispatch.tickets.next_hop import held_seconds

TAKE_BACK, HAND_OVER = "take back", "hand over"
"""The acts of the history by which a hop leaves the hands of its holder."""


@dataclass(frozen=True, slots=True)
class InHand:
    """A hop that a user has in hand, or is proposed for. `to`: the colleague who has it now; `released`: nobody has."""

    hop: str
    team: str
    area: str
    state: HopState
    proposed: bool
    to: str | None = None
    released: bool = False


@dataclass(frozen=True, slots=True)
class Departure:
    """A changed user, and what they had in hand or were proposed for."""

    user: User
    work: tuple[InHand, ...]


def in_hand(tx: Tx, name: str) -> list[InHand]:
    """What a user has in hand or is proposed for. Raises NotFound."""
    name = users.get(tx, name).name
    return [_told(row, name) for row in hops.lock(tx, hops.of_person(tx, name)).values()]


def disable(tx: Tx, rulebook: Rulebook, name: str, by: Actor, now: datetime, *, hand_over_to: str = "") -> Departure:
    """Disable a user and release what they have in hand, or hand it over to a colleague.

    A user who is disabled already is released as well. Raises NotFound, NotAllowed; UnknownUser, UnfitUser for the
    colleague.
    """
    user = users.disable(tx, name, by, now)
    return Departure(user, _leave(tx, rulebook, user, _colleague(tx, hand_over_to), "disabled", by, now))


def set_grants(
    tx: Tx,
    rulebook: Rulebook,
    name: str,
    grants: Sequence[Grant],
    by: Actor,
    now: datetime,
    version: int | None = None,
    *,
    hand_over_to: str = "",
) -> Departure:
    """Replace a user's roles, and release or hand over what they may no longer have in hand.

    Raises NotFound, NotAllowed, ChangedMeanwhile; UnknownUser, UnfitUser for the colleague.
    """
    user = users.set_grants(tx, name, grants, by, now, version)
    return Departure(user, _leave(tx, rulebook, user, _colleague(tx, hand_over_to), "lost the role", by, now))


Colleague = Callable[[Collection[str], str], str]
"""(roles, area) → the colleague's name. Raises UnknownUser, UnfitUser."""


def _colleague(tx: Tx, typed: str) -> Colleague | None:
    """The colleague who gets the work, if one is named; locked after the user who leaves, and before the hops."""
    if not typed:
        return None
    people = People(tx, [typed])
    return lambda roles, area: people.holder(typed, tuple(roles), area)


def _leave(
    tx: Tx,
    rulebook: Rulebook,
    user: User,
    colleague: Colleague | None,
    why: str,
    by: Actor,
    now: datetime,
) -> tuple[InHand, ...]:
    person = PossibleHolder(user.name, user.disabled_at is not None, user.grants)
    rows = [row for row in hops.lock(tx, hops.of_person(tx, user.name)).values() if _must_go(rulebook, person, row)]
    told, entries, released, given, unproposed = [], [], [], [], []
    for row in rows:
        team = rulebook.teams.get(row.team)
        to = colleague(team.members, row.area) if colleague and team else None
        told.append(_told(row, user.name, to, released=to is None))
        if row.holder != user.name:
            unproposed.append({"id": row.id, "assignee": to})
            continue
        act = TAKE_BACK if to is None else HAND_OVER
        facts = {"team": row.team, "from": user.name, "why": why} | ({} if to is None else {"colleague": to})
        entries.append(history.entry(row.ticket_id, now, act, by, row.id, **facts))
        if to is None:
            released.append(_released(rulebook, row, now))
        else:
            given.append({"id": row.id, "holder": to, "assignee": to})
    for changed in (released, given, unproposed):
        if changed:
            hops.update_hops(tx, changed)
    write_act(tx, entries)
    boards_changed(tx, {row.team for row in rows})
    return tuple(told)


def _must_go(rulebook: Rulebook, person: PossibleHolder, row: LockedHop) -> bool:
    team = rulebook.teams.get(row.team)
    return person.disabled or (team is not None and not person.fits(team.members, row.area))


def _released(rulebook: Rulebook, row: LockedHop, now: datetime) -> dict[str, Any]:
    """The columns of a hop that is back on the board. The time to claim it begins anew unless it is overdue."""
    team = rulebook.teams.get(row.team)
    level = None if team is None or row.late else team.level
    return {
        "id": row.id,
        "state": hop_move(HopState(row.state), TAKE_BACK, hop_wording(row.kind, row.ticket_id, row.seq)),
        "holder": None,
        "assignee": None,
        "claimed_at": None,
        "held_at": None,
        "held_seconds": held_seconds(row, now),
        "wake_at": None if level is None else now + level.respond_within,
    }


def _told(row: LockedHop, name: str, to: str | None = None, *, released: bool = False) -> InHand:
    number, mine = hop_number(row.kind, row.ticket_id, row.seq), row.holder == name and row.state in IN_HAND
    return InHand(number, row.team, row.area, HopState(row.state), not mine, to, released)
