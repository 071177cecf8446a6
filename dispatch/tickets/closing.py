"""归档, 回访, 重派: freeze the record, ask the customer, and close the case or open it again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import add
from typing import Any

import orjson

from dispatch.access.people import People
from dispatch.domain.numbers import hop_wording, ticket_number
from dispatch.domain.opinion import NOT_FIXED, Opinion
from dispatch.domain.opinion import UNREACHABLE as UNREACHABLE
from dispatch.domain.roles import CUSTOMER, WORKER, Actor, require
from dispatch.domain.service_level import Spent, spent
from dispatch.domain.ticket import HOP_ENDS, HopState, TicketState, hop_move, ticket_move
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, DispatchError, NotFound, SurveyNotOpen, SurveyOver
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import history, hops, survey_links, surveys, tickets
from dispatch.storage.database import Tx
from dispatch.storage.rows import HistoryRow, HopRow, LockedHop, SurveyRow, TicketRow, as_dict, as_dicts, by_ticket
from dispatch.tickets import next_hop
from dispatch.tickets.next_hop import NONE, Changes, DirectlySent, Ending

FILED = "filed"


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
    tx: Tx,
    rulebook: Rulebook,
    answers: Sequence[tuple[str, Opinion | str]],
    now: datetime,
    undo: timedelta = timedelta(),
    *,
    same_hands: bool = True,
) -> dict[str, DispatchError]:
    """Record customers' answers, given as (token, opinion, or the finding alone), and close or reopen their cases.

    Within `undo` a customer can take the answer back, and the case ends or is reopened after that. A case that isn't
    fixed goes back to those who had it last; without `same_hands` where the rules lead, as a replayed log needs it.

    Returns the refusals by token. The first of two answers to one survey counts.
    """
    known = survey_links.by_tokens(tx, [token for token, _ in answers])
    rows = hops.lock(tx, [survey.hop_id for survey in known.values()])
    surveyed = surveys.by_hops(tx, list(rows))  # as they are behind the lock
    refusals: dict[str, DispatchError] = {}
    given: dict[str, _Given] = {}
    for token, said in answers:
        try:
            if token not in known:
                raise NotFound(what=Wording("回访，链接", "survey"), which=Wording("有误", "with this link"))
            if token in given or surveyed[known[token].hop_id].answer is not None:
                raise SurveyOver()
            given[token] = _answered(rulebook, rows[known[token].hop_id], said, CUSTOMER)
        except DispatchError as refused:
            refusals[token] = refused
    if undo:
        _wait_for_undo(tx, list(given.values()), now, undo)
    else:
        _close(tx, rulebook, list(given.values()), now, same_hands=same_hands)
    return refusals


def answer(
    tx: Tx, rulebook: Rulebook, token: str, said: Opinion | str, now: datetime, undo: timedelta = timedelta()
) -> None:
    """Record the answer that a customer gave by the link. Raises NotFound, SurveyOver, IllegalMove, BadInput."""
    for refused in answer_many(tx, rulebook, [(token, said)], now, undo).values():
        raise refused


def take_back(tx: Tx, rulebook: Rulebook, token: str, now: datetime, undo: timedelta) -> None:
    """Forget the answer that a customer gave by the link so short a time ago. Raises NotFound, SurveyOver."""
    known = survey_links.by_tokens(tx, [token]).get(token)
    if known is None:
        raise NotFound(what=Wording("回访，链接", "survey"), which=Wording("有误", "with this link"))
    row = hops.lock(tx, [known.hop_id])[known.hop_id]
    found = surveys.by_hops(tx, [row.id])[row.id]
    if row.state in HOP_ENDS or found.answered_at is None or now >= found.answered_at + undo:
        raise SurveyOver()
    surveys.take_back(tx, row.id)
    hops.update_hops(tx, [{"id": row.id, "wake_at": now + rulebook.limits.survey_every}])


def answer_by_phone(
    tx: Tx, rulebook: Rulebook, ticket_id: int, said: Opinion | str, actor: Actor, now: datetime
) -> None:
    """Record the answer that an agent got by telephone.

    Raises NotAllowed, NotFound, SurveyOver, IllegalMove, BadInput.
    """
    row = locked_survey(tx, rulebook, ticket_id, actor)
    _close(tx, rulebook, [_answered(rulebook, row, said, actor)], now)


def locked_survey(tx: Tx, rulebook: Rulebook, ticket_id: int, actor: Actor) -> LockedHop:
    """The ticket's survey that waits for an answer, locked. Raises NotAllowed, NotFound, SurveyOver, SurveyNotOpen."""
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
    if row.state not in HOP_ENDS and surveys.by_hops(tx, [hop_id])[hop_id].answer is not None:
        raise SurveyOver()  # by the link, a moment ago
    return row


