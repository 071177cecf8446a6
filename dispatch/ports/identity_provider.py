"""The operator's identity provider 统一认证: the HTTP requests of OpenID Connect."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any, Protocol

from dispatch.settings import LOOPBACK

TIMEOUT = 5.0
"""Seconds. Short, because a person waits for the answer."""
LARGEST_ANSWER = 1_000_000
"""Bytes that are read of an answer."""


class IdentityProvider(Protocol):
    """The port: GET and POST to the provider."""

    def get(self, url: str) -> dict[str, Any]:
        """Get a JSON document. Raises OSError when the provider is out of reach or the answer is no JSON object."""

    def post(self, url: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Post a form, return the JSON answer. Raises PermissionError when the provider refuses, OSError as `get`."""


class HttpIdentityProvider:
    """Asks over HTTPS, on loopback also over HTTP. It follows no redirects, because requests carry a secret."""

    def __init__(self) -> None:
        self._opener = urllib.request.build_opener(_NoRedirect)

    def get(self, url: str) -> dict[str, Any]:
        return self._ask(url, None)

    def post(self, url: str, form: Mapping[str, str]) -> dict[str, Any]:
        return self._ask(url, urllib.parse.urlencode(form).encode())

    def _ask(self, url: str, body: bytes | None) -> dict[str, Any]:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise OSError(f"{parts.scheme}://{parts.netloc} is not https")
        asked = urllib.request.Request(url, body, {"Accept": "application/json"})  # noqa: S310 — the scheme is checked above
        try:
            with self._opener.open(asked, timeout=TIMEOUT) as answer:
                found = json.loads(answer.read(LARGEST_ANSWER))
        except urllib.error.HTTPError as refused:
            if body is not None and refused.code in (400, 401, 403):
                raise PermissionError("the provider refused") from None
            raise OSError(f"the provider answered {refused.code}") from None
        except ValueError:
            raise OSError("the provider's answer is not JSON") from None
        if not isinstance(found, dict):
            raise OSError("the provider's answer is not a JSON object")
        return found


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
