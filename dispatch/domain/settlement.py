"""销户结算: what a customer who leaves still owes and gets back, line by line, and out of which payments. Pure.

Every line is rounded to whole fen by itself, half up, and the total adds the rounded lines. Amounts that the customer
owes are above zero, those that they get back below. Source for the penalty: 民法典, articles 496 and 585.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple, Protocol

from dispatch.domain.device import price_now, whole_months
from dispatch.domain.money import write_yuan
from dispatch.domain.plans import months_left, penalty_for
from dispatch.domain.title import Title, TitledEnum

REGRETTED_WITHIN = timedelta(days=7)
"""A customer who leaves so soon after the activation pays no penalty."""


class SettlementKind(TitledEnum):
    """The kind of a line."""

    ARREARS = "arrears", Title("欠费", "Arrears")
    LATE_FEE = "late-fee", Title("滞纳金", "Late fee")
    UNBILLED = "unbilled", Title("未出账费用", "Not yet billed")
    PENALTY = "penalty", Title("合约违约金", "Penalty for leaving early")
    DEVICE = "device", Title("终端赔偿", "Lost device")
    DEPOSIT = "deposit", Title("押金", "Deposit")
    PAUSE = "pause", Title("停机保号费", "Unused months of a pause")
    CHANGE = "change", Title("未生效的变更费用", "Paid for a change that never took effect")
    PREPAID = "prepaid", Title("预存余额", "Prepaid")


class Fate(TitledEnum):
    """What becomes of a device when its account is closed."""

    RETURNED = "returned", Title("已退回", "Returned")
    LOST = "lost", Title("遗失", "Lost")
    LATER = "later", Title("稍后退回", "To be returned later")


class Balance(Protocol):
    """What stands on the account's books, in fen; no amount is below zero. `penalty` None: the plan's terms say it."""

    @property
    def arrears(self) -> int: ...

    @property
    def late_fee(self) -> int: ...

    @property
    def unbilled(self) -> int: ...

    @property
    def refundable(self) -> int: ...

    @property
    def penalty(self) -> int | None: ...


class LeftDevice(NamedTuple):
    """A device at the account: its name for people, its price when new in fen, and what becomes of it."""

    title: Title
    price: int
    issued_on: date
    fate: Fate
    is_ont: bool


@dataclass(frozen=True, slots=True)
class Leaving:
    """What the settlement depends on besides the books. `terms` and `until` are the plan's, `until` the first day after
    its term; `waived`: no penalty is due, since the operator is the cause or the holder has died; `deposits`, `pause`,
    the unused whole months of a pause, and `change`, what else was paid for a change of plan that never took effect, in
    fen; a lost device is worth nothing after `device_months`."""

    today: date
    terms: Mapping[str, Any]
    until: date | None
    active_since: date
    waived: bool = False
    deposits: int = 0
    pause: int = 0
    change: int = 0
    devices: tuple[LeftDevice, ...] = ()
    device_months: int = 36


class SettlementLine(NamedTuple):
    """One line: fen that the customer owes, below zero those that they get back, and how it was worked out."""

    kind: SettlementKind
    fen: int
    formula: str


class Refundable(NamedTuple):
    """A payment that money can go back on: its id, and the fen of it that weren't paid back yet."""

    payment_id: int
    rest: int


class PayBack(NamedTuple):
    """Money that goes back on a payment; `payment_id` None: by bank transfer, where the payments don't suffice."""

    payment_id: int | None
    fen: int


def settle(balance: Balance, leaving: Leaving) -> tuple[SettlementLine, ...]:
    """The lines of a settlement, without those that come to nothing."""
    kind = SettlementKind
    lines = [
        SettlementLine(kind.ARREARS, balance.arrears, ""),
        SettlementLine(kind.LATE_FEE, balance.late_fee, ""),
        SettlementLine(kind.UNBILLED, balance.unbilled, ""),
        _penalty(balance, leaving),
        *(_lost(each, leaving) for each in leaving.devices if each.fate is Fate.LOST),
        SettlementLine(kind.DEPOSIT, -_deposit_back(leaving), ""),
        SettlementLine(kind.PAUSE, -leaving.pause, ""),
        SettlementLine(kind.CHANGE, -leaving.change, ""),
        SettlementLine(kind.PREPAID, -balance.refundable, ""),
    ]
    return tuple(line for line in lines if line.fen)


def hand_over(balance: Balance, leaving: Leaving, back: int) -> tuple[SettlementLine, ...]:
    """The lines of a transfer 过户, which the old owner settles: everything owed, the month under way up to today, and
    the penalty unless it is waived.

    `back` fen of what is paid in advance go back. The rest passes over, and pays first for what isn't billed yet: the
    new owner's share of the month is its fee less that. Source: 民法典, article 555.
    """
    kind, covered = SettlementKind, min(balance.unbilled, balance.refundable - back)
    formula = f"{write_yuan(balance.unbilled)} − {write_yuan(covered)}" if covered else ""
    lines = [
        SettlementLine(kind.ARREARS, balance.arrears, ""),
        SettlementLine(kind.LATE_FEE, balance.late_fee, ""),
        SettlementLine(kind.UNBILLED, balance.unbilled - covered, formula),
        _penalty(balance, leaving),
        SettlementLine(kind.CHANGE, -leaving.change, ""),
        SettlementLine(kind.PREPAID, -back, ""),
    ]
    return tuple(line for line in lines if line.fen)


def total(lines: Iterable[SettlementLine], *kinds: SettlementKind) -> int:
    """What the customer pays, of these kinds or, without any, in all; below zero: gets back."""
    return sum(line.fen for line in lines if not kinds or line.kind in kinds)


def pay_back(fen: int, payments: Sequence[Refundable]) -> tuple[PayBack, ...]:
    """Split what the customer gets back: on the newest payment first, up to its rest; what is left by bank transfer.

    `payments` stand in the order in which they were made; `fen` is above zero.
    """
    parts = []
    for each in reversed(payments):
        part = min(fen, each.rest)
        if part > 0:
            parts.append(PayBack(each.payment_id, part))
            fen -= part
    return (*parts, PayBack(None, fen)) if fen else tuple(parts)


def _penalty(balance: Balance, leaving: Leaving) -> SettlementLine:
    if leaving.waived or leaving.today <= leaving.active_since + REGRETTED_WITHIN:
        return SettlementLine(SettlementKind.PENALTY, 0, "")
    if balance.penalty is not None:
        return SettlementLine(SettlementKind.PENALTY, balance.penalty, "")
    if leaving.until is None or leaving.until <= leaving.today:
        return SettlementLine(SettlementKind.PENALTY, 0, "")
    fen = penalty_for(leaving.terms, leaving.today, leaving.until)
    months, fee = months_left(leaving.today, leaving.until), write_yuan(int(leaving.terms["monthly_fee"]))
    return SettlementLine(SettlementKind.PENALTY, fen, f"{months} × {fee} × {leaving.terms.get('penalty', 0)}%")


def _lost(device: LeftDevice, leaving: Leaving) -> SettlementLine:
    fen = price_now(device.price, device.issued_on, leaving.today, leaving.device_months)
    left = max(0, leaving.device_months - whole_months(device.issued_on, leaving.today))
    return SettlementLine(SettlementKind.DEVICE, fen, f"{write_yuan(device.price)} × {left}/{leaving.device_months}")


def _deposit_back(leaving: Leaving) -> int:
    """The deposit is for the ONT: while that is still to come back, so is the deposit."""
    waits = any(each.is_ont and each.fate is Fate.LATER for each in leaving.devices)
    return 0 if waits else leaving.deposits
