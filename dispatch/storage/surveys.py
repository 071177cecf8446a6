"""Surveys of customers, the attempts to ask them, and their answers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import insert, select, update

from dispatch.storage import epoch, heartbeats
from dispatch.storage.database import Tx
from dispatch.storage.rows import SurveyAttempt, SurveyRow, shaped
from dispatch.storage.survey_links import TOKEN_BYTES
from dispatch.storage.tables.tickets import survey, survey_attempt


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


def answer(tx: Tx, hop_ids: Sequence[int], finding: str, now: datetime) -> None:
    tx.execute(
        update(survey)
        .where(survey.c.hop_id.in_(hop_ids), survey.c.answer.is_(None))
        .values(answer=finding, answered_at=now)
    )
