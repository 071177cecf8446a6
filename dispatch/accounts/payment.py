"""收款: a customer's payment as the counter's requests state it: in one to three parts, each by a method of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from dispatch.domain import folding
from dispatch.domain.money import typed_yuan, write_yuan
from dispatch.domain.payment import METHODS, MOST_PARTS, WITHOUT_REFERENCE, Method
from dispatch.domain.text import unreadable
from dispatch.domain.title import Title, Wording, WrongValue
from dispatch.errors import BadAmount, BadInput

LONGEST_REFERENCE = 60
"""Characters."""


class PaidPart(BaseModel):
    """A part of a payment: yuan as text (`700.00`), and the reference by which a system outside knows it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    method: Annotated[Method, Field(description="收款方式 · method of payment")]
    amount: Annotated[str, Field(description="实收金额，元 · amount paid in yuan, such as 700.00")]
    reference: Annotated[
        str | None,
        Field(description="交易参考号（现金、计入账单不填） · reference of the transaction, but for cash and bill"),
    ] = None


class Paid(PaidPart):
    """The customer's payment. `more`: its other parts, when it is paid by more than one method."""

    more: Annotated[
        tuple[PaidPart, ...],
        Field(max_length=MOST_PARTS - 1, description="其余部分，分开付款时 · other parts, if paid in parts"),
    ] = ()


class Part(NamedTuple):
    """A part of a payment, read: fen, and the reference; None where the method has none."""

    method: Method
    fen: int
    reference: str | None


def read_parts(paid: Paid) -> tuple[Part, ...]:
    """The parts of a payment, in the order in which they were told. Raises BadAmount, BadInput."""
    parts = (paid, *paid.more)
    amounts = [_amount(each) for each in parts]
    if len(parts) > 1 and not all(amounts):
        raise BadAmount(why=Wording("分开付款时每部分都须大于零", "each part of a payment must be above zero"))
    return tuple(Part(each.method, fen, _reference(each)) for each, fen in zip(parts, amounts, strict=True))


def method_title(methods: Sequence[str]) -> Title:
    """The methods of a payment in words, each once."""
    titles = [METHODS[each] for each in dict.fromkeys(methods)]
    return Title("、".join(each.zh for each in titles), ", ".join(each.en for each in titles))


def parts_title(parts: Sequence[tuple[str, int]]) -> Title:
    """Methods and their fen in words; the amount is left out where there is one method alone."""
    if len({method for method, _ in parts}) == 1:
        return method_title([method for method, _ in parts])
    said = [(METHODS[method], write_yuan(abs(fen))) for method, fen in parts]
    return Title(
        "、".join(f"{each.zh} {yuan} 元" for each, yuan in said), ", ".join(f"{each.en} {yuan}" for each, yuan in said)
    )


def _amount(part: PaidPart) -> int:
    try:
        return typed_yuan(part.amount)
    except WrongValue as wrong:
        raise BadAmount(why=wrong.what) from None


def _reference(part: PaidPart) -> str | None:
    """Raises BadInput for a reference that is missing, or that the method doesn't have."""
    reference = folding.one_line(part.reference or "")
    method = METHODS[part.method]
    if part.method in WITHOUT_REFERENCE and reference:
        raise BadInput(what=Wording(f"{method.zh}没有交易参考号", f"{method.en} has no reference"))
    if part.method not in WITHOUT_REFERENCE and not reference:
        raise BadInput(what=Wording(f"{method.zh}须填交易参考号", f"{method.en} needs the transaction's reference"))
    if len(reference) > LONGEST_REFERENCE or not reference.isprintable() or unreadable(reference):
        raise BadInput(
            what=Wording("交易参考号最多 60 个可打印字符", "a reference has at most 60 printable characters")
        )
    return reference or None
