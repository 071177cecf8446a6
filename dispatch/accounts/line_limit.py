"""一证限户: how many lines one document may have, in all areas together. A supervisor may approve more for a unit."""

from __future__ import annotations

from dispatch.accounts.operation import Act
from dispatch.domain.approval import ApprovalNeed
from dispatch.domain.identity import DOCUMENT_KINDS
from dispatch.errors import TooManyLines
from dispatch.storage import accounts, customers
from dispatch.storage.customer_rows import CustomerRow


def require_room(act: Act, customer: CustomerRow, area: str) -> None:
    """Require that the customer may have one line more, and lock them: two clerks at once don't get past the limit.

    A trial doesn't tell how many there are. Raises TooManyLines, ApprovalNeeded.
    """
    if act.trial:
        return
    customers.get(act.tx, customer.id, lock=True)
    is_unit = DOCUMENT_KINDS[customer.document_kind].unit
    lines = accounts.living_of(act.tx, customer.id)
    if lines < act.counter.plans.lines_per_document["unit" if is_unit else "person"]:
        return
    if not is_unit:
        raise TooManyLines(n=lines)
    act.approved(ApprovalNeed.UNIT_LINES, f"customer/{customer.id}", area)
