"""A mail server that takes every mail and does little else: it is not what a test or a benchmark measures."""

import asyncio
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

HOST = "127.0.0.1"
_MESSAGE_ID = re.compile(rb"^Message-ID: <([^@>]+)@", re.MULTILINE)
_END = b"\r\n.\r\n"


@dataclass(slots=True)
class Sink:
    """What it received: the first part of each mail's Message-ID, which is the invitation's id."""

    port: int = 0
    received: list[str] = field(default_factory=list)
    connections: int = 0
    on_mail: Callable[[], None] = lambda: None
    """Called when it has a mail, before it says so, in its own thread."""

    @property
    def url(self) -> str:
        return f"smtp://{HOST}:{self.port}?tls=none"


class _Conversation(asyncio.Protocol):
    """One connection; commands come one at a time, as a sender without PIPELINING gives them."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._heard = bytearray()
        self._is_in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._sink.connections += 1
        self._say(b"220 sink")

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if not self._is_in_body and self._heard.endswith(b"\r\n"):
            self._obey(bytes(self._heard[:4]).upper())
        elif self._is_in_body and self._heard.endswith(_END):
            self._take(bytes(self._heard))

    def _obey(self, command: bytes) -> None:
        self._heard.clear()
        self._is_in_body = command == b"DATA"
        self._say({b"DATA": b"354 Go on", b"QUIT": b"221 Bye"}.get(command, b"250 OK"))
        if command == b"QUIT":
            self._transport.close()

    def _take(self, content: bytes) -> None:
        self._heard.clear()
        self._is_in_body = False
        found = _MESSAGE_ID.search(content)
        self._sink.received.append(found[1].decode() if found else "")
        self._sink.on_mail()
        self._say(b"250 OK")

    def _say(self, reply: bytes) -> None:
        self._transport.write(reply + b"\r\n")


@contextmanager
def sink() -> Iterator[Sink]:
    """Serve in a thread until the block ends."""
    served, started, loop = Sink(), Event(), asyncio.new_event_loop()
    stopped = asyncio.Event()
    thread = Thread(target=loop.run_until_complete, args=(_serve(served, started.set, stopped),))
    thread.start()
    try:
        assert started.wait(30)
        yield served
    finally:
        loop.call_soon_threadsafe(stopped.set)
        thread.join(30)
        loop.close()


async def _serve(served: Sink, started: Callable[[], None], stopped: asyncio.Event) -> None:
    """On the port of the sink; on any free one, which is noted there, when that is 0."""
    server = await asyncio.get_running_loop().create_server(lambda: _Conversation(served), HOST, served.port)
    served.port = server.sockets[0].getsockname()[1]
    started()
    async with server:
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(_serve(Sink(int(sys.argv[1])), lambda: None, asyncio.Event()))
