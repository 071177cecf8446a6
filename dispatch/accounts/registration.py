"""实名登记: register an account's holder by their document, and keep scans 存留资料."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any

from pydantic import Base64Bytes, BaseModel, BeforeValidator, ConfigDict, Field

from dispatch.accounts.operation import Act
from dispatch.accounts.secret import DocumentNumber
from dispatch.accounts.typed_dates import BirthDay, LastDay
from dispatch.domain import folding
from dispatch.domain.identity import Document, completed, read_document
from dispatch.domain.media_type import media_type
from dispatch.domain.naming import read_mobile, read_name
from dispatch.domain.title import Title, Wording, WrongValue
from dispatch.errors import BadInput, DocumentsMissing, NameMismatch
from dispatch.slips.forms import SlipLine
from dispatch.storage import customers
from dispatch.storage.customer_rows import CustomerRow

LARGEST_SCAN = 10_000_000
"""Bytes; a colour scan of a page at 200 dpi is smaller, and so is a photo of a good phone."""

IssuingCountry = Annotated[
    str | None, Field(description="护照签发国家，三字代码 · issuing country of a passport, its three letters")
]

SCANS: Mapping[str, Title] = {
    "owner-document": Title("机主证件", "owner's document"),
    "new-owner-document": Title("新机主证件", "new owner's document"),
    "transfer-agreement": Title("过户协议", "transfer agreement"),
    "licence": Title("单位证件", "unit's licence"),
    "agent-document": Title("经办人证件", "agent's document"),
    "authorisation": Title("授权书", "authorisation"),
    "guardianship-proof": Title("监护证明", "proof of guardianship"),
    "official-order": Title("主管部门文书", "authority's order"),
    "official-release": Title("主管部门解除文书", "authority's release"),
    "rectification": Title("整改承诺", "promise to mend it"),
    "invoice-loss-statement": Title("发票遗失声明", "statement that an invoice is lost"),
    "other": Title("其他资料", "other document"),
}
"""The kinds of scans that may be kept with an operation."""

_USUAL: Mapping[str, tuple[str, ...]] = {
    "suspend": ("official-order",),
    "resume": ("official-release", "rectification", "owner-document"),
    "refund": ("invoice-loss-statement",),
}


def scans_for(operation: str) -> dict[str, Title]:
    """The kinds of scans, those first that this operation usually keeps."""
    return {**{kind: SCANS[kind] for kind in _USUAL.get(operation, ())}, **SCANS}


class Bearer(BaseModel):
    """A person or unit with their document. `document_expires` is left out for a permanent document 长期."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(description="姓名或名称 · name")]
    document_kind: Annotated[str, Field(description="证件类型 · kind of document")]
    document_number: DocumentNumber
    document_expires: Annotated[
        LastDay,
        Field(description="证件有效期至，长期不填 · last day of the document; leave out if it never expires"),
    ] = None
    issuing_country: IssuingCountry = None
    birth: BirthDay = None
    mobile: Annotated[str, Field(description="联系手机 · mobile number")]


class Person(Bearer):
    """A holder as the clerk registers them."""


def _base64(raw: Any) -> Any:
    """Check base 64 strictly: pydantic would skip invalid characters and keep a broken scan."""
    try:
        return b64encode(b64decode("".join(raw.split()) if isinstance(raw, str) else raw, validate=True))
    except (ValueError, TypeError):
        raise WrongValue("不是 base 64", "it is not base 64") from None


