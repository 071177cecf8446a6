"""短信 What customers are told: an act writes the event and its facts; the relay makes an outside effect of each.

The text is written when the effect is made, by the texts in force; an effect made in quiet hours is due at their end.
So an act needs no texts, and a message that can't be written keeps up nobody but other messages.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, tzinfo

from dispatch import effects
from dispatch.domain.messages import ONCE, PROMISED, SECRET, VALUES, Event, Messages
from dispatch.effects import Notice
from dispatch.runtime.file_in_force import FileInForce
from dispatch.settings import Settings
from dispatch.storage import epoch, messages
from dispatch.storage.database import Tx
from dispatch.storage.effect_rows import MessageDue
from dispatch.storage.messages import Settled
from dispatch.storage.messages import Told as Told


def tell(tx: Tx, now: datetime, *told: Told) -> None:
    """Tell customers of these events."""
    for each in told:
        assert each.facts.keys() == VALUES[each.event] - PROMISED.get(each.event, frozenset()), each.event
    messages.insert(tx, told, now)


def of_ticket(ticket_id: int) -> str:
    """A ticket as the source of messages."""
    return f"ticket/{ticket_id}"


def settle(tx: Tx, texts: Messages, zone: tzinfo, now: datetime, limit: int) -> int:
    """Make outside effects of at most `limit` messages; returns of how many it knows now what becomes of them."""
    waiting = messages.lock_to_settle(tx, limit)
    if not waiting:
        return 0
    kept_back = {row.id: why for row in waiting if (why := _kept_back(texts, row))}
    sent = [row for row in waiting if row.id not in kept_back]
    names = epoch.names(tx, epoch.OF_MESSAGES, [row.id for row in sent])
    notices = [_notice(texts, row, _key(row, names[row.id]), zone, now) for row in sent]
    made = effects.tell_many(tx, notices)
    settled = [Settled(row.id, "effect", effect_id) for row, effect_id in zip(sent, made, strict=True)]
    messages.settle(tx, [*settled, *(Settled(id_, why) for id_, why in kept_back.items())], now)
    return len(waiting)


def _kept_back(texts: Messages, row: MessageDue) -> str | None:
    """Why no effect is made of the message; None: one is."""
    if not texts.texts[Event(row.event)].on:
        return "off"
    return None if row.mobile else "no-number"


def _key(row: MessageDue, name: str) -> str:
    """The gateway sends a key once: of some events, one message about a source."""
    return f"message/{row.event}/{row.source}" if row.event in ONCE else f"message/{name}"


def _notice(texts: Messages, row: MessageDue, key: str, zone: tzinfo, now: datetime) -> Notice:
    event = Event(row.event)
    assert row.mobile is not None  # `_kept_back`
    return Notice(
        key, row.mobile, texts.write(event, row.facts, row.made_at, zone), texts.due(event, now, zone), event in SECRET
    )


class MessagesInForce(FileInForce[Messages]):
    """The file's texts while the file is good, else the last good ones."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.messages, "messages refused, the last good ones stay in force")
        self._quiet = settings.quiet_hours

    def get(self) -> Messages | None:
        """The texts in force; None when there was never a good file: then messages wait."""
        return self._current(self._load)

    def _load(self) -> Messages:
        from dispatch.routing.messages_file import load  # with a YAML parser, which few processes need

        read = load(self.file)
        return read if self._quiet else replace(read, quiet=None)
