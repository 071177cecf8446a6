"""归档, 回访, 重派: freeze the record, ask the customer, and close the case or open it again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from operator import add
from typing import Any

import orjson

from dispatch.domain.numbers import hop_wording, ticket_number
from dispatch.domain.roles import CUSTOMER, WORKER, Actor, require
from dispatch.domain.service_level import Spent, spent
from dispatch.domain.ticket import HOP_ENDS, HopState, TicketState, hop_move, ticket_move
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, DispatchError, NotFound, SurveyNotOpen, SurveyOver
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import history, hops, survey_links, surveys, tickets
from dispatch.storage.database import Tx
from dispatch.storage.rows import HistoryRow, HopRow, LockedHop, TicketRow, as_dict, as_dicts, by_ticket
from dispatch.tickets import next_hop
from dispatch.tickets.next_hop import NONE, Changes, DirectlySent, Ending

FILED, UNREACHABLE = "filed", "unreachable"


def archive(
    tx: Tx, rulebook: Rulebook, rows: Sequence[LockedHop], now: datetime, direct: DirectlySent = NONE
) -> Changes:
    """Compute the archive records and the changes that end these archive hops, for `next_hop.write_changes`.

    A record holds the ticket's whole journey, the time each team took, and its own SHA-256. Raises IllegalMove.
    """
    ids = [row.ticket_id for row in rows]
    cases = {row.id: row for row in tickets.by_ids(tx, ids)}
    journeys = by_ticket(hops.of_tickets(tx, ids))
    acts = by_ticket(history.of_tickets(tx, ids))
    endings = [
        Ending(
            row,
            "finish",
            WORKER,
            finding=FILED,
            outcome=_last_finding(journeys[row.ticket_id]),
            ticket=ticket_move(
                TicketState(row.ticket_state), "archive", f"ticket {ticket_number(row.kind, row.ticket_id)}"
            ),
        )
        for row in rows
    ]
    frozen = [archive_record(cases[row.ticket_id], journeys[row.ticket_id], acts[row.ticket_id], now) for row in rows]
    return replace(next_hop.compute_changes(rulebook, endings, now, direct), records=frozen)


def _last_finding(journey: Sequence[HopRow]) -> str | None:
    """The last finding of the journey. A construction order ends with its archive hop, so this is its outcome:
    `activated` or `refunded`."""
    return next((hop.finding for hop in reversed(journey) if hop.finding), None)


def archive_record(
    case: TicketRow, journey: Sequence[HopRow], acts: Sequence[HistoryRow], now: datetime
) -> dict[str, Any]:
    """One row of the archive: canonical JSON (sorted keys, no spaces, UTC times) and its SHA-256."""
    content = orjson.dumps(
        {
            "ticket": as_dict(case),
            "hops": as_dicts(journey),
            "history": as_dicts(acts),
            "seconds_by_team": seconds_by_team(journey, now),
        },
        option=orjson.OPT_SORT_KEYS,
    ).decode()
    return {
        "ticket_id": case.id,
        "round": case.reopened,
        "archived_at": now,
        "content": content,
        "sha256": digest(content),
    }


def digest(content: str) -> str:
    """The SHA-256 of a record's content, in hexadecimal."""
    return hashlib.sha256(content.encode()).hexdigest()


def seconds_by_team(journey: Sequence[HopRow], now: datetime) -> dict[str, dict[str, float]]:
    """Seconds that each team's hops spent queued, waiting, in hand and held. An open hop counts up to `now`."""
    sums: dict[str, Spent] = {}
    for hop in journey:
        held = timedelta(seconds=hop.held_seconds)
        parts = spent(hop.made_at, hop.boarded_at, hop.claimed_at, hop.ended_at or now, held)
        sums[hop.team] = Spent(*map(add, sums[hop.team], parts)) if hop.team in sums else parts
    return {
        team: {name: round(part.total_seconds(), 3) for name, part in zip(Spent._fields, parts, strict=True)}
        for team, parts in sums.items()
    }


def asks_customers(rulebook: Rulebook, team: str) -> bool:
    """Return whether the team's hops are surveys: only a survey has the finding `unreachable`."""
    return any(UNREACHABLE in teams.get(team, {}) for teams in rulebook.flows.values())


def is_survey(rulebook: Rulebook, row: LockedHop) -> bool:
    """Return whether the hop asks a customer: its worker may end it as unreachable."""
    section = rulebook.flows.get(row.kind, {}).get(row.team, {})
    return rulebook.is_automatic(row.team) and UNREACHABLE in section


