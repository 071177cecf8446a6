"""Parts that all threads of the web process share: database, rules and script in force, password checks."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from anyio import CapacityLimiter
from pwdlib import PasswordHash

from dispatch.access.oidc import Client
from dispatch.access.passwords import PasswordChecker
from dispatch.access.sign_in import Door
from dispatch.accounts.counter import open_counter
from dispatch.accounts.operation import Counter
from dispatch.domain.complaint import ComplaintTerms
from dispatch.domain.trusted_proxies import TrustedProxies
from dispatch.errors import BadRules
from dispatch.messages import MessagesInForce
from dispatch.ports.adapters import BILLING, LINE_TESTER
from dispatch.ports.billing import Billing
from dispatch.ports.identity_provider import HttpIdentityProvider, IdentityProvider
from dispatch.ports.line_test import LineTester
from dispatch.routing import complaints_file
from dispatch.routing.prehandling import Script, Symptom
from dispatch.routing.prehandling_file import load as load_script
from dispatch.routing.rulebook import Rulebook
from dispatch.rules_in_force import RulesInForce
from dispatch.runtime.file_in_force import FileInForce
from dispatch.settings import Settings
from dispatch.slips import typesetting
from dispatch.storage.clock import ClockGuard
from dispatch.storage.database import Database
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.keys_in_force import KeysInForce
from dispatch.web.connection_guard import ConnectionGuard, ConnectionLimits
from dispatch.web.server_events import BoardEvents

WRITERS = 16
"""Changes in work at once, of the web's 24 requests (`app.THREADS`): the other threads are left for readers."""


class Installation:
    """One installation. Only tests pass `clock` and `hasher`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        hasher: PasswordHash | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings
        self.database = database
        self.hasher = hasher or PasswordHash.recommended()
        self.door = Door(database, PasswordChecker(self.hasher), self.index)
        self.now = clock
        self.rules = RulesInForce(settings.rules, database)
        self.live = BoardEvents(database)
        self.provider: IdentityProvider = HttpIdentityProvider()
        self.line_tester: LineTester = LINE_TESTER()
        self._script = _ScriptInForce(settings.prehandling)
        self._messages = MessagesInForce(settings)
        self._complaints = _ComplaintsInForce(settings.complaints)
        self._taking_up = threading.Lock()
        self.noting = threading.Lock()
        """Held while the use of a session is noted: one reader at a time may be kept up by it."""
        self.writers = CapacityLimiter(WRITERS)
        """Changes in work at once."""
        self.apart = CapacityLimiter(2)
        """Threads for routes that run `apart`."""
        self.keys = KeysInForce(settings, database)
        self.connections = ConnectionGuard(ConnectionLimits.of(settings), TrustedProxies(settings.web_proxies))
        self.clock_guard = ClockGuard(settings.clock_limit)
        self._counter = _CounterInForce(settings, database)

    def oidc_client(self, base_url: str) -> Client | None:
        """This installation as a client of the identity provider; None without a provider. `base_url`: as visited."""
        settings = self.settings
        if not settings.oidc_issuer or settings.oidc_client_secret is None:
            return None
        return Client(
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret.get_secret_value(),
            claim=settings.oidc_claim,
            redirect_uri=f"{(settings.web_url or base_url).rstrip('/')}/sign-in/oidc/back",
        )

    def rulebook(self) -> Rulebook:
        """The rules in force. Raises BadRules when there was never a good file."""
        with self._taking_up:
            return self.rules.get()

    def cipher(self) -> FieldCipher:
        """The cipher for identity numbers, scans and photos.

        Raises BadSettings, MissingPart, KeysMissing, WrongKeys.
        """
        with self._taking_up:
            return self.keys.get()

    def index(self, kind: str, text: str) -> str:
        """A keyed hash. Raises BadSettings, MissingPart when keys are missing."""
        return self.cipher().index(kind, text)

    def counter(self, outlet: str = "") -> Counter:
        """The counter 柜台. Raises BadRules, BadSettings, MissingPart, KeysMissing, WrongKeys."""
        rulebook, cipher = self.rulebook(), self.cipher()
        with self._taking_up:
            made = self._counter.get(rulebook)
        return replace(made, cipher=cipher, outlet=outlet or made.outlet)

    @functools.cached_property
    def billing(self) -> Billing:
        """The billing system, for those who need nothing else of the counter."""
        return BILLING(self.settings.root / "billing.db", self.settings.zone)

    def script(self) -> Script:
        """The pre-handling script in force. Raises BadRules when there was never a good file."""
        rulebook = self.rulebook()
        with self._taking_up:
            return self._script.get(rulebook)

    def known_symptoms(self) -> Mapping[str, Symptom]:
        """The symptoms of the script in force, for the words of what is shown; none when there was never a good one."""
        try:
            return self.script().symptoms
        except BadRules:
            return {}

    def complaint_terms(self) -> ComplaintTerms:
        """The times for complaints in force. Raises BadRules when there was never a good file."""
        with self._taking_up:
            return self._complaints.get()

    def refused_files(self) -> dict[str, BadRules]:
        """The operator's files that are refused as they stand, by the names of their settings, with their faults.

        Rules, script, messages and complaints are read again if they have changed. The plans' fault is of the counter's
        last use.
        """
        with contextlib.suppress(BadRules):  # there was never a good file: then it is among the refused ones
            self.script()
        self._messages.get()
        with contextlib.suppress(BadRules):  # likewise
            self.complaint_terms()
        known = {
            "rules": self.rules.refused,
            "prehandling": self._script.refused,
            "plans": self._counter.refused,
            "messages": self._messages.refused,
            "complaints": self._complaints.refused,
        }
        return {name: refused for name, refused in known.items() if refused is not None}


class _CounterInForce(FileInForce[Counter]):
    """The counter with the last good plans. Its fonts are read on first use, before a transaction holds locks."""

    def __init__(self, settings: Settings, database: Database) -> None:
        super().__init__(settings.plans, "plans refused, the last good ones stay in force")
        self.settings, self.database = settings, database

    def get(self, rulebook: Rulebook) -> Counter:
        """Raises BadRules when there was never a good file."""

        def read() -> Counter:
            counter = open_counter(self.settings, self.database, rulebook)
            typesetting.prepare(self.settings.fonts)
            return counter

        return replace(self._required(read, rulebook.version), rulebook=rulebook)


class _ScriptInForce(FileInForce[Script]):
    """The file's script while the file is good, else the last good script. Reading it takes a tenth of a second, so it
    is read again only when the file or the rules have changed."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, "script refused, the last good one stays in force")

    def get(self, rulebook: Rulebook) -> Script:
        """Raises BadRules when there was never a good file."""
        return self._required(lambda: load_script(self.file, rulebook.categories), rulebook.version)


class _ComplaintsInForce(FileInForce[ComplaintTerms]):
    """The file's times for complaints while the file is good, else the last good ones."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, "complaints refused, the last good ones stay in force")

    def get(self) -> ComplaintTerms:
        """Raises BadRules when there was never a good file."""
        return self._required(lambda: complaints_file.load(self.file))
