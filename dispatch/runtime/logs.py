"""Structured logs on standard error: events with ids, never a customer's data."""

from __future__ import annotations

import logging
import sys
from typing import Any

_quiet = False


class Log:
    """structlog's logger, imported at the first log call because the import takes a tenth of a second."""

    def __getattr__(self, method: str) -> Any:
        if _quiet:
            return _nothing
        import structlog

        return getattr(structlog.get_logger(), method)


def configure_logs(level: int = logging.INFO) -> None:
    """Log one line of key=value per event; libraries log from WARNING up."""
    import structlog

    _configure_libraries()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def silence_logs() -> None:
    """Log no events, because a command tells a person in words what happened. Libraries' warnings stay."""
    global _quiet
    _quiet = True
    _configure_libraries()
    if "structlog" in sys.modules:  # another module imported it directly
        configure_logs(logging.CRITICAL)


def _configure_libraries() -> None:
    logging.basicConfig(
        stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )


def _nothing(*_args: object, **_facts: object) -> None:
    return None
