"""Clients that send or read slowly, or only open connections: none of them keeps an honest client out."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import select
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from dispatch.domain.trusted_proxies import TrustedProxies
from dispatch.runtime.child_process import die_with_parent
from dispatch.storage.database import Database
from dispatch.web import server
from dispatch.web.connection_guard import ConnectionGuard, ConnectionLimits
from dispatch.web.server import Server

PROJECT = Path(__file__).parents[2]
DESCRIPTORS = 64
LIMITS = ConnectionLimits(most=20, head=0.5, slowest=1000, window=0.5, idle=1)
LARGE = 16_000_000
"""Bytes: more than the system's buffers of a connection hold."""
HALF = b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "


# -- a small application ------------------------------------------------------------------------------------


class Application:
    """`/`: the length of the body; `/stream`: events for two seconds; `/board`: an event, and one more when `released`;
    `/large`: LARGE bytes; `/early`: an answer before the body was read. `gone` counts requests whose client went away
    before they were whole."""

    def __init__(self) -> None:
        self.gone = 0
        self.released = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            for step in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{step}.complete"})
            return
        await getattr(self, f"_{scope['path'][1:] or 'length'}")(receive, send)

    async def _length(self, receive: Receive, send: Send) -> None:
        length, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.gone += 1
                return
            length, more = length + len(message["body"]), message["more_body"]
        await _say(send, str(length).encode())

    async def _stream(self, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for number in range(20):
            await send({"type": "http.response.body", "body": b"event %d\n\n" % number, "more_body": True})
            await asyncio.sleep(0.1)
        await send({"type": "http.response.body"})

    async def _board(self, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"event first\n\n", "more_body": True})
        while not self.released:
            await asyncio.sleep(0.05)
        await send({"type": "http.response.body", "body": b"event last\n\n"})

    async def _large(self, _receive: Receive, send: Send) -> None:
        await _say(send, bytes(LARGE))

    async def _early(self, _receive: Receive, send: Send) -> None:
        await _say(send, b"no", status=413)


async def _say(send: Send, body: bytes, status: int = 200) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Served:
    """A server of the application in a thread."""

    def __init__(self, limits: ConnectionLimits, proxies: str) -> None:
        self.app, self.guard = Application(), ConnectionGuard(limits, TrustedProxies(proxies))
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._server = Server(self.app, self.guard)
        self._thread = threading.Thread(target=self._server.run, args=([self._listening],))

    def __enter__(self) -> Served:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        self._thread.join()

    def open(self, sent: bytes = b"", source: str = "127.0.0.1") -> socket.socket:
        """A connection on which these bytes were sent."""
        made = socket.create_connection(("127.0.0.1", self.port), timeout=10, source_address=(source, 0))
        made.sendall(sent)
        return made

    def ask(self, path: str = "/", *, source: str = "127.0.0.1", **headers: str) -> bytes:
        with closing(self.open(request(path, Connection="close", **headers), source)) as asking:
            return everything(asking)

    def counted(self) -> dict[str, float]:
        """The numbers of connections, by state."""
        return {each.labels["state"]: each.value for each in next(self.guard.collect()).samples}


@contextmanager
def served(limits: ConnectionLimits = LIMITS, proxies: str = "") -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(server, "TICKS", 1)
        with Served(limits, proxies) as made:
            yield made


@pytest.fixture(scope="module")
def web() -> Iterator[Served]:
    with served() as made:
        yield made


