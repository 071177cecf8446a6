"""查找客户: find an account by account, mobile number or document. The input goes into no path and no log."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field as Of
from pydantic import SecretStr

from dispatch.accounts import lookup
from dispatch.accounts.schemas import AccountFound
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, BadMobile, DocumentKindNeeded, UnknownDocumentKind
from dispatch.web.api.accounts import served
from dispatch.web.api.schemas import RequestBody, ResponseBody, Word
from dispatch.web.request_context import RequestContext
from dispatch.web.routes import Api

api = Api("/customers", "customers")


class CustomerSearch(RequestBody):
    """The account, the mobile number or the document by which a customer is looked up."""

    account: Word | None = None
    """Number of the broadband account."""
    mobile: Word | None = None
    """Mobile number of the customer."""
    document_kind: Word | None = None
    """Kind of document; needed only where documents of two kinds have the number."""
    document_number: Annotated[SecretStr | None, Of(max_length=40, strict=False)] = None
    """Number of the document."""


class FoundAccounts(ResponseBody):
    """The accounts that were found, with masked data."""

    items: list[AccountFound]
    """Accounts, living ones first; POST /api/v1/accounts/view shows the rest."""


@api.read(
    "/find", "find customers", method="POST", raises=[BadInput, BadMobile, UnknownDocumentKind, DocumentKindNeeded]
)
def find_customer(context: RequestContext, asked: CustomerSearch) -> FoundAccounts:
    """Finds accounts of the caller's areas by account, mobile number or document, living ones first."""
    areas = served(context)
    match asked:
        case CustomerSearch(account=str(number), mobile=None, document_kind=None, document_number=None):
            found = lookup.by_account(context.tx, number, areas, context.now, context.installation.settings.zone)
        case CustomerSearch(account=None, mobile=str(number), document_kind=None, document_number=None):
            found = lookup.by_mobile(context.tx, number, areas)
        case CustomerSearch(account=None, mobile=None, document_kind=kind, document_number=SecretStr() as number):
            found = lookup.by_document(
                context.tx, context.installation.cipher(), kind, number.get_secret_value(), areas
            )
        case _:
            raise BadInput(
                what=Wording("请按账号、手机号码或证件号码查找", "give one: account, mobile, document number")
            )
    return FoundAccounts(items=found)
