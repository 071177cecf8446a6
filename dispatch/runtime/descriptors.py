"""Open files and sockets of a process: how many it may have, and how many of them it can spare for visitors."""

from __future__ import annotations

import resource

OWN = 200
"""Descriptors that a web process needs for itself at most: its database's connections, three for each on SQLite, and
the files that its threads have open."""


def raise_limit() -> int:
    """Let this process open as many files as the system allows it; return how many. The usual limit of 1,024 is for
    programs that can't count further."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return limit()


def limit() -> int:
    """Descriptors that this process may have at once."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 30 if most == resource.RLIM_INFINITY else most


def to_spare() -> int:
    """Descriptors that are left for visitors: with a very small limit, half of all."""
    most = limit()
    return most - min(OWN, most // 2)
