"""The content of slips and invoices. Pure.

This content is stored as JSON and may be printed again years later. So it holds the words that were shown, with the
customer's data already masked where it must be, and nothing that must be looked up. Amounts are whole fen.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    model_validator,
)
from pydantic.dataclasses import dataclass

from dispatch.domain.money import MOST
from dispatch.domain.title import Title

# Unknown keys are refused, because they would be missing on the paper. Errors never quote the customer's data.
_STRICT = ConfigDict(extra="forbid", hide_input_in_errors=True)

Fen = Annotated[int, Field(strict=True, ge=-MOST, le=MOST)]
Word = Annotated[str, Field(min_length=1)]
Url = Annotated[str, Field(max_length=300)]
"""A longer URL makes a QR code too fine to be read from paper. With an empty one no code is printed."""

_OF_EARLIER_SLIPS = ZoneInfo("Asia/Shanghai")


def _as_printed(stored: object) -> object:
    if isinstance(stored, str) and stored.endswith("Z"):
        return datetime.fromisoformat(stored).astimezone(_OF_EARLIER_SLIPS)
    return stored


PaperTime = Annotated[
    AwareDatetime,
    BeforeValidator(_as_printed),
    PlainSerializer(datetime.isoformat, return_type=str, when_used="json"),
]
"""A time that is printed as it stands, whatever the desk's zone is by then. It is stored with its offset, UTC's as
`+00:00`. Up to release 0.2 it was stored as UTC with a `Z`, and always printed as China's time."""


@dataclass(frozen=True, slots=True, config=_STRICT)
class SlipLine:
    """One labelled value."""

    label: Title
    value: str


@dataclass(frozen=True, slots=True, config=_STRICT)
class Section:
    """A heading and its lines: the plan, the construction order, the new owner, …"""

    title: Title
    lines: Annotated[tuple[SlipLine, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True, config=_STRICT)
class Change:
    """A modified value before and after; an empty side is printed as 无 none."""

    label: Title
    before: str
    after: str


@dataclass(frozen=True, slots=True, config=_STRICT)
class Amount:
    """A paid amount and its purpose; negative when it was paid back."""

    label: Title
    fen: Fen


@dataclass(frozen=True, slots=True, config=_STRICT)
class Payment:
    """The money taken or paid back at the counter. `reference` is the card terminal's transaction number."""

    method: Title
    amounts: Annotated[tuple[Amount, ...], Field(min_length=1)]
    reference: str = ""

    @property
    def total(self) -> int:
        return sum(amount.fen for amount in self.amounts)


@dataclass(frozen=True, slots=True, config=_STRICT)
class InvoiceMention:
    """The invoice that belongs to a slip. `red_letter`: the number of the invoice that offsets it once taken back."""

    number: Word
    taken_back: bool = False
    red_letter: str = ""


@dataclass(frozen=True, slots=True, config=_STRICT)
class Signer:
    """Somebody who signs a slip for the customer's side: `who` is a word of `domain.agency.CheckedPerson`."""

    who: Word
    title: Title


THE_CUSTOMER = Signer("holder", Title("客户签名", "Customer's signature"))


@dataclass(frozen=True, slots=True, config=_STRICT)
class SlipData:
    """An acceptance slip 业务受理单. `document` and `contact` are masked; `operation` is the operation's code.

    `accepted_at` is in the zone in which it is printed. `signers` is empty where nobody was there for the customer;
    most slips are the customer's alone to sign, and their JSON, as that of earlier slips, doesn't say it.
    """

    serial: Word
    operation: Word
    title: Title
    operator: Word
    outlet: Word
    clerk: Word
    accepted_at: PaperTime
    account: Word
    customer: Word
    document: str = ""
    contact: str = ""
    sections: tuple[Section, ...] = ()
    changes: tuple[Change, ...] = ()
    warnings: tuple[str, ...] = ()
    payment: Payment | None = None
    invoice: InvoiceMention | None = None
    notes: tuple[str, ...] = ()
    record_url: Url = ""
    signers: Annotated[tuple[Signer, ...], Field(exclude_if=lambda signers: signers == (THE_CUSTOMER,))] = (
        THE_CUSTOMER,
    )

    def as_json(self) -> str:
        """The same data always gives the same text."""
        return _SLIP.dump_json(self).decode()

    @staticmethod
    def from_json(text: str) -> SlipData:
        """Raises pydantic's ValidationError, a ValueError that names the fields at fault."""
        return _SLIP.validate_json(text)


@dataclass(frozen=True, slots=True, config=_STRICT)
class DrawnSignature:
    """A signature that was drawn at the counter, as it is printed: a PNG, with its SHA-256 in hex. `at` is in the
    slip's zone."""

    who: Word
    png: Annotated[bytes, Field(repr=False)]
    sha256: Word
    at: AwareDatetime


@dataclass(frozen=True, slots=True, config=_STRICT)
class InvoiceLine:
    """One line of an invoice: `quantity` of `item` at `price` fen each."""

    item: Title
    quantity: Annotated[int, Field(strict=True, ge=-100_000, le=100_000)]
    price: Fen

    @property
    def amount(self) -> int:
        return self.quantity * self.price


@dataclass(frozen=True, slots=True, config=_STRICT)
class InvoiceData:
    """An invoice 发票. A red-letter invoice 红字发票 has a negative total; `offsets` is the offset invoice's number."""

    number: Word
    issued_on: date
    operator: Word
    outlet: Word
    clerk: Word
    buyer: Word
    account: Word
    method: Title
    lines: Annotated[tuple[InvoiceLine, ...], Field(min_length=1)]
    offsets: str = ""
    slip: str = ""
    record_url: Url = ""

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)

    @model_validator(mode="after")
    def _red_offsets_black(self) -> Self:
        if self.total == 0 or (self.total < 0) != bool(self.offsets):
            raise ValueError("an invoice's total is above zero, or below zero and `offsets` names another invoice")
        return self

    def red_letter(
        self,
        *,
        number: str,
        issued_on: date,
        outlet: str,
        clerk: str,
        slip: str = "",
        lines: tuple[InvoiceLine, ...] = (),
    ) -> InvoiceData:
        """Return the invoice that offsets this one: the same lines with negative quantities, or else these `lines`."""
        return replace(
            self,
            number=number,
            issued_on=issued_on,
            outlet=outlet,
            clerk=clerk,
            slip=slip,
            offsets=self.number,
            lines=lines or tuple(replace(line, quantity=-line.quantity) for line in self.lines),
        )

    def as_json(self) -> str:
        """The same data always gives the same text."""
        return _INVOICE.dump_json(self).decode()

    @staticmethod
    def from_json(text: str) -> InvoiceData:
        """Raises pydantic's ValidationError, a ValueError that names the fields at fault."""
        return _INVOICE.validate_json(text)


_SLIP = TypeAdapter(SlipData)
_INVOICE = TypeAdapter(InvoiceData)
