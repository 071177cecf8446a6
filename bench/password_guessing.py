"""Speed of the web for its users while strangers guess passwords: `python bench/password_guessing.py [GUESSES]`.

A web process of its own hashes passwords as in service. Eight guessers try one password after another, at the names of
people at work, from one address. Meanwhile a colleague reads a board and signs in at their known device. Every guess
must be refused and logged.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent.parent))

import httpx2
from pwdlib import PasswordHash

from dispatch.access import sessions, users
from dispatch.access.passwords import kept_password
from dispatch.defaults import PROJECT
from dispatch.domain.roles import Grant, Role
from dispatch.storage.database import Database
from dispatch.storage.migration import migrate
from tests.users import CONSOLE

GUESSES, GUESSERS, QUIET = 10_000, 8, 300
PASSWORD = "Kx7-mountain-river"  # noqa: S105 — made up
SIGN_IN = "/api/v1/session"
BOARD = "/api/v1/teams/noc/board"


def peopled(home: Path) -> str:
    """Make a database with twenty people; return a token of one of them."""
    database = Database(f"sqlite:///{home / 'paidan.db'}")
    migrate(database)
    now = datetime.now(UTC)
    with database.write() as tx:
        for number in range(20):
            kept = kept_password(PasswordHash.recommended(), PASSWORD, f"person{number}")
            users.add(tx, f"person{number}", kept, [Grant(Role.NOC)], CONSOLE, now)
        first = users.get(tx, "person0")
        return sessions.make_token(tx, first.id, first.name, "bench", timedelta(days=1), CONSOLE, now)


@contextmanager
def web(home: Path, log: Path):  # type: ignore[no-untyped-def]
    environment = {**os.environ, "DISPATCH_HOME": str(home), "DISPATCH_WEB_PORT": "0"}
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "dispatch.web"],
            cwd=PROJECT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
        )
        try:
            assert process.stdout
            yield process.stdout.readline().split()[1]
        finally:
            process.terminate()
            process.wait()


def board(client: httpx2.Client) -> float:
    began = perf_counter()
    answer = client.get(BOARD)
    assert answer.status_code == 200, answer.text
    return (perf_counter() - began) * 1000


def guess(url: str, left: SimpleQueue[int], told: Counter[int]) -> None:
    with httpx2.Client(timeout=60, base_url=url) as client:
        while True:
            try:
                number = left.get_nowait()
            except Empty:
                return
            body = {"name": f"person{number % 20}", "password": f"guess-{number}"}
            told[client.post(SIGN_IN, json=body).status_code] += 1


def shown(took: list[float]) -> tuple[float, float]:
    ordered = sorted(took)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]


def main(guesses: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home, log = Path(folder), Path(folder) / "web.log"
        token = peopled(home)
        with web(home, log) as url, httpx2.Client(timeout=60, base_url=url) as known:
            colleague = httpx2.Client(timeout=60, base_url=url, headers={"Authorization": f"Bearer {token}"})
            own = {"name": "person1", "password": PASSWORD}
            assert known.post(SIGN_IN, json=own).status_code == 201  # from now on a known device
            quiet = [board(colleague) for _ in range(QUIET)]
            left: SimpleQueue[int] = SimpleQueue()
            for number in range(guesses):
                left.put(number)
            told: Counter[int] = Counter()
            guessers = [threading.Thread(target=guess, args=(url, left, told)) for _ in range(GUESSERS)]
            began = perf_counter()
            for each in guessers:
                each.start()
            attacked, signed_in = [], []
            while any(each.is_alive() for each in guessers):
                attacked.append(board(colleague))
                if len(attacked) % 50 == 0:
                    at = perf_counter()
                    assert known.post(SIGN_IN, json=own).status_code == 201
                    signed_in.append((perf_counter() - at) * 1000)
            seconds = perf_counter() - began
        lines = [json.loads(line) if line.startswith("{") else line for line in log.read_text().splitlines()]
    refused = sum(told.values())
    logged = sum(1 for line in lines if re.search(r"status['\"]?[=:] ?(401|429|503)", str(line)))
    assert set(told) <= {401, 429, 503}, told
    print(f"{refused} guesses in {seconds:.0f} s: {dict(sorted(told.items()))}; {logged} refusals in the log")
    print(f"a board: p50 {shown(quiet)[0]:.1f} ms, p99 {shown(quiet)[1]:.1f} ms alone")
    print(f"a board: p50 {shown(attacked)[0]:.1f} ms, p99 {shown(attacked)[1]:.1f} ms under attack")
    print(f"a sign-in at a known device: p50 {shown(signed_in)[0]:.0f} ms under attack")
    print(f"guessing: {refused} refused, {logged} logged, p99 {shown(attacked)[1] / shown(quiet)[1]:.1f}x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else GUESSES)
