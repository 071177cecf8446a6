"""Lists that people see: boards, the newest tickets, a ticket's journey, teams' loads, the quarantine. Read-only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Subquery,
    and_,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    union,
    union_all,
)

from dispatch.domain import folding
from dispatch.domain.ticket import IN_HAND, ON_BOARD, HopState
from dispatch.messages import of_ticket
from dispatch.reports.messages import ToldMessage, told
from dispatch.storage import accounts, archive, case_store, history, hops, retests, tickets
from dispatch.storage.bulk import in_list_parameter, list_parameters
from dispatch.storage.database import Tx
from dispatch.storage.rows import (
    ArchiveRow,
    BoardLine,
    HistoryRow,
    HopLine,
    HopRow,
    TicketLine,
    TicketRow,
    shaped,
)
from dispatch.storage.tables.accounts import account, address
from dispatch.storage.tables.tickets import crew, hop, in_hand, live, off_board, on_board, quarantined, retest, ticket

_asker = hop.alias("asker")

Areas = Collection[str] | None
"""The areas to which a query is limited; None: all areas."""


class Scope(NamedTuple):
    """The tickets that a reader may see: in these areas, now or once with any of these teams. None: all."""

    areas: Areas = None
    teams: Collection[str] | None = None


_BOARD: Select[Any] = (
    select(
        hop.c.id,
        hop.c.ticket_id,
        hop.c.seq,
        hop.c.team,
        hop.c.state,
        hop.c.found,
        retest.c.due_at.label("retest_at"),
        hop.c.assignee,
        hop.c.holder,
        hop.c.boarded_at,
        hop.c.wake_at,
        hop.c.late,
        hop.c.failures,
        hop.c.failure,
        hop.c.claimed_at,
        ticket.c.kind,
        ticket.c.state.label("ticket_state"),
        account.c.number.label("account"),
        account.c.mobile,
        address.c.text.label("address"),
        hop.c.area,
        ticket.c.symptom,
        ticket.c.description,
        ticket.c.priority,
        ticket.c.urged,
        ticket.c.hops,
        ticket.c.reopened,
        _asker.c.team.label("asker_team"),
    )
    .join(ticket, ticket.c.id == hop.c.ticket_id)
    .join(account, account.c.id == ticket.c.account_id)
    .outerjoin(address, address.c.id == account.c.address_id)
    .outerjoin(_asker, _asker.c.id == hop.c.asked_by)
    .outerjoin(retest, retest.c.hop_id == hop.c.id)
)


_PLACE = (hop.c.rank, hop.c.boarded_at, hop.c.id)
"""The order of a board: urged and urgent hops first, then the oldest."""


def board(
    tx: Tx,
    team: str,
    limit: int,
    areas: Areas = None,
    after: int | None = None,
    state: HopState | None = None,
    holder: str | None = None,
) -> Sequence[BoardLine]:
    """A page of a team's board, in the order of `_PLACE`, beginning behind the hop `after`.

    `state` and `holder` limit it to hops in that state, in that person's hands. Each area's page is read from an index
    before other tables are joined.
    """
    asked = [hop.c.team == team, true() if after is None else _behind(tx, after)]
    if state is not None:
        asked.append(hop.c.state == state)
    if holder is not None:
        asked.append(hop.c.holder == holder)
    of_people = holder is not None or state in IN_HAND
    parts = [
        select(*_PLACE).where(in_hand if of_people else on_board, *asked, in_area).order_by(*_PLACE).limit(limit)
        for in_area in _each(hop.c.area, areas)
    ]
    page = _first(parts, limit)
    return shaped(BoardLine, tx.execute(_BOARD.join(page, page.c.id == hop.c.id).order_by(*_PLACE))).all()


def _behind(tx: Tx, hop_id: int) -> ColumnElement[bool]:
    """The condition for hops that come after this one on a board, also if it has left the board meanwhile. All hops
    when it doesn't exist."""
    row = tx.execute(select(*_PLACE).where(hop.c.id == hop_id)).one_or_none()
    if row is None or row.boarded_at is None:
        return true()
    return tuple_(*_PLACE) > tuple_(*(literal(value, column.type) for value, column in zip(row, _PLACE, strict=True)))


