"""统一认证登录: sign-in through the operator's identity provider, by OpenID Connect's code flow with PKCE.

The provider only says who somebody is. Their user here holds the roles; a person without a user is refused. A person is
known by issuer and subject (`sub`), which never change: names may be given to somebody else. A user is bound to the
person who first signs in under the user's name.
Sources: OpenID Connect Core 1.0, sections 2, 3.1 and 5.7; RFC 7636; RFC 9700.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy.exc import IntegrityError

from dispatch.access import sessions
from dispatch.access.request_origin import Index, RequestOrigin, Somebody, note, somebody
from dispatch.access.users import normalised_name
from dispatch.domain.access_acts import AccessAct, SignInWay
from dispatch.domain.roles import Actor
from dispatch.domain.title import Wording, same
from dispatch.domain.user_name import folded
from dispatch.errors import IdentityTaken, ProviderAway, SignInRefused
from dispatch.ports.identity_provider import IdentityProvider
from dispatch.storage import operations, users
from dispatch.storage.access_rows import UserRow
from dispatch.storage.database import Database, Tx

ALGORITHMS = ["RS256", "ES256", "PS256", "EdDSA"]
"""Public-key signatures only: with `none` or a shared secret, a token could be forged."""
LONGEST_SUBJECT = 255
"""Characters of a subject. Source: OpenID Connect Core 1.0, section 2."""
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
    """A sign-in that waits for the provider's answer. Only the browser that began it keeps these values (a cookie).

    `again`: the provider was told to identify the user anew, although they may be signed in there.
    """

    state: str
    nonce: str
    verifier: str
    again: bool = False

    def cookie(self) -> str:
        """The values as one string; `read_pending` reads it."""
        return ".".join((self.state, self.nonce, self.verifier, *(("again",) if self.again else ())))


@dataclass(frozen=True, slots=True)
class ProviderIdentity:
    """A person as the provider knows them. `name` is what our user is called; `proved_at`: when they proved to the
    provider who they are, if it says so."""

    issuer: str
    subject: str
    name: str
    proved_at: datetime | None = None


def begin(provider: IdentityProvider, client: Client, *, again: bool = False) -> tuple[str, PendingSignIn]:
    """Begin a sign-in: the URL to send the browser to, and the values for it to keep. Raises ProviderAway."""
    begun = PendingSignIn(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48), again)
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
        **({"prompt": "login", "max_age": "0"} if again else {}),
    }
    return f"{_described(provider, client)['authorization_endpoint']}?{urlencode(asked)}", begun


def read_pending(cookie: str | None) -> PendingSignIn:
    """Read `PendingSignIn.cookie`. Raises SignInRefused when this browser began no sign-in."""
    parts = (cookie or "").split(".")
    if parts[3:] not in ([], ["again"]) or len(parts) < 3 or not all(parts):
        raise SignInRefused()
    state, nonce, verifier = parts[:3]
    return PendingSignIn(state, nonce, verifier, again=len(parts) > 3)


def identify(
    provider: IdentityProvider, client: Client, begun: PendingSignIn, state: str, code: str
) -> ProviderIdentity:
    """Exchange the code for an ID token and return the person in it. Raises SignInRefused, ProviderAway."""
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
    claims = _claims(answer.get("id_token"), keys, client, begun)
    name, subject, proved = claims.get(client.claim), claims.get("sub"), claims.get("auth_time")
    if not isinstance(name, str) or not name or not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise SignInRefused()
    proved_at = datetime.fromtimestamp(proved, UTC) if type(proved) is int and 0 < proved < 2**33 else None
    return ProviderIdentity(client.issuer, subject, normalised_name(name), proved_at)


def enter(database: Database, index: Index, person: ProviderIdentity, origin: RequestOrigin, now: datetime) -> str:
    """Open a session for this person's user and return its secret. It commits by itself, also a refusal.

    A user who isn't bound yet is bound to the person. Raises SignInRefused when there is no such user, or when they are
    disabled; IdentityTaken when the user of this name is bound to somebody else, or the person to another user at this
    very moment.
    """
    with database.write() as tx:
        user = users.find_bound(tx, person.issuer, person.subject) or _named(tx, person.name)
        refused = _refusal(user, person)
        if user is not None and refused is None and user.oidc_subject is None and not _bind(tx, user, person, now):
            refused = IdentityTaken()
        if user is not None and refused is None:
            proved_at = None if person.proved_at is None else min(person.proved_at, now)
            secret = sessions.open_session(tx, user.id, now, origin, proved_at)
            note(tx, AccessAct.SIGN_IN, Somebody(user.name), origin, now, how=SignInWay.OIDC)
            return secret
        act = AccessAct.IDENTITY_TAKEN if isinstance(refused, IdentityTaken) else AccessAct.SIGN_IN_REFUSED
        who = somebody(None if user is None else user.name, index("sign-in", folded(person.name)))
        note(tx, act, who, origin, now, how=SignInWay.OIDC)
    raise refused or SignInRefused()


def note_refused(database: Database, origin: RequestOrigin, now: datetime) -> None:
    """Write into the access log that the provider's answer led to no person."""
    with database.write() as tx:
        note(tx, AccessAct.SIGN_IN_REFUSED, Somebody(), origin, now, how=SignInWay.OIDC)


def _named(tx: Tx, name: str) -> UserRow | None:
    """The user of this name, locked, letter by letter: the provider may have given a look-alike to somebody else."""
    found = users.find(tx, name, lock=True)
    return None if found is None or found.name != name else found


def _refusal(user: UserRow | None, person: ProviderIdentity) -> SignInRefused | IdentityTaken | None:
    if user is None or user.disabled_at is not None:
        return SignInRefused()
    bound = user.oidc_issuer, user.oidc_subject
    return None if bound in ((None, None), (person.issuer, person.subject)) else IdentityTaken()


def _bind(tx: Tx, user: UserRow, person: ProviderIdentity, now: datetime) -> bool:
    """Bind the user to the person. Return False when another sign-in has just bound the person to another user."""
    try:
        with tx.begin_nested():
            users.change(tx, user.id, oidc_issuer=person.issuer, oidc_subject=person.subject, bound_at=now)
    except IntegrityError:
        return False
    operations.note_audit(tx, "bind identity", user.name, person.issuer, Actor(user.name, "user"), now)
    return True


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
