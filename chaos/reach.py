"""What the people of a run, and those who count its outcome, need of an installation."""

from __future__ import annotations

from typing import Protocol

from dispatch.ports.ledger import Ledger
from dispatch.ports.sms import SimulatedSmsGateway
from dispatch.routing.prehandling import Script
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import Settings
from dispatch.storage.database import Database


class Reached(Protocol):
    """A running installation. `load_database` is the people's connection, `database` that of those who count."""

    @property
    def settings(self) -> Settings: ...
    @property
    def database(self) -> Database: ...
    @property
    def load_database(self) -> Database: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def sms(self) -> SimulatedSmsGateway: ...
    @property
    def rulebook(self) -> Rulebook: ...
    @property
    def script(self) -> Script: ...
    @property
    def web_url(self) -> str: ...
