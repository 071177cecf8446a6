"""What `restore` and `keys` say when retired keys are needed again and come back."""

from __future__ import annotations

from contextlib import suppress

from dispatch.cli.language import text
from dispatch.errors import KeysMissing, WrongKeys
from dispatch.settings import Settings
from dispatch.storage.database import Database
from dispatch.storage.open_keys import bring_back


def brought_back(settings: Settings, database: Database) -> list[str]:
    """Bring back the retired keys that the database needs; return their ids. Keys that are nowhere are told by whatever
    needs them, and by the doctor."""
    with suppress(KeysMissing, WrongKeys):
        return bring_back(settings, database)
    return []


def words_for_brought_back(keys: list[str]) -> str:
    """One line; nothing when no key came back."""
    if not keys:
        return ""
    return text(
        f"又需要的停用密钥已从 retired.keys 取回：{'、'.join(keys)}",
        f"retired keys that are needed again came back from retired.keys: {', '.join(keys)}",
    )
