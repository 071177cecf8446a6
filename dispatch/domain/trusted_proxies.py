"""Proxies whose word is taken for where a visitor comes from: IP addresses, networks, or `*` for whoever asks. Pure."""

from __future__ import annotations

import ipaddress

from dispatch.domain.title import WrongValue

EVERYBODY = "*"


def read(given: str) -> str:
    """Return the list with a comma between its entries and nothing else. Raises WrongValue for a name: the address of a
    connection would never match it."""
    entries = [each for each in map(str.strip, given.split(",")) if each]
    for each in entries:
        try:
            if each != EVERYBODY:
                ipaddress.ip_network(each)
        except ValueError:
            raise WrongValue(
                f"“{each:.60}”不是 IP 地址或网段：应写作 127.0.0.1 或 172.18.0.0/16",
                f"{each!r:.60} is no IP address or network: write 127.0.0.1 or 172.18.0.0/16",
            ) from None
    return ",".join(entries)


class TrustedProxies:
    """The proxies of a list that `read` returned."""

    def __init__(self, listed: str) -> None:
        entries = listed.split(",") if listed else []
        self._all = EVERYBODY in entries
        self._networks = [ipaddress.ip_network(each) for each in entries if each != EVERYBODY]

    def __contains__(self, address: str) -> bool:
        if self._all:
            return True
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in each for each in self._networks)
