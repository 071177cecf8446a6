"""外部动作: what the world outside was asked and hasn't confirmed; out of the quarantine."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path

from dispatch import effects as leave
from dispatch.errors import IllegalMove, NotFound
from dispatch.storage import effects
from dispatch.web.api.schemas import Limit, Told
from dispatch.web.request_context import Call
from dispatch.web.routes import Api

api = Api("/effects", "effects")


class Counted(Told):
    port: str
    state: str
    count: int
    oldest: datetime


class Effect(Told):
    """`key` names it to its receiver; what it says isn't told, for that may be a customer's."""

    id: int
    port: str
    key: str
    state: str
    failures: int
    failure: str | None
    made_at: datetime


class Outstanding(Told):
    counts: list[Counted]
    items: list[Effect]


class Released(Told):
    key: str


@api.look("", "see effects")
def list_effects(call: Call, limit: Limit = 50) -> Outstanding:
    """What isn't confirmed yet, the oldest first."""
    return Outstanding(
        counts=[Counted.model_validate(row, from_attributes=True) for row in effects.counts(call.tx)],
        items=[Effect.model_validate(row, from_attributes=True) for row in effects.unconfirmed(call.tx, limit)],
    )


@api.act("/{effect}/release", "release effects", raises=[NotFound, IllegalMove])
def release_effect(call: Call, effect: Annotated[int, Path(ge=1, lt=2**63)]) -> Released:
    """放行: tried afresh."""
    return Released(key=leave.release(call.tx, effect, call.act(), call.now))
