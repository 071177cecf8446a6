"""`python -m workers.broker_check`: the facts about the broker that `dispatch doctor` asks for, as one line of JSON.

With `--reach` it only tells whether the broker can be used, for `dispatch up`.

`dispatch` imports no broker client, so it runs this module. The module doesn't import the app, because whatever the
app needs may be what is broken.
"""

from __future__ import annotations

import json
import os
import socket
import ssl
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import amqp.exceptions
import redis.exceptions
from celery import Celery
from kombu import Connection
from redis.sentinel import MasterNotFoundError

from dispatch.defaults import environment
from dispatch.domain.language import from_environment
from dispatch.domain.server_urls import without_password
from dispatch.domain.system_faults import system_fault
from dispatch.domain.title import Wording, same
from dispatch.errors import BrokerAway
from dispatch.settings import Settings, load_settings
from workers.broker import transport_options

WAIT_SECONDS = 3.0
"""Time in which workers must answer which queues they serve."""
REACH_SECONDS = 4.0
"""Time in which the broker must take a connection."""


def end_without_broker(settings: Settings) -> None:
    """End a process that starts by itself, at once and with a word, when its broker can't be used. Raises SystemExit.

    Under `dispatch up`, which has asked already, the process waits for a broker that went away meanwhile.
    """
    if "SUPERVISED_AS" in os.environ or settings.broker_url is None:
        return
    if why := why_unreachable(settings):
        away = BrokerAway(broker=without_password(settings.broker_url.get_secret_value()), why=why)
        raise SystemExit(away.sentence(from_environment(environment())))


def why_unreachable(settings: Settings) -> Wording | None:
    """Connect once. Return what is in the way, None when the broker took the connection within REACH_SECONDS."""
    found: list[Wording | None] = []
    asking = threading.Thread(target=lambda: found.append(_connect(settings)), daemon=True, name="asking the broker")
    asking.start()
    asking.join(REACH_SECONDS)
    if found:
        return found[0]
    return Wording(f"{REACH_SECONDS:.0f}秒内没有应答", f"no answer within {REACH_SECONDS:.0f} s")


def _connect(settings: Settings) -> Wording | None:
    assert settings.broker_url is not None
    options = transport_options(settings)
    with Connection(settings.broker_url.get_secret_value(), transport_options=options) as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=REACH_SECONDS)
        except Exception as away:  # whatever the transport raises
            return _reason(away)
    return None


def _reason(away: BaseException) -> Wording:
    """Say what is in the way. The errors' own texts are told only where they can't hold the URL."""
    chain = list(_causes(away))
    for each in chain:
        match each:
            case redis.exceptions.AuthenticationError() | amqp.exceptions.AccessRefused():
                return Wording("用户名或密码不对", "it refuses the user's name or the password")
            case MasterNotFoundError():
                return Wording(
                    "没有 Sentinel 知道 DISPATCH_BROKER_MASTER 所写的主节点，或 Sentinel 连不上、密码不对",
                    "no Sentinel names the master of DISPATCH_BROKER_MASTER, or none can be reached with its password",
                )
            case ssl.SSLCertVerificationError():
                why = each.verify_message.rstrip(".")
                return Wording(f"证书未通过验证（{why}）", f"its certificate: {why}")
            case socket.gaierror():
                return Wording("没有这个主机名", "there is no host of that name")
            case ssl.SSLError():
                return Wording("TLS 握手失败，该端口是否使用 TLS？", "no TLS there; is it the port for TLS?")
    for each in reversed(chain):
        if isinstance(each, TimeoutError | redis.exceptions.TimeoutError):
            return Wording("没有应答", "no answer")
        if isinstance(each, OSError) and each.errno:
            return system_fault(each)
        if isinstance(each, OSError):
            return Wording("对方断开了连接", "the other side closes the connection")
    return same(type(chain[-1]).__name__)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def examine(settings: Settings) -> dict[str, Any]:
    """Examine the broker and return `reached` and `broker`, its URL without the password.

    Where it is out of reach, `failure` says why in both languages. Else: `kind`; `version`, `policy` and `append_only`,
    None where they can't be read; `clock`: seconds by which the broker's clock is ahead, or None; `served`: the workers
    of each queue that has any.
    """
    if failure := reach(settings):
        return failure
    assert settings.broker_url is not None
    app = Celery("doctor", broker=settings.broker_url.get_secret_value(), set_as_current=False)
    app.conf.update(broker_transport_options=transport_options(settings), accept_content=["json"])
    with app.connection_for_read() as connection:
        try:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=REACH_SECONDS)
        except Exception as away:  # it went away between two questions
            return _away(settings, _reason(away))
        of_redis = connection.transport.driver_type == "redis"
        asked = _of_redis(connection) if of_redis else _of_rabbitmq(connection)
        return {"reached": True, **asked, "served": _served(app)}


def reach(settings: Settings) -> dict[str, Any] | None:
    """Return the answer of `examine` for a broker out of reach; None when it is in reach."""
    why = why_unreachable(settings)
    return _away(settings, why) if why else None


def _away(settings: Settings, why: Wording) -> dict[str, Any]:
    assert settings.broker_url is not None
    broker = without_password(settings.broker_url.get_secret_value())
    return {"reached": False, "broker": broker, "failure": [why.zh, why.en]}


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


def main() -> None:
    settings = load_settings()
    told = (reach(settings) or {"reached": True}) if "--reach" in sys.argv else examine(settings)
    print(json.dumps(told))
    sys.stdout.flush()
    os._exit(0)  # a thread that still waits for the broker keeps nobody waiting


if __name__ == "__main__":
    main()
