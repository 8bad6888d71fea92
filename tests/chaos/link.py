"""A TCP connection between two parts that can be cut, stalled and slowed."""

import asyncio
from contextlib import suppress
from enum import StrEnum

_CHUNK = 1 << 16
_SLOW = 0.05
"""Seconds that each piece of at most `_CHUNK` bytes takes on a slow link."""


class Mode(StrEnum):
    """What a link does with what it gets."""

    PASS = "pass"
    CUT = "cut"
    """Connections are reset, new ones too."""
    STALL = "stall"
    """Everything waits; nobody is told."""
    SLOW = "slow"
    REFUSE = "refuse"
    """Like a mail server without room: 421, and the connection ends."""


class Link:
    """Listens on a port of its own on loopback and passes on to `target`."""

    def __init__(self, name: str, port: int, target: int) -> None:
        self.name, self.port = name, port
        self._target = target
        self._mode = Mode.PASS
        self._flows = asyncio.Event()
        self._flows.set()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def stop(self) -> None:
        self.set(Mode.CUT)
        if self._server is not None:
            self._server.close()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def set(self, mode: Mode) -> None:
        self._mode = mode
        if mode is Mode.STALL:
            self._flows.clear()
        else:
            self._flows.set()
        if mode in (Mode.CUT, Mode.REFUSE):
            for writer in list(self._open):
                writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._open.add(writer)
        other: asyncio.StreamWriter | None = None
        try:
            await self._flows.wait()
            if self._mode is Mode.REFUSE:
                writer.write(b"421 4.3.2 no room, try again later\r\n")
                await writer.drain()
            if self._mode in (Mode.CUT, Mode.REFUSE):
                return
            far, other = await asyncio.open_connection("127.0.0.1", self._target)
            self._open.add(other)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pump(reader, other))
                both.create_task(self._pump(far, writer))
        except* (OSError, asyncio.CancelledError):
            pass  # one side is gone, or the link itself ends: both are told below
        finally:
            for end in filter(None, (writer, other)):
                self._open.discard(end)
                with suppress(Exception):
                    end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(_CHUNK):
            if self._mode is Mode.SLOW:
                await asyncio.sleep(_SLOW)
            await self._flows.wait()
            sink.write(chunk)
            await sink.drain()
        raise ConnectionResetError("the other side has closed")
