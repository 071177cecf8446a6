"""Users' passwords: rules for a new one, its hash, and the comparison, which is slow and takes memory on purpose."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pwdlib import PasswordHash

from dispatch.access.guessable import why_guessable
from dispatch.domain.text import has_control_characters
from dispatch.domain.title import Wording
from dispatch.errors import BadInput, SignInSlowed

SHORTEST, LONGEST = 10, 128
FEWEST_DIFFERENT = 5
AT_ONCE = 2
"""Comparisons that run at the same time: each takes 64 MB and as much of the processors as it can get."""
MOST_WAITING = 6
"""Most comparisons that run or wait. A sign-in beyond them is refused, so that other requests get their turn."""


def check_password(new: str, name: str, operator: str = "") -> None:
    """Raises BadInput for a password that is easy to guess: too short, too few different characters, common, or with
    the user's or the operator's name in it. Passwords of before are not checked: their users still sign in."""
    if not SHORTEST <= len(new) <= LONGEST:
        raise BadInput(
            what=Wording(
                f"密码应为 {SHORTEST} 至 {LONGEST} 个字符", f"a password has {SHORTEST} to {LONGEST} characters"
            )
        )
    if has_control_characters(new):
        raise BadInput(what=Wording("密码含控制字符", "the password has control characters in it"))
    if len(set(new)) < FEWEST_DIFFERENT or name.lower() in new.lower():
        raise BadInput(
            what=Wording(
                "密码过于简单：不同的字符太少，或含用户名",
                "the password is too simple: it has too few different characters, or the user's name in it",
            )
        )
    if why := why_guessable(new, operator):
        raise BadInput(
            what=Wording(
                f"密码太容易猜到：{why.zh}；请换一个，比如几个不相干的词",
                f"the password is easy to guess: {why.en}; take another, such as several unrelated words",
            )
        )


def new_password(name: str) -> str:
    """A random password of 96 bits. One with the user's name in it is drawn again: `check_password` would refuse it."""
    while name.lower() in (made := secrets.token_urlsafe(12)).lower():
        pass
    return made


def kept_password(hasher: PasswordHash, new: str, name: str, operator: str = "") -> str:
    """The argon2 hash of a new password, to be stored. Slow: call it outside of a transaction. Raises BadInput."""
    check_password(new, name, operator)
    return hasher.hash(new)


Fits = Callable[[str, str | None], bool]
"""(password, stored hash or None) → whether they match. It takes as long for None, so that nobody learns who exists."""


class PasswordChecker:
    """Compares passwords with their hashes, a few at a time.

    The limit keeps a flood of sign-ins from taking all of the process. Known devices have a queue of their own, so that
    strangers can't keep their users out.
    """

    def __init__(self, hasher: PasswordHash) -> None:
        self.hasher = hasher
        self._nobody = hasher.hash(new_password("nobody"))
        self._queues = {known: _Queue() for known in (False, True)}

    @contextmanager
    def place(self, *, device_known: bool) -> Iterator[Fits]:
        """Wait for a turn to compare. Raises SignInSlowed when too many wait already."""
        with self._queues[device_known].place():
            yield self._fits

    def _fits(self, password: str, kept: str | None) -> bool:
        given = password[: LONGEST + 1].encode(errors="replace")
        return self.hasher.verify(given, kept or self._nobody) and kept is not None


class _Queue:
    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(MOST_WAITING)
        self._running = threading.BoundedSemaphore(AT_ONCE)

    @contextmanager
    def place(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise SignInSlowed(seconds=1)
        try:
            with self._running:
                yield
        finally:
            self._places.release()
