"""Users' names as they are compared, one user for each. Where names of the release before can't be told apart, the first
user keeps the name and the others stay without; `dispatch doctor` lists them.

The column is added and may be empty, so that programs of the release before go on working on this schema."""

import sqlalchemy as sa
from alembic import op

from dispatch.domain.user_name import folded

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("user", sa.Column("folded", sa.String(length=240)))
    user = sa.table("user", sa.column("id", sa.Integer), sa.column("name", sa.String), sa.column("folded", sa.String))
    taken = set()
    for user_id, name in op.get_bind().execute(sa.select(user.c.id, user.c.name).order_by(user.c.id)).all():
        if (form := folded(name)) not in taken:
            taken.add(form)
            op.execute(sa.update(user).where(user.c.id == user_id).values(folded=form))
    op.create_index("ix_user_folded", "user", ["folded"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_user_folded", "user")
    op.drop_column("user", "folded")
