"""The life table of an outside effect 外部动作: an order to another system, such as a text message or a print. Pure.

An effect begins as a row. It is sent with an idempotency key for its receiver, which confirms it. An unconfirmed effect
is sent again; an effect that fails too often waits in the quarantine, as a hop does.
"""

from __future__ import annotations

from dispatch.domain.lifecycle import Life, Move, State
from dispatch.domain.title import Title, TitledEnum


class Port(TitledEnum):
    """The receiver of an effect."""

    PROVISIONING = "provisioning", Title("服务开通", "provisioning")  # the network department's system
    SMS = "sms", Title("短信", "short message")
    PRINTING = "printing", Title("打印", "printing")
    BILLING = "billing", Title("计费", "billing")  # payments, refunds, fees and credits for the customer's bill


EPHEMERAL = "ephemeral"
"""Field of a payload that is emptied as soon as the effect is confirmed: it holds a secret."""


class EffectState(State):
    DUE = "due", Title("待发", "Due"), "to be sent when `wake_at` comes"
    SENT = "sent", Title("已发", "Sent"), "its message is on the way; `wake_at` is the end of the lease"
    RECEIVED = "received", Title("办理中", "At its worker"), "a worker has it and asks its receiver; same lease"
    QUARANTINED = "quarantined", Title("隔离", "Quarantined"), "failed too often; a person must release it"
    CONFIRMED = "confirmed", Title("已确认", "Confirmed"), "ended: its receiver has accepted it"


_E = EffectState
EFFECT_MOVES: tuple[Move[EffectState], ...] = (
    Move("send", (_E.DUE, _E.SENT, _E.RECEIVED), _E.SENT, "relay", "published, and again when its lease expires"),
    Move("receive", (_E.SENT,), _E.RECEIVED, "worker", "the message's generation matches the row's"),
    Move("confirm", (_E.RECEIVED,), _E.CONFIRMED, "worker", "the receiver has accepted it"),
    Move("postpone", (_E.SENT, _E.RECEIVED), _E.DUE, "relay, worker", "broker or receiver failed: again later"),
    Move(
        "quarantine",
        (_E.RECEIVED,),
        _E.QUARANTINED,
        "worker, relay",
        "refused by its receiver, or failed too often",
    ),
    Move("release", (_E.QUARANTINED,), _E.DUE, "supervisor", "tried again, failures forgotten"),
)

_EFFECT = Life(EffectState, EFFECT_MOVES)

EFFECT_ENDS = _EFFECT.ends

effect_move, effect_sources, effect_target = _EFFECT.move, _EFFECT.sources, _EFFECT.target


def lane_of(account_id: int) -> str:
    """The lane of an account's provisioning orders: effects in one lane are sent one after the other, in the order of
    booking."""
    return f"account/{account_id}"


def billing_lane_of(account_id: int) -> str:
    """The lane of an account's bookings. It isn't the provisioning orders' lane: a line must not wait for its bill."""
    return f"billing/{account_id}"
