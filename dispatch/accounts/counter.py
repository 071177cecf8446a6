"""Opens the counter of an installation: its keys, marketing plans, rules and its name on slips."""

from __future__ import annotations

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from dispatch.accounts.operation import Counter
from dispatch.domain.outlet_hours import read_hours
from dispatch.ports.adapters import BILLING, IDENTITY_CHECK
from dispatch.routing import plans_file
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import Settings
from dispatch.storage.database import Database
from dispatch.storage.open_keys import open_cipher


def passwords() -> PasswordHash:
    """The hasher of accounts' passwords: Argon2id with 19 MiB, two passes, one lane.

    Source: OWASP Password Storage Cheat Sheet, 2025.
    """
    return PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))


def open_counter(settings: Settings, database: Database, rulebook: Rulebook, outlet: str = "") -> Counter:
    """The counter of these settings. `outlet` is its name on slips; when empty, the setting's.

    Raises BadRules for a faulty plans file; BadSettings, MissingPart for missing keys; KeysMissing, WrongKeys
    when they aren't the database's.
    """
    return Counter(
        cipher=open_cipher(settings, database),
        passwords=passwords(),
        plans=plans_file.load(settings.plans),
        rulebook=rulebook,
        billing=BILLING(settings.root / "billing.db", settings.zone),
        identity=IDENTITY_CHECK(settings.root / "identity.db"),
        operator=settings.operator,
        outlet=outlet or settings.outlet,
        record_url=settings.record_url,
        zone=settings.zone,
        fonts=settings.fonts,
        demand_turn=settings.demand_turn,
        bill_day=settings.bill_day,
        device_months=settings.device_months,
        hours=read_hours(settings.outlet_hours),
        pause_fee=settings.pause_fee,
        pause_months=settings.pause_months,
    )
