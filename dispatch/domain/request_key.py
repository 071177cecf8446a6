"""The key by which a repeated request is known, and what it is compared by. Pure."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, SecretStr

LONGEST_KEY = 120
"""Characters in a request key: what its column holds."""


def unveiled(value: Any) -> Any:
    match value:
        case SecretStr():
            return value.get_secret_value()
        case BaseModel():
            return {name: unveiled(getattr(value, name)) for name in sorted(type(value).model_fields)}
        case tuple() | list():
            return [unveiled(each) for each in value]
    return value
