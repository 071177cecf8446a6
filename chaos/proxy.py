"""A TCP proxy in a process of its own, between the system and its broker or database, which can be told to misbehave.

`python -m chaos.proxy tcp:HOST:PORT|unix:PATH` prints the port that it listens on, then reads commands from standard
input and answers each with one line. It ends when its standard input ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys

from dispatch.runtime.child_process import die_with_parent

COMMIT = b"COMMIT\x00"
"""A COMMIT as libpq sends it, as a simple query. Source: PostgreSQL's documentation, "Message Formats"."""
_PIECE = 1 << 16


class _Proxy:
    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.open: set[asyncio.StreamWriter] = set()
        self.refusing = self.swallowing = False
        self.to_lose = self.lost = 0

    async def serve(self) -> None:
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        commands = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
        while line := await commands.readline():
            self._obey(*line.decode().split())
            print(self.lost, flush=True)
        os._exit(0)  # no farewell to the peers: connections simply end

    def _obey(self, command: str, number: str = "0") -> None:
        match command:
            case "pass":
                self.refusing = self.swallowing = False
            case "refuse":
                self.refusing = True
                self._drop_all()
            case "swallow":
                self.swallowing = True
            case "lose-commits":
                self.to_lose = int(number)

    def _drop_all(self) -> None:
        for writer in self.open:
            writer.transport.abort()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            writer.transport.abort()
            return
        self.open.add(writer)
        holed = [self.swallowing]  # a connection that has lost a byte never answers again
        upstream: asyncio.StreamWriter | None = None
        try:
            kind, _, where = self.upstream.partition(":")
            if kind == "unix":
                answers, upstream = await asyncio.open_unix_connection(where)
            else:
                host, _, port = where.rpartition(":")
                answers, upstream = await asyncio.open_connection(host, int(port))
            self.open.add(upstream)
            there = asyncio.create_task(self._pump(reader, upstream, holed, asks=True))
            back = asyncio.create_task(self._pump(answers, writer, holed))
            _, rest = await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            for task in rest:
                task.cancel()
        except OSError:
            pass  # no server answers: the client sees its connection end
        finally:
            for end in filter(None, (writer, upstream)):
                self.open.discard(end)
                end.transport.abort()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, holed: list[bool], asks: bool = False
    ) -> None:
        with contextlib.suppress(OSError):
            while piece := await source.read(_PIECE):
                if self.swallowing:
                    holed[0] = True
                if holed[0]:
                    continue
                sink.write(piece)
                await sink.drain()
                if asks and self.to_lose and COMMIT in piece:
                    self.to_lose -= 1
                    self.lost += 1
                    await asyncio.sleep(0.05)  # the server has it, and mostly has done it
                    return


class Proxy:
    """The proxy process, as its starter sees it."""

    def __init__(self, upstream: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "chaos.proxy", upstream],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=die_with_parent,
            start_new_session=True,
        )
        self.port = int(self._line())

    def tell(self, *words: object) -> int:
        """Send `pass`, `refuse`, `swallow` or `lose-commits N`; return how many commits have lost their answers so
        far."""
        assert self.process.stdin is not None
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()
        return int(self._line())

    def close(self) -> None:
        self.process.communicate()

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_Proxy(sys.argv[1]).serve())
