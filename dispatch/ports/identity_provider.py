"""The operator's identity provider 统一认证: OpenID Connect, asked over HTTPS."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any, Protocol

from dispatch.settings import LOOPBACK

TIMEOUT = 5.0
"""Seconds. A person waits for it."""
LARGEST_ANSWER = 1_000_000
"""Bytes."""


class IdentityProvider(Protocol):
    def get(self, url: str) -> dict[str, Any]:
        """A document of the provider's. Raises OSError when it is out of reach or answers with something else."""

    def post(self, url: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Likewise, with a form. Raises PermissionError when the provider refuses what the form asks for."""


class HttpIdentityProvider:
    """By HTTPS; by plain HTTP on this machine alone. Redirects are not followed: a secret goes along."""

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
        asked = urllib.request.Request(url, body, {"Accept": "application/json"})  # noqa: S310 — looked at above
        try:
            with self._opener.open(asked, timeout=TIMEOUT) as answer:
                found = json.loads(answer.read(LARGEST_ANSWER))
        except urllib.error.HTTPError as refused:
            if body is not None and refused.code in (400, 401, 403):
                raise PermissionError("the provider refused") from None
            raise OSError(f"the provider answered {refused.code}") from None
        except ValueError:
            raise OSError("the provider's answer is no JSON") from None
        if not isinstance(found, dict):
            raise OSError("the provider's answer is no object")
        return found


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None
