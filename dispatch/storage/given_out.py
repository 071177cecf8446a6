"""已发编号 What an installation has given out: the last ids, in a file of the home beside the database.

The relay writes them down every minute. A database that was put back by hand stands behind them, and would give the
same ids out again: it is refused until `dispatch restore --done` begins a new epoch.

What is written down is of committed rows, and what is compared with it are sequences. A sequence never falls behind a
committed row in a crash, nor on a synchronous standby that takes over: neither is refused.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import URL, make_url

from dispatch.domain.title import Wording
from dispatch.errors import BadSettings, DatabaseOlder
from dispatch.settings import Settings
from dispatch.storage import sequences
from dispatch.storage.database import Database, Tx

FILE = "given-out.json"

_FORM = TypeAdapter(dict[str, dict[str, int]])


def note(settings: Settings, database: Database) -> None:
    """Write down the last ids, which only ever rise. Raises DatabaseOlder, and then writes nothing."""
    with database.read() as tx:
        require_not_older(settings, tx)
        seen = sequences.stored_ids(tx)
    every = _read(settings)
    before = every.get(_name(settings), {})
    every[_name(settings)] = after = {name: max(last, before.get(name, 0)) for name, last in seen.items()}
    if after != before:
        _write(settings.root / FILE, every)


def known(settings: Settings) -> Mapping[str, int]:
    """The last ids that were written down of this database, by sequence; empty when none were. Raises BadSettings."""
    return _read(settings).get(_name(settings), {})


def require_not_older(settings: Settings, tx: Tx) -> None:
    """Raises DatabaseOlder when the database would give ids out again."""
    noted = known(settings)
    if not noted or not _behind(noted, sequences.stored_ids(tx)):
        return
    there = sequences.last_ids(tx, only=noted)  # rows may be gone
    for name in _behind(noted, there):
        raise DatabaseOlder(sequence=name, found=there.get(name, 0), given=noted[name])


def _behind(noted: Mapping[str, int], there: Mapping[str, int]) -> list[str]:
    return [name for name, last in noted.items() if there.get(name, 0) < last]


def _name(settings: Settings) -> str:
    """What the database is called in the file: its address, without user and password."""
    url = make_url(settings.database)
    where = {name: url.query[name] for name in ("host", "port") if name in url.query}
    return URL.create(url.get_backend_name(), None, None, url.host, url.port, url.database, where).render_as_string()


def _read(settings: Settings) -> dict[str, dict[str, int]]:
    file = settings.root / FILE
    try:
        found: dict[str, dict[str, int]] = _FORM.validate_json(file.read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError:
        raise BadSettings(
            Wording(
                f"{file} 已损坏：请确认数据库没有被退回过，再删除该文件",
                f"{file} is damaged: make sure that the database was not put back, then delete it",
            )
        ) from None
    return found


def _write(file: Path, every: Mapping[str, Mapping[str, int]]) -> None:
    """Write the whole file or nothing, also when the machine fails."""
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=f".{FILE}.", delete=False) as part:
        json.dump(every, part)
        part.flush()
        os.fsync(part.fileno())
    Path(part.name).rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
