"""Questions to the broker. `dispatch` has no broker client, so `workers.broker_check` asks, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from dispatch.domain.server_urls import without_password
from dispatch.domain.title import Wording
from dispatch.errors import BrokerAway
from dispatch.settings import Settings

SECONDS = 30
"""Time limit of the process, which itself waits for a few seconds at most; a busy machine starts it slowly."""


def ask_broker(url: str, *options: str, embedded: bool = False) -> Mapping[str, Any]:
    """Return the answer of `workers.broker_check`, whatever happens to its process. It finds the URL in the settings,
    unless the broker is the embedded one."""
    words = [sys.executable, "-m", "workers.broker_check", *options]
    environment = {**os.environ, **({"DISPATCH_BROKER_URL": url} if embedded else {})}
    away = {"reached": False, "broker": without_password(url)}
    try:
        told = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=SECONDS, check=True)
        answer: dict[str, Any] = json.loads(told.stdout)
    except subprocess.TimeoutExpired:
        return {**away, "failure": [f"{SECONDS}秒内没有应答", f"no answer within {SECONDS} s"]}
    except subprocess.CalledProcessError as broken:
        word = (broken.stderr.strip().splitlines() or ["?"])[-1][:60]
        return {**away, "failure": [word, word]}
    return answer


def require_broker(settings: Settings) -> None:
    """Ask the broker that the settings name, if they name one. Raises BrokerAway when it can't be used."""
    if settings.broker_url is None:
        return
    told = ask_broker(settings.broker_url.get_secret_value(), "--reach")
    if not told["reached"]:
        raise BrokerAway(broker=told["broker"], why=Wording(*told["failure"]))
