"""`python -m workers.broker_check`: the facts about the broker that `dispatch doctor` asks for, as one line of JSON.

`dispatch` imports no broker client, so it runs this module. The module doesn't import the app, because whatever the
app needs may be what is broken.
"""

from __future__ import annotations

import json
import time
from typing import Any

from celery import Celery
from kombu import Connection

from dispatch.settings import Settings, load_settings
from workers.broker import transport_options

WAIT_SECONDS = 3.0
"""Time in which workers must answer which queues they serve."""


def examine(settings: Settings) -> dict[str, Any]:
    """Examine the broker and return `reached`; the other keys exist only when it is reached.

    `kind`; `version`, `policy` and `append_only`, None where they can't be read; `clock`: seconds by which the broker's
    clock is ahead, or None; `served`: the workers of each queue that has any.
    """
    assert settings.broker_url is not None
    app = Celery("doctor", broker=settings.broker_url.get_secret_value(), set_as_current=False)
    app.conf.update(broker_transport_options=transport_options(settings), accept_content=["json"])
    with app.connection_for_read() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=4)
        except Exception as away:  # whatever the transport raises; its text may hold the URL
            return {"reached": False, "failure": type(away).__name__}
        redis = connection.transport.driver_type == "redis"
        asked = _of_redis(connection) if redis else _of_rabbitmq(connection)
        return {"reached": True, **asked, "served": _served(app)}


def _of_redis(connection: Connection) -> dict[str, Any]:
    client = connection.default_channel.client
    found: dict[str, Any] = {"kind": "redis", "version": None, "policy": None, "append_only": None, "clock": None}
    found["version"] = _asked(lambda: client.info("server").get("redis_version"))
    found["policy"] = _asked(lambda: client.config_get("maxmemory-policy")["maxmemory-policy"])
    found["append_only"] = _asked(lambda: client.config_get("appendonly")["appendonly"] == "yes")
    found["clock"] = _asked(lambda: _ahead(client.time()))
    return found


def _asked(question: Any) -> Any:
    """Return the answer, or None when the broker's user may not ask or a hosted broker doesn't answer."""
    try:
        return question()
    except Exception:
        return None


def _ahead(told: tuple[int, int]) -> float:
    return told[0] + told[1] / 1e6 - time.time()


def _of_rabbitmq(connection: Connection) -> dict[str, Any]:
    told = getattr(connection.connection, "server_properties", {})
    return {"kind": "rabbitmq", "version": told.get("version"), "policy": None, "append_only": None, "clock": None}


def _served(app: Celery) -> dict[str, list[str]]:
    answers = app.control.inspect(timeout=WAIT_SECONDS).active_queues() or {}
    served: dict[str, list[str]] = {}
    for worker, queues in sorted(answers.items()):
        for queue in queues:
            served.setdefault(queue["name"], []).append(worker)
    return served


if __name__ == "__main__":
    print(json.dumps(examine(load_settings())))
