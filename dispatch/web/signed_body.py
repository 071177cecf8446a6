"""What a program outside sends us under a signature (`domain.signed_message`): it is no user and has no token.

The signature is checked before the body is read as anything, and before a transaction is open.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Request

from dispatch.domain.billing_event import EVENT_ID
from dispatch.domain.signed_message import is_signed, read_key
from dispatch.errors import SignatureWrong

_Id = Annotated[str, Header(alias="webhook-id", description="Id of the message: the same id means the same message.")]
_Time = Annotated[
    str, Header(alias="webhook-timestamp", description="Time of the signature, in seconds since 1970.", max_length=20)
]
_Signatures = Annotated[
    str,
    Header(
        alias="webhook-signature",
        description="Signatures as `v1,BASE64`, several apart by a space: HMAC-SHA256 of `ID.TIMESTAMP.BODY`.",
        max_length=2000,
    ),
]


async def _billings(
    request: Request, webhook_id: _Id = "", webhook_timestamp: _Time = "", webhook_signature: _Signatures = ""
) -> str:
    """The id of a message that billing has signed. Raises SignatureWrong, always when the settings have no key."""
    installation = request.app.state.installation
    key, now = installation.settings.billing_event_key, installation.now()
    if key is None or EVENT_ID.fullmatch(webhook_id) is None:
        raise SignatureWrong()
    body = await request.body()
    if not is_signed(read_key(key.get_secret_value()), webhook_id, webhook_timestamp, webhook_signature, body, now):
        raise SignatureWrong()
    return webhook_id


SignedByBilling = Annotated[str, Depends(_billings)]
"""An endpoint's parameter of this kind is the id of a message that billing has signed."""
