"""The keys of a process that runs for long: it learns of a new key from the key file, without a restart."""

from __future__ import annotations

import contextlib

from dispatch.errors import DispatchError
from dispatch.runtime.logs import Log
from dispatch.settings import Settings
from dispatch.storage import key_source
from dispatch.storage.database import Database
from dispatch.storage.field_cipher import FieldCipher
from dispatch.storage.open_keys import open_cipher

log = Log()


class KeysInForce:
    """The cipher with the keys of the file or the settings. Keys that aren't the database's are refused, and the last
    good ones stay in force."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        self._stamp: tuple[int, ...] | None = None
        self._cipher: FieldCipher | None = None

    def get(self) -> FieldCipher:
        """The cipher. Raises BadSettings, MissingPart, KeysMissing, WrongKeys when there never was a good one."""
        stamp = self._file_stamp()
        if self._cipher is None or stamp != self._stamp:
            try:
                self._cipher = open_cipher(self.settings, self.database)
            except DispatchError as refused:
                if self._cipher is None:
                    raise
                log.error("keys refused, the last good ones stay in force", error=refused.code)
            self._stamp = stamp or self._file_stamp()  # the file may just have been made
        return self._cipher

    def known(self) -> list[str] | None:
        """The ids of the keys that this process has; None when it has none."""
        try:
            if key_source.find(self.settings) is None:
                return None
            return sorted(self.get().fingerprints())
        except DispatchError as wrong:
            log.error("keys can't be used", error=wrong.code)
            return None

    def _file_stamp(self) -> tuple[int, ...] | None:
        with contextlib.suppress(OSError):
            stat = key_source.key_file(self.settings).stat()
            return stat.st_mtime_ns, stat.st_size, stat.st_ino
        return None
