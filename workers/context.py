"""The objects that one worker process works with: database, rules, ledger, and an adapter for each port."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from dispatch.messages import MessagesInForce
from dispatch.ports.adapters import BILLING, LINE_TESTER, PRINTER, PROVISIONING, SMS_GATEWAY
from dispatch.ports.billing import Billing
from dispatch.ports.ledger import Ledger
from dispatch.ports.line_test import LineTester
from dispatch.ports.printing import Printer
from dispatch.ports.provisioning import Provisioning
from dispatch.ports.sms import SmsGateway
from dispatch.rules_in_force import RulesInForce
from dispatch.runtime.private_files import close_home
from dispatch.settings import Settings, load_settings
from dispatch.storage.clock import ClockGuard
from dispatch.storage.database import Database
from dispatch.storage.migration import open_database
from dispatch.storage.open_keys import check_keys
from dispatch.storage.patience import when_free
from dispatch.storage.survey_links import Attempt
from workers.direct_send import DirectSender

log = structlog.get_logger()


class Clock:
    """The clock of this process, with its guard. Set `told` to stop it at a moment, as the demo's made-up history
    does."""

    def __init__(self, guard: ClockGuard) -> None:
        self.guard = guard
        self.told: datetime | None = None

    def now(self) -> datetime:
        return self.told or self.guard.machine()

    def is_right(self) -> bool:
        """Return whether work may be done by this clock."""
        return self.told is not None or self.guard.is_right()


@dataclass(frozen=True)
class Context:
    """The objects that one worker process works with."""

    settings: Settings
    database: Database
    rules: RulesInForce
    messages: MessagesInForce
    ledger: Ledger
    line_tester: LineTester
    sms: SmsGateway
    provisioning: Provisioning
    printer: Printer
    billing: Billing
    clock: Clock
    direct_sender: DirectSender = field(default_factory=DirectSender)
    survey_tokens: dict[Attempt, str] = field(default_factory=dict, repr=False)
    """Tokens of surveys' links that this process has made and whose messages aren't confirmed yet. While the gateway is
    away, each further try would otherwise make another link."""

    def now(self) -> datetime:
        return self.clock.now()


def get_context() -> Context:
    """Return this process's context. Connections don't survive a fork, so a child process makes its own."""
    return _context_of(os.getpid())


@functools.lru_cache(maxsize=1)
def _context_of(_pid: int) -> Context:
    settings = load_settings()
    settings.root.mkdir(parents=True, exist_ok=True, mode=0o700)  # on a new machine with a database elsewhere
    if closed := close_home(settings.root):
        log.warning("home was open to others", told=closed.en)
    guard = ClockGuard(settings.clock_limit)
    database = when_free(lambda: _open(settings, guard))
    return Context(
        settings=settings,
        database=database,
        rules=RulesInForce(settings.rules, database),
        messages=MessagesInForce(settings),
        ledger=Ledger(settings.ledger),
        line_tester=LINE_TESTER(),
        sms=SMS_GATEWAY(settings.root / "sms.db"),
        provisioning=PROVISIONING(settings.root / "provisioning.db"),
        printer=PRINTER(settings.root / "printed"),
        billing=BILLING(settings.root / "billing.db", settings.zone),
        clock=Clock(guard),
    )


def _open(settings: Settings, guard: ClockGuard) -> Database:
    database = open_database(settings, plans_by_index_only=True)
    check_keys(settings, database, uses_keys=False)
    with database.autocommit_read() as tx:
        guard.measure(tx)
    return database
