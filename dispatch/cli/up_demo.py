"""The preparations of `dispatch up --demo`: a home of its own, with users and some days of history."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import timedelta
from typing import IO

from pwdlib import PasswordHash

from dispatch.cli.context import Desk, now, open_desk
from dispatch.cli.demo_home import enter_demo_home
from dispatch.cli.output import note
from dispatch.demo import __main__ as demo
from dispatch.demo.users import DemoUser, add_colleagues, add_demo_users
from dispatch.domain.title import Wording
from dispatch.errors import MissingPart
from dispatch.runtime.child_process import die_with_parent
from dispatch.runtime.reservation import empty, reserve

HOME, MARK = "up-demo", "made-up"
"""The folder in the home that is set, and the file in it that says that its data is complete."""

PEOPLE = {demo.NAME: [sys.executable, "-m", demo.__name__]}
"""The processes that run beside everything else."""

LONG_AGO = timedelta(days=4)
"""Before the first of the made-up days."""


def demo_desk() -> tuple[Desk, list[DemoUser], IO[str]]:
    """The demonstration's own desk, its data made up if there is none yet, who may sign in, and the
    home's lock.

    Raises AlreadyRunning; MissingPart when a port is taken; BadSettings when it would get into somebody else's database
    or broker.
    """
    settings = enter_demo_home(HOME)
    home, lock = settings.root, reserve(settings)
    mark = home / MARK
    if mark.exists():
        note(f"沿用演示数据；要重新开始，删除 {home}", f"goes on with its data; to begin anew, remove {home}")
        desk = open_desk(may_create=True)
    else:
        empty(home)  # only now that no other demonstration can be in it
        desk = open_desk(may_create=True)
        add_colleagues(desk.database, PasswordHash.recommended(), now() - LONG_AGO)
    visitors = add_demo_users(desk.database, PasswordHash.recommended(), now() if mark.exists() else now() - LONG_AGO)
    if not mark.exists():
        note("生成最近三天的演示数据，约一分钟 …", "making up the last three days, about a minute …")
        _make_up(desk)
        mark.touch()
    return desk, visitors, lock


def _make_up(desk: Desk) -> None:
    """By a process of its own: it is a worker, whose clock is told the time. Raises MissingPart."""
    desk.database.dispose()  # nobody else is in it meanwhile
    environment = {**os.environ, "DISPATCH_BROKER_URL": "memory://"}
    command = [sys.executable, "-m", "workers.demo_history"]
    if subprocess.run(command, env=environment, preexec_fn=die_with_parent, check=False).returncode != 0:
        raise MissingPart(
            part=Wording("演示数据", "the demonstration's data"),
            remedy=Wording("没能生成，原因见上", "it could not be made up: see above"),
        )