def board_line(tx: Tx, hop_id: int) -> HopLine:
    """One hop with the columns of a board's line, whether it is on a board or not."""
    return shaped(HopLine, tx.execute(_BOARD.where(hop.c.id == hop_id))).one()


def quarantine(tx: Tx, areas: Areas = None) -> Sequence[HopLine]:
    """Hops in quarantine: they failed too often and wait until a person releases them."""
    return shaped(HopLine, tx.execute(_BOARD.where(quarantined, in_areas(hop.c.area, areas)).order_by(hop.c.id))).all()


@dataclass(frozen=True, slots=True)
class TeamLoad:
    """One team's live hops and the size of its crew."""

    by_state: Mapping[str, int]
    """Live hops by state; a state without hops may be missing."""
    late: int
    """Hops on the board that have exceeded their service level."""
    oldest: datetime | None
    """Time at which the oldest hop came onto the board; None when the board is empty."""
    crew: int
    """People on the crew."""

    def hops(self, *states: HopState) -> int:
        """Count the hops in these states."""
        return sum(self.by_state.get(state, 0) for state in states)


NO_LOAD = TeamLoad({}, late=0, oldest=None, crew=0)
"""The load of a team that has neither live hops nor a crew."""


def team_loads(tx: Tx, areas: Areas = None, team: str | None = None) -> dict[str, TeamLoad]:
    """Return the load of each team, or of this team alone; teams without live hops and crew are missing.

    The counts use the boards' partial indexes.
    """
    states: defaultdict[str, dict[str, int]] = defaultdict(dict)
    late: dict[str, int] = {}
    oldest: dict[str, datetime | None] = {}
    of_team = true() if team is None else hop.c.team == team
    counts = [func.count().filter(hop.c.state == state) for state in ON_BOARD]
    boards = select(hop.c.team, func.count().filter(hop.c.late), func.min(hop.c.boarded_at), *counts)
    boards = boards.where(on_board, of_team, in_areas(hop.c.area, areas))
    for name, late_hops, since, *numbers in tx.execute(boards.group_by(hop.c.team)):
        late[name], oldest[name], states[name] = late_hops, since, dict(zip(ON_BOARD, numbers, strict=True))
    elsewhere = select(hop.c.team, hop.c.state, func.count()).where(off_board, of_team, in_areas(hop.c.area, areas))
    for name, state, count in tx.execute(elsewhere.group_by(hop.c.state, hop.c.team)):
        states[name][state] = count
    of_crew = true() if team is None else crew.c.team == team
    people = select(crew.c.team, func.count(crew.c.person.distinct())).where(of_crew, in_areas(crew.c.area, areas))
    crews: dict[str, int] = {}
    for name, number in tx.execute(people.group_by(crew.c.team)):
        crews[name] = number
    return {
        name: TeamLoad(states.get(name, {}), late.get(name, 0), oldest.get(name), crews.get(name, 0))
        for name in sorted(states.keys() | crews.keys())
    }


_HAD = select(hop.c.ticket_id, hop.c.team).where(in_list_parameter(hop.c.ticket_id, "ids")).distinct()


def teams_of(tx: Tx, ticket_ids: Sequence[int]) -> dict[int, set[str]]:
    """The teams that ever had each of these tickets."""
    teams: dict[int, set[str]] = {ticket_id: set() for ticket_id in ticket_ids}
    for ticket_id, team in tx.execute(_HAD, list_parameters(tx, ids=ticket_ids)):
        teams[ticket_id].add(team)
    return teams


@dataclass(frozen=True, slots=True)
class Journey:
    """A ticket with its hops, its history and its archive records; rows as stored.

    `retest_at`: by hop id, when a live hop's line is tested again that couldn't be tested.
    """

    ticket: TicketRow
    hops: Sequence[HopRow]
    history: Sequence[HistoryRow]
    records: Sequence[ArchiveRow]
    retest_at: Mapping[int, datetime]
    messages: Sequence[ToldMessage]


def journey(tx: Tx, ticket_id: int) -> Journey:
    """A ticket's journey, read from the case store once it is there. Raises NotFound."""
    found, visits = tickets.get(tx, ticket_id), hops.of_tickets(tx, [ticket_id])
    sent = told(tx, of_ticket(ticket_id))
    if found.stored_at is not None:
        return Journey(found, visits, *case_store.get(tx, ticket_id), {}, sent)
    acts = history.of_tickets(tx, [ticket_id])
    return Journey(found, visits, acts, archive.records(tx, ticket_id), retests.of_ticket(tx, ticket_id), sent)


