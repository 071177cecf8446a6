"""Made-up customers for a demonstration: their addresses, names, documents and payments. Pure.

They can be no real people: the county code in their identity numbers, 440000, stands for a whole province, and no real
number has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pydantic import SecretStr
from stdnum.cn import ric

from dispatch.accounts.billing import Paid
from dispatch.accounts.opening import Opening
from dispatch.accounts.registration import Person
from dispatch.domain.money import write_yuan
from dispatch.domain.plans import Applicant, Plans
from dispatch.routing.address_file import CoveredAddress

STREETS = (
    ("tianhe", "广州市天河区体育西路"),
    ("haizhu", "广州市海珠区江南大道中"),
    ("panyu", "广州市番禺区市桥街康乐路"),
)
SURNAMES = "陈李张黄何罗梁林郭吴"
GIVEN = ("㛃", "𬭛", "敏", "伟", "秀英", "建国", "志强", "淑芬", "海燕", "晓彤", "俊杰")
"""The first two are rare characters 生僻字, which must print correctly."""

ON_A_PORT = 32
"""Subscribers that share a port."""

PASSWORD = "Ck7#vwQz"  # noqa: S105 — these customers don't exist


@dataclass(frozen=True, slots=True)
class Household:
    """A customer and the address of the wanted line; everything follows from `n`."""

    n: int

    @property
    def name(self) -> str:
        return SURNAMES[self.n % len(SURNAMES)] + GIVEN[self.n % len(GIVEN)]

    @property
    def area(self) -> str:
        return STREETS[self.n % len(STREETS)][0]

    @property
    def address(self) -> str:
        return f"{STREETS[self.n % len(STREETS)][1]}{self.n}号"

    @property
    def mobile(self) -> str:
        return f"199{86_000_000 + self.n:08d}"

    @property
    def document_number(self) -> str:
        body = f"440000{19_600_101 + self.n % 28 + 10_000 * (self.n % 40)}{self.n % 1000:03d}"
        return body + str(ric.calc_check_digit(body + "0"))

    @property
    def person(self) -> Person:
        return Person(
            name=self.name,
            document_kind="resident-id",
            document_number=SecretStr(self.document_number),
            mobile=self.mobile,
        )

    def reach(self, served: bool = True) -> CoveredAddress:
        """Return the address with its port, or without a port when it isn't `served`."""
        if not served:
            return CoveredAddress(self.address, self.area)
        port = self.n // ON_A_PORT + 1
        return CoveredAddress(self.address, self.area, f"{self.area.upper()}-OLT1", f"0/1/{port}", ON_A_PORT)

    def application(self, plans: Plans, today: date, key: str | None = None) -> Opening:
        """Return the customer's request for a line. Plans and payment in cash or by card alternate with `n`."""
        applicant = Applicant(area=self.area, customer="new", holder="person", has_mobile=True)
        offered = plans.offered(applicant, today)
        plan = offered[self.n % len(offered)]
        by_card = self.n % 2 == 1
        paid = Paid(
            method="card" if by_card else "cash",
            amount=write_yuan(plan.to_pay),
            reference=f"DEMO{self.n:06d}" if by_card else None,
        )
        return Opening(
            address=self.address,
            holder=self.person,
            plan=plan.name,
            password=SecretStr(PASSWORD),
            mobile=self.mobile if plan.needs_mobile else None,
            payment=paid if plan.to_pay else None,
            request_key=key,
        )


def households(count: int) -> Sequence[Household]:
    """Return the first `count` households."""
    return [Household(n) for n in range(1, count + 1)]
