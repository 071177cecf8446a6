"""A request under a key is done once: its answer is stored in the same transaction, and repeated later.

A secret in the answer is not stored: a repetition gets the answer without it. A refusal is not stored. It has changed
nothing, so the same request may succeed under the same key later.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from fastapi import Request
from pydantic import BaseModel, SecretStr
from pydantic_core import to_json
from starlette.responses import Response

from dispatch.domain.request_key import unveiled
from dispatch.errors import KeyInFlight, KeyReused
from dispatch.storage import idempotency
from dispatch.web.api.schemas import without_secrets
from dispatch.web.request_context import RequestContext
from dispatch.web.upload_body import UploadedFile

_KEPT_HEADERS = ("location", "etag")


class KeyedRequest:
    """A request under a key. `given` are the endpoint's arguments: the same key must mean the same request."""

    def __init__(
        self, context: RequestContext, key: str, request: Request, acting: str | None, given: dict[str, Any]
    ) -> None:
        self.context = context
        self.told = key
        who = "anybody" if context.caller is None else f"user {context.caller.user_id}"
        self.key = hashlib.sha256(f"{who}\n{key}".encode()).hexdigest()
        asked = to_json([request.method, request.url.path, acting, _asked(given)])
        self.fingerprints = [hmac.new(key.encode(), asked, hashlib.sha256).hexdigest()]
        if _has_secrets(list(given.values())):
            # Somebody with the database who guesses the key must not test passwords on this hash.
            self.fingerprints = context.installation.cipher().indexes("request", self.fingerprints[0])

    def kept(self) -> Response | None:
        """The stored answer of the first request, or None. Raises KeyInFlight, KeyReused."""
        if not idempotency.take(self.context.tx, self.key):
            raise KeyInFlight()
        row = idempotency.find(self.context.tx, self.key)
        if row is None:
            return None
        if row.fingerprint not in self.fingerprints:
            raise KeyReused(key=self.told)
        headers = {**row.headers, "Idempotency-Replayed": "true"}
        return Response(row.body, row.status, headers, media_type="application/json" if row.body else None)

    def keep(self, result: object, response: Response) -> None:
        """Keep the answer; `result` is what the endpoint returned."""
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        body = bytes(response.body).decode()
        if isinstance(result, BaseModel) and (kept := without_secrets(result)) is not result:
            body = kept.model_dump_json()
        idempotency.keep(
            self.context.tx, self.key, self.fingerprints[0], response.status_code, headers, body, self.context.now
        )


def _has_secrets(value: object) -> bool:
    match value:
        case SecretStr():
            return True
        case BaseModel():
            return any(_has_secrets(getattr(value, name)) for name in type(value).model_fields)
        case list() | tuple():
            return any(map(_has_secrets, value))
        case dict():
            return any(map(_has_secrets, value.values()))
    return False


def _asked(given: dict[str, Any]) -> dict[str, Any]:
    """All values of the request; an uploaded file stands there by its hash."""
    return {
        name: [each.media_type, each.sha256] if isinstance(each, UploadedFile) else unveiled(each, list)
        for name, each in given.items()
    }
