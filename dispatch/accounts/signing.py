"""签名: the customer, or who acts for them, signs the slip: by a picture drawn at the counter, or on paper.

A slip is signed once, and the picture within half an hour of the operation. It is bound to the slip's content by its
hash: on a slip that says anything else it is never printed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.numbers import slip_serial
from dispatch.domain.roles import Actor, require
from dispatch.domain.signature import TIME_TO_SIGN, require_drawn
from dispatch.domain.title import Wording, WrongValue
from dispatch.errors import (
    AlreadySigned,
    BadInput,
    BadSignature,
    NobodySigns,
    SignatureBroken,
    SigningOver,
    SlipDiffers,
)
from dispatch.slips.forms import DrawnSignature, SlipData
from dispatch.storage import signatures
from dispatch.storage.database import Tx
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.operation_rows import SlipRow
from dispatch.storage.signatures import SignatureRow


@dataclass(frozen=True)
class Signed:
    """What was signed: `who` of the slip's signers, the hash of the slip that they read, and the PNG that they drew;
    None: they signed the paper."""

    who: str
    slip_sha256: str
    png: bytes | None = None


def slip_hash(content: str) -> str:
    """The SHA-256 of a slip's content, in hex."""
    return hashlib.sha256(content.encode()).hexdigest()


def ends_at(slip: SlipRow) -> datetime:
    """The last moment at which a picture may be drawn."""
    return slip.at + TIME_TO_SIGN


def sign(tx: Tx, cipher: FieldCipher, slip: SlipRow, signed: Signed, actor: Actor, now: datetime) -> SignatureRow:
    """Keep the signature.

    Raises NotAllowed, NobodySigns, BadInput, SlipDiffers, AlreadySigned; of a picture also SigningOver and
    BadSignature.
    """
    require(actor, "sign slips", Wording("受理单", "a slip"))
    serial, signers = slip_serial(slip.operation_id), SlipData.from_json(slip.content).signers
    if not signers:
        raise NobodySigns(slip=serial)
    if signed.who not in (words := [signer.who for signer in signers]):
        listed = ", ".join(words)
        raise BadInput(
            what=Wording(f"这张受理单不由“{signed.who:.40}”签名；可选：{listed}",
                         f"{signed.who!r:.40} doesn't sign this slip; choose from {listed}")
        )  # fmt: skip
    if signed.slip_sha256 != slip_hash(slip.content):
        raise SlipDiffers(slip=serial)
    if signatures.of_slip(tx, slip.operation_id) is not None:
        raise AlreadySigned(slip=serial)
    digest = None
    if signed.png is not None:
        if now > ends_at(slip):
            raise SigningOver(slip=serial, minutes=TIME_TO_SIGN.seconds // 60)
        try:
            require_drawn(signed.png)
        except WrongValue as wrong:
            raise BadSignature(why=wrong.what) from None
        digest = hashlib.sha256(signed.png).hexdigest()
    if not signatures.add(
        tx, cipher, slip.operation_id, signed.who, signed.png, digest, signed.slip_sha256, actor.name, now
    ):
        raise AlreadySigned(slip=serial)
    row = signatures.of_slip(tx, slip.operation_id)
    assert row is not None, "it was added above"
    return row


def drawn(tx: Tx, cipher: Callable[[], FieldCipher], slip: SlipRow) -> DrawnSignature | None:
    """The signature to print on the slip; None: nobody drew one. Keys are only needed where somebody did.

    Raises SignatureBroken, and what is wrong with keys.
    """
    row = signatures.of_slip(tx, slip.operation_id)
    if row is None:
        return None
    png = None if row.png is None else signatures.picture(cipher(), row)
    is_whole = row.slip_sha256 == slip_hash(slip.content)
    if not is_whole or (png is not None and hashlib.sha256(png).hexdigest() != row.sha256):
        raise SignatureBroken(slip=slip_serial(slip.operation_id))
    if png is None or row.sha256 is None:
        return None
    zone = SlipData.from_json(slip.content).accepted_at.tzinfo
    return DrawnSignature(row.who, png, row.sha256, row.at.astimezone(zone))
