"""原因: the reason that some operations need, chosen from a list, with a free note."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dispatch.accounts.operation import OperationRequest, Text
from dispatch.domain.reasons import Reasons, read_reason
from dispatch.domain.text import NOTE, clean
from dispatch.domain.title import Title
from dispatch.slips.forms import SlipLine


class Reasoned(OperationRequest):
    """A request with a reason. `reason` is a name of the operation's list; `note` is free text, needed for `other`."""

    reason: Annotated[str, Field(description="原因 · reason")]
    note: Annotated[Text, Field(description="说明 · note")] = ""


def reason_lines(request: Reasoned, reasons: Reasons, label: Title) -> tuple[SlipLine, ...]:
    """The reason, and the note if there is one, as lines of a slip. Raises BadInput."""
    note = clean(request.note, NOTE, least=0)
    reason = SlipLine(label, str(read_reason(reasons, request.reason, note)))
    return (reason, SlipLine(Title("说明", "Note"), note)) if note else (reason,)
