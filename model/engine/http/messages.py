"""Requests and answers as ASGI messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any

from model.engine.access.signatures import Head
from model.engine.personalize import limits
from model.engine.personalize.errors import InvalidInputError, RequestTooLargeError, ServiceUnavailableError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

JSON = b"application/json"
CLOSE = (b"connection", b"close")


def head_of(scope: Message) -> Head:
    """Return the head of a request, unparsed."""
    return Head(scope["method"], scope["raw_path"], scope["query_string"], scope["headers"])


class Bodies:
    """Reads the bodies of requests within limits on each body and on all that arrive at once.

    The connection limits how long a body may take.
    """

    def __init__(self) -> None:
        self._arriving = 0

    async def read(self, receive: Receive) -> bytes:
        """Read the whole body of a request.

        Raises
        ------
        ServiceUnavailableError
            The bodies that are arriving exceed their limit.
        InvalidInputError
            The client closed the connection.
        """
        parts: list[bytes] = []
        size = 0
        try:
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise InvalidInputError("the request ended before its body did")
                part: bytes = message.get("body", b"")
                parts.append(part)
                size += len(part)
                self._arriving += len(part)
                if size > limits.BODY_BYTES:
                    raise RequestTooLargeError(f"the body has more than {limits.BODY_BYTES} bytes")
                if not message.get("more_body"):
                    return b"".join(parts) if len(parts) > 1 else part
                if self._arriving > limits.BODIES_BYTES:
                    raise ServiceUnavailableError("too much is being sent at once: send it again later")
        finally:
            self._arriving -= size

    async def skip(self, receive: Receive) -> bool:
        """Read and drop the body of a refused request: a client that is still sending would not read the answer.

        Returns
        -------
        bool
            Whether it was complete; False for a body that is larger than any request may be.
        """
        size = 0
        while size <= limits.BODY_BYTES:
            message = await receive()
            if message["type"] == "http.disconnect" or not message.get("more_body"):
                return True
            size += len(message.get("body", b""))
        return False


async def answer(
    send: Send, status: int, body: bytes, content_type: bytes = JSON, extra: Sequence[tuple[bytes, bytes]] = ()
) -> None:
    """Send an answer."""
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode()), *extra]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
