"""大屏: tickets under way, arrived and closed, and the processes that run.

People read it from five metres; the page fetches itself again every few seconds.
"""

from __future__ import annotations

import contextlib
from typing import Any

from dispatch.domain.referral import Whose
from dispatch.domain.suspension import SuspensionKind
from dispatch.domain.title import Title
from dispatch.web.api.figures import FiguresBody, see_figures
from dispatch.web.pages.rendering import DeskClock
from dispatch.web.pages.routes import Pages
from dispatch.web.request_context import RequestContext

pages = Pages("wall")

LAGGING = 10.0
"""Seconds that a hop may be due before the wall says that the relay is behind; normally it takes milliseconds."""


@pages.show("/wall", "see figures", "wall.html")
def wall(context: RequestContext) -> dict[str, Any]:
    """The figures of the last day."""
    told, clock = see_figures(context), DeskClock(context.installation.settings)
    lag = max(told.hops.lag, told.effects.lag)
    quarantined = told.hops.quarantined + told.effects.quarantined
    return {
        "told": told,
        "teams": _teams(context, told),
        "quarantined": quarantined,
        "lag": lag,
        "lagging": lag > LAGGING,
        "alive": {kind: [each.alive for each in told.processes if each.kind == kind] for kind in ("worker", "relay")},
        "reopen_rate": _share(told.reopened, told.archived),
        "satisfaction": _share(told.satisfied, told.answered),
        "hours": [(clock.hour(each.hour), each.arrived, each.closed) for each in told.hours],
        "answers": [
            (_answer(context, name), count) for name, count in sorted(told.answers.items(), key=lambda each: -each[1])
        ],
        "explained": [(SuspensionKind(kind).label, count) for kind, count in sorted(told.explained.items())],
        "referrals": [(Whose.label_of(whose), count) for whose, count in told.referrals.items()],
        "flower": _flower(context),
    }


def _teams(context: RequestContext, told: FiguresBody) -> list[tuple[Title, Any, float]]:
    """Teams with a backlog, the longest first: title, backlog, its length as a share of the longest."""
    known = context.rulebook.teams
    found = [(known[name].title if name in known else Title(name, name), of) for name, of in told.backlog.items()]
    found = sorted((each for each in found if each[1].hops), key=lambda each: -each[1].hops)
    longest = max((of.hops for _, of in found), default=1)
    return [(title, of, of.hops / longest) for title, of in found]


def _share(part: int, whole: int) -> float | None:
    """A share in percent; None when the whole is 0."""
    return None if whole == 0 else 100 * part / whole


def _answer(context: RequestContext, name: str) -> Title:
    return context.rulebook.findings[name].title if name in context.rulebook.findings else Title(name, name)


def _flower(context: RequestContext) -> str | None:
    """The address of Flower, if `dispatch up` runs it on this machine."""
    with contextlib.suppress(OSError):
        return (context.installation.settings.run / "flower.url").read_text().strip() or None
    return None
