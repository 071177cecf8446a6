"""Codes by text message in a demonstration, whose customers got theirs a moment before."""

from __future__ import annotations

from datetime import datetime

from pydantic import SecretStr

from dispatch.accounts.opening import Opening
from dispatch.accounts.operation import Counter
from dispatch.accounts.proof import keep
from dispatch.domain.roles import Actor
from dispatch.storage.database import Tx

CODE = "271828"


def with_code(tx: Tx, counter: Counter, request: Opening, actor: Actor, now: datetime) -> Opening:
    """The request with the code that proves the number to bind, if one is bound."""
    if request.mobile is None:
        return request
    keep(tx, counter.cipher, "open", request.mobile, None, actor, CODE, None, now)
    return request.model_copy(update={"code": SecretStr(CODE)})
