"""外部动作: what the world outside was asked and hasn't confirmed; out of the quarantine."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path

from dispatch import effects as leave
from dispatch.errors import IllegalMove, NotFound
from dispatch.storage import effects
from dispatch.web.api.schemas import Limit, ResponseBody
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("/effects", "effects")


class EffectCount(ResponseBody):
    port: str
    state: str
    count: int
    oldest: datetime


class Effect(ResponseBody):
    """`key` names it to its receiver; what it says isn't told, for that may be a customer's."""

    id: int
    port: str
    key: str
    state: str
    failures: int
    failure: str | None
    made_at: datetime


class OutstandingEffects(ResponseBody):
    counts: list[EffectCount]
    items: list[Effect]


class ReleasedEffect(ResponseBody):
    key: str


@api.look("", "see effects")
def list_effects(call: Call, limit: Limit = 50) -> OutstandingEffects:
    """What isn't confirmed yet, the oldest first."""
    return OutstandingEffects(
        counts=[EffectCount.model_validate(row, from_attributes=True) for row in effects.counts(call.tx)],
        items=[Effect.model_validate(row, from_attributes=True) for row in effects.unconfirmed(call.tx, limit)],
    )


@api.act("/{effect}/release", "release effects", raises=[NotFound, IllegalMove])
def release_effect(call: Call, effect: Annotated[int, Path(ge=1, lt=2**63)]) -> ReleasedEffect:
    """放行: tried afresh."""
    return ReleasedEffect(key=leave.release(call.tx, effect, call.act(), call.now))
