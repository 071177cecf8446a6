"""Who stands at the counter in tests: a unit's handler, a guardian, an agent with an authorisation."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import SecretStr
from stdnum.cn import ric

from dispatch.accounts.registration import Person
from dispatch.accounts.representation import Agent
from tests.accounts import factories as a

HANDLED = ("licence", "agent-document", "authorisation")
GUARDED = ("agent-document", "guardianship-proof")
AUTHORISED = ("agent-document", "authorisation")
"""The scans of each kind of agent."""


def agent(n: int = 8, **changes: Any) -> Agent:
    """Return the person of line `n` as an agent whose authorisation counts to the end of the year."""
    told = {**a.person(n).model_dump(exclude={"document_number"}), "document_number": a.document(n)}
    return Agent(**{**told, "valid_until": date(2026, 12, 31), **changes})


def child(n: int = 1, **changes: Any) -> Person:
    """Return an eleven-year-old with an identity card."""
    return a.person(n, **{"document_number": SecretStr(childs_number(n)), **changes})


def childs_number(n: int = 1) -> str:
    body = f"44010620150102{n:03d}"
    return body + str(ric.calc_check_digit(body + "0"))


def scans(*kinds: str) -> tuple[Any, ...]:
    return tuple(a.scan(kind) for kind in kinds)
