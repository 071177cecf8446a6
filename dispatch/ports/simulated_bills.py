"""The bills of a simulated billing system, computed from an account's entries alone. Pure; amounts are whole fen.

On the 1st a month's fee becomes a bill, due on the 20th. It is taken from credits first, then from what is paid in
advance; the rest is owed. What is overdue costs 3 ‰ a day (《中华人民共和国电信条例》, article 35), at most as much as
was owed. A payment settles the oldest bill first, and of a bill the late fee first (民法典, article 561).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

from dispatch.domain.money import share
from dispatch.domain.monthly_fee import part_of_month
from dispatch.domain.plans import next_bill_day

DUE_DAY = 20
OVERDUE_DAYS = 30
"""Days after the due day until a bill that isn't paid is reported as arrears."""
LATE_PER_MILLE = 3
_A_DAY = timedelta(days=1)


@dataclass
class Bill:
    """What is left of a bill. `late` is its unpaid late fee up to `counted`; `cap` is how much more that may become."""

    left: int
    due: date
    counted: date
    cap: int
    late: int = 0

    def count(self, day: date) -> None:
        """Add the late fee up to this day."""
        days = (day - self.counted).days
        if days > 0:
            more = min(self.cap, share(self.left, LATE_PER_MILLE * days, 1000))
            self.late, self.cap, self.counted = self.late + more, self.cap - more, day

    def settle(self, fen: int, day: date) -> int:
        """Settle with at most `fen`; return what is left of it."""
        self.count(day)
        of_late = min(fen, self.late)
        of_bill = min(fen - of_late, self.left)
        self.late, self.left = self.late - of_late, self.left - of_bill
        return fen - of_late - of_bill


@dataclass
class Bills:
    """An account's bills. `add` all entries in the order of their time, then `run` to a day, once."""

    entries: list[tuple[date, str, int]] = field(default_factory=list)
    rates: dict[date, int] = field(default_factory=dict)
    """The monthly fee from a day on."""
    bills: list[Bill] = field(default_factory=list)
    prepaid: int = 0
    credits: int = 0
    once: int = 0
    """Fees that go onto the next bill once."""
    begun: date | None = None
    """The first day of the month under way."""
    day: date = date.min

    def add(self, kind: str, fen: int, on: date, *, monthly: bool = False) -> None:
        if monthly:
            self.rates[on] = fen
        else:
            self.entries.append((on, kind, fen))

    def run(self, day: date) -> None:
        """Book everything up to this day, that day's entries included."""
        self.day = day
        first = min([on for on, _, _ in self.entries] + list(self.rates), default=day)
        month = first.replace(day=1)
        entries = [entry for entry in self.entries if entry[0] <= day]
        while (following := next_bill_day(month, 1)) <= day:
            entries = self._book(entries, following)
            self._bill(month, following)
            month = following
        self._book(entries, day + _A_DAY)
        self.begun = month
        for bill in self.bills:
            bill.count(day)

    def _book(self, entries: list[tuple[date, str, int]], before: date) -> list[tuple[date, str, int]]:
        """Book the entries before a day; return the others."""
        for on, kind, fen in entries:
            if on < before:
                self._enter(kind, fen, on)
        return [entry for entry in entries if entry[0] >= before]

    def _enter(self, kind: str, fen: int, on: date) -> None:
        match kind:
            case "payment":
                self.prepaid += self._settle(fen, on)
            case "credit":
                self.credits += self._settle(fen, on)
            case "fee":
                self.once += fen
            case "refund":
                self.once += max(0, fen - self.prepaid)  # more than there was: owed again
                self.prepaid = max(0, self.prepaid - fen)

    def _settle(self, fen: int, on: date) -> int:
        for bill in self.bills:
            fen = bill.settle(fen, on)
        self.bills = [bill for bill in self.bills if bill.left or bill.late]
        return fen

    def _bill(self, month: date, following: date) -> None:
        fen = self._fee(month, following - _A_DAY) + self.once
        self.once = 0
        of_credits = min(fen, self.credits)
        of_prepaid = min(fen - of_credits, self.prepaid)
        self.credits, self.prepaid = self.credits - of_credits, self.prepaid - of_prepaid
        owed = fen - of_credits - of_prepaid
        if owed:
            due = following.replace(day=DUE_DAY)
            self.bills.append(Bill(owed, due, due, owed))

    def _fee(self, first: date, last: date) -> int:
        """The monthly fees of the days of one month, each rounded by itself."""
        fee, since, total = 0, first, 0
        for on in sorted(self.rates):
            if on > last:
                break
            if on > since:
                total += part_of_month(fee, since, on - _A_DAY)
                since = on
            fee = self.rates[on]
        return total + part_of_month(fee, since, last)

    @property
    def arrears(self) -> int:
        return sum(bill.left for bill in self.bills)

    @property
    def late_fee(self) -> int:
        return sum(bill.late for bill in self.bills)

    @property
    def unbilled(self) -> int:
        """Of the month under way, up to the day, less credits."""
        return max(0, self._under_way - self.credits)

    @property
    def gift(self) -> int:
        """Credits that nothing is left to use up."""
        return max(0, self.credits - self._under_way)

    @property
    def not_due(self) -> int:
        """Of the arrears, those of bills whose due day isn't past."""
        return sum(bill.left for bill in self.bills if bill.due >= self.day)

    @property
    def overdue(self) -> int:
        """What is owed of bills whose due day is past, with late fees."""
        return self.arrears - self.not_due + self.late_fee

    @property
    def is_long_overdue(self) -> bool:
        """Whether a bill is to be reported as arrears."""
        return any(self.day >= bill.due + timedelta(days=OVERDUE_DAYS) for bill in self.bills)

    @property
    def looked_at_next(self) -> date:
        """The first day on which a bill may become long overdue, without further entries."""
        days = [bill.due + timedelta(days=OVERDUE_DAYS) for bill in self.bills]
        return min([each for each in days if each > self.day], default=next_bill_day(self.day, 1))

    @property
    def _under_way(self) -> int:
        return (self._fee(self.begun, self.day) if self.begun else 0) + self.once
