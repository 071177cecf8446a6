"""A small disk of its own, to be filled. Only root may mount one; in CI root must have it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def small_disk(place: Path, size: int) -> Iterator[Path]:
    """Mount a disk of `size` bytes at a new folder. Where that isn't allowed, the test is skipped."""
    place.mkdir()
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    words = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(place)]
    mounted = subprocess.run(words, capture_output=True, text=True, check=False)
    if mounted.returncode:
        assert not os.environ.get("CI"), mounted.stderr
        pytest.skip(f"no small disk can be mounted: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Write a file that leaves no byte free; removing it makes room again."""
    file = disk / "filling"
    for block in (1 << 16, 4096, 1):
        with file.open("ab", buffering=0) as filling:
            try:
                while filling.write(bytes(block)):
                    pass
            except OSError:
                continue
    return file
