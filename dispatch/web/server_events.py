"""Live boards: one thread of the process waits for the database's notifications, and every open page for the thread.

A page only learns that its board changed, and fetches it again like any caller. A stream ends after a minute and the
browser connects again by itself, so that a user who has lost a role learns nothing for longer than that. A program that
waits for its ticket to come onto a board holds no thread and no connection to the database meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import StreamingResponse

from dispatch.storage.database import Database
from dispatch.storage.wakeups import BOARDS, Wakeups

log = structlog.get_logger()

LONGEST_STREAM = 60.0
"""Seconds after which a stream ends."""
APART = 0.3
"""Minimum seconds between two hints: many changes of a board must not become many requests."""
MISSED = 1.0
"""Seconds after which a waiting request looks by itself: it may have missed the hint."""
WAIT = 1.0
POLL = 0.1


class BoardEvents:
    """Wakes the streams and requests that wait, by name: a team's, or a ticket's id."""

    def __init__(self, database: Database) -> None:
        self._wakeups = Wakeups(database, BOARDS, POLL)
        self._waiting: dict[str, set[Callable[[], None]]] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End every stream and every wait."""
        self._stopped.set()
        self._wake(None)

    def join(self) -> None:
        """Wait, after `stop`, until the thread has released its connection: `WAIT` seconds at most."""
        self._thread.join()

    @contextmanager
    def _listening(self, name: str) -> Iterator[asyncio.Event]:
        """An event that is set whenever something of that name has changed."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            loop.call_soon_threadsafe(changed.set)

        with self._lock:
            self._waiting.setdefault(name, set()).add(wake)
        try:
            yield changed
        finally:
            with self._lock:
                self._waiting[name].discard(wake)
                if not self._waiting[name]:
                    del self._waiting[name]

    async def looks(self, ticket_id: int, seconds: float) -> AsyncIterator[None]:
        """Yield at once, and then whenever the ticket may have come onto a board, for so many seconds."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        with self._listening(str(ticket_id)) as changed:
            yield
            while self._is_running and (left := ends - loop.time()) > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), min(left, MISSED))
                changed.clear()
                yield

    async def changes(self, team: str) -> AsyncIterator[str]:
        """Server-sent events: `changed` at once, then whenever the board may have changed, until the stream ends."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + LONGEST_STREAM
        with self._listening(team) as changed:
            yield "retry: 500\nevent: changed\ndata:\n\n"
            while self._is_running and (left := ends - loop.time()) > 0:
                try:
                    await asyncio.wait_for(changed.wait(), left)
                except TimeoutError:
                    return
                changed.clear()
                yield "event: changed\ndata:\n\n"
                await asyncio.sleep(APART)

    @property
    def awaited(self) -> frozenset[str]:
        """Names that are waited for: teams, and ids of tickets."""
        with self._lock:
            return frozenset(self._waiting)

    @property
    def _is_running(self) -> bool:
        return self._thread.is_alive() and not self._stopped.is_set()

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                told = self._wakeups.wait(WAIT)
            except SQLAlchemyError as away:
                log.warning("boards are not live, the database is away", error=type(away).__name__)
                self._wakeups.forget()
                self._stopped.wait(WAIT)
                continue
            if told is None or told:
                self._wake(told)
        self._wakeups.forget()

    def _wake(self, names: frozenset[str] | None) -> None:
        """Wake those who wait for these names; None: everybody."""
        with self._lock:
            named = self._waiting if names is None else names
            for wake in [each for name in named for each in self._waiting.get(name, ())]:
                wake()


class EventStream(StreamingResponse):
    """A stream of events. `documented` is the form of one event in the OpenAPI description."""

    media_type = "text/event-stream"
    documented = {"type": "object", "required": ["event"], "properties": {"event": {"enum": ["changed"]}}}  # noqa: RUF012