def remind(tx: Tx, rulebook: Rulebook, rows: Sequence[LockedHop], actor: Actor, now: datetime) -> None:
    """For these surveys whose time has come: give effect to an answer that wasn't taken back, send the survey again,
    or, once all messages were sent, wait for an agent's call, and end it as unreachable after all."""
    ids = [row.id for row in rows]
    said = surveys.by_hops(tx, ids)
    _give_effect(tx, rulebook, [(row, said[row.id]) for row in rows if _is_answered(said.get(row.id))], now)
    silent = [row for row in rows if not _is_answered(said.get(row.id))]
    tried, first = surveys.attempts(tx, ids), surveys.first_asked(tx, ids)
    given_up: list[LockedHop] = []
    again: list[LockedHop] = []
    called: list[dict[str, Any]] = []
    for row in silent:
        last = tried[row.id].attempt if row.id in tried else 0
        until = first.get(row.id, now) + rulebook.limits.survey_give_up
        if last < rulebook.limits.survey_attempts:
            again.append(row)
        elif now < until:
            called.append({"id": row.id, "wake_at": until})
        else:
            given_up.append(row)
    hops.update_hops(
        tx,
        [
            {"id": row.id, "state": hop_move(HopState(row.state), "remind"), "steps_done": 0, "wake_at": now}
            for row in again
        ],
    )
    hops.update_hops(tx, called)
    _close(tx, rulebook, [_Given(Ending(row, "finish", actor, finding=UNREACHABLE)) for row in given_up], now)


@dataclass(frozen=True, slots=True)
class _Given:
    """An answer: how its survey ends, what the customer said (None: out of reach), and the agent who was told."""

    ending: Ending
    said: Opinion | None = None
    by: str | None = None


def _is_answered(survey: SurveyRow | None) -> bool:
    return survey is not None and survey.answer is not None


def _answered(rulebook: Rulebook, row: LockedHop, said: Opinion | str, actor: Actor) -> _Given:
    if row.state in HOP_ENDS:
        raise SurveyOver()
    hop_move(HopState(row.state), "finish", hop_wording(row.kind, row.ticket_id, row.seq))
    allowed = [known.name for known in rulebook.findings_of(row.kind, row.team)]
    finding = said if isinstance(said, str) else said.finding(allowed)
    if finding not in allowed:
        listed = ", ".join(allowed)
        raise BadInput(
            what=Wording(
                f"没有答复“{finding:.40}”；可答：{listed}", f"{finding!r:.40} is not an answer; choose from {listed}"
            )
        )
    by = None if actor == CUSTOMER else actor.name
    opinion = said if isinstance(said, Opinion) else None if said == UNREACHABLE else Opinion(said != NOT_FIXED)
    return _Given(Ending(row, "finish", actor, finding=finding), opinion, by)


def _wait_for_undo(tx: Tx, given: Sequence[_Given], now: datetime, undo: timedelta) -> None:
    """Record the answers; the relay gives effect to them when nobody has taken them back."""
    _record(tx, given, now)
    hops.update_hops(tx, [{"id": each.ending.hop.id, "wake_at": now + undo} for each in given])


def _give_effect(tx: Tx, rulebook: Rulebook, rows: Sequence[tuple[LockedHop, SurveyRow]], now: datetime) -> None:
    endings = [Ending(row, "finish", CUSTOMER, finding=said.answer) for row, said in rows]
    next_hop.end_hops(tx, rulebook, _back_to_same_hands(tx, rulebook, endings), now)


def _close(tx: Tx, rulebook: Rulebook, given: Sequence[_Given], now: datetime, *, same_hands: bool = True) -> None:
    _record(tx, given, now)
    endings = [each.ending for each in given]
    if same_hands:
        endings = _back_to_same_hands(tx, rulebook, endings)
    next_hop.end_hops(tx, rulebook, endings, now)


def _record(tx: Tx, given: Sequence[_Given], now: datetime) -> None:
    alike: dict[tuple[str | None, Opinion | None, str | None], list[int]] = {}
    for each in given:
        alike.setdefault((each.ending.finding, each.said, each.by), []).append(each.ending.hop.id)
    for (finding, said, by), ids in alike.items():
        assert finding is not None
        surveys.answer(tx, ids, finding, now, said, by)


def _back_to_same_hands(tx: Tx, rulebook: Rulebook, endings: Sequence[Ending]) -> list[Ending]:
    """The same endings; what isn't fixed goes back to the team that had it last, and to whom of it if they can."""
    open_again = [each.hop.ticket_id for each in endings if each.finding == NOT_FIXED]
    if not open_again:
        return list(endings)
    last = {
        ticket_id: next((hop for hop in reversed(journey) if hop.holder is not None), None)
        for ticket_id, journey in by_ticket(hops.of_tickets(tx, open_again)).items()
    }
    people = People(tx, {hop.holder for hop in last.values() if hop and hop.holder}, locks=False)
    changed = []
    for each in endings:
        before = last.get(each.hop.ticket_id) if each.finding == NOT_FIXED else None
        if before is None or before.holder is None:
            changed.append(each)
            continue
        able = people.able(before.holder, rulebook.team(before.team).members, each.hop.area)
        changed.append(replace(each, again=before.team, proposed=before.holder if able else None))
    return changed
