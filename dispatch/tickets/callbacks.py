"""电话回访 Calls to customers who answer no message of a survey, and what supervisors read of bad grades.

A customer is called twice at most, the second time in another half of a day. Who calls gets the number; the call is
recorded and audited.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from dispatch.domain.numbers import ticket_number
from dispatch.domain.opinion import BAD
from dispatch.domain.roles import Actor, require
from dispatch.domain.title import Wording
from dispatch.errors import CalledLately
from dispatch.routing.rulebook import Rulebook
from dispatch.storage import accounts, operations, surveys
from dispatch.storage.database import Tx
from dispatch.storage.rows import BadGrade, SilentCustomer
from dispatch.tickets import closing

CALLS = 2
READ_FOR = timedelta(days=30)
"""For how long a bad grade is on the supervisors' list."""

_SURVEYS, _OPINIONS = Wording("回访", "surveys"), Wording("客户评价", "opinions")
_LOOKED_AT = 1_000


def to_call(
    tx: Tx, rulebook: Rulebook, actor: Actor, now: datetime, zone: tzinfo, limit: int, areas: frozenset[str] | None
) -> Sequence[SilentCustomer]:
    """The customers to be called now, those who wait longest first. Raises NotAllowed."""
    require(actor, "call customers", _SURVEYS)
    silent = surveys.silent(tx, rulebook.limits.survey_attempts, CALLS, areas, _LOOKED_AT)
    return [row for row in silent if not _is_same_half(row.last_call, now, zone)][:limit]


def call(tx: Tx, rulebook: Rulebook, ticket_id: int, actor: Actor, now: datetime, zone: tzinfo) -> str:
    """Record that the actor calls the customer now; returns the customer's number.

    Raises NotAllowed, NotFound, SurveyOver, SurveyNotOpen, CalledLately.
    """
    row = closing.locked_survey(tx, rulebook, ticket_id, actor)
    before = surveys.calls(tx, [row.id]).get(row.id, [])
    number = ticket_number(row.kind, ticket_id)
    if len(before) >= CALLS or (before and _is_same_half(before[-1].at, now, zone)):
        raise CalledLately(ticket=number, calls=len(before))
    surveys.add_call(tx, row.id, len(before) + 1, actor.name, now)
    operations.note_audit(tx, "call customer", f"ticket {number}", f"{len(before) + 1}", actor, now)
    return accounts.lock(tx, [row.account_id])[0].mobile


def bad_grades(tx: Tx, actor: Actor, now: datetime, limit: int, areas: frozenset[str] | None) -> Sequence[BadGrade]:
    """The customers of the last 30 days whose line works and who are dissatisfied. Raises NotAllowed."""
    require(actor, "see opinions", _OPINIONS)
    return surveys.bad_grades(tx, BAD, now - READ_FOR, areas, limit)


def _is_same_half(then: datetime | None, now: datetime, zone: tzinfo) -> bool:
    """Return whether both are in the same half of the same day."""
    if then is None:
        return False
    before, after = then.astimezone(zone), now.astimezone(zone)
    return (before.date(), before.hour < 12) == (after.date(), after.hour < 12)
