"""`dispatch slip`, `dispatch invoice`: what a customer takes home, printed again: the same bytes each time."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

from dispatch.cli.context import open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import AsJson, argument, option
from dispatch.cli.output import give
from dispatch.domain.numbers import read_invoice_number, read_slip_serial
from dispatch.domain.system_faults import at_file
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, NotFound
from dispatch.storage import operations, payments

app = Commands()

_Out = Annotated[
    str,
    option(
        "--out", zh="PDF存到何处；- 为标准输出", en="where the PDF goes; - is standard output", metavar="FILE.pdf|-"
    ),
]


@app.command()
def slip(
    serial: Annotated[str, argument("受理单号，如 S000000042", "such as S000000042", "SERIAL")],
    to: _Out,
    as_json: AsJson = False,
) -> None:
    """Print an acceptance slip again, as PDF, with its signature."""
    desk = open_desk()
    from dispatch.accounts import signing  # imported here: of all commands only these two need papers
    from dispatch.slips import typesetting
    from dispatch.slips.forms import SlipData
    from dispatch.storage.open_keys import open_cipher

    with desk.database.read() as tx:
        row = operations.slip_paper(tx, read_slip_serial(serial))
        if row is None:
            raise NotFound(what=Wording("受理单", "slip"), which=serial.strip())
        drawn = signing.drawn(tx, lambda: open_cipher(desk.settings, desk.database), row)
    _write(typesetting.slip(SlipData.from_json(row.content), drawn=drawn, fonts=desk.settings.fonts), to, as_json)


@app.command()
def invoice(
    number: Annotated[str, argument("发票号，如 00000042", "such as 00000042", "NUMBER")],
    to: _Out,
    as_json: AsJson = False,
) -> None:
    """Print an invoice again, as PDF."""
    desk = open_desk()
    with desk.database.read() as tx:
        content = payments.invoice_content(tx, read_invoice_number(number))
    if content is None:
        raise NotFound(what=Wording("发票", "invoice"), which=number.strip())
    from dispatch.slips import typesetting
    from dispatch.slips.forms import InvoiceData

    _write(typesetting.invoice(InvoiceData.from_json(content), fonts=desk.settings.fonts), to, as_json)


def _write(pdf: bytes, to: str, as_json: bool) -> None:
    """To standard output, or to a file that is written whole or not at all. Raises BadInput, OSError."""
    if to == "-":
        if sys.stdout.isatty():
            raise BadInput(
                what=Wording(
                    "标准输出是终端，不能显示 PDF：请给出文件名，或接到别的程序",
                    "standard output is a terminal, which shows no PDF: name a file, or send it on",
                )
            )
        sys.stdout.buffer.write(pdf)
        return
    file = Path(to)
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        beside.write_bytes(pdf)
        beside.replace(file)
    except OSError as wrong:
        raise at_file(wrong, file) from None  # by the name that was asked for
    finally:
        beside.unlink(missing_ok=True)
    give(as_json, {"file": to, "bytes": len(pdf)}, text(f"{file}：{len(pdf):,} 字节", f"{file}: {len(pdf):,} bytes"))
