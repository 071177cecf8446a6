"""外部动作: outside effects that are not confirmed yet, and their release from quarantine."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path

from dispatch import effects as leave
from dispatch.errors import IllegalMove, NotFound
from dispatch.storage import effects
from dispatch.web.api.schemas import Limit, ResponseBody
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/effects", "effects")


class EffectCount(ResponseBody):
    """Unconfirmed effects of one port in one state."""

    port: str
    """Port through which they leave."""
    state: str
    """State of the effects."""
    count: int
    """Number of effects."""
    oldest: datetime
    """Time at which the oldest was created."""


class Effect(ResponseBody):
    """An outside effect that is not confirmed yet. Its content is not shown: it may be a customer's."""

    id: int
    """Identifier, for releasing it."""
    port: str
    """Port through which it leaves."""
    key: str
    """Key by which its receiver recognises it."""
    state: str
    """State of the effect."""
    failures: int
    """Number of failed attempts to send it."""
    failure: str | None
    """Last failure; null when there was none."""
    made_at: datetime
    """Time of creation."""


class OutstandingEffects(ResponseBody):
    """The outside effects that are not confirmed yet."""

    counts: list[EffectCount]
    """Counts by port and state."""
    items: list[Effect]
    """Effects, the oldest first."""


class ReleasedEffect(ResponseBody):
    """An effect that was released."""

    key: str
    """Key by which its receiver recognises it."""


@api.read("", "see effects")
def list_effects(context: RequestContext, limit: Limit = 50) -> OutstandingEffects:
    """Lists the outside effects that are not confirmed yet, the oldest first."""
    return OutstandingEffects(
        counts=[
            EffectCount(port=row.port, state=row.state, count=row.number, oldest=row.oldest)
            for row in effects.counts(context.tx)
        ],
        items=[Effect.model_validate(row, from_attributes=True) for row in effects.unconfirmed(context.tx, limit)],
    )


@api.change("/{effect}/release", "release effects", raises=[NotFound, IllegalMove])
def release_effect(
    context: RequestContext,
    effect: Annotated[int, Path(ge=1, lt=2**63, description="Identifier of the effect, as listed.")],
) -> ReleasedEffect:
    """Releases an outside effect from quarantine (放行): it is sent again."""
    return ReleasedEffect(key=leave.release(context.tx, effect, context.authorize(), context.now))
