"""The origin of a request, and the access log 登录记录, in which sign-ins, refusals and ended sessions are written.

A name that nobody has may be a password in the wrong field. Such a name is written as a part of a keyed hash, by which
attempts with the same name can still be told to be the same.
"""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.access_acts import LONGEST_BROWSER, AccessAct, SignInWay
from dispatch.storage import access_log
from dispatch.storage.database import Tx

UNKNOWN = "unknown"
SELDOM = timedelta(minutes=10)
"""Refusals that anybody can cause without limit are written once in this time for each origin."""
MOST_ORIGINS = 1_000
"""Origins remembered at once; more are not written before the first are forgotten."""


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """Where a request comes from. `browser` is what the browser calls itself; `device` and `session` are the secrets
    that it kept from earlier sign-ins, None without any."""

    address: str
    browser: str = ""
    device: str | None = None
    session: str | None = None

    @property
    def shown_address(self) -> str:
        """The IP address as the access log keeps it; `unknown` for anything else."""
        try:
            return str(ipaddress.ip_address(self.address.partition("%")[0]))
        except ValueError:
            return UNKNOWN

    @property
    def shown_browser(self) -> str:
        return "".join(each for each in self.browser if each.isprintable())[:LONGEST_BROWSER]


@dataclass(frozen=True, slots=True)
class Somebody:
    """The person of an attempt: a user's name, or the hash of a name that nobody has; None for neither."""

    name: str | None = None
    typed: str | None = None


def somebody(user_name: str | None, typed_index: str) -> Somebody:
    """The person of an attempt under a typed name, of which `typed_index` is the keyed hash."""
    return Somebody(typed=typed_index[:12]) if user_name is None else Somebody(user_name)


def note(
    tx: Tx,
    act: AccessAct,
    who: Somebody,
    origin: RequestOrigin,
    now: datetime,
    *,
    how: SignInWay | str | None = None,
    ended_by: str | None = None,
) -> None:
    """Write into the access log."""
    address, browser = origin.shown_address, origin.shown_browser
    access_log.note(tx, act, address, browser, now, name=who.name, typed=who.typed, how=how, ended_by=ended_by)


def network(address: str) -> str:
    """The address by which attempts are counted: an IPv4 address, or the /64 network of an IPv6 address, since a
    subscriber commonly gets a whole /64. `unknown` for anything else."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False).network_address)
    return str(parsed)


class Seldom:
    """Remembers what was written lately, so that a flood of refusals doesn't become a flood of rows."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, ...], datetime] = {}
        self._lock = threading.Lock()

    def may(self, origin: tuple[str, ...], now: datetime) -> bool:
        """Return whether a refusal of this origin is to be written now, and remember that it is."""
        with self._lock:
            if len(self._last) >= MOST_ORIGINS:
                self._last = {each: at for each, at in self._last.items() if now - at < SELDOM}
            last = self._last.get(origin)
            if (last is not None and now - last < SELDOM) or len(self._last) >= MOST_ORIGINS:
                return False
            self._last[origin] = now
            return True


Index = Callable[[str, str], str]
"""(kind, text) → the text's keyed hash, 64 hex digits."""
