"""Threads that repeat a call while something else is measured."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

STOP_SECONDS = 20
"""Seconds to wait for a call under way to end."""


@contextmanager
def repeated(call: Callable[[], None], *, threads: int, pause: float) -> Iterator[None]:
    """Let each of `threads` call `call` again and again, `pause` seconds apart, until the block ends.

    Raises the first error of a call; that call's thread ends with it.
    """
    stop = threading.Event()
    raised: list[BaseException] = []

    def work() -> None:
        try:
            while not stop.wait(pause):
                call()
        except BaseException as wrong:
            raised.append(wrong)

    started = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for thread in started:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in started:
            thread.join(STOP_SECONDS)
    if raised:
        raise raised[0]
