"""The life of a key: announced, current, old, retired."""

from __future__ import annotations

from enum import StrEnum


class KeyPurpose(StrEnum):
    """What a key is for."""

    ENCRYPTION = "encryption"  # of identity numbers, scans and photos
    INDEX = "index"  # of blind indexes 盲索引


class KeyState(StrEnum):
    """What is done with a key."""

    ANNOUNCED = "announced"  # processes learn to read with it; nothing is written under it yet
    CURRENT = "current"  # everything new is written under it
    OLD = "old"  # what is still under it is read, and written again under the current key
    RETIRED = "retired"  # nothing is under it any more; processes need it no longer
