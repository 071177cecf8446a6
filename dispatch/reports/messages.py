"""短信 What a customer was told about one thing, and what became of each message. Read-only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.messages import Event, MessageState, message_state
from dispatch.domain.title import Title
from dispatch.storage import messages
from dispatch.storage.database import Tx
from dispatch.storage.effect_rows import MessageLine


@dataclass(frozen=True, slots=True)
class ToldMessage:
    """One message. `at`: when it was sent, will be, or was kept back."""

    event: str
    title: Title
    made_at: datetime
    state: MessageState
    at: datetime


def told(tx: Tx, source: str) -> list[ToldMessage]:
    """The messages about one thing, the oldest first."""
    return [_told(row) for row in messages.about(tx, source)]


def _told(row: MessageLine) -> ToldMessage:
    at = row.confirmed_at or row.wake_at or row.settled_at or row.made_at
    state = message_state(row.outcome, row.effect_state)
    return ToldMessage(row.event, Event.label_of(row.event), row.made_at, state, at)
