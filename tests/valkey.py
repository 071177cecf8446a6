"""A broker for one test, on loopback, configured as the test wants it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dispatch.runtime.reservation import broker_program
from tests.deploy.compose import free_port


@contextmanager
def broker(folder: Path, *options: str) -> Iterator[int]:
    """Run the broker while the block does; give its port. Nothing is persisted."""
    port = free_port()
    words = [broker_program(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", *options]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)