def request(path: str = "/", method: str = "GET", **headers: str) -> bytes:
    given = {"Host": "x", **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def everything(asking: socket.socket) -> bytes:
    """What comes until the other side closes the connection."""
    return b"".join(iter(lambda: asking.recv(1_000_000), b""))


def is_cut_off(sending: socket.socket, piece: int) -> bool:
    """Whether the other side ends the connection while pieces of so many bytes are sent to it, for ten seconds."""
    began = time.monotonic()
    while time.monotonic() - began < 10:
        try:
            sending.sendall(b"x" * piece)
        except ConnectionError:
            return True
        time.sleep(0.01)
    return False


def problem(answer: bytes) -> Any:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    return json.loads(body)


def until(condition: Any, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# -- heads --------------------------------------------------------------------------------------------------


def test_a_connection_that_says_nothing_is_closed(web: Served) -> None:
    with closing(web.open()) as silent:
        assert everything(silent) == b""


@pytest.mark.parametrize("before", [b"", request()], ids=["first", "further"])
def test_half_a_head_is_answered_408_and_closed(web: Served, before: bytes) -> None:
    with closing(web.open(before)) as half:
        if before:
            assert half.recv(65536).startswith(b"HTTP/1.1 200")
        half.sendall(HALF)
        answer = everything(half)
    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert problem(answer)["code"] == "too-slow"


def test_a_head_that_comes_byte_by_byte_is_no_head_in_time(web: Served) -> None:
    with closing(web.open(HALF)) as dripping:
        began = time.monotonic()
        while not select.select([dripping], [], [], 0.05)[0]:
            dripping.sendall(b"x")
            assert time.monotonic() - began < 5
        assert everything(dripping).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize(
    "begin",
    [HALF, request(method="POST", Transfer_Encoding="chunked") + b"1\r\nx\r\n0\r\nX-Trailer: "],
    ids=["head", "trailer"],
)
def test_a_head_or_trailer_without_end_is_refused(web: Served, begin: bytes) -> None:
    with closing(web.open(begin)) as endless:
        assert is_cut_off(endless, 10_000)


LEAST = len(request(X="", Connection="close"))


@pytest.mark.parametrize("before", [b"", request()], ids=["first", "further"])
@pytest.mark.parametrize(("length", "status"), [(65_536, 200), (65_537, 431), (70_000, 431)])
def test_a_head_above_64_kb_is_refused_however_it_comes(web: Served, before: bytes, length: int, status: int) -> None:
    head = request(X="x" * (length - LEAST), Connection="close")
    assert len(head) == length
    with closing(web.open(before)) as asking:
        if before:
            assert asking.recv(65536).startswith(b"HTTP/1.1 200")
        asking.sendall(head)
        answer = everything(asking)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    if status == 431:
        assert problem(answer)["code"] == "head-too-large"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", 200),
        (b"GET / HTTP/1.0\r\n\r\n", 200),
        (b"nonsense\r\n\r\n", 400),
    ],
    ids=["no host", "two hosts", "two hosts of 1.0", "an empty host", "1.0 without", "no HTTP at all"],
)
def test_a_request_of_http_1_1_names_one_host(web: Served, head: bytes, status: int) -> None:
    with closing(web.open(head)) as asking:
        answer = everything(asking)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    if status == 400:
        assert problem(answer)["code"] == "malformed"


# -- bodies -------------------------------------------------------------------------------------------------


def test_a_body_that_stops_is_answered_408_and_the_request_ends(web: Served) -> None:
    gone = web.app.gone
    with closing(web.open(request(method="POST", Content_Length="100000") + b"x" * 300)) as stopping:
        answer = everything(stopping)
    assert answer.startswith(b"HTTP/1.1 408")
    assert problem(answer)["code"] == "too-slow"
    until(lambda: web.app.gone == gone + 1)


def test_an_honest_upload_over_a_slow_line_works(web: Served) -> None:
    """It takes several windows, and longer than a head may."""
    with closing(web.open(request(method="POST", Content_Length="40000"))) as slow:
        for _ in range(40):
            slow.sendall(b"x" * 1000)
            time.sleep(0.05)
        assert slow.recv(65536).endswith(b"\r\n\r\n40000")


def test_who_waits_for_the_server_to_go_on_is_not_slow() -> None:
    """`Expect: 100-continue`, to a request that reads nothing for a while."""

    async def late(self: Application, receive: Receive, send: Send) -> None:
        await asyncio.sleep(1.5)
        await Application._length(self, receive, send)

    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(Application, "_late", late, raising=False)
        with served() as web:
            asked = request("/late", "POST", Content_Length="2", Expect="100-continue", Connection="close")
            with closing(web.open(asked)) as waiting:
                assert waiting.recv(65536).startswith(b"HTTP/1.1 100")
                waiting.sendall(b"ok")
                assert everything(waiting).endswith(b"\r\n\r\n2")


def test_the_rest_of_a_body_that_nobody_wants_ends_with_its_connection(web: Served) -> None:
    with closing(web.open(request("/early", "POST", Content_Length="1000000"))) as sending:
        assert is_cut_off(sending, 100)


# -- answers ------------------------------------------------------------------------------------------------


def test_a_stream_is_not_cut_however_little_it_brings(web: Served) -> None:
    answer = web.ask("/stream")
    assert answer.count(b"event ") == 20
    assert answer.endswith(b"0\r\n\r\n")


def test_who_does_not_take_an_answer_loses_the_connection(web: Served) -> None:
    with closing(web.open(request("/large"))) as asleep:
        until(lambda: web.counted()["at work"] >= 1)
        until(lambda: web.counted() == {"at work": 0, "waiting": 0})
        assert is_cut_off(asleep, 1)


