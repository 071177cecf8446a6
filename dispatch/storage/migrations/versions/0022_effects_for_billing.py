"""Effects go to the billing system too. A process of the release before leaves them to processes of this one: it fails on
an effect for a port that it doesn't know, and the effect is sent again."""

from alembic import op

from dispatch.storage.redeclaration import redeclare

revision = "0022"
down_revision = "0021"

_BEFORE = "port IN ('provisioning', 'sms', 'printing')"
_AFTER = "port IN ('provisioning', 'sms', 'printing', 'billing')"


def upgrade() -> None:
    _know(_BEFORE, _AFTER)


def downgrade() -> None:
    op.execute("DELETE FROM effect WHERE port = 'billing'")
    _know(_AFTER, _BEFORE)


def _know(before: str, after: str) -> None:
    tx = op.get_bind()
    if tx.dialect.name == "sqlite":
        redeclare(tx, before, after, only=["effect"])
        return
    op.drop_constraint(op.f("ck_effect_port_known"), "effect")
    op.create_check_constraint(op.f("ck_effect_port_known"), "effect", after)
