"""原因: what some operations must be given, chosen from a list, with what the customer says beside it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dispatch.accounts.operation import Request, Text
from dispatch.domain.reasons import Reasons, read_reason
from dispatch.domain.text import clean
from dispatch.domain.title import Title
from dispatch.slips.forms import Line


class Reasoned(Request):
    """`reason` is a name from the operation's list, `note` free text, needed where the reason is `other`."""

    reason: Annotated[str, Field(description="原因 · reason")]
    note: Annotated[Text, Field(description="说明 · what the customer says beside it")] = ""


def reason_lines(request: Reasoned, reasons: Reasons, label: Title) -> tuple[Line, ...]:
    """The reason as a slip shows it. Raises BadInput."""
    note = clean(request.note, "note", least=0)
    reason = Line(label, str(read_reason(reasons, request.reason, note)))
    return (reason, Line(Title("说明", "Note"), note)) if note else (reason,)
