"""看板: a team's board, and one hop of it with a form for each act."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from dispatch.access import people
from dispatch.domain.acts import ACTS
from dispatch.domain.device import DeviceState
from dispatch.domain.finding import NEW_DEVICE, OLD_DEVICE
from dispatch.domain.ticket import HopState
from dispatch.domain.time import local_date
from dispatch.domain.title import Title
from dispatch.domain.visit import LATEST_VISIT, PARTS_OF_DAY
from dispatch.errors import BadInput
from dispatch.reports import lists
from dispatch.routing.prehandling import answers_in_words
from dispatch.routing.rulebook import Team
from dispatch.routing.wording import evidence_of
from dispatch.storage import devices, tickets
from dispatch.storage.device_rows import DeviceRow
from dispatch.storage.rows import TicketRow
from dispatch.tickets.next_hop import known_facts
from dispatch.tickets.visits import AGREE, SET_OUT
from dispatch.web.api import crew, teams, uploads
from dispatch.web.api.hops import requirements
from dispatch.web.api.schemas import Cursor, HopName, Limit, TeamName
from dispatch.web.api.team_schemas import BoardHop, OnBoardState
from dispatch.web.api.ticket_schemas import Hop
from dispatch.web.api.ticket_views import (
    find_hop,
    hop_thing,
    hop_view,
    is_supervised,
    missing_hop,
    seen_journey,
    ticket_view,
)
from dispatch.web.pages.next_team import leads
from dispatch.web.pages.rendering import HasTitle, calls_customers
from dispatch.web.pages.routes import Pages
from dispatch.web.policy import GuardedField, Target
from dispatch.web.request_context import RequestContext

pages = Pages("boards")

IN_A_COLUMN = 25
MOST_OF_ONES_OWN = 100
MOST_DEVICES = 50
"""Devices that a form offers."""
ON_BEHALF = ("report", "pass on", "hand back", "give back")
"""Acts that a filer may do on the holder's behalf."""


class BoardCard(NamedTuple):
    """A hop as its card shows it. `moves`: acts offered; `for_another`: the caller would claim on another's behalf."""

    on: BoardHop
    moves: list[str]
    mine: bool
    for_another: bool


class BoardColumn(NamedTuple):
    """One column. `mine` come before `others`; `next` is the cursor of the next page."""

    state: HopState
    mine: list[BoardCard]
    others: list[BoardCard]
    next: str | None


@pages.show("/teams/{team}", "see a board", "board.html", raises=[BadInput])
def see_board(
    context: RequestContext,
    team: TeamName,
    state: OnBoardState | None = None,
    cursor: Cursor = None,
    limit: Limit = IN_A_COLUMN,
) -> dict[str, Any]:
    """The three columns, or the one that is read on. Hops of a team from which nobody claims all wait."""
    at = teams.team_with_work(context, team)
    if at.automatic:
        state = "waiting"
    if state is None:
        own = teams.see_board(context, team, None, context.user.name, None, MOST_OF_ONES_OWN).items
        columns = [_column(context, team, each, own, limit, None) for each in ("waiting", "claimed", "held")]
    else:
        columns = [_column(context, team, state, [], limit, cursor)]
    return {
        "team": at,
        "columns": columns,
        "one": state,
        "first": cursor is None,
        "again": context.visitor.request.url.path
        + (f"?{query}" if (query := context.visitor.request.url.query) else ""),
        "opens_at": _opens_at(columns),
        "symptoms": _symptoms(context),
        "teams": context.rulebook.teams,
        "by_phone": calls_customers(context, at),
    }


@pages.show("/teams/{team}/hops/{hop}", "see a hop", "hop.html")
def see_hop(context: RequestContext, team: TeamName, hop: HopName) -> dict[str, Any]:
    """The page of a hop: all that is known of it, and a form for each act."""
    hop_id = find_hop(context, hop)
    journey, thing = seen_journey(context, tickets.id_of_hop(context.tx, hop_id), hop.partition("-")[0], "see a ticket")
    row = next(each for each in journey.hops if each.id == hop_id)
    if row.team != team:
        raise missing_hop(hop)
    at = context.rulebook.team(team)
    job = _job(context, teams.on_board(context, [lists.board_line(context.tx, hop_id)])[0], at)
    kind, mine = journey.ticket.kind, job.on.holder == context.user.name
    known = known_facts(journey.ticket)
    views = {each.id: hop_view(context, kind, each, thing, journey.retest_at) for each in journey.hops}
    is_last = row is journey.hops[-1]
    today = local_date(context.now, context.installation.settings.zone)
    return {
        "team": at,
        "job": job,
        "hop": views[hop_id],
        "ticket": ticket_view(context, journey.ticket, thing),
        "said": pre_handling(context, journey.ticket) if context.shows(GuardedField.CUSTOMER, thing) else [],
        "before": [
            each for each in views.values() if each.ended_at and each.hop != job.on.hop and _says(context, each)
        ],
        "may_find": context.rulebook.findings_of(kind, team),
        "requires": requirements(context, hop_id, job.moves),
        "devices": _devices(context, job, journey.ticket.account_id),
        "leads": leads(
            context.rulebook,
            kind,
            team,
            known,
            job.on.asked_by,
            Counter(each.finding for each in journey.hops if each.finding and each.team == team),
        ),
        "answers": context.rulebook.findings_of(kind, team)
        if is_last and context.may("answer by phone", thing)
        else (),
        "behalf": {move: None if mine or _by_right(context, move, job, at) else job.on.holder for move in ON_BEHALF},
        "crew": _crew(context, at, job.on.area) if job.for_another else [],
        "photos": _photos(context, hop, thing),
        "may_add_photos": not job.on.left
        and context.may("add a photo", _thing(context, job.on, at, on_behalf=not mine)),
        "told_of_visits": [each for each in journey.history if each.hop_id == hop_id and each.act in (AGREE, SET_OUT)],
        "acts": ACTS,
        "today": today.isoformat(),
        "latest_visit": (today + LATEST_VISIT).isoformat(),
        "parts_of_day": PARTS_OF_DAY,
        "longest_hold": int(context.rulebook.limits.hold.total_seconds()),
        "symptoms": _symptoms(context),
        "teams": context.rulebook.teams,
        "evidence": evidence_of(context.rulebook),
        "findings": context.rulebook.findings,
    }


