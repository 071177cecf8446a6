"""The tables of the search 查找: for each kind, what is searched of its rows. All of it can be made anew.

They repeat what stands in clear in `ticket`, `customer`, `account`, `address` and `registered_device`, and nothing
else: identity numbers are found by their blind index. On SQLite each table has an FTS5 table beside it, `ticket_tokens`
for `ticket_search`, that SQLAlchemy doesn't know.
"""

from __future__ import annotations

from sqlalchemy import ARRAY, Column, Index, Integer, SmallInteger, String, Table, Text

from dispatch.domain.search import SearchKind
from dispatch.storage.column_types import Document, Id, Instant, metadata, words_constraint

Searched = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is only looked into; PostgreSQL finds a part of it fastest without the rules of a language."""


def _search_table(kind: SearchKind) -> Table:
    name = f"{kind}_search"
    return Table(
        name,
        metadata,
        Column("id", Id, primary_key=True, autoincrement=False),  # of the row that is found by it
        Column("area", String(40), nullable=False),  # empty: it lies in none
        Column("text", Searched, nullable=False),  # as `domain.search.SearchText`
        Column("initials", Searched, nullable=False),
        Column("tokens", ARRAY(Integer).with_variant(Text(), "sqlite")),  # null on SQLite, whose FTS5 table has them
        Index(f"ix_{name}_area", "area", "id").ddl_if(dialect="postgresql"),
        Index(f"ix_{name}_tokens", "tokens", postgresql_using="gin", postgresql_with={"fastupdate": "off"}).ddl_if(
            dialect="postgresql"
        ),
    )


SEARCHED = {kind: _search_table(kind) for kind in SearchKind}

search_state = Table(  # how far each kind's table is built; a kind without a row had nothing to build
    "search_state",
    metadata,
    Column("kind", String(12), primary_key=True),
    Column("version", SmallInteger, nullable=False),  # `domain.search.TOKENS_VERSION` with which it is built
    Column("cursor", Id),  # the last id that is built; null: it is complete
    Column("shares", Document, nullable=False),  # by token, the share of the rows that has it; frequent ones alone
    Column("sampled_at", Instant),  # when `shares` were counted; null: never
    words_constraint("kind", SearchKind),
)
