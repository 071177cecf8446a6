"""`dispatch sign`: keep the customer's signature on a slip: a picture, or that the paper was signed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dispatch.accounts import signing
from dispatch.accounts.signing import Signed
from dispatch.cli.context import now, open_desk
from dispatch.cli.framework import Commands
from dispatch.cli.language import text
from dispatch.cli.options import As, AsJson, InRole, argument, option
from dispatch.cli.output import give
from dispatch.domain.agency import CheckedPerson
from dispatch.domain.numbers import read_slip_serial, slip_serial
from dispatch.domain.signature import LARGEST
from dispatch.domain.system_faults import at_file
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, NotFound
from dispatch.storage import operations

app = Commands()


@app.command()
def sign(
    serial: Annotated[str, argument("受理单号，如 S000000042", "such as S000000042", "SERIAL")],
    png: Annotated[
        Path | None, typer.Option("--png", help=text("签名图片，PNG", "picture of the signature, a PNG"))
    ] = None,
    paper: Annotated[
        bool, typer.Option("--paper", help=text("客户已在纸质受理单上签名", "the customer signed the paper"))
    ] = False,
    who: Annotated[
        str,
        option("--who", zh="谁签名（默认为单上第一个）", en="who signs (else the first on the slip)",
               metavar="|".join(CheckedPerson)),
    ] = "",
    name: As = "",
    role: InRole = "",
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Sign a slip, once: by a picture within half an hour of its operation, or on paper."""
    if (png is None) != paper:
        raise BadInput(what=Wording("请给出 --png 文件，或 --paper", "give either --png FILE or --paper"))
    picture = None if png is None else _read(png)
    desk = open_desk()
    actor = desk.actor(name, role)
    from dispatch.slips.forms import SlipData
    from dispatch.storage.open_keys import open_cipher  # of all commands only a few need the keys

    cipher = open_cipher(desk.settings, desk.database)
    with desk.database.write() as tx:
        slip = operations.slip_paper(tx, read_slip_serial(serial))
        if slip is None or not actor.covers(slip.area):
            raise NotFound(what=Wording("受理单", "slip"), which=serial.strip())
        signers = SlipData.from_json(slip.content).signers
        by = who or (signers[0].who if signers else "")
        row = signing.sign(tx, cipher, slip, Signed(by, signing.slip_hash(slip.content), picture), actor, now())
    number = slip_serial(row.operation_id)
    told = {"slip": number, "who": row.who, "paper": row.png is None, "sha256": row.sha256}
    give(
        as_json,
        {**told, "slip_sha256": row.slip_sha256, "signed_at": row.at.isoformat()},
        text(f"受理单 {number} 已签名", f"slip {number} is signed"),
    )


def _read(file: Path) -> bytes:
    """No more than tells that it is too large. Raises OSError."""
    try:
        with file.open("rb") as opened:
            return opened.read(LARGEST + 1)
    except OSError as wrong:
        raise at_file(wrong, file) from None