def _column(
    context: RequestContext, team: str, state: OnBoardState, own: list[BoardHop], limit: int, cursor: str | None
) -> BoardColumn:
    """A column. `own` are the hops in the caller's hands: they stand first, and not among the others again."""
    at, page = context.rulebook.team(team), teams.see_board(context, team, state, None, cursor, limit)
    others = [each for each in page.items if each not in own]
    mine = [_job(context, each, at) for each in own if each.state == state]
    return BoardColumn(HopState(state), mine, [_job(context, each, at) for each in others], page.next)


def _opens_at(columns: list[BoardColumn]) -> HopState:
    """The column that a small screen shows first: waiting hops, unless there are only claimed ones."""
    full = [column for column in columns if column.mine or column.others]
    return (full or columns)[0].state


def _job(context: RequestContext, on: BoardHop, team: Team) -> BoardCard:
    moves = [move for move in on.may if move != "hand back" or on.asked_by is not None]
    by_himself = context.may("claim", _thing(context, on, team))
    return BoardCard(on, moves, on.holder == context.user.name, "claim" in moves and not by_himself)


def _thing(context: RequestContext, on: BoardHop, team: Team, *, on_behalf: bool = False) -> Target:
    state = HopState.WAITING if on.left else on.state  # it is claimed as if nobody had it
    return hop_thing(context, team.name, state, on.area, [team.name], on_behalf=on_behalf)


def _by_right(context: RequestContext, move: str, job: BoardCard, team: Team) -> bool:
    """Return whether the caller passes another's hop on as a supervisor, in their own name."""
    return move == "pass on" and is_supervised(context, _thing(context, job.on, team))


def _says(context: RequestContext, hop: Hop) -> bool:
    """Return whether the act carries a person's words."""
    team = context.rulebook.teams.get(hop.team)
    return bool(hop.finding or hop.reason) and not (team is not None and team.automatic)


def pre_handling(context: RequestContext, ticket: TicketRow) -> list[tuple[Title, Title]]:
    """Questions and answers of pre-handling, in the words of the script in force."""
    return answers_in_words(context.installation.known_symptoms().get(ticket.symptom), ticket.script)


def _devices(context: RequestContext, job: BoardCard, account_id: int) -> Mapping[str, Sequence[DeviceRow]]:
    """The devices that a report on the hop may name, by the kind of evidence: those that its holder carries, and those
    at the account."""
    if not {"report", "override"} & set(job.moves) or job.on.holder is None:
        return {}
    there = devices.of_accounts(context.tx, [account_id], MOST_DEVICES)
    return {
        NEW_DEVICE: devices.carried_by(context.tx, job.on.holder)[:MOST_DEVICES],
        OLD_DEVICE: [row for row in there if row.state == DeviceState.ISSUED],
    }


def _crew(context: RequestContext, team: Team, area: str) -> list[str]:
    """Those of the crew who can have the work; without a crew, everybody who can."""
    places = crew.see_crew(replace(context, operation="see a crew")).items
    able = people.fitting(context.tx, team.members, area)
    placed = [each.person for each in places if (each.team, each.area) == (team.name, area)]
    return [name for name in placed if name in able] or able


def _photos(context: RequestContext, hop: str, ticket: Target) -> list[uploads.StoredPhoto]:
    """The ticket as a target of the policy, which decides whether its customer is shown."""
    if not context.may("see photos", ticket) or not context.shows(GuardedField.CUSTOMER, ticket):
        return []
    return uploads.list_photos(replace(context, operation="see photos"), hop.partition("-")[0]).items


def _symptoms(context: RequestContext) -> Mapping[str, HasTitle]:
    return {name: each.title for name, each in context.installation.known_symptoms().items()}
