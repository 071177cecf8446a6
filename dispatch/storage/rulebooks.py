"""The versions of the rules that were ever in force, and what was refused: rows in, rows out."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql, sqlite

from dispatch.errors import BadRules
from dispatch.routing.rulebook import Rulebook
from dispatch.storage.database import Tx
from dispatch.storage.tables.tickets import rulebook, rules_refused


def latest(tx: Tx) -> str | None:
    return tx.execute(select(rulebook.c.version).order_by(rulebook.c.in_force_from.desc()).limit(1)).scalar()


def put_in_force(tx: Tx, new: Rulebook, now: datetime) -> None:
    """Also an earlier version that came back, and one that another process takes up at this moment."""
    dialect = postgresql if tx.dialect.name == "postgresql" else sqlite
    row = dialect.insert(rulebook).values(version=new.version, text=new.text, in_force_from=now)
    tx.execute(row.on_conflict_do_update(index_elements=[rulebook.c.version], set_={"in_force_from": now}))


def note_refused(tx: Tx, refused: BadRules, now: datetime) -> None:
    """Once for each different set of faults, however many processes see them."""
    faults = "\n".join(refused.lines)
    last = tx.execute(select(rules_refused.c.faults).order_by(rules_refused.c.id.desc()).limit(1)).scalar()
    if last != faults:
        tx.execute(insert(rules_refused).values(at=now, faults=faults))
