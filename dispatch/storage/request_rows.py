"""The rows that the query of installers' requests delivers: see `rows`."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Protocol


class OpenRequest(Protocol):
    """A hop that a team at the customer's asked another team for, with who asked and what they had found."""

    ticket_id: int
    kind: str
    seq: int
    area: str
    account: str
    symptom: str
    team: str  # the team that was asked
    state: str
    holder: str | None
    late: bool
    asked_at: datetime
    rulebook: str  # the version by whose words the finding and its evidence are told
    asker_team: str
    asker: str | None  # who had the hop that asked
    finding: str | None  # None: passed on without one
    evidence: dict[str, Any] | None
