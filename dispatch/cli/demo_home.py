"""The demonstrations' homes: each has a folder, a database and a broker of its own."""

from __future__ import annotations

import os

from dispatch.domain.title import Wording
from dispatch.errors import BadSettings
from dispatch.settings import Settings, load_settings


def enter_demo_home(name: str) -> Settings:
    """Make the folder `name` in the home that is set this process's home, and return its settings.

    Raises BadSettings when a database or a broker is set: made-up customers must never get among real ones.
    """
    settings = load_settings()
    if settings.database_url is not None or settings.broker_url is not None:
        raise BadSettings(
            Wording(
                "演示用自己的数据库和消息代理：请去掉 DISPATCH_DATABASE_URL 和 DISPATCH_BROKER_URL",
                "a demonstration has its own database and broker: unset DISPATCH_DATABASE_URL and DISPATCH_BROKER_URL",
            )
        )
    os.environ["DISPATCH_QUIET_HOURS"] = "false"  # it is shown at any hour
    os.environ["DISPATCH_HOME"] = str(settings.root / name)
    return load_settings()
