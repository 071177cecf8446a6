"""Flower's own settings, as `--conf` reads them: every name in here that Flower knows as an option is set.

Flower shows teams, steps, numbers of tickets and ids; it can stop workers, so it is nobody's without a password but
this machine's.
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

# What was seen is there again after a restart; a message is a hint, so what Flower knows is one too.
persistent = True
db = str(_settings.root / "flower")
state_save_interval = 60_000
max_tasks = 20_000
purge_offline_workers = 86_400  # a worker that is gone is looked for in here, for a day

tasks_columns = "name,args,state,received,runtime,worker"  # the name leads to the rest


def format_task(task: Any) -> Any:
    """`(3 hops: F00000041 …)` as people read it; a search looks at all the numbers, also at those not shown."""
    shown = re.fullmatch(r"\((.+): (.+)\)", task.args or "")
    if shown:
        what, numbers = shown.group(1), shown.group(2).split()
        more = f" … +{len(numbers) - _MOST_SHOWN}" if len(numbers) > _MOST_SHOWN else ""
        task.args = f"{what} · {' '.join(numbers[:_MOST_SHOWN])}{more}"
    return task
