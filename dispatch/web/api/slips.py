"""受理单、发票: slips and invoices as PDF, the same bytes each time."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from starlette.responses import Response

from dispatch.accounts import signing
from dispatch.accounts.operation import OperationAccepted
from dispatch.domain.numbers import read_invoice_number, read_slip_serial
from dispatch.domain.title import Wording
from dispatch.domain.url_path import segment
from dispatch.errors import MissingGlyph, NotFound, SignatureBroken
from dispatch.slips import typesetting
from dispatch.slips.forms import InvoiceData, SlipData
from dispatch.storage import operations, payments
from dispatch.storage.operation_rows import PaperRow, SlipRow
from dispatch.web.api.schemas import ResponseBody
from dispatch.web.content_disposition import content_disposition
from dispatch.web.policy import Target
from dispatch.web.problems import language_of_request
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("", "slips")

Serial = Annotated[str, Path(pattern=r"^[Ss][0-9]{1,18}$", description="Serial of the slip, such as S000000042.")]
_Number = Annotated[str, Path(pattern=r"^[0-9]{1,18}$", description="Number of the invoice, such as 00000042.")]


class Paper(ResponseBody):
    """A slip or an invoice."""

    kind: str
    """Kind of paper: slip or invoice."""
    number: str
    """Serial of the slip, or number of the invoice."""
    url: str
    """Address of its PDF."""


class Pdf(Response):
    media_type = "application/pdf"

    def __init__(self, content: bytes, name: str) -> None:
        """The headers allow our own pages to show the PDF in a frame."""
        headers = {
            "Content-Disposition": content_disposition("inline", f"{name}.pdf"),
            "Vary": "Accept-Language",  # the name is in the reader's language
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
            "X-Frame-Options": "SAMEORIGIN",
        }
        super().__init__(content, headers=headers)


@api.read("/slips/{serial}", "see slips", raises=[NotFound, MissingGlyph, SignatureBroken])
def print_slip(context: RequestContext, serial: Serial) -> Pdf:
    """Sends a slip (受理单) as PDF, the same bytes each time; once it is signed at the counter, with the signature."""
    slip = find_slip(context, serial)
    drawn = signing.drawn(context.tx, context.installation.cipher, slip)
    data = SlipData.from_json(slip.content)
    paper = typesetting.slip(data, drawn=drawn, fonts=context.installation.settings.fonts)
    return Pdf(paper, _file_name(context, Wording("受理单", "slip"), serial))


def find_slip(context: RequestContext, serial: str) -> SlipRow:
    """A slip that the caller may see. Raises NotFound, NotAllowed."""
    slip = operations.slip_paper(context.tx, read_slip_serial(serial))
    missing = NotFound(what=Wording("受理单", "slip"), which=serial)
    if slip is None:
        raise missing
    context.authorize(Target(slip.area), missing)
    return slip


@api.read("/invoices/{number}", "see slips", raises=[NotFound, MissingGlyph])
def print_invoice(context: RequestContext, number: _Number) -> Pdf:
    """Sends an invoice (发票) or a red-letter invoice (红字发票) as PDF, the same bytes each time."""
    paper = payments.invoice_paper(context.tx, read_invoice_number(number))
    content = _content(context, paper, NotFound(what=Wording("发票", "invoice"), which=number))
    paper_as_pdf = typesetting.invoice(InvoiceData.from_json(content), fonts=context.installation.settings.fonts)
    return Pdf(paper_as_pdf, _file_name(context, Wording("发票", "invoice"), number))


def _file_name(context: RequestContext, kind: Wording, number: str) -> str:
    """The name under which the reader saves a paper, in their language."""
    return f"{kind.text(language_of_request(context.visitor.request))}-{number.upper()}"


def _content(context: RequestContext, paper: PaperRow | None, missing: NotFound) -> str:
    """The content of a paper of the caller's areas. Raises `missing`, NotAllowed."""
    if paper is None:
        raise missing
    context.authorize(Target(paper.area), missing)
    return paper.content


def papers(outcome: OperationAccepted) -> list[Paper]:
    """The papers of an operation: its slip first, then its invoices."""
    result: dict[str, Any] = dict(outcome.result)
    invoices = [each for each in (result.get("invoice"), *result.get("red_letters", ())) if each]
    slips = [outcome.slip] if outcome.slip else []
    return [
        *(Paper(kind="slip", number=each, url=f"/api/v1/slips/{segment(each)}") for each in slips),
        *(Paper(kind="invoice", number=each, url=f"/api/v1/invoices/{segment(each)}") for each in invoices),
    ]
