"""Processor seconds, user and system, of a whole command: the help, a board, a claim. `make bench-start` runs it."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile

ROUNDS = 9
COMMANDS = (("--help",), ("board", "noc", "--json"), ("board", "noc"), ("tickets",), ("claim", "--help"))


def processor_seconds(arguments: tuple[str, ...], environment: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-m", "dispatch", *arguments]
    subprocess.run(words, env=environment, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "DISPATCH_HOME": home}
        subprocess.run([sys.executable, "-m", "dispatch", "migrate"], env=environment, capture_output=True, check=True)
        for arguments in COMMANDS:
            taken = [processor_seconds(arguments, environment) for _ in range(ROUNDS)]
            told = f"{min(taken):.2f} s, median {statistics.median(taken):.2f} s"
            print(f"dispatch {' '.join(arguments):<20} processor, least of {ROUNDS}: {told}")


if __name__ == "__main__":
    main()
