"""统一认证登录: sign-in through the operator's identity provider, by OpenID Connect's code flow with PKCE.

The provider only says who somebody is. Their user here holds the roles; a person without a user is refused.
Sources: OpenID Connect Core 1.0, section 3.1; RFC 7636; RFC 9700.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from dispatch.access import sessions
from dispatch.access.users import normalised_name
from dispatch.domain.title import Wording, same
from dispatch.errors import ProviderAway, SignInRefused
from dispatch.ports.identity_provider import IdentityProvider
from dispatch.storage import users
from dispatch.storage.database import Tx

ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
"""Public-key signatures only: with `none` or a shared secret, a token could be forged."""
LEEWAY = 60
"""Seconds by which the provider's clock may differ from ours."""


@dataclass(frozen=True, slots=True)
class Client:
    """This installation as a client of the provider. `claim` is the ID token's claim that holds our user's name;
    `redirect_uri` is our page to which it sends the browser back."""

    issuer: str
    client_id: str
    client_secret: str
    claim: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in that waits for the provider's answer. Only the browser that began it keeps these values (a cookie)."""

    state: str
    nonce: str
    verifier: str

    def cookie(self) -> str:
        """The values as one string; `read_pending` reads it."""
        return f"{self.state}.{self.nonce}.{self.verifier}"


def begin(provider: IdentityProvider, client: Client) -> tuple[str, PendingSignIn]:
    """Begin a sign-in: the URL to send the browser to, and the values for it to keep. Raises ProviderAway."""
    begun = PendingSignIn(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))
    challenge = base64.urlsafe_b64encode(hashlib.sha256(begun.verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "scope": "openid profile",
        "client_id": client.client_id,
        "redirect_uri": client.redirect_uri,
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{_described(provider, client)['authorization_endpoint']}?{urlencode(asked)}", begun


def read_pending(cookie: str | None) -> PendingSignIn:
    """Read `PendingSignIn.cookie`. Raises SignInRefused when this browser began no sign-in."""
    parts = (cookie or "").split(".")
    if len(parts) != 3 or not all(parts):
        raise SignInRefused()
    return PendingSignIn(*parts)


def user_name(provider: IdentityProvider, client: Client, begun: PendingSignIn, state: str, code: str) -> str:
    """Exchange the code for an ID token and return the user's name in it. Raises SignInRefused, ProviderAway."""
    if not hmac.compare_digest(state.encode(), begun.state.encode()):
        raise SignInRefused()
    described = _described(provider, client)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "code_verifier": begun.verifier,
    }
    try:
        answer = provider.post(described["token_endpoint"], form)
        keys = KeySet.import_key_set(provider.get(described["jwks_uri"]))  # type: ignore[arg-type]
    except PermissionError:
        raise SignInRefused() from None
    except (OSError, ValueError, KeyError, JoseError) as away:
        raise ProviderAway(why=same(str(away))) from None
    name = _claims(answer.get("id_token"), keys, client, begun).get(client.claim)
    if not isinstance(name, str) or not name:
        raise SignInRefused()
    return normalised_name(name)


def enter(tx: Tx, name: str, now: datetime) -> str:
    """Open a session for the user of this name and return its secret.

    Raises SignInRefused when there is no such user, or when they are disabled.
    """
    user = users.find(tx, name)
    if user is None or user.disabled_at is not None:
        raise SignInRefused()
    return sessions.open_session(tx, user.id, now)


def _described(provider: IdentityProvider, client: Client) -> Mapping[str, str]:
    """Read the provider's discovery document, which names its endpoints. Raises ProviderAway."""
    try:
        found = provider.get(f"{client.issuer.rstrip('/')}/.well-known/openid-configuration")
    except OSError as away:
        raise ProviderAway(why=same(str(away))) from None
    needed = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
    if found.get("issuer") != client.issuer or not all(isinstance(found.get(each), str) for each in needed):
        raise ProviderAway(
            why=Wording("它的发现文档不符或缺失", "its discovery document is missing or another issuer's")
        )
    return found


def _claims(token: object, keys: KeySet, client: Client, begun: PendingSignIn) -> dict[str, Any]:
    """The claims of an ID token, if it is valid now, for this client and this sign-in. Raises SignInRefused."""
    if not isinstance(token, str):
        raise SignInRefused()
    expected = jwt.JWTClaimsRegistry(
        now=lambda: int(time.time()),
        leeway=LEEWAY,
        iss={"essential": True, "value": client.issuer},
        aud={"essential": True, "value": client.client_id},
        nonce={"essential": True, "value": begun.nonce},
        exp={"essential": True},
        iat={"essential": True},
    )
    try:
        read = jwt.decode(token, keys, algorithms=ALGORITHMS)
        expected.validate(read.claims)
    except (JoseError, ValueError):
        raise SignInRefused() from None
    return dict(read.claims)
