"""登录: sign-in with a name and a password.

An attempt is recorded as failed before its password is compared, and success takes that back: so crashes and
simultaneous attempts are counted too. The password is compared outside of any transaction.
"""

from __future__ import annotations

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime

from dispatch.access import sessions as access
from dispatch.access.backoff import ADDRESS, ADDRESS_AND_NAME, DEVICE, NAME, WINDOW
from dispatch.access.passwords import PasswordChecker
from dispatch.access.secrets import hashed, new_secret
from dispatch.access.users import normalised_name
from dispatch.domain.user_name import folded
from dispatch.errors import SignInFailed, SignInSlowed
from dispatch.storage import sessions, sign_ins, users
from dispatch.storage.database import Database, Tx
from dispatch.storage.sign_ins import Attempt


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session. `session` and `device` are secrets for the browser; `device` is new where it wasn't known."""

    user_id: int
    name: str
    session: str
    device: str
    expires_at: datetime


def sign_in(
    database: Database,
    comparing: PasswordChecker,
    name: str,
    password: str,
    address: str,
    device: str | None,
    now: datetime,
) -> SignedIn:
    """Sign a user in. It commits by itself, also a failed attempt. Raises SignInFailed, SignInSlowed.

    `address` is the visitor's IP address; `device` is the secret that the browser kept from an earlier sign-in, if any.
    """
    name = normalised_name(name)
    with database.read() as tx:  # refuse an attempt that comes too early without taking the write lock
        attempt = _attempt(tx, name, address, device, now)
        _require_no_wait(tx, attempt, now)
    with comparing.place(device_known=attempt.device is not None) as fits:
        with database.write() as tx:
            _require_no_wait(tx, attempt, now)
            attempt_id = sign_ins.note_attempt(tx, attempt, now)
            user = users.find(tx, name)
        kept = None if user is None or user.disabled_at is not None else user.password
        if not fits(password, kept):
            raise SignInFailed()
    with database.write() as tx:
        user = users.find(tx, name, lock=True)
        if user is None or user.password != kept or user.disabled_at is not None:
            raise SignInFailed()  # the user was changed while we compared
        sign_ins.succeed(tx, attempt_id)
        if attempt.device is None or device is None:
            device = new_secret()
            sessions.remember_device(tx, hashed(device), user.id, now, now + access.DEVICE_KNOWN)
        secret = access.open_session(tx, user.id, now)
    return SignedIn(user.id, user.name, secret, device, now + access.LONGEST_SESSION)


def network(address: str) -> str:
    """The address by which attempts are counted: an IPv4 address, or the /64 network of an IPv6 address, since a
    subscriber commonly gets a whole /64. `unknown` for anything else."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


def _attempt(tx: Tx, name: str, address: str, device: str | None, now: datetime) -> Attempt:
    user = users.find(tx, name)
    secret = None if device is None else hashed(device)
    if user is None or secret is None or not sessions.knows_device(tx, secret, user.id, now):
        secret = None
    return Attempt(network(address), hashlib.sha256(folded(name).encode()).hexdigest(), secret)


def _require_no_wait(tx: Tx, attempt: Attempt, now: datetime) -> None:
    since = now - WINDOW
    if attempt.device is not None:
        waits = [DEVICE.wait(*sign_ins.by_device(tx, attempt.device, since), now)]
    else:
        waits = [
            ADDRESS_AND_NAME.wait(*sign_ins.by_address_and_name(tx, attempt.address, attempt.name, since), now),
            ADDRESS.wait(*sign_ins.by_address(tx, attempt.address, since), now),
            NAME.wait(*sign_ins.by_name(tx, attempt.name, since), now),
        ]
    if max(waits):
        raise SignInSlowed(seconds=max(waits))
