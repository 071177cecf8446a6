"""The rulebook in force: the rules file's while that is valid, else the last valid one, and the refusal is shown.

Every version that was ever in force stays in the database, so that an old decision is explained by its own version.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from pathlib import Path

from dispatch.domain.title import Wording
from dispatch.errors import BadRules, NotFound
from dispatch.routing.faults import read_text
from dispatch.routing.parsed_files import parse_cached
from dispatch.routing.rulebook import Rulebook
from dispatch.runtime.logs import Log
from dispatch.storage import rulebooks
from dispatch.storage.database import Database, Tx

log = Log()


class RulesInForce:
    """The rulebook in force for one process. It notices a changed file and reads it again."""

    def __init__(self, file: Path, database: Database, kept: Path | None = None) -> None:
        """`kept` is a folder for the cache of parsed files, which spares other processes the parsing."""
        self.file = file
        self.database = database
        self.kept = kept
        self.refused: BadRules | None = None  # why the present file is not in force; None: it is
        self._stamp: tuple[int, int] | None = None
        self._rulebook: Rulebook | None = None
        self._versions: dict[str, Rulebook] = {}

    def get(self) -> Rulebook:
        """The rulebook in force. Raises BadRules when the file is bad and no good version can be read."""
        stamp = self._file_stamp()
        if self._rulebook is None or stamp != self._stamp:
            self._rulebook = self._take_up()
            self._stamp = stamp
        return self._rulebook

    def _file_stamp(self) -> tuple[int, int] | None:
        with contextlib.suppress(OSError):
            stat = self.file.stat()
            return stat.st_mtime_ns, stat.st_size
        return None

    def _take_up(self) -> Rulebook:
        now = datetime.now(UTC)
        try:
            new = self._load()
            with self.database.read() as tx:
                latest = rulebooks.latest(tx)
                _require_teams_at_work(tx, new, str(self.file))
            if latest != new.version:
                with self.database.write() as tx:
                    rulebooks.put_in_force(tx, new, now)
                log.info("rules taken up", version=new.version)
            self.refused = None
            return new
        except BadRules as refused:
            self.refused = refused
            with self.database.write() as tx:
                rulebooks.note_refused(tx, refused, now)
                version = rulebooks.latest(tx)
            log.error("rules refused, the last good ones stay in force", faults=len(refused.lines), in_force=version)
            if version is None:
                raise
            if self._rulebook is not None and self._rulebook.version == version:
                return self._rulebook
            try:
                return self.version(version)
            except BadRules as unreadable:  # a later release put in force a text that this one can't read
                log.error("rules in force unreadable", version=version, faults=len(unreadable.lines))
                if self._rulebook is None:
                    raise refused from None
                return self._rulebook

    def _load(self) -> Rulebook:
        """The file's rulebook. Raises BadRules."""
        name = str(self.file)
        return self._parsed(read_text(self.file), name)

    def _parsed(self, text: str, name: str) -> Rulebook:
        """The rulebook of a text. Raises BadRules."""

        def parse() -> Rulebook:
            # imported here: parsing takes pydantic and a YAML parser, reading the parsed file takes neither
            from dispatch.routing import loader

            return loader.parse(text, name)

        return parse() if self.kept is None else parse_cached(self.kept, Rulebook, text, parse)

    def version(self, version: str) -> Rulebook:
        """A rulebook that is or was in force. Raises NotFound."""
        with self.database.read() as tx:
            return self.version_in(tx, version)

    def version_in(self, tx: Tx, version: str) -> Rulebook:
        """`version` in an open transaction. A version is read once and then kept in memory, since it never changes."""
        if version not in self._versions:
            text = rulebooks.text_of_version(tx, version)
            if text is None:
                raise NotFound(what=Wording("规则版本", "rules of version"), which=version)
            self._versions[version] = self._parsed(text, f"rules {version}")
        return self._versions[version]


def _require_teams_at_work(tx: Tx, new: Rulebook, file: str) -> None:
    """Raises BadRules when the new rules drop a team that has open hops: nobody could end those any more."""
    dropped = sorted(rulebooks.teams_at_work(tx) - set(new.teams))
    if dropped:
        raise BadRules(
            file=file,
            faults=[
                Wording(
                    f"班组“{team}”还有未办结的环节，不能去掉", f"team '{team}' still has open hops and can't be dropped"
                ).at(f"{file}:1:1")
                for team in dropped
            ],
        )
