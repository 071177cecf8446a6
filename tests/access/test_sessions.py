"""Sessions and tokens: they are accepted while they last and refused from the first request after their end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from dispatch.access import sessions, users
from dispatch.access.secrets import csrf_token, is_csrf_token
from dispatch.domain.roles import Grant, Role
from dispatch.domain.secret import hashed
from dispatch.errors import BadInput, NotFound, NotSignedIn
from dispatch.storage import sessions as rows
from dispatch.storage.database import Database
from dispatch.storage.tables import access as w
from tests.factories import NOW
from tests.users import CONSOLE, user

DAY = timedelta(days=1)


def signed_in(database: Database, name: str = "chen") -> str:
    with database.write() as tx:
        return sessions.open_session(tx, users.get(tx, name).id, NOW)


def token(database: Database, name: str = "chen", days: int = 1) -> str:
    with database.write() as tx:
        return sessions.make_token(tx, users.get(tx, name).id, name, "laptop", days * DAY, CONSOLE, NOW)


def test_a_session_gives_its_user_with_their_present_roles(database: Database) -> None:
    user(database, "chen", Role.CLERK)
    secret = signed_in(database)
    with database.read() as tx:
        assert sessions.by_session(tx, secret, NOW).grants == (Grant(Role.CLERK),)
    with database.write() as tx:
        users.set_grants(tx, "chen", [], CONSOLE, NOW)
    with database.read() as tx:
        assert sessions.by_session(tx, secret, NOW).grants == ()


def test_a_session_ends_when_idle_and_after_a_shift_whatever_is_done(database: Database) -> None:
    user(database, "chen", Role.CLERK)
    secret = signed_in(database)
    with database.read() as tx:
        sessions.by_session(tx, secret, NOW + sessions.IDLE - timedelta(seconds=1))
        with pytest.raises(NotSignedIn):
            sessions.by_session(tx, secret, NOW + sessions.IDLE)
    late = NOW + sessions.LONGEST_SESSION
    with database.write() as tx:
        rows.note_session_used(tx, hashed(secret), late - timedelta(seconds=1))
    with database.read() as tx:
        sessions.by_session(tx, secret, late - timedelta(seconds=1))
        with pytest.raises(NotSignedIn):
            sessions.by_session(tx, secret, late)


def test_a_disabled_user_is_out_at_once_by_session_and_by_token(database: Database) -> None:
    user(database, "chen", Role.CLERK)
    secret, bearer = signed_in(database), token(database)
    with database.write() as tx:
        users.disable(tx, "chen", CONSOLE, NOW)
    with database.read() as tx:
        with pytest.raises(NotSignedIn):
            sessions.by_session(tx, secret, NOW)
        with pytest.raises(NotSignedIn):
            sessions.by_token(tx, bearer, NOW)


def test_a_new_password_ends_the_other_sessions(database: Database) -> None:
    user(database, "chen", Role.CLERK)
    mine, other = signed_in(database), signed_in(database)
    with database.write() as tx:
        users.set_password(tx, "chen", "hash", CONSOLE, NOW, keep_session=hashed(mine))
    with database.read() as tx:
        sessions.by_session(tx, mine, NOW)
        with pytest.raises(NotSignedIn):
            sessions.by_session(tx, other, NOW)


def test_a_token_works_until_it_expires_or_is_revoked_and_only_its_owner_revokes_it(database: Database) -> None:
    owner, other = user(database, "chen", Role.CLERK), user(database, "zhao", Role.NOC)
    bearer = token(database)
    with database.read() as tx:
        assert sessions.by_token(tx, bearer, NOW + DAY - timedelta(seconds=1)).name == "chen"
        with pytest.raises(NotSignedIn):
            sessions.by_token(tx, bearer, NOW + DAY)
        token_id = sessions.tokens(tx, owner.id)[0].id
    with database.write() as tx:
        with pytest.raises(NotFound):
            sessions.revoke_token(tx, token_id, other.id, "zhao", CONSOLE, NOW)
        sessions.revoke_token(tx, token_id, owner.id, "chen", CONSOLE, NOW)
    with database.read() as tx, pytest.raises(NotSignedIn):
        sessions.by_token(tx, bearer, NOW)


def test_no_secret_is_in_the_database(database: Database) -> None:
    user(database, "chen", Role.CLERK)
    secrets = [signed_in(database), token(database).removeprefix(sessions.TOKEN_PREFIX)]
    with database.read() as tx:
        kept = str([tx.execute(select(table)).all() for table in (w.session, w.api_token)])
    assert not any(secret in kept for secret in secrets)


@pytest.mark.parametrize(("title", "days"), [("", 1), ("x" * 61, 1), ("a\0b", 1), ("x", 0), ("x", 367)])
def test_a_token_needs_a_title_and_an_end(database: Database, title: str, days: int) -> None:
    owner = user(database, "chen")
    with database.write() as tx, pytest.raises(BadInput):
        sessions.make_token(tx, owner.id, "chen", title, days * DAY, CONSOLE, NOW)


def test_the_csrf_token_belongs_to_one_session() -> None:
    assert is_csrf_token(csrf_token("one"), "one")
    assert not is_csrf_token(csrf_token("one"), "other")
    assert not is_csrf_token("", "one")
    assert not is_csrf_token("ü", "one")


def test_the_sweep_removes_what_has_expired_and_nothing_else(database: Database) -> None:
    user(database, "chen", Role.CLERK)
    signed_in(database)
    with database.write() as tx:
        sessions.sweep(tx, NOW + sessions.IDLE - timedelta(seconds=1), NOW)
        assert tx.execute(select(func.count()).select_from(w.session)).scalar() == 1
        sessions.sweep(tx, NOW + sessions.IDLE, NOW)
        assert tx.execute(select(func.count()).select_from(w.session)).scalar() == 0
