"""登录的设备: the caller's sessions, on whatever devices, and their ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from fastapi import Path

from dispatch.access import sessions
from dispatch.domain.access_acts import browser_title
from dispatch.errors import NotFound
from dispatch.storage.access_rows import OpenSession
from dispatch.web.api.schemas import ResponseBody
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/sessions", "sessions")

SessionId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="Identifier of the session, as listed.")]


class OneSession(ResponseBody):
    """A browser in which a user is signed in."""

    id: str
    """Identifier, for ending it."""
    address: str | None
    """IP address from which it was opened; null: it was opened before addresses were kept."""
    browser: str | None
    """Browser and system, in a few words; null: it was opened before browsers were kept."""
    made_at: datetime
    """Time of the sign-in."""
    seen_at: datetime
    """Time of its last request, to the minute."""
    expires_at: datetime
    """Time at which it expires."""
    own: bool
    """The request itself comes from this session."""


class Sessions(ResponseBody):
    """The sessions of a user."""

    items: list[OneSession]
    """Sessions, the latest seen first."""


def told(rows: Sequence[OpenSession], own: str | None) -> Sessions:
    """The sessions as the API tells them; `own` is the hash of the caller's."""
    return Sessions(
        items=[
            OneSession(
                id=row.secret[: sessions.LONGEST_PREFIX],
                address=row.address,
                browser=None if row.browser is None else browser_title(row.browser),
                made_at=row.made_at,
                seen_at=row.seen_at,
                expires_at=row.expires_at,
                own=row.secret == own,
            )
            for row in rows
        ]
    )


@api.read("", "see one's session", summary="List own sessions")
def list_sessions(context: RequestContext) -> Sessions:
    """Lists the browsers in which the caller is signed in, the latest seen first."""
    return told(sessions.open_sessions(context.tx, context.user.user_id, context.now), context.user.session)


@api.change("", "sign out", method="DELETE", status=204, summary="Sign out everywhere")
def end_all(context: RequestContext) -> None:
    """Ends all sessions of the caller, this one too; their devices are no longer known."""
    user = context.user
    sessions.end_all_sessions(context.tx, user.user_id, user.name, context.visitor.origin, context.now)
    if user.session is not None:
        context.visitor.set_cookie("session", "", 0)


@api.change("/{session_id}", "sign out", method="DELETE", status=204, raises=[NotFound], summary="End one session")
def end_one(context: RequestContext, session_id: SessionId) -> None:
    """Ends one session of the caller from the next request on."""
    user = context.user
    sessions.end_session(context.tx, user.user_id, user.name, session_id, context.visitor.origin, context.now)
