"""Flower's own settings, read by `flower --conf`: each name in this module that is one of Flower's options sets it.

Flower shows teams, steps, ticket numbers and ids, and it can stop workers. Without a password only this machine may
reach it.
"""

from __future__ import annotations

import re
from typing import Any

from dispatch.domain.title import Wording
from dispatch.errors import BadSettings
from dispatch.settings import LOOPBACK, load_settings

_MOST_SHOWN = 6
_settings = load_settings()

if _settings.flower_address not in LOOPBACK and _settings.flower_password is None:
    raise BadSettings(
        Wording(
            "DISPATCH_FLOWER_PASSWORD: 本机以外也能访问 Flower，须设密码",
            "DISPATCH_FLOWER_PASSWORD: others than this machine reach Flower, so it needs one",
        )
    )

address = _settings.flower_address
port = _settings.flower_port
basic_auth = [f"paidan:{_settings.flower_password.get_secret_value()}"] if _settings.flower_password else []

# Flower's view survives a restart. It is never authoritative: the database is.
persistent = True
db = str(_settings.root / "flower")
state_save_interval = 60_000
max_tasks = 20_000
purge_offline_workers = 86_400  # s: people look here for a worker that is gone, so it stays listed for a day

tasks_columns = "name,args,state,received,runtime,worker"  # the name links to a task's other fields


def format_task(task: Any) -> Any:
    """Shorten `(3 hops: F00000041 …)` for people; Flower's search still covers the numbers left out."""
    shown = re.fullmatch(r"\((.+): (.+)\)", task.args or "")
    if shown:
        what, numbers = shown.group(1), shown.group(2).split()
        more = f" … +{len(numbers) - _MOST_SHOWN}" if len(numbers) > _MOST_SHOWN else ""
        task.args = f"{what} · {' '.join(numbers[:_MOST_SHOWN])}{more}"
    return task
