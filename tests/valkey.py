"""A broker of its own for one test, on loopback, set up as the test wants it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dispatch.runtime.supervisor import _valkey
from tests.deploy.compose import free_port


@contextmanager
def broker(folder: Path, *options: str) -> Iterator[int]:
    """Its port, as long as the block lasts; nothing is kept."""
    port = free_port()
    words = [_valkey(), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", *options]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)
