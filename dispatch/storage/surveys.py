"""Surveys of customers, the attempts to ask them, and their answers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select, update

from dispatch.domain.opinion import Opinion
from dispatch.storage import epoch, heartbeats
from dispatch.storage.database import Tx
from dispatch.storage.rows import BadGrade, SilentCustomer, SurveyAttempt, SurveyCall, SurveyRow, shaped
from dispatch.storage.survey_links import TOKEN_BYTES
from dispatch.storage.tables.accounts import account
from dispatch.storage.tables.tickets import hop, on_board, survey, survey_attempt, survey_call, ticket

_CASES = (
    survey.join(hop, hop.c.id == survey.c.hop_id)
    .join(ticket, ticket.c.id == hop.c.ticket_id)
    .join(account, account.c.id == ticket.c.account_id)
)


def open_surveys(tx: Tx, hop_ids: Sequence[int], now: datetime) -> None:
    """Make a survey and its next attempt for each of these hops; an unconfirmed attempt is tried again instead."""
    known = set(tx.execute(select(survey.c.hop_id).where(survey.c.hop_id.in_(hop_ids))).scalars())
    new = [hop_id for hop_id in hop_ids if hop_id not in known]
    if new:
        older = heartbeats.an_older_one_lives(tx)  # it may have to send the link, and reads its token here
        mark = epoch.mark(tx) if older else None
        rows = [
            {"hop_id": hop_id, "token": secrets.token_urlsafe(TOKEN_BYTES) if older else None, "mark": mark}
            for hop_id in new
        ]
        tx.execute(insert(survey), rows)
    tried = attempts(tx, hop_ids)
    asked: list[dict[str, object]] = []
    for hop_id in hop_ids:
        last = tried.get(hop_id)
        if last is None or last.confirmed_at is not None:
            asked.append({"hop_id": hop_id, "attempt": 1 if last is None else last.attempt + 1, "made_at": now})
    if asked:
        tx.execute(insert(survey_attempt), asked)


def attempts(tx: Tx, hop_ids: Sequence[int]) -> dict[int, SurveyAttempt]:
    """The last attempt of each survey, by hop id."""
    query = select(survey_attempt).where(survey_attempt.c.hop_id.in_(hop_ids)).order_by(survey_attempt.c.attempt)
    return {row.hop_id: row for row in shaped(SurveyAttempt, tx.execute(query))}


def confirm(tx: Tx, hop_ids: Sequence[int], now: datetime) -> None:
    tx.execute(
        update(survey_attempt)
        .where(survey_attempt.c.hop_id.in_(hop_ids), survey_attempt.c.confirmed_at.is_(None))
        .values(confirmed_at=now)
    )


def by_hop(tx: Tx, hop_id: int) -> SurveyRow | None:
    return shaped(SurveyRow, tx.execute(select(survey).where(survey.c.hop_id == hop_id))).one_or_none()


def by_hops(tx: Tx, hop_ids: Sequence[int]) -> dict[int, SurveyRow]:
    """Surveys by their hops' ids."""
    found = shaped(SurveyRow, tx.execute(select(survey).where(survey.c.hop_id.in_(hop_ids))))
    return {row.hop_id: row for row in found}


def answer(tx: Tx, hop_ids: Sequence[int], finding: str, now: datetime, said: Opinion | None, by: str | None) -> None:
    """Record an answer where there is none yet. `said`: None for who is out of reach."""
    opinion = {
        "fixed": None if said is None else said.fixed,
        "grade": None if said is None else said.grade,
        "reasons": list(said.reasons) if said and said.reasons else None,
        "words": (said.words or None) if said else None,
    }
    tx.execute(
        update(survey)
        .where(survey.c.hop_id.in_(hop_ids), survey.c.answer.is_(None))
        .values(answer=finding, answered_at=now, by=by, **opinion)
    )


def take_back(tx: Tx, hop_id: int) -> None:
    """Forget a survey's answer."""
    said = ("answer", "answered_at", "by", "fixed", "grade", "reasons", "words")
    tx.execute(update(survey).where(survey.c.hop_id == hop_id).values(dict.fromkeys(said)))


