"""The rows of the web: users, sessions, tokens, kept answers and uploads."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class UserRow(Protocol):
    """A person of the operator."""

    id: int
    name: str
    folded: str | None  # the name as it is compared; None: added by an earlier release, or another user has it
    password: str | None  # argon2 hash; None: can't sign in with a password
    version: int  # grows with every change
    made_at: datetime
    made_by: str
    disabled_at: datetime | None  # None: may sign in
    oidc_issuer: str | None  # None: bound to no person of the identity provider
    oidc_subject: str | None
    bound_at: datetime | None


class RoleInArea(Protocol):
    """Any row that may say which role a user holds where; both are None for a user without a role."""

    @property
    def role(self) -> str | None: ...

    @property
    def area(self) -> str | None: ...  # `*`: everywhere


class UserRole(Protocol):
    """A role that a user holds in an area."""

    user_id: int
    role: str
    area: str  # `*`: everywhere


class OpenSession(Protocol):
    """A session."""

    secret: str  # SHA-256
    user_id: int
    made_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str | None  # None: opened by an earlier release
    browser: str | None  # as the browser names itself; None: opened by an earlier release
    proved_at: datetime | None  # when the user last proved to the identity provider who they are; None: by password


class SessionRow(OpenSession, Protocol):
    """A session with its user, once for each role that the user holds."""

    name: str  # the user's
    disabled_at: datetime | None  # the user's; None: may sign in
    role: str | None  # None: the user holds no role
    area: str | None  # where the user holds the role, `*` for everywhere; None: the user holds no role


class TokenRow(Protocol):
    """An access token."""

    id: int
    user_id: int
    title: str  # what it is for
    secret: str  # SHA-256
    made_at: datetime
    expires_at: datetime
    revoked_at: datetime | None  # None: not revoked


class TokenCredential(TokenRow, Protocol):
    """An access token with its user, once for each role that the user holds."""

    name: str  # the user's
    disabled_at: datetime | None  # the user's; None: may act
    role: str | None  # None: the user holds no role
    area: str | None  # where the user holds the role, `*` for everywhere; None: the user holds no role


class LiveToken(TokenRow, Protocol):
    """An access token with its user's name."""

    name: str


class AccessEntry(Protocol):
    """An entry of the access log."""

    id: int
    at: datetime
    act: str
    name: str | None  # the user's; None: no user has the name that was typed
    typed: str | None  # the beginning of a keyed hash of such a name
    ended_by: str | None  # who ended the session; None: the user
    how: str | None
    address: str
    browser: str


class KeptAnswer(Protocol):
    """The answer to a request with an idempotency key."""

    key: str
    fingerprint: str  # keyed hash of the request
    status: int
    headers: Mapping[str, str]
    body: str
    at: datetime


class UploadInfo(Protocol):
    """An uploaded file without its content."""

    id: int
    hop_id: int | None  # None: a scan, kept for a day
    media_type: str
    size: int  # bytes
    sha256: str  # of the file in clear
    made_at: datetime
    made_by: str


class UploadRow(UploadInfo, Protocol):
    """An uploaded file."""

    content: bytes  # encrypted


class PhotoRow(UploadInfo, Protocol):
    """A photo of a hop's evidence, without its content."""

    seq: int  # the hop's


class KeyRow(Protocol):
    """A key that the database knows, without the key itself."""

    id: str
    purpose: str
    fingerprint: str  # 16 hex digits
    state: str
    added_at: datetime
    added_by: str
    used_from: datetime | None  # None: nothing was ever written under it
    retired_at: datetime | None


class ReencryptionRow(Protocol):
    """How far a rotation has come in one encrypted column."""

    rotation: int
    place: str  # table.column
    last_id: int  # rows up to this id are done
    rewritten: int
    unreadable: int  # rows that no known key decrypts
    unreadable_id: int | None  # the first of them
    due_at: datetime
    ended_at: datetime | None  # None: under way
