"""Other writers go on while a password at the counter is hashed and compared."""

from __future__ import annotations

from dataclasses import replace

from dispatch.accounts.operation import Hasher
from dispatch.domain.roles import Role
from tests.accounts import prepared_operations as p
from tests.web.api.test_operations import at_the_counter, body, do
from tests.web.conftest import Web


class WatchedHasher:
    """Another writer writes whenever the hasher is asked, and waits for nobody."""

    def __init__(self, web: Web, hasher: Hasher) -> None:
        self.web, self.hasher = web, hasher
        self.asked: list[str] = []

    def _write(self, what: str) -> None:
        with self.web.database.write(0.2):
            self.asked.append(what)

    def hash(self, password: str, /) -> str:
        self._write("hash")
        return self.hasher.hash(password)

    def verify(self, password: str, hash: str, /) -> bool:
        self._write("verify")
        return self.hasher.verify(password, hash)


def test_other_writers_do_not_wait_while_a_password_is_hashed_and_compared(small_web: Web) -> None:
    web = at_the_counter(small_web)
    counter = web.installation.counter()
    _, request = p.change_password(web.database, counter)
    watched = WatchedHasher(web, counter.passwords)
    web.installation.counter = lambda outlet="": replace(counter, outlet=outlet or "天河", passwords=watched)  # type: ignore[method-assign]
    answer = do(web.program("chen", Role.CLERK), "change-password", body(request))
    assert answer.status_code == 200, answer.text
    assert sorted(watched.asked) == ["hash", "verify", "verify"]
