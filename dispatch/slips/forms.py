"""What stands on a slip and on an invoice. Pure.

These are what is stored, as JSON, and printed again years later: so they hold the words that were shown, already masked
where a customer's data must be, and nothing that must be looked up. Amounts are whole fen.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Annotated, Self

from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, model_validator
from pydantic.dataclasses import dataclass

from dispatch.domain.money import MOST
from dispatch.domain.title import Title

# An unknown key is refused, for what isn't understood can't be printed. Errors never quote the customer's data.
_STRICT = ConfigDict(extra="forbid", hide_input_in_errors=True)

Fen = Annotated[int, Field(strict=True, ge=-MOST, le=MOST)]
Word = Annotated[str, Field(min_length=1)]
Url = Annotated[str, Field(max_length=300)]
"""Longer ones make a QR code that no telephone reads from paper; empty: no code is printed."""


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
    """What was modified; an empty side is printed as 无 none."""

    label: Title
    before: str
    after: str


@dataclass(frozen=True, slots=True, config=_STRICT)
class Amount:
    """One thing that was paid for; below zero when it was paid back."""

    label: Title
    fen: Fen


@dataclass(frozen=True, slots=True, config=_STRICT)
class Payment:
    """What was taken, or paid back, on the spot. `reference` is the card terminal's."""

    method: Title
    amounts: Annotated[tuple[Amount, ...], Field(min_length=1)]
    reference: str = ""

    @property
    def total(self) -> int:
        return sum(amount.fen for amount in self.amounts)


@dataclass(frozen=True, slots=True, config=_STRICT)
class InvoiceMention:
    """The invoice that belongs to a slip. One that was taken back 已回收 is offset by a red-letter one."""

    number: Word
    taken_back: bool = False
    red_letter: str = ""


@dataclass(frozen=True, slots=True, config=_STRICT)
class SlipData:
    """An acceptance slip 业务受理单. `document` and `contact` come masked; `operation` is the operation's code."""

    serial: Word
    operation: Word
    title: Title
    operator: Word
    outlet: Word
    clerk: Word
    accepted_at: AwareDatetime
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

    def as_json(self) -> str:
        """The same data always gives the same text."""
        return _SLIP.dump_json(self).decode()

    @staticmethod
    def from_json(text: str) -> SlipData:
        """Raises pydantic's ValidationError, a ValueError that names the fields at fault."""
        return _SLIP.validate_json(text)


@dataclass(frozen=True, slots=True, config=_STRICT)
class InvoiceLine:
    """What was sold: `quantity` of `item` at `price` fen each."""

    item: Title
    quantity: Annotated[int, Field(strict=True, ge=-100_000, le=100_000)]
    price: Fen

    @property
    def amount(self) -> int:
        return self.quantity * self.price


@dataclass(frozen=True, slots=True, config=_STRICT)
class InvoiceData:
    """An invoice 发票; a red-letter one 红字发票, below zero, offsets the invoice that `offsets` names."""

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
            raise ValueError("an invoice is above zero, or below zero and names the invoice that it offsets")
        return self

    def red_letter(self, *, number: str, issued_on: date, outlet: str, clerk: str, slip: str = "") -> InvoiceData:
        """The invoice that offsets this one: the same lines, their quantities negative."""
        return replace(
            self,
            number=number,
            issued_on=issued_on,
            outlet=outlet,
            clerk=clerk,
            slip=slip,
            offsets=self.number,
            lines=tuple(replace(line, quantity=-line.quantity) for line in self.lines),
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
