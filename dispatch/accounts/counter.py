"""The counter of an installation: its keys, its marketing plans, its rules, its name on paper."""

from __future__ import annotations

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from dispatch.accounts.operation import Counter
from dispatch.routing import plans_file
from dispatch.routing.rulebook import Rulebook
from dispatch.settings import Settings
from dispatch.storage.field_cipher import open_cipher


def passwords() -> PasswordHash:
    """Argon2id with 19 MiB, two passes, one lane. Source: OWASP Password Storage Cheat Sheet, 2025."""
    return PasswordHash((Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1),))


def open_counter(settings: Settings, rulebook: Rulebook, outlet: str = "") -> Counter:
    """Raises BadRules for a faulty file of plans; BadSettings, MissingPart for keys that aren't there."""
    return Counter(
        cipher=open_cipher(settings),
        passwords=passwords(),
        plans=plans_file.load(settings.plans),
        rulebook=rulebook,
        operator=settings.operator,
        outlet=outlet or settings.outlet,
        record_url=settings.record_url,
        fonts=settings.fonts,
    )
