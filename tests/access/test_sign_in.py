"""Signing in: guessers are slowed down, and cannot use that to keep another person out."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from dispatch.access import sessions, users
from dispatch.access.backoff import ADDRESS, ADDRESS_AND_NAME, DEVICE, NAME, WINDOW, BackoffLimit
from dispatch.access.passwords import AT_ONCE, MOST_WAITING, PasswordChecker
from dispatch.access.request_origin import RequestOrigin, network
from dispatch.access.sign_in import Door, SignedIn, sign_in
from dispatch.domain.roles import Role
from dispatch.errors import SignInFailed, SignInSlowed
from dispatch.storage.database import Database
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.tables import access as w
from tests.factories import NOW
from tests.users import CONSOLE, PASSWORD, user

KEYS = FieldCipher({"k1": bytes(32)}, "k1", bytes(32))
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


class Doorway:
    """The sign-in over one database, with the arguments that most attempts share."""

    def __init__(self, database: Database, comparing: PasswordChecker) -> None:
        self.database, self.comparing = database, comparing
        self.door = Door(database, comparing, KEYS.index)

    def enter(
        self,
        name: str = "chen",
        password: str = PASSWORD,
        address: str = "192.0.2.1",
        device: str | None = None,
        now: datetime = NOW,
    ) -> SignedIn:
        return sign_in(self.door, name, password, RequestOrigin(address, FIREFOX, device), now)

    def fail(self, times: int, **attempt: str) -> list[str]:
        """Return the codes of so many attempts with a wrong password, all at one moment."""
        codes = []
        for _ in range(times):
            with pytest.raises((SignInFailed, SignInSlowed)) as refused:
                self.enter(password="wrong", **attempt)  # type: ignore[arg-type]
            codes.append(refused.value.code)
        return codes

    def failures(self) -> int:
        with self.database.read() as tx:
            return tx.execute(select(func.count()).select_from(w.sign_in_failure)).scalar_one()


@pytest.fixture
def door(database: Database, comparing: PasswordChecker) -> Doorway:
    user(database, "chen", Role.CLERK)
    return Doorway(database, comparing)


def test_name_and_password_open_a_session_and_make_the_device_known(door: Doorway) -> None:
    entered = door.enter(" Chen ")
    with door.database.read() as tx:
        assert sessions.by_session(tx, entered.session, NOW).name == "chen"
    assert door.enter(device=entered.device).device == entered.device
    assert door.failures() == 0


def test_a_wrong_password_an_unknown_name_and_a_disabled_user_are_refused_alike(door: Doorway) -> None:
    user(door.database, "zhao", Role.NOC)
    with door.database.write() as tx:
        users.disable(tx, "zhao", CONSOLE, NOW)
    told = set()
    for name, password in (("chen", "wrong"), ("nobody", PASSWORD), ("zhao", PASSWORD), ("\ud800", "x")):
        with pytest.raises(SignInFailed) as refused:
            door.enter(name, password)
        told.add(str(refused.value))
    assert len(told) == 1
    assert door.failures() == 4


def test_only_five_of_fifty_simultaneous_guesses_are_checked(door: Doorway) -> None:
    codes = door.fail(50)
    assert codes.count("sign-in-failed") == door.failures() == ADDRESS_AND_NAME.free


def test_a_patient_guesser_gets_fourteen_guesses_in_a_quarter_of_an_hour() -> None:
    tried: list[datetime] = []
    for second in range(int(WINDOW.total_seconds())):
        now = NOW + timedelta(seconds=second)
        while not ADDRESS_AND_NAME.wait(len(tried), tried[-1] if tried else None, now):
            tried.append(now)
    assert len(tried) == ADDRESS_AND_NAME.free + 9  # 1 + 2 + 4 + … seconds


def test_a_user_under_attack_signs_in_from_their_own_address_and_at_their_known_device(door: Doorway) -> None:
    known = door.enter(address="198.51.100.7").device
    door.fail(30, address="203.0.113.9")
    door.enter(address="198.51.100.8")
    with pytest.raises(SignInSlowed):
        door.enter(address="203.0.113.9")
    door.enter(address="203.0.113.9", device=known)


@pytest.fixture
def few_free(monkeypatch: pytest.MonkeyPatch) -> int:
    """Set the free failures of an address and of a name to a number that a short test reaches; return it."""
    for name, limit in (("ADDRESS", ADDRESS), ("NAME", NAME)):
        monkeypatch.setattr(f"dispatch.access.sign_in.{name}", BackoffLimit(12, limit.longest))
    return 12


def test_a_crowd_of_addresses_gets_few_guesses_and_the_known_device_passes(door: Doorway, few_free: int) -> None:
    known = door.enter().device
    for n in range(few_free + 5):
        door.fail(1, address=f"10.{n}.0.1")
    assert door.failures() == few_free
    with pytest.raises(SignInSlowed) as slowed:
        door.enter(address="198.51.100.8")
    seconds = slowed.value.facts["seconds"]
    assert isinstance(seconds, int | float)
    assert seconds <= NAME.longest.total_seconds()
    door.enter(address="198.51.100.8", device=known)


def test_guesses_at_many_names_from_one_address_are_limited_too(door: Doorway, few_free: int) -> None:
    for n in range(few_free + 5):
        door.fail(1, name=f"name{n}")
    assert door.failures() == few_free
    door.enter(address="198.51.100.8")


def test_a_stolen_device_gets_few_guesses(door: Doorway) -> None:
    known = door.enter().device
    codes = door.fail(50, device=known)
    assert codes.count("sign-in-failed") == DEVICE.free


def test_another_users_known_device_counts_as_a_strangers(door: Doorway) -> None:
    user(door.database, "zhao", Role.NOC)
    theirs = door.enter("zhao").device
    door.fail(10, device=theirs)
    with pytest.raises(SignInSlowed):
        door.enter(device=theirs)


def test_an_attempt_cut_short_by_a_crash_still_counts(door: Doorway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door.comparing, "_fits", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        door.enter()
    assert door.failures() == 1


def test_strangers_wait_in_a_queue_of_their_own_and_are_refused_when_it_is_full(comparing: PasswordChecker) -> None:
    let_go, inside = threading.Event(), threading.Semaphore(0)

    def compare() -> None:
        with comparing.place(device_known=False):
            inside.release()
            let_go.wait()

    waiting = [threading.Thread(target=compare) for _ in range(MOST_WAITING)]
    for thread in waiting:
        thread.start()
    for _ in range(AT_ONCE):
        inside.acquire()
    while comparing._queues[False]._places.acquire(blocking=False):  # until all threads are in the queue
        comparing._queues[False]._places.release()
    with pytest.raises(SignInSlowed), comparing.place(device_known=False):
        pass
    with comparing.place(device_known=True):
        pass
    let_go.set()
    for thread in waiting:
        thread.join()


def test_a_customers_whole_ipv6_network_counts_as_one_address() -> None:
    assert network("2001:db8:1:2:3::4") == network("2001:db8:1:2:ffff::1") != network("2001:db8:1:3::1")
    assert network("::ffff:192.0.2.1") == "192.0.2.1"
    assert network("fe80::1%eth0") == "fe80::"
    assert network("testclient") == "unknown"


@given(st.integers(0, 10_000), st.integers(0, 200), st.integers(1, 3600), st.integers(0, 7200))
def test_a_wait_never_exceeds_its_limit_and_is_zero_while_failures_are_free(
    failures: int, free: int, longest: int, passed: int
) -> None:
    limit = BackoffLimit(free, timedelta(seconds=longest))
    wait = limit.wait(failures, NOW, NOW + timedelta(seconds=passed))
    assert 0 <= wait <= longest
    assert failures >= free or wait == 0
    assert limit.wait(failures + 1, NOW, NOW) >= limit.wait(failures, NOW, NOW)


@pytest.mark.parametrize("written", ["ＣＨＥＮ", " Chen ", "ｃhen"])
def test_a_name_opens_the_door_however_wide_or_large_it_is_typed(door: Doorway, written: str) -> None:
    assert door.enter(name=written).name == "chen"


def test_guesses_under_look_alikes_of_a_name_count_as_guesses_at_that_name(door: Doorway) -> None:
    for name in ("chen", "сhen", "ｃhen", "chеn", "CHEN"):
        door.fail(1, name=name)
    assert door.fail(1, name="chen") == ["sign-in-slowed"]
