"""A user leaves, or loses a role: what they have in hand goes back to the board or to a colleague, in the same act.

Who changes roles says what becomes of it, and may leave it in the user's hands, where a colleague can take it over
(`tickets.holders`). Proposals end in any case, so that nobody waits for a person who won't come.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatch.access import users
from dispatch.access.people import People, PossibleHolder
from dispatch.access.users import User
from dispatch.domain.acts import Parting
from dispatch.domain.numbers import hop_number
from dispatch.domain.roles import Actor, Grant
from dispatch.domain.ticket import IN_HAND, HopState
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, WorkUndecided
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import history, hops
from dispatch.storage.database import Tx
from dispatch.storage.rows import LockedHop
from dispatch.storage.ticket_changes import write_act
from dispatch.storage.wakeups import boards_changed
from dispatch.tickets.holders import back_on_board

TAKE_BACK, HAND_OVER = "take back", "hand over"
"""The acts of the history by which a hop leaves the hands of its holder."""


MOST_NAMED = 10
"""Hops that a refusal names."""


class WorkDecision(StrEnum):
    """Decision about work that its holder can't do any more, unless a colleague gets it."""

    RELEASE = "release"  # it goes back to the boards
    KEEP = "keep"  # it stays in their hands, say because they get the role back tomorrow


@dataclass(frozen=True, slots=True)
class InHand:
    """A hop that a user has in hand, or is proposed for. `to`: the colleague who has it now; `released`: nobody has;
    neither: it stays with the user."""

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
    return works(tx, [name])[name]


def works(tx: Tx, names: Sequence[str]) -> dict[str, list[InHand]]:
    """What each of these users has in hand or is proposed for, by name."""
    found: dict[str, list[InHand]] = {name: [] for name in names}
    for row in hops.read(tx, hops.of_people(tx, names)):
        name = row.holder if row.state in IN_HAND else row.assignee
        assert name is not None  # `hops.of_people` looks for these
        found[name].append(_told(row, name))
    return found


def disable(tx: Tx, rulebook: Rulebook, name: str, by: Actor, now: datetime, *, hand_over_to: str = "") -> Departure:
    """Disable a user and release what they have in hand, or hand it over to a colleague.

    A user who is disabled already is released as well. Raises NotFound, NotAllowed; UnknownUser, UnfitUser for the
    colleague.
    """
    decision = None if hand_over_to else WorkDecision.RELEASE
    user = users.disable(tx, name, by, now)
    return Departure(user, _leave(tx, rulebook, user, decision, hand_over_to, Parting.DISABLED, by, now))


def set_grants(
    tx: Tx,
    rulebook: Rulebook,
    name: str,
    grants: Sequence[Grant],
    by: Actor,
    now: datetime,
    version: int | None = None,
    *,
    decision: WorkDecision | None = None,
    hand_over_to: str = "",
) -> Departure:
    """Replace a user's roles; what they may no longer have in hand is released, kept or handed over as decided.

    Raises NotFound, NotAllowed, ChangedMeanwhile; WorkUndecided when there is such work and nothing is decided;
    BadInput for two decisions; UnknownUser, UnfitUser for the colleague.
    """
    if decision and hand_over_to:
        raise BadInput(
            what=Wording(
                "在手的：放回看板、留在手中、移交同事，只能选一个",
                "release the work, keep it or hand it over: choose one",
            )
        )
    user = users.set_grants(tx, name, grants, by, now, version)
    return Departure(user, _leave(tx, rulebook, user, decision, hand_over_to, Parting.LOST_ROLE, by, now))


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
    decision: WorkDecision | None,
    hand_over_to: str,
    why: Parting,
    by: Actor,
    now: datetime,
) -> tuple[InHand, ...]:
    colleague = _colleague(tx, hand_over_to)
    person = PossibleHolder(user.name, user.disabled_at is not None, user.grants)
    rows = [row for row in hops.lock(tx, hops.of_people(tx, [user.name])).values() if _must_go(rulebook, person, row)]
    if colleague is None and decision is None and (held := [row for row in rows if row.holder == user.name]):
        raise _undecided(user.name, held)
    told, entries, released, given, unproposed = [], [], [], [], []
    for row in rows:
        team = rulebook.teams.get(row.team)
        to = colleague(team.members, row.area) if colleague and team else None
        kept = decision is WorkDecision.KEEP and row.holder == user.name
        told.append(_told(row, user.name, to, released=to is None and not kept))
        if kept:
            continue
        if row.holder != user.name:
            unproposed.append({"id": row.id, "assignee": to})
            continue
        act = TAKE_BACK if to is None else HAND_OVER
        facts = {"team": row.team, "from": user.name, "why": why} | ({} if to is None else {"colleague": to})
        entries.append(history.entry(row.ticket_id, now, act, by, row.id, **facts))
        if to is None:
            released.append(back_on_board(team, row, now))
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


def _undecided(name: str, held: Sequence[LockedHop]) -> WorkUndecided:
    named = ", ".join(hop_number(row.kind, row.ticket_id, row.seq) for row in held[:MOST_NAMED])
    return WorkUndecided(name=name, number=len(held), hops=named + (" …" if len(held) > MOST_NAMED else ""))


def _told(row: LockedHop, name: str, to: str | None = None, *, released: bool = False) -> InHand:
    number, mine = hop_number(row.kind, row.ticket_id, row.seq), row.holder == name and row.state in IN_HAND
    return InHand(number, row.team, row.area, HopState(row.state), not mine, to, released)
