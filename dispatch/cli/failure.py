"""Failures of commands: a sentence for a person, a JSON document for a program, the same exit status."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Mapping
from typing import Any

import typer

from dispatch import errors
from dispatch.cli import usage
from dispatch.cli.language import language, text
from dispatch.domain.system_faults import is_full, system_fault
from dispatch.domain.title import Wording, same
from dispatch.errors import BadSettings, DiskFull, DispatchError, MissingPart, NoAccess

EXIT: Mapping[type[DispatchError], int] = {
    errors.NotFound: 4,
    errors.UnknownAccount: 4,
    errors.NotAllowed: 5,
    errors.NotYours: 5,
    errors.Refusal: 3,
    errors.DuplicateFault: 3,
    errors.ComplaintsNotTaken: 3,
    errors.DuplicateComplaint: 3,
    errors.NothingToCompensate: 3,
    errors.CompensatedBefore: 3,
    errors.IllegalMove: 3,
    errors.AlreadyClaimed: 3,
    errors.NobodyAsked: 3,
    errors.EvidenceUnmet: 3,
    errors.UnknownUser: 4,
    errors.UnfitUser: 3,
    errors.WorkUndecided: 3,
    errors.NotPassable: 3,
    errors.UrgedEnough: 3,
    errors.SurveyOver: 3,
    errors.AlreadyRunning: 1,
    errors.NotRunning: 1,
    errors.RunUnderWay: 1,
    errors.MissingPart: 1,
    errors.WrongKeys: 1,
    errors.ClockWrong: 1,
    errors.DiskFull: 1,
    errors.RotationUnderWay: 3,
    errors.NoNewKey: 1,
    errors.KeyInUse: 3,
    errors.BackupFailed: 1,
    errors.WouldOverwrite: 3,
    errors.SchemaOutdated: 1,
    errors.DatabaseOlder: 1,
    errors.DatabaseBusy: 1,
    errors.DatabaseUnavailable: 1,
    errors.DatabaseTooOld: 1,
    errors.BadSettings: 1,
    errors.BadFile: 1,
}
"""Exit statuses that scripts can use, of an error or the nearest of its kind. 2: bad input; 3: refused, or the case's
state doesn't allow it; 4: no such thing; 5: not yours to do; 1: the installation or a file is at fault."""


def tell(wrong: DispatchError, as_json: bool = False) -> int:
    """Tell an error, and return the exit status. For people the faults of a file are lines on standard output; programs
    get one document on standard error, so that standard output holds results alone."""
    if as_json:
        faults = wrong.lines_in(language()) if isinstance(wrong, errors.BadFile) else None
        _document(wrong.code, wrong.sentence(language()), faults=faults)
    elif isinstance(wrong, errors.BadFile):
        for line in wrong.lines_in(language()):
            typer.echo(line)
    else:
        typer.secho(f"{text('错误', 'Error')} {wrong.code}: ", fg="red", bold=True, nl=False, err=True)
        typer.echo(wrong.sentence(language()), err=True)
    return status(wrong)


def status(wrong: DispatchError) -> int:
    return next((EXIT[kind] for kind in type(wrong).__mro__ if kind in EXIT), usage.STATUS)


def tell_usage(wrong: Any, as_json: bool = False) -> int:
    """A wrong command line."""
    if as_json:
        _document(usage.CODE, usage.message(wrong))
    else:
        usage.tell(wrong)
    return usage.STATUS


def known(wrong: Exception) -> DispatchError | None:
    """Return our error for a library's; None when that is a mistake in the program."""
    if isinstance(wrong, OSError):
        return _of_system(wrong)
    if "sqlalchemy.exc" not in sys.modules:  # only a command that uses the database has imported it
        return None
    from sqlalchemy.exc import ArgumentError

    if isinstance(wrong, ArgumentError):
        return BadSettings(
            Wording("DISPATCH_DATABASE_URL: 不是数据库地址", "DISPATCH_DATABASE_URL: that is no database URL")
        )
    return _of_database(wrong)


def _of_database(wrong: Exception) -> DispatchError | None:
    from dispatch.storage.database_faults import AWAY, NO_FILE, READ_ONLY, database_fault

    fault, original = database_fault(wrong), getattr(wrong, "orig", None)
    reason = str(original).partition("\n")[0]  # its other lines may quote rows
    if fault is AWAY:
        remedy = Wording(f"{reason}；{fault.remedy.zh}", f"{reason}; {fault.remedy.en}")
        return MissingPart(part=Wording("数据库", "the database"), remedy=remedy)
    if fault in (NO_FILE, READ_ONLY) and hasattr(original, "sqlite_errorcode"):
        return _of_sqlite(reason)
    return None if fault is None else fault.error()


def _of_system(wrong: OSError) -> DispatchError | None:
    if is_full(wrong):
        # a copy names its source first; a write to standard output names none
        written = wrong.filename2 or wrong.filename
        return DiskFull(where=written or Wording("要写入", "the output"))
    return None if wrong.filename is None else _of_file(wrong)


def _of_file(wrong: OSError) -> MissingPart:
    why, name = system_fault(wrong), wrong.filename
    remedy = Wording(f"{why.zh}；请检查路径和权限", f"{why.en}; check the path and its permissions")
    if wrong.errno != errno.ENOENT:
        return NoAccess(part=name, remedy=remedy)
    folder = os.path.dirname(name) if isinstance(name, str) else ""
    if folder and not os.path.isdir(folder):
        return MissingPart(part=Wording(f"目录 {folder}", f"the folder {folder}"), remedy=remedy)
    return MissingPart(part=name, remedy=remedy)


def _of_sqlite(reason: str) -> MissingPart:
    """The fault of a database file, with the file; SQLite itself tells neither the file nor missing permissions."""
    from sqlalchemy import make_url

    from dispatch.settings import load_settings

    file = make_url(load_settings().database).database or ""
    needed = [path for path in (file, os.path.dirname(file)) if os.path.exists(path)]
    why = same(reason)
    if not all(os.access(path, os.R_OK | os.W_OK) for path in needed):
        why = system_fault(PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    remedy = Wording(
        f"{why.zh}；请检查该文件及其目录的权限", f"{why.en}; check the permissions of the file and of its folder"
    )
    return NoAccess(part=file, remedy=remedy)


def warn_of_old_options() -> None:
    typer.echo(
        text(
            "提示：--json FILE 和 --json-out 是旧写法，请改用 --from FILE 和 --json",
            "Note: --json FILE and --json-out are the old form; write --from FILE and --json",
        ),
        err=True,
    )


def _document(code: str, sentence: str, **more: Any) -> None:
    told = {"code": code, "message": sentence, **{key: value for key, value in more.items() if value}}
    typer.echo(json.dumps({"error": told}, ensure_ascii=False), err=True)