class Scan(BaseModel):
    """One scanned document, JPEG, PNG, WebP or PDF; in JSON its content is base 64."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Annotated[str, Field(description="资料种类 · kind of scan")]
    content: Annotated[
        Base64Bytes, BeforeValidator(_base64), Field(repr=False, description="扫描件，base64 · the scan")
    ]


Scans = Annotated[tuple[Scan, ...], Field(description="存留资料的扫描件 · scans to keep")]


def register(act: Act, person: Person) -> CustomerRow:
    """The customer with this document. A new customer is inserted; a known one's mobile number and expiry are updated,
    and what their document's number doesn't tell.

    Raises what `read_bearer` does, BadMobile, NameMismatch.
    """
    name, document = read_bearer(person, act.today)
    mobile = read_mobile(person.mobile)
    cipher = act.counter.cipher
    known = customers.find(act.tx, cipher, document.kind, document.number, document.country)
    if known is None:
        made = customers.insert_customer(
            act.tx,
            cipher,
            name,
            document.kind,
            document.number,
            document.expires,
            mobile,
            act.now,
            country=document.country,
            birth=document.birth,
        )
        return customers.get(act.tx, made)
    if folding.person(known.name) != name:  # an earlier release kept other dots and spaces
        raise NameMismatch()
    customers.change_document(act.tx, cipher, known.id, document)
    customers.change(act.tx, known.id, name=name, mobile=mobile)
    return customers.get(act.tx, known.id)


def read_bearer(bearer: Bearer, today: date) -> tuple[str, Document]:
    """The name, and the document with what its number doesn't tell.

    Raises UnknownDocumentKind, BadDocument, ExpiryMissing, DocumentExpired, DocumentForMinors, BadName,
    IssuingCountryMissing, BadIssuingCountry, BirthMissing, BadBirth.
    """
    number = bearer.document_number.get_secret_value()
    document = read_document(bearer.document_kind, number, bearer.document_expires, today)
    return read_name(bearer.name), completed(document, bearer.issuing_country, bearer.birth, today)


def store_scans(act: Act, scans: Sequence[Scan], required: Sequence[str]) -> None:
    """Store the scans with the operation. Raises DocumentsMissing, which names all missing ones; BadInput."""
    for scan in scans:
        if scan.kind not in SCANS:
            listed = ", ".join(SCANS)
            raise BadInput(
                what=Wording(
                    f"没有扫描件类型“{scan.kind:.40}”；可选：{listed}",
                    f"{scan.kind!r:.40} is not a kind of scan; choose from {listed}",
                )
            )
    require_scans(act, scans, required)
    for scan in scans:
        digest = hashlib.sha256(scan.content).hexdigest()
        kind = _media_type(scan)
        customers.keep_scan(act.tx, act.counter.cipher, act.operation_id, scan.kind, kind, digest, scan.content)


def require_scans(act: Act, scans: Sequence[Scan], required: Sequence[str]) -> None:
    """Raises DocumentsMissing, which names all missing ones."""
    given = {scan.kind for scan in scans}
    if missing := [SCANS[kind] for kind in dict.fromkeys(required) if kind not in given]:
        act.want(DocumentsMissing(missing=missing))


def scans_line(scans: Sequence[Scan]) -> SlipLine:
    """The kinds of scans that were kept, as a line of a slip."""
    kinds = [SCANS[kind] for kind in dict.fromkeys(scan.kind for scan in scans)]
    shown = Title("、".join(kind.zh for kind in kinds), ", ".join(kind.en for kind in kinds))
    return SlipLine(Title("存留资料", "Documents kept"), str(shown))


def _media_type(scan: Scan) -> str:
    """The scan's media type. Raises BadInput when it is too large or of another type."""
    if len(scan.content) > LARGEST_SCAN:
        raise BadInput(
            what=Wording(
                f"扫描件 {scan.kind} 有 {len(scan.content)} 字节，最多 {LARGEST_SCAN} 字节",
                f"the scan {scan.kind} has {len(scan.content)} bytes, at most {LARGEST_SCAN} are kept",
            )
        )
    found = media_type(scan.content)
    if found is None:
        raise BadInput(
            what=Wording(
                f"扫描件 {scan.kind} 不是 JPEG、PNG、WebP 或 PDF",
                f"the scan {scan.kind} is neither JPEG, PNG, WebP nor PDF",
            )
        )
    return found
