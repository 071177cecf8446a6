"""Surveys of customers, the attempts to ask them, and their answers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import insert, select, update

from dispatch.storage import epoch
from dispatch.storage.database import Tx
from dispatch.storage.rows import SurveyAttempt, SurveyRow, shaped
from dispatch.storage.tables.accounts import account
from dispatch.storage.tables.tickets import hop, survey, survey_attempt, ticket


class SurveyQuestion(NamedTuple):
    """One attempt to ask a customer. `key` lets the message gateway recognise a repetition."""

    hop_id: int
    attempt: int
    ticket_id: int
    kind: str
    token: str
    mobile: str
    mark: str | None
    """Of the epoch in which the token was made: a link that a restore undid is another question under another key."""

    @property
    def key(self) -> str:
        return f"survey/{epoch.named(self.hop_id, self.mark)}/{self.attempt}"


def open_surveys(tx: Tx, hop_ids: Sequence[int], now: datetime) -> None:
    """Make a survey and its next attempt for each of these hops; an unconfirmed attempt is tried again instead."""
    known = set(tx.execute(select(survey.c.hop_id).where(survey.c.hop_id.in_(hop_ids))).scalars())
    new = [hop_id for hop_id in hop_ids if hop_id not in known]
    if new:
        mark = epoch.mark(tx)
        rows = [{"hop_id": hop_id, "token": secrets.token_urlsafe(16), "mark": mark} for hop_id in new]
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


def unconfirmed(tx: Tx, hop_ids: Sequence[int]) -> list[SurveyQuestion]:
    """The questions that are still to be sent to the customers of these hops."""
    query = (
        select(
            survey_attempt.c.hop_id,
            survey_attempt.c.attempt,
            ticket.c.id,
            ticket.c.kind,
            survey.c.token,
            account.c.mobile,
            survey.c.mark,
        )
        .join(survey, survey.c.hop_id == survey_attempt.c.hop_id)
        .join(hop, hop.c.id == survey.c.hop_id)
        .join(ticket, ticket.c.id == hop.c.ticket_id)
        .join(account, account.c.id == ticket.c.account_id)
        .where(survey_attempt.c.hop_id.in_(hop_ids), survey_attempt.c.confirmed_at.is_(None))
        .order_by(survey_attempt.c.hop_id)
    )
    return [SurveyQuestion(*row) for row in tx.execute(query)]


def confirm(tx: Tx, hop_ids: Sequence[int], now: datetime) -> None:
    tx.execute(
        update(survey_attempt)
        .where(survey_attempt.c.hop_id.in_(hop_ids), survey_attempt.c.confirmed_at.is_(None))
        .values(confirmed_at=now)
    )


def by_tokens(tx: Tx, tokens: Sequence[str]) -> dict[str, SurveyRow]:
    """Return the surveys with these tokens. A survey's token is the secret in the link that its customer gets; whoever
    has it may answer once, without signing in."""
    query = select(survey).where(survey.c.token.in_(tokens))
    return {row.token: row for row in shaped(SurveyRow, tx.execute(query))}


def by_hop(tx: Tx, hop_id: int) -> SurveyRow | None:
    return shaped(SurveyRow, tx.execute(select(survey).where(survey.c.hop_id == hop_id))).one_or_none()


def answer(tx: Tx, hop_ids: Sequence[int], finding: str, now: datetime) -> None:
    tx.execute(
        update(survey)
        .where(survey.c.hop_id.in_(hop_ids), survey.c.answer.is_(None))
        .values(answer=finding, answered_at=now)
    )
