"""Accounts' names that differ only in case are one, and addresses that differ only in how they are written.

 Where an earlier release let both live, the first has the name as
the others do, and the later ones are marked as its twins: `dispatch doctor` lists them, and each is found by its exact
name. Of addresses the oldest is found.

The columns have a default or may be empty, so that programs of the release before go on working. They too can't make
twins of accounts any more; addresses that they enter get their keys with the next file."""

import sqlalchemy as sa
from alembic import op

from dispatch.domain.folding import address_key
from dispatch.storage.column_types import Id, ascii_lower

revision = "0019"
down_revision = "0018"

AT_ONCE = 1_000
_LIVING = sa.text("state NOT IN ('cancelled', 'closed')")


def upgrade() -> None:
    op.add_column("account", sa.Column("twin", Id, nullable=False, server_default="0"))
    account = sa.table("account", sa.column("id", Id), sa.column("number", sa.String), sa.column("twin", Id))
    name = ascii_lower(account.c.number)
    first = sa.func.min(account.c.id).label("first")
    twice = sa.select(name.label("name"), first).where(_LIVING).group_by(name).having(sa.func.count() > 1).subquery()
    found = sa.select(account.c.id).join(twice, twice.c.name == name).where(_LIVING, account.c.id != twice.c.first)
    twins = op.get_bind().execute(found).scalars().all()
    for twin in twins:
        op.execute(sa.update(account).where(account.c.id == twin).values(twin=twin))
    op.create_index("ix_account_name", "account", [ascii_lower(sa.column("number"))])
    op.create_index(
        "uq_account_name_living",
        "account",
        [ascii_lower(sa.column("number")), sa.column("twin")],
        unique=True,
        sqlite_where=_LIVING,
        postgresql_where=_LIVING,
    )
    op.add_column("address", sa.Column("key", sa.String(length=240)))
    _fill_keys()
    op.create_index("ix_address_key", "address", ["key"])


def _fill_keys() -> None:
    """In the order of ids, so that each row is read once."""
    tx, last = op.get_bind(), 0
    address = sa.table("address", sa.column("id", Id), sa.column("text", sa.String), sa.column("key", sa.String))
    some = sa.select(address.c.id, address.c.text).order_by(address.c.id).limit(AT_ONCE)
    fill = sa.update(address).where(address.c.id == sa.bindparam("row")).values(key=sa.bindparam("made"))
    while rows := tx.execute(some.where(address.c.id > last)).all():
        tx.execute(fill, [{"row": row.id, "made": address_key(row.text)} for row in rows])
        last = rows[-1].id


def downgrade() -> None:
    op.drop_index("ix_address_key", "address")
    op.drop_column("address", "key")
    op.drop_index("uq_account_name_living", "account")
    op.drop_index("ix_account_name", "account")
    op.drop_column("account", "twin")
