"""Numbers of tickets, hops, slips and invoices: `F00000042` is fault 42, `F00000042-3` its third hop. Pure."""

from __future__ import annotations

import re

from dispatch.domain import folding
from dispatch.domain.kind import Kind
from dispatch.domain.title import Wording
from dispatch.errors import BadInput

LETTER: dict[str, str] = {Kind.FAULT: "F", Kind.CONSTRUCTION: "C", Kind.MOVE: "M", Kind.COMPLAINT: "K"}
_LETTERS = "".join(LETTER.values())
TICKET_PATTERN = rf"[{_LETTERS}{_LETTERS.lower()}]?[0-9]{{1,18}}"
"""A ticket's number as people type it."""
_TICKET = re.compile(rf"[{_LETTERS}]?0*([0-9]{{1,18}})")
_SLIP = re.compile(r"S0*([0-9]{1,18})")
_INVOICE = re.compile(r"0*([0-9]{1,18})")
_SEQ = re.compile(r"[0-9]{1,6}")


def ticket_number(kind: str, ticket_id: int) -> str:
    return f"{LETTER.get(kind, 'T')}{ticket_id:08d}"


def hop_number(kind: str, ticket_id: int, seq: int) -> str:
    return f"{ticket_number(kind, ticket_id)}-{seq}"


def ticket_wording(kind: str, ticket_id: int) -> Wording:
    """The ticket in a sentence."""
    number = ticket_number(kind, ticket_id)
    return Wording(f"工单 {number}", f"ticket {number}")


def hop_wording(kind: str, ticket_id: int, seq: int) -> Wording:
    """The hop in a sentence."""
    number = hop_number(kind, ticket_id, seq)
    return Wording(f"环节 {number}", f"hop {number}")


def slip_serial(operation_id: int) -> str:
    """The serial of an acceptance slip: `S000000042`."""
    return f"S{operation_id:09d}"


def read_slip_serial(text: str) -> int:
    """`S000000042` as the operation's id, 42. Raises BadInput."""
    found = _SLIP.fullmatch(folding.code(text))
    if not found:
        raise _unlike(text, Wording("受理单编号", "slip's serial"), "S000000042")
    return int(found[1])


def invoice_number(number: int) -> str:
    """An invoice's number as it is printed: at least eight digits."""
    return f"{number:08d}"


def read_invoice_number(text: str) -> int:
    """`00000042` as the invoice's number, 42. Raises BadInput."""
    found = _INVOICE.fullmatch(folding.code(text))
    if not found:
        raise _unlike(text, Wording("发票号码", "invoice's number"), "00000042")
    return int(found[1])


def read_ticket_number(text: str) -> int:
    """`F00000042` as the ticket's id, 42; also without letter and zeros. Raises BadInput."""
    found = _TICKET.fullmatch(folding.code(text))
    if not found:
        raise _unlike(text, Wording("工单号", "ticket number"), "F00000042")
    return int(found[1])


def typed_number(text: str, otherwise: Kind) -> str:
    """A ticket's number in full, as somebody typed it; `otherwise` is its kind if they left the letter out. Raises
    BadInput."""
    typed = folding.code(text)
    kind = next((kind for kind, letter in LETTER.items() if typed.startswith(letter)), otherwise)
    return ticket_number(kind, read_ticket_number(text))


def read_hop_number(text: str) -> tuple[int, int | None]:
    """`F00000042-3` as (42, 3); a ticket's number alone means its live hop, (42, None). Raises BadInput."""
    ticket, dash, seq = folding.code(text).partition("-")
    if dash and not _SEQ.fullmatch(seq):
        raise _unlike(text, Wording("环节号", "hop number"), "F00000042-3")
    return read_ticket_number(ticket), int(seq) if dash else None


def _unlike(text: str, what: Wording, example: str) -> BadInput:
    return BadInput(
        what=Wording(
            f"“{text:.40}”不是{what.zh}：应写作 {example}", f"{text!r:.40} is no {what.en}: they look like {example}"
        )
    )
