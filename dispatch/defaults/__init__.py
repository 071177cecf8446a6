"""The operator's files as the package brings them, and the folder from which an installation reads its own.

In a checkout the files here are symbolic links: what an operator edits is at the project's root. Everything may import
this folder; it imports `errors` and the wordings of `domain` alone.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from dispatch.domain.system_faults import system_fault
from dispatch.domain.title import Wording
from dispatch.errors import BadSettings

RULES: Final = "routing_rules.yaml"
PREHANDLING: Final = "prehandling.yaml"
PLANS: Final = "marketing_plans.yaml"
MESSAGES: Final = "messages.yaml"
COMPLAINTS: Final = "complaints.yaml"
MAPPING: Final = "replay_mapping.yaml"
CASES: Final = "routing_cases.yaml"
ADDRESSES: Final = "addresses.csv"
DEVICES: Final = "devices.csv"
SETTINGS: Final = "paidan.env"
"""A folder with this file in it is an operator's folder, as `dispatch init` makes it."""

PACKAGE: Final = Path(__file__).resolve().parent
PROJECT: Final = PACKAGE.parent.parent
"""The parent of `dispatch` and `workers`: the root of a checkout, or the site-packages of an installed wheel."""


def folder() -> Path:
    """The folder of the operator's files, for all of them.

    1. The current folder, when it has a `paidan.env`.
    2. The root of the checkout that this program runs from, which the links here tell.
    3. The package's own files.

    A file that its folder lacks is an error of whoever reads it; no other folder's file takes its place.
    """
    if Path(SETTINGS).exists():
        return Path.cwd()
    return PROJECT if (PACKAGE / RULES).is_symlink() else PACKAGE


def cases() -> Path:
    """The cases of the rules: in a checkout they are among the tests."""
    found = folder()
    return found / "tests" / CASES if found == PROJECT else found / CASES


def team_modules() -> frozenset[str]:
    """The teams that have a worker module, `workers/teams/<team>.py` with underscores for dashes."""
    modules = (PROJECT / "workers/teams").glob("*.py")
    return frozenset(module.stem.replace("_", "-") for module in modules if not module.stem.startswith("_"))


def environment() -> Mapping[str, str]:
    """The process's environment, and beneath it what the current folder's `paidan.env` sets.

    Raises BadSettings, with every fault, when that file can't be read or says something that is no setting.
    """
    file = Path(SETTINGS)
    return {**_read(file), **os.environ} if file.exists() else os.environ


def _read(file: Path) -> dict[str, str]:
    from dotenv.parser import parse_stream  # only where there is such a file: every command asks for the environment

    # Anybody who may write this file chooses the database; in a shared folder that must not be somebody else.
    if file.stat().st_uid not in (0, os.geteuid()):
        strange = Wording(
            "文件属于别的用户：请改为自己所有，或换一个目录",
            "the file belongs to another user: own it yourself, or go elsewhere",
        )
        raise BadSettings(strange.at(str(file.absolute())))
    found, faults = {}, []
    try:
        with file.open(encoding="utf-8") as text:
            for each in parse_stream(text):
                where = f"{SETTINGS}:{each.original.line}"
                if each.error or (each.key is not None and each.value is None):
                    faults.append(Wording("应写作 名称=值", "write it as NAME=value").at(where))
                elif each.key is not None and not each.key.startswith("DISPATCH_"):
                    strange = Wording(
                        f"{each.key} 不是设置；设置都以 DISPATCH_ 开头",
                        f"{each.key} is no setting; settings begin with DISPATCH_",
                    )
                    faults.append(strange.at(where))
                elif each.key is not None:
                    found[each.key] = each.value or ""
    except OSError as wrong:
        faults.append(system_fault(wrong).at(str(file.absolute())))
    except UnicodeDecodeError:
        faults.append(Wording("不是文本文件", "that is no text").at(str(file.absolute())))
    if faults:
        raise BadSettings(*faults)
    return found
