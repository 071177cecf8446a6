"""登录: sign-in with a name and a password.

An attempt is recorded as failed before its password is compared, and success takes that back: so crashes and
simultaneous attempts are counted too. The password is compared outside of any transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from dispatch.access import sessions as access
from dispatch.access.backoff import ADDRESS, ADDRESS_AND_NAME, DEVICE, NAME, WINDOW
from dispatch.access.passwords import PasswordChecker
from dispatch.access.request_origin import Index, RequestOrigin, Seldom, Somebody, network, note, somebody
from dispatch.access.secrets import new_secret
from dispatch.access.users import normalised_name
from dispatch.domain.access_acts import AccessAct, SignInWay
from dispatch.domain.secret import hashed
from dispatch.domain.user_name import folded
from dispatch.errors import SignInFailed, SignInSlowed
from dispatch.storage import sessions, sign_ins, users
from dispatch.storage.access_rows import UserRow
from dispatch.storage.database import Database, Tx
from dispatch.storage.sign_ins import Attempt


@dataclass(frozen=True)
class Door:
    """The parts that every sign-in of a process needs. `index` is keyed: a typed name may be a password."""

    database: Database
    comparing: PasswordChecker
    index: Index
    seldom: Seldom = field(default_factory=Seldom)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. `session` and `device` are secrets for the browser; `device` is new where it wasn't known."""

    user_id: int
    name: str
    session: str
    device: str
    expires_at: datetime


def sign_in(door: Door, name: str, password: str, origin: RequestOrigin, now: datetime) -> SignedIn:
    """Sign a user in, and end the session that this browser had. It commits by itself, also a failed attempt.

    Raises SignInFailed, SignInSlowed.
    """
    proof = _compare(door, name, password, origin, now, AccessAct.SIGN_IN_FAILED)
    with door.database.write() as tx:
        user = _accept(tx, proof)
        device = origin.device
        if proof.attempt.device is None or device is None:
            device = new_secret()
            sessions.remember_device(tx, hashed(device), user.id, now, now + access.DEVICE_KNOWN)
        secret = access.open_session(tx, user.id, now, origin)
        note(tx, AccessAct.SIGN_IN, Somebody(user.name), origin, now, how=SignInWay.PASSWORD)
    return SignedIn(user.id, user.name, secret, device, now + access.LONGEST_SESSION)


def prove(door: Door, name: str, password: str, origin: RequestOrigin, now: datetime) -> None:
    """Require the password of a user who is signed in already. Guessing it is slowed down as at a sign-in.

    Raises SignInFailed, SignInSlowed.
    """
    proof = _compare(door, name, password, origin, now, AccessAct.PROOF_FAILED)
    with door.database.write() as tx:
        _accept(tx, proof)


@dataclass(frozen=True, slots=True)
class _Proof:
    """An attempt whose password fitted `kept`, the user's hash at that moment."""

    name: str
    kept: str | None
    attempt: Attempt
    attempt_id: int


def _compare(door: Door, name: str, password: str, origin: RequestOrigin, now: datetime, failed: AccessAct) -> _Proof:
    """Compare the password, and count and log the attempt. Raises SignInFailed, SignInSlowed."""
    name = normalised_name(name)
    index = door.index("sign-in", folded(name))
    with door.database.read() as tx:
        known = users.find(tx, name)
        who = somebody(None if known is None else known.name, index)
        attempt = _attempt(tx, known, index, origin, now)
        wait = _wait(tx, attempt, now)
    if wait:  # an attempt that comes too early doesn't take the write lock, but for the first of its kind
        if door.seldom.may((AccessAct.SIGN_IN_SLOWED, attempt.address, index), now):
            with door.database.write() as tx:
                note(tx, AccessAct.SIGN_IN_SLOWED, who, origin, now, how=SignInWay.PASSWORD)
        raise SignInSlowed(seconds=wait)
    with door.comparing.place(device_known=attempt.device is not None) as fits:
        with door.database.write() as tx:
            if wait := _wait(tx, attempt, now):
                raise SignInSlowed(seconds=wait)
            attempt_id = sign_ins.note_attempt(tx, attempt, now)
            user = users.find(tx, name)
        kept = None if user is None or user.disabled_at is not None else user.password
        if not fits(password, kept):
            with door.database.write() as tx:
                note(tx, failed, who, origin, now, how=SignInWay.PASSWORD)
            raise SignInFailed()
    return _Proof(name, kept, attempt, attempt_id)


def _accept(tx: Tx, proof: _Proof) -> UserRow:
    """The user, locked, whose attempt no longer counts as failed. Raises SignInFailed when they were changed while the
    password was compared."""
    user = users.find(tx, proof.name, lock=True)
    if user is None or user.password != proof.kept or user.disabled_at is not None:
        raise SignInFailed()
    sign_ins.succeed(tx, proof.attempt_id)
    return user


def _attempt(tx: Tx, user: UserRow | None, name_index: str, origin: RequestOrigin, now: datetime) -> Attempt:
    secret = None if origin.device is None else hashed(origin.device)
    if user is None or secret is None or not sessions.knows_device(tx, secret, user.id, now):
        secret = None
    return Attempt(network(origin.address), name_index, secret)


def _wait(tx: Tx, attempt: Attempt, now: datetime) -> int:
    """Seconds until such an attempt is allowed; 0: now."""
    since = now - WINDOW
    if attempt.device is not None:
        return DEVICE.wait(*sign_ins.by_device(tx, attempt.device, since), now)
    return max(
        ADDRESS_AND_NAME.wait(*sign_ins.by_address_and_name(tx, attempt.address, attempt.name, since), now),
        ADDRESS.wait(*sign_ins.by_address(tx, attempt.address, since), now),
        NAME.wait(*sign_ins.by_name(tx, attempt.name, since), now),
    )
