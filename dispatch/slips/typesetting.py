"""Slips and invoices as PDF: A5, PDF/A-2b. The same data give the same bytes in any process, on any day."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, time
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import segno
import typst

from dispatch.domain.money import capital, write_yuan
from dispatch.domain.title import Wording, same
from dispatch.errors import TypesettingFailed
from dispatch.slips.fonts import Fonts, find_fonts
from dispatch.slips.forms import DrawnSignature, InvoiceData, SlipData

_TEMPLATES = Path(__file__).parent

_SECONDS = "%Y-%m-%d %H:%M:%S"

View = dict[str, Any]
"""The data for a template, with times and amounts as text."""


def slip(data: SlipData, *, drawn: DrawnSignature | None = None, fonts: Path | None = None) -> bytes:
    """Typeset a slip as PDF, with the signature that was drawn at the counter, if one was. `fonts` is a folder to use
    instead of the package's font.

    Raises MissingGlyph when a character can't be printed, MissingPart when there is no font, TypesettingFailed.
    """
    view = _slip_view(data)
    if drawn is not None:
        view["drawn"] = {
            "who": drawn.who,
            "png": list(drawn.png),  # typst reads no base 64
            "sha256": drawn.sha256,
            "at": drawn.at.strftime(_SECONDS),
        }
    return _press(fonts).print("slip.typ", view, data.accepted_at)


def invoice(data: InvoiceData, *, fonts: Path | None = None) -> bytes:
    """Typeset an invoice as PDF. Raises as `slip` does."""
    return _press(fonts).print("invoice.typ", _invoice_view(data), datetime.combine(data.issued_on, time(), UTC))


def prepare(fonts: Path | None = None) -> None:
    """Read the fonts. The first time takes half a second, so call it before a transaction holds locks.

    Raises MissingPart when there is no font.
    """
    _press(fonts)


def demand_glyphs(data: SlipData | InvoiceData, *, fonts: Path | None = None) -> None:
    """Raise MissingGlyph when `data` can't be printed. Call it before an operation that ends with a slip."""
    view = _slip_view(data) if isinstance(data, SlipData) else _invoice_view(data)
    _press(fonts).fonts.demand_glyphs("".join(_texts(view)))


def _slip_view(data: SlipData) -> View:
    view: View = json.loads(data.as_json())
    view["accepted_at"] = data.accepted_at.strftime(_SECONDS)
    view["signers"] = [asdict(signer) for signer in data.signers]
    if data.payment:
        paid = view["payment"]
        paid |= {"total": _yuan(data.payment.total), "capital": capital(data.payment.total)}
        paid["paid_back"] = data.payment.total < 0
        for shown, amount in zip(paid["amounts"], data.payment.amounts, strict=True):
            shown["fen"] = _yuan(amount.fen)
    return view


def _invoice_view(data: InvoiceData) -> View:
    view: View = json.loads(data.as_json())
    view |= {"total": _yuan(data.total), "capital": capital(data.total)}
    for shown, line in zip(view["lines"], data.lines, strict=True):
        shown |= {"quantity": str(line.quantity), "price": _yuan(line.price), "amount": _yuan(line.amount)}
    return view


def _yuan(fen: int) -> str:
    return write_yuan(fen, grouped=True)


def _texts(value: Any) -> Iterator[str]:
    """Yield every string in a view."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


@cache
def _press(fonts: Path | None) -> _Press:
    return _Press(find_fonts(fonts))


class _Press:
    """A reused typst compiler, which keeps fonts and templates in memory. The lock lets one thread compile at a time.

    The compiler's threads don't survive a fork; in a child process it would wait for them for ever, so `print` refuses.
    """

    def __init__(self, fonts: Fonts) -> None:
        self.fonts = fonts
        self._compiler = typst.Compiler(root=_TEMPLATES, font_paths=fonts.found, ignore_system_fonts=True)
        self._lock = Lock()
        self._process = os.getpid()

    def print(self, template: str, view: View, moment: datetime) -> bytes:
        """Typeset a view; `moment` is the document's date. The data goes in as JSON, never as template source."""
        if os.getpid() != self._process:
            raise TypesettingFailed(
                template=template,
                why=Wording("本进程由已排过版的进程派生", "this process was forked from one that had already typeset"),
            )
        self.fonts.demand_glyphs("".join(_texts(view)))
        at = moment.astimezone(UTC).replace(microsecond=0)  # typst takes whole seconds
        view |= {
            "fonts": self.fonts.families,
            "moment": [at.year, at.month, at.day, at.hour, at.minute, at.second],
            "qr": _qr(view["record_url"]),
        }
        try:
            with self._lock:
                pdf = self._compiler.compile(
                    input=_TEMPLATES / template,
                    sys_inputs={"data": json.dumps(view, ensure_ascii=False)},
                    format="pdf",
                    pdf_standards="a-2b",
                    timestamp=at,
                )
        except typst.TypstError as wrong:
            raise TypesettingFailed(template=template, why=same(wrong.message)) from None
        assert isinstance(pdf, bytes)
        return pdf


def _qr(url: str) -> str:
    """Return the QR code as SVG, empty for an empty URL. The template leaves the quiet zone around it."""
    return str(segno.make(url, error="m", micro=False).svg_inline(scale=1, border=0)) if url else ""