def test_who_takes_an_answer_slowly_gets_all_of_it() -> None:
    with served(replace(LIMITS, window=0.3)) as web, closing(web.open(request("/large", Connection="close"))) as slow:
        taken, began = 0, time.monotonic()
        while more := slow.recv(400_000):
            taken += len(more)
            time.sleep(0.02)
    assert taken > LARGE
    assert time.monotonic() - began > 0.6


# -- crowds -------------------------------------------------------------------------------------------------


def test_whoever_waits_the_longest_gives_way_to_a_newcomer() -> None:
    with served(replace(LIMITS, most=8, head=60), proxies="127.0.0.1") as web, ExitStack() as kept:
        halves = [kept.enter_context(closing(web.open(HALF))) for _ in range(8)]
        until(lambda: web.counted() == {"waiting": 8, "at work": 0})
        assert web.ask().startswith(b"HTTP/1.1 200")
        given_way = everything(halves[0])
        assert given_way.startswith(b"HTTP/1.1 503")
        assert b"\r\nretry-after: " in given_way.lower()
        halves[1].sendall(b"x\r\n\r\n")
        assert halves[1].recv(65536).startswith(b"HTTP/1.1 200")


def test_streams_are_kept_when_all_are_taken_and_a_newcomer_is_told_to_come_again() -> None:
    with served(replace(LIMITS, most=8), proxies="127.0.0.1") as web, ExitStack() as kept:
        boards = [kept.enter_context(closing(web.open(request("/board", Connection="close")))) for _ in range(8)]
        until(lambda: web.counted()["at work"] == 8)
        for _ in range(3):
            answer = web.ask(Accept_Language="en")
            assert answer.startswith(b"HTTP/1.1 503")
            told = problem(answer)
            assert told["code"] == "busy"
            assert told["detail"] == "There are too many connections: try again in a moment."
        web.app.released = True
        for each in boards:
            assert everything(each).count(b"event ") == 2
        until(lambda: web.counted()["at work"] == 0)
        assert web.ask().startswith(b"HTTP/1.1 200")


def test_one_address_takes_half_at_most_unless_it_is_a_proxys() -> None:
    with served(replace(LIMITS, most=8, head=60)) as web, ExitStack() as kept:
        for _ in range(12):
            kept.enter_context(closing(web.open(request("/board"), "127.0.0.2")))
        until(lambda: web.counted()["at work"] == 4)
        kept.enter_context(closing(web.open(HALF, "127.0.0.3")))
        assert web.ask(source="127.0.0.2").startswith(b"HTTP/1.1 503")
        assert web.ask(source="127.0.0.3").startswith(b"HTTP/1.1 200")
        web.app.released = True
    with served(replace(LIMITS, most=8), proxies="127.0.0.0/30") as web, ExitStack() as kept:
        for _ in range(8):
            kept.enter_context(closing(web.open(request("/board"), "127.0.0.2")))
        until(lambda: web.counted()["at work"] == 8)
        web.app.released = True


# -- the process --------------------------------------------------------------------------------------------


def _few_descriptors() -> None:
    die_with_parent()
    resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS // 2, DESCRIPTORS))


@pytest.fixture
def small_process(sqlite: Database) -> Iterator[int]:
    """The port of a web process that may open 64 files."""
    process = subprocess.Popen(
        [sys.executable, "-m", "dispatch.web"],
        cwd=PROJECT,
        env={**os.environ, "DISPATCH_WEB_PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=_few_descriptors,
    )
    assert process.stdout
    try:
        line = process.stdout.readline()
        assert resource.prlimit(process.pid, resource.RLIMIT_NOFILE)[0] == DESCRIPTORS, "as many as it may have"
        yield int(line.rpartition(":")[2])
    finally:
        process.kill()
        process.communicate()


def seconds_to_answer(port: int, path: str) -> float:
    began = time.monotonic()
    with closing(socket.create_connection(("127.0.0.1", port), timeout=10)) as honest:
        honest.sendall(request(path, Connection="close"))
        assert everything(honest).startswith(b"HTTP/1.1 200"), path
    return time.monotonic() - began


def test_half_open_connections_keep_nobody_out_even_with_few_descriptors(small_process: int) -> None:
    with ExitStack() as kept:
        for _ in range(45):
            half = kept.enter_context(closing(socket.create_connection(("127.0.0.1", small_process), timeout=10)))
            half.sendall(HALF)
        for path in ("/healthz", "/readyz", "/sign-in"):
            assert min(seconds_to_answer(small_process, path) for _ in range(3)) < 1, path