def first_asked(tx: Tx, hop_ids: Sequence[int]) -> dict[int, datetime]:
    """When each of these surveys was sent first, by hop id."""
    query = select(survey_attempt.c.hop_id, func.min(survey_attempt.c.made_at)).group_by(survey_attempt.c.hop_id)
    return {row[0]: row[1] for row in tx.execute(query.where(survey_attempt.c.hop_id.in_(hop_ids)))}


def calls(tx: Tx, hop_ids: Sequence[int]) -> dict[int, list[SurveyCall]]:
    """The calls of each of these surveys, by hop id, the first first."""
    query = (
        select(survey_call).where(survey_call.c.hop_id.in_(hop_ids)).order_by(survey_call.c.hop_id, survey_call.c.call)
    )
    found: dict[int, list[SurveyCall]] = {}
    for row in shaped(SurveyCall, tx.execute(query)):
        found.setdefault(row.hop_id, []).append(row)
    return found


def silent(tx: Tx, attempts: int, calls: int, areas: frozenset[str] | None, limit: int) -> Sequence[SilentCustomer]:
    """At most `limit` surveys that wait, of which so many messages were sent and which had fewer calls; those who wait
    longest first."""
    sent = select(
        survey_attempt.c.hop_id, func.count().label("sent"), func.min(survey_attempt.c.made_at).label("since")
    )
    sent_by = sent.where(survey_attempt.c.confirmed_at.is_not(None)).group_by(survey_attempt.c.hop_id).subquery()
    called = select(survey_call.c.hop_id, func.count().label("calls"), func.max(survey_call.c.at).label("last_call"))
    called_by = called.group_by(survey_call.c.hop_id).subquery()
    times = func.coalesce(called_by.c.calls, 0)
    query = (
        select(
            *(ticket.c.id.label("ticket_id"), ticket.c.kind, hop.c.team, hop.c.area, account.c.number.label("account")),
            *(account.c.mobile, sent_by.c.since, times.label("calls"), called_by.c.last_call),
        )
        .select_from(_CASES)
        .join(sent_by, sent_by.c.hop_id == survey.c.hop_id)
        .outerjoin(called_by, called_by.c.hop_id == survey.c.hop_id)
        .where(on_board, survey.c.answer.is_(None), sent_by.c.sent >= attempts, times < calls)
    )
    if areas is not None:
        query = query.where(hop.c.area.in_(areas))
    return shaped(SilentCustomer, tx.execute(query.order_by(sent_by.c.since, ticket.c.id).limit(limit))).all()


def bad_grades(tx: Tx, worst: int, since: datetime, areas: frozenset[str] | None, limit: int) -> Sequence[BadGrade]:
    """At most `limit` answers since then with a grade up to `worst`, the newest first, each with who had the case last
    before it was asked."""
    before = hop.alias("before")
    last = (
        select(func.max(before.c.seq))
        .where(before.c.ticket_id == hop.c.ticket_id, before.c.seq < hop.c.seq, before.c.holder.is_not(None))
        .scalar_subquery()
    )
    had = hop.alias("had")
    query = (
        select(
            *(ticket.c.id.label("ticket_id"), ticket.c.kind, hop.c.area, account.c.number.label("account")),
            *(survey.c.grade, survey.c.reasons, survey.c.words, survey.c.by, survey.c.answered_at),
            *(had.c.team, had.c.holder),
        )
        .select_from(_CASES)
        .outerjoin(had, (had.c.ticket_id == hop.c.ticket_id) & (had.c.seq == last))
        .where(survey.c.grade <= worst, survey.c.answered_at >= since)
    )
    if areas is not None:
        query = query.where(hop.c.area.in_(areas))
    query = query.order_by(survey.c.answered_at.desc(), ticket.c.id.desc()).limit(limit)
    return shaped(BadGrade, tx.execute(query)).all()


def add_call(tx: Tx, hop_id: int, call: int, by: str, now: datetime) -> None:
    tx.execute(insert(survey_call).values(hop_id=hop_id, call=call, at=now, by=by))
