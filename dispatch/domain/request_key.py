"""Request keys (idempotency keys), and the form in which repeated requests are compared. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel, SecretStr

LONGEST_KEY = 120
"""Characters in a request key: its column's size."""


def unveiled(value: Any, order: Callable[[Iterable[str]], Iterable[str]] = sorted) -> Any:
    """A request as plain values, secrets included: they only ever go through a keyed hash.

    `order` arranges a model's fields. Hashes stay in the database, so a caller must not change its order."""
    match value:
        case SecretStr():
            return value.get_secret_value()
        case BaseModel():
            return {name: unveiled(getattr(value, name), order) for name in order(type(value).model_fields)}
        case dict():
            return {name: unveiled(each, order) for name, each in value.items()}
        case tuple() | list():
            return [unveiled(each, order) for each in value]
    return value
