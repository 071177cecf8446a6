"""After a restore nobody comes in by what was taken from them since the backup, and a repeated request is done once."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, make_url, select

from dispatch import backup
from dispatch.access import sessions, users
from dispatch.backup import Restored
from dispatch.domain.roles import Role
from dispatch.settings import load_settings
from dispatch.storage.tables import tickets as t
from tests import factories as f
from tests.postgres import programs
from tests.users import CONSOLE, cheap_hasher, user
from tests.web.conftest import API, Web
from tests.web.test_idempotency import submit


class House:
    """An installation with its web; its backups lie in `folder`."""

    def __init__(self, web: Web, folder: Path) -> None:
        self.web, self.file = web, folder / "kept"
        backup.backup(load_settings(), self.file)

    def restore(self) -> Restored:
        self.web.database.dispose()
        return backup.restore(load_settings(), self.file, self.web.now + timedelta(hours=1), replace=True)


@pytest.fixture(autouse=True)
def _installed(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPATCH_DATABASE_URL", make_url(web.database.url).render_as_string(hide_password=False))
    monkeypatch.setenv("PATH", f"{programs()}:{os.environ['PATH']}")


def test_a_request_that_a_restore_undid_is_done_anew_and_one_the_backup_holds_is_answered_as_kept(
    web: Web, tmp_path: Path
) -> None:
    for number in ("GZ1", "GZ2"):
        f.account(web.database, number)
    clerk = web.program("chen", Role.CLERK)
    kept = submit(clerk, "k1")
    house = House(web, tmp_path)
    undone = submit(clerk, "k2", account="GZ2")
    house.restore()
    clerk = web.program("chen")
    answered, anew, again = submit(clerk, "k1"), submit(clerk, "k2", account="GZ2"), submit(clerk, "k2", account="GZ2")
    assert (answered.content, answered.headers["idempotency-replayed"]) == (kept.content, "true")
    assert (anew.status_code, again.content) == (201, anew.content)
    assert "idempotency-replayed" not in anew.headers
    assert anew.headers["location"] not in (undone.headers["location"], kept.headers["location"])
    with web.database.read() as tx:
        assert tx.execute(select(func.count()).select_from(t.ticket)).scalar_one() == 2


def test_tokens_and_sessions_of_the_backup_let_nobody_in(web: Web, tmp_path: Path) -> None:
    program, browser = web.program("chen", Role.CLERK), web.browser("chen")
    assert [each.get(f"{API}/tickets").status_code for each in (program, browser)] == [200, 200]
    house = House(web, tmp_path)
    with web.database.write() as tx:
        chen = users.get(tx, "chen").id
        (token,) = sessions.tokens(tx, chen)
        sessions.revoke_token(tx, token.id, chen, "chen", CONSOLE, web.now)
    assert program.get(f"{API}/tickets").status_code == 401
    assert house.restore().epoch.tokens == 1
    assert [each.get(f"{API}/tickets").status_code for each in (program, browser)] == [401, 401]


def test_a_restore_names_the_users_whose_password_roles_or_disabling_it_took_back(web: Web, tmp_path: Path) -> None:
    for name in ("chen", "zhao", "wang", "same"):
        user(web.database, name, Role.CLERK)
    house = House(web, tmp_path)
    with web.database.write() as tx:
        users.set_password(tx, "chen", cheap_hasher().hash("another-River-9"), CONSOLE, web.now)
        users.disable(tx, "zhao", CONSOLE, web.now)
        users.set_grants(tx, "wang", [], CONSOLE, web.now)
    user(web.database, "new", Role.CLERK)
    assert house.restore().people == ["chen", "new", "wang", "zhao"]
    assert house.restore().people == []
