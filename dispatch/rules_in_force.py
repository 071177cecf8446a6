"""The rulebook in force: the rules file's while that is valid, else the last valid one, and the refusal is shown.

Teams change at a start only: a running process refuses a good file with a new team that no process serves, or without
a team that some process serves or that live hops need. It takes the file up by itself once the reason is over.

Every version that was ever in force stays in the database, so that an old decision is explained by its own version.
"""

from __future__ import annotations

import contextlib
import math
import time
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from dispatch.domain.title import Wording
from dispatch.errors import BadRules, NotFound
from dispatch.routing.faults import read_text
from dispatch.routing.parsed_files import parse_cached
from dispatch.routing.rulebook import Rulebook
from dispatch.runtime.logs import Log
from dispatch.storage import rulebooks
from dispatch.storage.database import PATIENCE_SECONDS, PROBE_PATIENCE_SECONDS, Database, Tx
from dispatch.storage.database_faults import database_fault

log = Log()

LOOK_SECONDS = 5.0
"""Interval at which a process looks again at a good file that can't be in force yet."""


class RulesInForce:
    """The rulebook in force for one process. It notices a changed file and reads it again."""

    def __init__(self, file: Path, database: Database, kept: Path | None = None, *, starting: bool = False) -> None:
        """`kept` is a folder for the cache of parsed files, which spares other processes the parsing.

        `starting`: the whole installation is about to start here, so teams may change.
        """
        self.file = file
        self.database = database
        self.kept = kept
        self.starting = starting
        self.refused: BadRules | None = None  # why the present file is not in force; None: it is
        self.waiting: Rulebook | None = None  # a good file that can't be in force yet
        self._stamp: tuple[int, int] | None = None
        self._look_again = math.inf  # at this time of the monotonic clock
        self._not_before = -math.inf  # when the database is asked again to take a changed file up
        self._rulebook: Rulebook | None = None
        self._read: tuple[tuple[int, int] | None, Rulebook] | None = None  # a good file's stamp and rules
        self._versions: dict[str, Rulebook] = {}
        self._unreadable: dict[str, BadRules] = {}

    def get(self) -> Rulebook:
        """The rulebook in force. Raises BadRules when the file is bad and no good version can be read.

        A database that takes no changes now gets a changed file later; what is in force is read meanwhile. Raises
        SQLAlchemy's errors when it can't be read either and this process has no rulebook yet.
        """
        stamp, now = self._file_stamp(), time.monotonic()
        try:
            if self._rulebook is None or (stamp != self._stamp and now >= self._not_before):
                self._rulebook = self._take_up()
                self._stamp = stamp
            elif self.waiting is not None and now >= self._look_again:
                self._rulebook = self._take_up_waiting(self.waiting)
        except SQLAlchemyError as refusing:
            if (fault := database_fault(refusing)) is None:
                raise
            log.warning("the database takes up no rules now", fault=fault.name)
            self._not_before = time.monotonic() + LOOK_SECONDS
            self._rulebook = self._rulebook or self._latest()
            if self._rulebook is None:
                raise
        return self._rulebook

    def _latest(self) -> Rulebook | None:
        """The rulebook that the database knows as in force; None in a new one."""
        with self.database.read() as tx:
            version = rulebooks.latest(tx)
            return None if version is None else self.version_in(tx, version)

    @property
    def _patience(self) -> float:
        """Seconds for which a change of the rules waits its turn: a running process has others who wait for this."""
        return PATIENCE_SECONDS if self._rulebook is None else PROBE_PATIENCE_SECONDS

    def _file_stamp(self) -> tuple[int, int] | None:
        with contextlib.suppress(OSError):
            stat = self.file.stat()
            return stat.st_mtime_ns, stat.st_size
        return None

    def _take_up(self) -> Rulebook:
        self.waiting = None
        try:
            new = self._load()
            refused = self._put_in_force(new)
            if refused is None:
                return new
            self.waiting, self._look_again = new, time.monotonic() + LOOK_SECONDS
        except BadRules as faulty:
            refused = faulty
        return self._stay(refused)

    def _take_up_waiting(self, new: Rulebook) -> Rulebook:
        """Look again whether a good file that was refused can be in force now; the reason may be over."""
        assert self._rulebook is not None
        self._look_again = time.monotonic() + LOOK_SECONDS
        refused = self._put_in_force(new)
        if refused is None:
            self.waiting = None
            return new
        self.refused = refused
        return self._rulebook

    def _put_in_force(self, new: Rulebook) -> BadRules | None:
        """Put a good file in force, or return why it can't be."""
        now = datetime.now(UTC)
        with self.database.read() as tx:
            latest = rulebooks.latest(tx)
            if latest != new.version and (why := self._obstacles(tx, new, latest, now)):
                return BadRules(file=str(self.file), faults=[each.at(f"{self.file}:1:1") for each in why])
        if latest != new.version:
            with self.database.write(self._patience) as tx:
                rulebooks.put_in_force(tx, new, now)
            log.info("rules taken up", version=new.version)
        self.refused = None
        return None

    def _obstacles(self, tx: Tx, new: Rulebook, latest: str | None, now: datetime) -> list[Wording]:
        old = None
        if latest is not None:
            with contextlib.suppress(BadRules):  # a later release put in force a text that this one can't read
                old = self.version_in(tx, latest)
        return rulebooks.obstacles(tx, new, old or self._rulebook, now, starting=self.starting)

    def _stay(self, refused: BadRules) -> Rulebook:
        """The last good rulebook, after the refusal was noted. Raises `refused` when there is none."""
        self.refused = refused
        with self.database.write(self._patience) as tx:
            rulebooks.note_refused(tx, refused, datetime.now(UTC))
            version = rulebooks.latest(tx)
        log.error(
            "rules refused, the last good ones stay in force",
            faults=len(refused.lines),
            first=refused.lines[0],
            in_force=version,
        )
        if version is None:
            raise refused
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
        """The file's rulebook. Raises BadRules.

        Parsing takes a second on a slow machine, and the same file may have to be offered to the database repeatedly.
        """
        stamp = self._file_stamp()
        if self._read is None or stamp is None or self._read[0] != stamp:
            self._read = stamp, self._parsed(read_text(self.file), str(self.file))
        return self._read[1]

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
        if version in self._unreadable:
            raise self._unreadable[version]
        if version not in self._versions:
            text = rulebooks.text_of_version(tx, version)
            if text is None:
                raise NotFound(what=Wording("规则版本", "rules of version"), which=version)
            try:
                self._versions[version] = self._parsed(text, f"rules {version}")
            except BadRules as unreadable:
                self._unreadable[version] = unreadable
                raise
        return self._versions[version]

    def words_of(self, tx: Tx, version: str) -> Rulebook:
        """A version for its words; the rules in force where an earlier release took a version that this one can't read.

        Raises NotFound.
        """
        try:
            return self.version_in(tx, version)
        except BadRules:
            return self._rulebook or self.get()
