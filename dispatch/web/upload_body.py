"""An uploaded file: the request's body as it is. Its content tells its type, not its name.

The body is read as it arrives, only from users who are signed in, and only while it is a file of a known type and of
the allowed size. A larger declared size is refused before a byte is read (`max_body_size` of the route).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from dispatch.domain.media_type import LONGEST_MAGIC, MEDIA_TYPES, media_type
from dispatch.errors import WrongFileType
from dispatch.web.credentials import Visitor


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A whole file, of one of `MEDIA_TYPES`."""

    media_type: str
    sha256: str
    content: bytes = field(repr=False)


async def _receive(request: Request) -> UploadedFile:
    """The uploaded file. Raises NotSignedIn, RequestForged, WrongFileType."""
    await run_in_threadpool(_identify, request)
    content, found = bytearray(), None
    async for chunk in request.stream():
        content += chunk
        if found is None and len(content) >= LONGEST_MAGIC:
            found = _known(content)
    digest = await run_in_threadpool(hashlib.sha256, content)
    return UploadedFile(found or _known(content), digest.hexdigest(), bytes(content))


Received = Annotated[UploadedFile, Depends(_receive)]
"""An endpoint's parameter of this kind is the file that was sent."""

FILE_BODY: dict[str, Any] = {
    "required": True,
    "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in MEDIA_TYPES},
}
"""The body's OpenAPI description."""


def _identify(request: Request) -> None:
    installation = request.app.state.installation
    with installation.database.read() as tx:
        Visitor(installation, request, installation.now()).identify(tx)


def _known(content: bytes | bytearray) -> str:
    found = media_type(bytes(content[:LONGEST_MAGIC]))
    if found is None:
        raise WrongFileType()
    return found
