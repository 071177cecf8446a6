"""The rows of outside effects, and of the messages of which some are made."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol


class WaitingOrder(Protocol):
    """An order to the builders that waits for cancel and refund."""

    ticket_id: int
    kind: str
    failed_at: datetime
    area: str
    account: str
    address: str
    name: str
    mobile: str
    evidence: dict[str, Any] | None  # of the visit before; None: there was none, or without evidence


class EffectLine(Protocol):
    """An outside effect without its payload, which may be a customer's."""

    id: int
    port: str  # one of `domain.effect.Port`
    key: str  # by which the receiver recognises a repetition
    lane: str | None  # effects of one lane leave in order; None: in any order
    state: str  # one of `domain.effect.EffectState`
    generation: int
    failures: int
    failure: str | None  # the last one's kind, no data; None: never failed
    wake_at: datetime | None  # when it is due; None: confirmed or in the quarantine
    made_at: datetime
    confirmed_at: datetime | None  # None: its receiver hasn't accepted it
    forgotten_at: datetime | None  # since when its payload is empty; None: it is kept


class EffectRow(EffectLine, Protocol):
    """A whole outside effect."""

    payload: dict[str, Any]


class EffectCountRow(Protocol):
    """The number of a port's effects in a state."""

    port: str
    state: str
    number: int
    oldest: datetime  # when the oldest of them was made


class ViewedEffect(Protocol):
    """An outside effect in the customer's unified view."""

    port: str
    key: str
    state: str
    made_at: datetime
    confirmed_at: datetime | None  # None: its receiver hasn't accepted it


class MessageDue(Protocol):
    """A message of which the relay makes an effect."""

    id: int
    event: str  # one of `domain.messages.Event`
    source: str
    mobile: str | None  # None: nobody to send it to
    facts: dict[str, Any]
    made_at: datetime


class MessageLine(Protocol):
    """What became of one message to a customer, without its text."""

    id: int
    event: str  # one of `domain.messages.Event`
    source: str
    made_at: datetime
    outcome: str | None  # one of `MESSAGE_OUTCOMES`; None: not looked at yet
    settled_at: datetime | None
    effect_id: int | None  # None: no effect was made of it
    effect_state: str | None  # of its effect
    wake_at: datetime | None  # when its effect is due
    confirmed_at: datetime | None  # when the gateway accepted it
