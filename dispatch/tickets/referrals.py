"""非我方来电 A stranger calls a hotline: no ticket, but who called, what for, whose it is and what they were told.

They are counted, so that the hotlines know how many calls are for others; the telephone number is kept for some months.
Source: 家庭宽带业务流程 V1.0, section 7, steps 1 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain import folding
from dispatch.domain.referral import Whose, read_caller
from dispatch.domain.roles import Actor, require
from dispatch.domain.text import DESCRIPTION, clean
from dispatch.domain.title import Wording
from dispatch.errors import BadInput
from dispatch.storage import aliases, referrals
from dispatch.storage.database import Tx

WHAT = Wording("来电", "a call")
_TOLD = Wording("答复", "answer")
LONGEST_ACCOUNT = 80


@dataclass(frozen=True, slots=True)
class Stranger:
    """A caller who isn't ours. `said_account`: what they call their account; `told`: what they were told."""

    caller: str
    what: str
    whose: Whose
    told: str
    said_account: str = ""


def refer(tx: Tx, stranger: Stranger, actor: Actor, now: datetime) -> int:
    """Record a stranger's call and return its id. Raises NotAllowed; BadInput, also for an account of ours."""
    require(actor, "refer callers", WHAT)
    account = folding.account(stranger.said_account)
    if len(account) > LONGEST_ACCOUNT:
        raise BadInput(what=Wording(f"账号最多 {LONGEST_ACCOUNT} 个字符", f"an account has at most {LONGEST_ACCOUNT}"))
    ours = aliases.called(tx, [account], now).get(account) if account else None
    if ours is not None and actor.covers(ours.area):
        raise BadInput(
            what=Wording("这是我方账号，请登记故障", "that account is ours: report the fault"),
        )
    return referrals.add(
        tx,
        {
            "at": now,
            "actor": actor.name,
            "role": actor.role,
            "caller": read_caller(stranger.caller),
            "said_account": account or None,
            "what": clean(stranger.what, DESCRIPTION),
            "whose": stranger.whose,
            "told": clean(stranger.told, _TOLD),
        },
    )
