"""`python -m dispatch.demo`: the process of a demonstration's made-up people, who act until it is stopped."""

from __future__ import annotations

import os
import random
import signal
import threading
from datetime import UTC, datetime

import structlog
from sqlalchemy.exc import DBAPIError

from dispatch.demo.callers import Callers
from dispatch.demo.camera import Camera
from dispatch.demo.colleagues import Colleagues
from dispatch.demo.pace import SHOWN
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.routing.prehandling_file import load as load_script
from dispatch.rules_in_force import RulesInForce
from dispatch.runtime.child_process import mark_ready
from dispatch.runtime.logs import configure_logs
from dispatch.settings import load_settings
from dispatch.storage.migration import open_database
from dispatch.storage.open_keys import open_cipher

log = structlog.get_logger()

NAME = "people"
"""This process's name in the supervisor."""

GLANCE_SECONDS = (1.0, 3.0)
"""The least and the longest pause between two rounds of acts; it varies because people don't act by the clock."""


def main() -> None:
    settings = load_settings()
    configure_logs(settings.zone)
    database = open_database(settings)
    rules = RulesInForce(settings.rules, database)
    rulebook = rules.get()
    script = load_script(settings.prehandling, rulebook.categories)
    sms = SimulatedSmsGateway(settings.root / "sms.db")
    colleagues = Colleagues(database, rulebook, SHOWN, Camera(open_cipher(settings, database)))
    callers = Callers(database, rulebook, script, sms, SHOWN, settings.zone)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    mark_ready(settings.run, os.environ.get("SUPERVISED_AS", NAME))
    while not stopped.wait(random.uniform(*GLANCE_SECONDS)):  # noqa: S311 — nothing secret
        try:
            now = datetime.now(UTC)
            callers.act(now)
            colleagues.act(now)
        except DBAPIError as busy:
            log.warning("database out of reach", error=type(busy).__name__)


if __name__ == "__main__":
    main()
