"""签名: how a slip is signed: by a picture that the customer draws at the counter, or on paper.

Read the slip's signature first: it says who may sign, until when, and the hash of what they read. In a page:

    POST /api/v1/slips/S000000042/signature  {"who": "holder", "slip_sha256": "…", "png": "iVBORw0KGgo…"}

The picture is a PNG of at most 200,000 bytes (422 `bad-signature`), drawn within half an hour of the operation (409
`signing-over`); `paper` instead of it says that the paper was signed. A slip is signed once (409 `already-signed`).
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, StringConstraints
from pydantic import Field as Of

from dispatch.accounts import signing
from dispatch.domain.agency import CheckedPerson
from dispatch.domain.numbers import slip_serial
from dispatch.domain.signature import LARGEST
from dispatch.domain.title import Wording, WrongValue
from dispatch.errors import (
    AlreadySigned,
    BadInput,
    BadSignature,
    NobodySigns,
    NotFound,
    SigningOver,
    SlipDiffers,
)
from dispatch.slips.forms import SlipData
from dispatch.storage import signatures
from dispatch.storage.operation_rows import SlipRow
from dispatch.storage.signatures import SignatureRow
from dispatch.web.api.schemas import RequestBody, ResponseBody, TitleBody, title
from dispatch.web.api.slips import Serial, find_slip
from dispatch.web.policy import Target
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/slips", "signatures")


def _base64(text: str) -> str:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise WrongValue("不是 base 64", "it is not base 64") from None
    return text


class SlipSigner(ResponseBody):
    """Somebody who may sign a slip."""

    who: CheckedPerson
    """Word to name them by."""
    title: TitleBody
    """Name of their place on the slip, for people."""


class SlipSignature(ResponseBody):
    """The signature of a slip, or how it may be signed."""

    slip: str
    """Serial of the slip."""
    slip_sha256: str
    """SHA-256 of the slip's content, in hex."""
    signers: list[SlipSigner]
    """People who may sign it; empty: no customer was there."""
    drawn_until: datetime
    """Time until which a picture may be drawn."""
    signed_by: SlipSigner | None
    """Signer; null: it isn't signed."""
    paper: bool | None
    """True when the paper was signed, false when a picture was drawn; null: neither."""
    sha256: str | None
    """SHA-256 of the picture, in hex; null: there is none."""
    signed_at: datetime | None
    """Time of the signature; null: not signed."""
    taken_by: str | None
    """User who had it signed; null: not signed."""


class SignatureRequest(RequestBody):
    """A signature: the picture that was drawn, or that the paper was signed."""

    who: CheckedPerson = Of(strict=False)
    """Signer, as the slip's signature names them."""
    slip_sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    """SHA-256 of the slip that they read, as the slip's signature says it."""
    png: Annotated[str, StringConstraints(max_length=LARGEST * 2), AfterValidator(_base64)] | None = None
    """Picture of the signature: a PNG, in base 64."""
    paper: bool = False
    """True: they signed the paper, and there is no picture."""


@api.read("/{serial}/signature", "see slips", raises=[NotFound])
def see_signature(context: RequestContext, serial: Serial) -> SlipSignature:
    """Tells who may sign a slip and until when, and how it was signed."""
    return shown(context, find_slip(context, serial))


@api.change(
    "/{serial}/signature",
    "sign slips",
    status=201,
    raises=[NotFound, BadInput, BadSignature, NobodySigns, SlipDiffers, AlreadySigned, SigningOver],
)
def sign_slip(context: RequestContext, serial: Serial, asked: SignatureRequest) -> SlipSignature:
    """Signs a slip (签名): by a picture drawn at the counter, or on paper. It is signed once."""
    slip = find_slip(context, serial)
    if (asked.png is None) != asked.paper:
        what = Wording("请给出签名图片，或注明已在纸上签名", "give the picture, or say that the paper was signed")
        raise BadInput(what=what)
    png = None if asked.png is None else base64.b64decode(asked.png)
    signed = signing.Signed(asked.who, asked.slip_sha256, png)
    actor = context.authorize(Target(slip.area))
    signing.sign(context.tx, context.installation.cipher(), slip, signed, actor, context.now)
    return shown(context, slip)


def shown(context: RequestContext, slip: SlipRow) -> SlipSignature:
    """The signature of a slip, or how it may be signed."""
    signers = [
        SlipSigner(who=CheckedPerson(each.who), title=title(each.title))
        for each in SlipData.from_json(slip.content).signers
    ]
    row: SignatureRow | None = signatures.of_slip(context.tx, slip.operation_id)
    return SlipSignature(
        slip=slip_serial(slip.operation_id),
        slip_sha256=signing.slip_hash(slip.content),
        signers=signers,
        drawn_until=signing.ends_at(slip),
        signed_by=None if row is None else next(each for each in signers if each.who == row.who),
        paper=None if row is None else row.png is None,
        sha256=row and row.sha256,
        signed_at=row and row.at,
        taken_by=row and row.taken_by,
    )
