"""`dispatch search rebuild` makes the index anew, and is operations' to do."""

from __future__ import annotations

import json

from sqlalchemy import delete
from typer.testing import CliRunner

from dispatch.cli.search import search
from dispatch.domain.search import SearchKind, read_query
from dispatch.errors import NotAllowed
from dispatch.storage import accounts, search_index, search_queries
from dispatch.storage.database import Database
from dispatch.storage.tables.search import SEARCHED
from tests import factories as f


def test_a_rebuild_finds_again_what_the_index_had_lost(sqlite: Database) -> None:
    with sqlite.write() as tx:
        accounts.enter_existing(tx, [("GZ1234", "tianhe", "13800138000")], f.CLERK, f.NOW)
        search_index.begin(tx, SearchKind.ACCOUNT)
        tx.execute(delete(SEARCHED[SearchKind.ACCOUNT]))
    ask = ["rebuild", "--as", "root", "--json", "--role"]
    assert isinstance(CliRunner().invoke(search, [*ask, "clerk"]).exception, NotAllowed)
    done = CliRunner().invoke(search, [*ask, "ops"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["account"] == 1
    with sqlite.read() as tx:
        assert search_queries.find(tx, SearchKind.ACCOUNT, read_query("1234"), None, 9) == [1]
        assert search_index.state(tx, SearchKind.ACCOUNT).cursor is None