def answer_many(
    tx: Tx, rulebook: Rulebook, answers: Sequence[tuple[str, str]], now: datetime
) -> dict[str, DispatchError]:
    """Record customers' answers, given as (token, finding), and close or reopen their cases.

    Returns the refusals by token. The first of two answers to one survey counts.
    """
    known = survey_links.by_tokens(tx, [token for token, _ in answers])
    rows = hops.lock(tx, [survey.hop_id for survey in known.values()])
    refusals: dict[str, DispatchError] = {}
    endings: dict[str, Ending] = {}
    for token, finding in answers:
        try:
            if token not in known:
                raise NotFound(what=Wording("回访，链接", "survey"), which=Wording("有误", "with this link"))
            if token in endings:
                raise SurveyOver()
            endings[token] = _answered(rulebook, rows[known[token].hop_id], finding, CUSTOMER)
        except DispatchError as refused:
            refusals[token] = refused
    _close(tx, rulebook, list(endings.values()), now)
    return refusals


def answer(tx: Tx, rulebook: Rulebook, token: str, finding: str, now: datetime) -> None:
    """Record the answer that a customer gave by the link. Raises NotFound, SurveyOver, IllegalMove, BadInput."""
    for refused in answer_many(tx, rulebook, [(token, finding)], now).values():
        raise refused


def answer_by_phone(tx: Tx, rulebook: Rulebook, ticket_id: int, finding: str, actor: Actor, now: datetime) -> None:
    """Record the answer that an agent got by telephone.

    Raises NotAllowed, NotFound, SurveyOver, IllegalMove, BadInput.
    """
    hop_id = hops.find(tx, ticket_id)
    survey = None if hop_id is None else surveys.by_hop(tx, hop_id)
    if hop_id is None or survey is None:
        found = tickets.get(tx, ticket_id)
        if not actor.covers(found.area):
            raise tickets.not_found(ticket_id)
        raise SurveyOver() if hop_id is None else SurveyNotOpen(ticket=ticket_number(found.kind, ticket_id))
    row = hops.lock(tx, [hop_id])[hop_id]
    if not actor.covers(row.area):
        raise tickets.not_found(ticket_id)
    number = ticket_number(row.kind, ticket_id)
    what = Wording(f"工单 {number} 的回访", f"the survey of {number}")
    team = rulebook.teams.get(row.team)
    require(actor, "answer", what, team.members if team else ())
    _close(tx, rulebook, [_answered(rulebook, row, finding, actor)], now)


def remind(tx: Tx, rulebook: Rulebook, rows: Sequence[LockedHop], actor: Actor, now: datetime) -> None:
    """Send the survey again for these hops, or end them as unreachable if the last attempt has been made."""
    tried = surveys.attempts(tx, [row.id for row in rows])
    given_up: list[LockedHop] = []
    again: list[LockedHop] = []
    for row in rows:
        last = tried[row.id].attempt if row.id in tried else 0
        (given_up if last >= rulebook.limits.survey_attempts else again).append(row)
    hops.update_hops(
        tx,
        [
            {"id": row.id, "state": hop_move(HopState(row.state), "remind"), "steps_done": 0, "wake_at": now}
            for row in again
        ],
    )
    _close(tx, rulebook, [Ending(row, "finish", actor, finding=UNREACHABLE) for row in given_up], now)


def _answered(rulebook: Rulebook, row: LockedHop, finding: str, actor: Actor) -> Ending:
    if row.state in HOP_ENDS:
        raise SurveyOver()
    hop_move(HopState(row.state), "finish", hop_wording(row.kind, row.ticket_id, row.seq))
    allowed = [known.name for known in rulebook.findings_of(row.kind, row.team)]
    if finding not in allowed:
        listed = ", ".join(allowed)
        raise BadInput(
            what=Wording(
                f"没有答复“{finding:.40}”；可答：{listed}", f"{finding!r:.40} is not an answer; choose from {listed}"
            )
        )
    return Ending(row, "finish", actor, finding=finding)


def _close(tx: Tx, rulebook: Rulebook, endings: Sequence[Ending], now: datetime) -> None:
    for finding in {ending.finding for ending in endings if ending.finding}:
        surveys.answer(tx, [ending.hop.id for ending in endings if ending.finding == finding], finding, now)
    next_hop.end_hops(tx, rulebook, endings, now)
