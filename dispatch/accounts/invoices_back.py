"""发票收回: what becomes of the paper of invoices that are offset: the customer is asked, and the slip says it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import Field

from dispatch.domain.numbers import invoice_number, read_invoice_number
from dispatch.domain.title import Title, Wording
from dispatch.errors import BadInput
from dispatch.slips.forms import InvoiceMention, Section, SlipLine

InvoicePaper = Literal["returned", "lost", "electronic"]

PAPERS: Mapping[InvoicePaper, Title] = {
    "returned": Title("已收回原件", "original taken back"),
    "lost": Title("客户声明遗失", "lost, as the customer states"),
    "electronic": Title("电子发票，无须收回", "electronic, nothing to take back"),
}
"""What becomes of an invoice's paper, in the words of the slip."""

LOSS_STATEMENT = "invoice-loss-statement"
"""The scan that is kept for a lost invoice."""

AskedPaper = Annotated[
    InvoicePaper | None,
    Field(description="发票原件：已收回、遗失或电子发票 · the invoice: returned, lost, or electronic"),
]
LostInvoices = Annotated[
    tuple[str, ...], Field(description="其中遗失的发票号码 · numbers of those that are lost, if only some are")
]


def papers_of(
    invoices: Sequence[InvoiceMention], paper: InvoicePaper | None, lost: Sequence[str]
) -> dict[str, InvoicePaper]:
    """What becomes of each of these invoices, by number. Raises BadInput where it isn't said, or of another invoice."""
    numbers = [each.number for each in invoices]
    missing = {invoice_number(read_invoice_number(each)) for each in lost}
    if strange := sorted(missing - set(numbers)):
        listed = ", ".join(strange)
        raise BadInput(what=Wording(f"发票{listed}不在红冲之列", f"invoices {listed} are none of those to be offset"))
    if paper is None and set(numbers) - missing:
        listed = ", ".join(number for number in numbers if number not in missing)
        raise BadInput(
            what=Wording(
                f"请说明发票{listed}的原件：returned 已收回，lost 遗失，electronic 电子发票",
                f"say what becomes of invoice {listed}: returned, lost or electronic",
            )
        )
    return {number: "lost" if number in missing or paper is None else paper for number in numbers}


def required_scans(papers: Mapping[str, InvoicePaper]) -> tuple[str, ...]:
    """The scans that a refund needs."""
    return (LOSS_STATEMENT,) if "lost" in papers.values() else ()


def paper_section(papers: Mapping[str, InvoicePaper]) -> Sequence[Section]:
    """The part of the slip that says what became of the invoices; none without invoices."""
    lines = tuple(SlipLine(Title("发票", "Invoice"), f"{number} {PAPERS[paper]}") for number, paper in papers.items())
    return [Section(Title("发票处理", "Invoices"), lines)] if lines else []
