"""The form of the questions that an operation has systems outside answer before its transaction (`asked_first`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from dispatch.accounts.operation import Counter
from dispatch.port_answers import Answer, PortQuestion
from dispatch.storage.database import Database

Call = tuple[PortQuestion, Callable[[], Answer]]
"""A question, and the call that asks it; an OSError of the call says that the system is out of reach."""

Asks = Callable[[Counter, Database, Any, datetime], Sequence[Call]]
"""The questions of a request, now. It may read the database; what it can't find is for the operation to refuse."""
