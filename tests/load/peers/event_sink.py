"""An HTTP server that accepts every batch of every producer and counts its events.

`python tests/load/peers/event_sink.py` prints its port. ``GET /counts`` returns the events and requests since it was
asked before. It does as little as possible per batch, so that the producers are what is measured.
"""

from __future__ import annotations

import asyncio
import json
import zlib

# What occurs once in each event of a producer, by the beginning of the path that it posts to.
MARKS = {"/events": b'"event_type":', "/batch": b'"distinct_id":', "/v1/batch": b'"messageId":'}
_MOST_EVENTS = 500
_VERDICTS = [f'{{"index":{index},"status":"accepted","event_id":"{index:032x}"}}' for index in range(_MOST_EVENTS)]


class Sink:
    """The counts."""

    def __init__(self) -> None:
        self.events = self.requests = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        while head := await _read_head(reader):
            method, path, headers = head
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            answer = self._answer(method, path, headers, body)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(answer) + answer)
            await writer.drain()
        writer.close()

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
        if method == "GET":
            counts = {"events": self.events, "requests": self.requests}
            self.events = self.requests = 0
            return json.dumps(counts).encode()
        if headers.get("content-encoding") == "gzip":
            body = zlib.decompress(body, wbits=31)
        mark = next(mark for start, mark in MARKS.items() if path.startswith(start))
        count = body.replace(b'": ', b'":').count(mark)
        self.events += count
        self.requests += 1
        return b'{"events":[' + ",".join(_VERDICTS[:count]).encode() + b"]}" if path == "/events" else b"{}"


async def _read_head(reader: asyncio.StreamReader) -> tuple[str, str, dict[str, str]] | None:
    try:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    method, path, _ = lines[0].split(" ")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    return method, path, headers


async def main() -> None:
    """Serve until the process is stopped."""
    server = await asyncio.start_server(Sink().serve, "127.0.0.1", 0, limit=16 * 1024 * 1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
