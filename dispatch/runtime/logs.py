"""Structured logs on standard error: events with ids, never a customer's data. Times are the desk's, with offset."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import MutableMapping
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from typing import IO, Any, TextIO, cast

_quiet = False


class Unfailing:
    """A stream for logs: what can't be written, on a full disk say, is lost, and work goes on. The standard library's
    handlers do the same."""

    def __init__(self, stream: IO[str]) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError):
            self.stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self.stream.flush()


class Log:
    """structlog's logger, imported at the first log call because the import takes a tenth of a second."""

    def __getattr__(self, method: str) -> Any:
        if _quiet:
            return _nothing
        import structlog

        return getattr(structlog.get_logger(), method)


def configure_logs(zone: tzinfo, level: int = logging.INFO) -> None:
    """Log one line of key=value per event; libraries log from WARNING up. `zone` is that of the times."""
    import structlog

    def stamp(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["timestamp"] = datetime.now(zone).isoformat()
        return event

    _configure_libraries(zone)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            stamp,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", Unfailing(sys.stderr))),
        cache_logger_on_first_use=True,
    )


def silence_logs() -> None:
    """Log no events, because a command tells a person in words what happened. Libraries' warnings stay."""
    global _quiet
    _quiet = True
    _configure_libraries(UTC)
    if "structlog" in sys.modules:  # another module imported it directly
        configure_logs(UTC, logging.CRITICAL)


def _configure_libraries(zone: tzinfo) -> None:
    def converted(seconds: float | None = None) -> time.struct_time:
        return (datetime.now(zone) if seconds is None else datetime.fromtimestamp(seconds, zone)).timetuple()

    logging.Formatter.converter = staticmethod(converted)  # of every library's lines; Celery's have its own format
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )


def _nothing(*_args: object, **_facts: object) -> None:
    return None