def latest_tickets(
    tx: Tx,
    limit: int,
    number: str | None = None,
    unfinished: bool = False,
    team: str | None = None,
    before: int | None = None,
    scopes: Sequence[Scope] = (Scope(),),
    area: str | None = None,
) -> Sequence[TicketLine]:
    """The newest tickets that at least one of the `scopes` allows, each with the team that has it now.

    `number` (an account's), `unfinished`, `team` (has the ticket now), `area` and `before` (a ticket id; older ones
    only) limit the list.
    """
    asked: list[ColumnElement[bool]] = []
    if number is not None:
        asked.append(ticket.c.account_id.in_(select(account.c.id).where(accounts.has_name(folding.account(number)))))
    if unfinished:
        asked.append(ticket.c.ended_at.is_(None))
    if area is not None:
        asked.append(ticket.c.area == area)
    if team is not None:
        asked.append(ticket.c.id.in_(_now_with(team)))
    if asked:
        parts = [_newest(ticket.c.id, limit, before, *asked, or_(*map(is_seen, scopes)))]
    else:
        parts = [part for scope in scopes for part in _newest_of(scope, limit, before)]
    page = _first(parts, limit, descending=True)
    now_with = (hop.c.team, hop.c.state.label("hop_state"), hop.c.holder, hop.c.seq)
    query = tickets.select_tickets().add_columns(*now_with).join(page, page.c.id == ticket.c.id)
    query = query.outerjoin(hop, and_(hop.c.ticket_id == ticket.c.id, live))
    return shaped(TicketLine, tx.execute(query.order_by(ticket.c.id.desc()))).all()


def _now_with(team: str) -> CompoundSelect[Any]:
    """A query for the ids of the tickets that the team has now."""
    has = [select(hop.c.ticket_id).where(alive, hop.c.team == team) for alive in (on_board, off_board)]
    return union_all(*has)


def _newest_of(scope: Scope, limit: int, before: int | None) -> list[Select[Any]]:
    """Queries for the newest tickets that the scope allows, one for each area or team: each can use an index."""
    if scope.teams is None:
        return [_newest(ticket.c.id, limit, before, within_one) for within_one in _each(ticket.c.area, scope.areas)]
    column = hop.c.ticket_id.label("id")
    within_any = in_areas(hop.c.area, scope.areas)
    return [_newest(column, limit, before, hop.c.team == team, within_any).distinct() for team in sorted(scope.teams)]


def _newest(column: Any, limit: int, before: int | None, *where: ColumnElement[bool]) -> Select[Any]:
    older = true() if before is None else column < before
    return select(column).where(*where, older).order_by(column.desc()).limit(limit)


def is_seen(scope: Scope) -> ColumnElement[bool]:
    if scope.teams is None:
        return in_areas(ticket.c.area, scope.areas)
    had = hop.alias("had")
    ever = select(had.c.id).where(had.c.ticket_id == ticket.c.id, had.c.team.in_(scope.teams)).exists()
    return and_(in_areas(ticket.c.area, scope.areas), ever)


def in_areas(column: ColumnElement[str], areas: Areas) -> ColumnElement[bool]:
    """The condition that this column's area is one of `areas`."""
    return true() if areas is None else column.in_(areas)


def _each(column: ColumnElement[str], areas: Areas) -> list[ColumnElement[bool]]:
    """`within` as one condition for each area."""
    return [true()] if areas is None else [column == area for area in sorted(areas)]


def _first(parts: Sequence[Select[Any]], limit: int, *, descending: bool = False) -> Subquery:
    """Merge ordered queries of at most `limit` rows each into their first `limit` rows."""
    match parts:
        case []:
            return select(hop.c.id).where(false()).subquery()
        case [one]:
            return one.subquery()
        case _:
            merged = union(*(select(part.subquery()) for part in parts)).subquery()
            order = [column.desc() if descending else column for column in merged.c]
            return select(merged).order_by(*order).limit(limit).subquery()
