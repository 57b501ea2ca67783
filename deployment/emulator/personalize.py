"""Amazon Personalize at the emulator's port: a proxy forwards every request to the engine.

The three services (personalize, personalize-events, personalize-runtime) sign with the same name, ``personalize``, so
one handler serves them all; the engine distinguishes them by target and path, as it does for direct callers. The proxy
interprets nothing: the caller gets the engine's response unchanged.
"""

from __future__ import annotations

import asyncio
import http.client
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode, urlsplit

from ministack import app
from ministack.core import router

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from deployment.emulator.settings import Settings

    Response = tuple[int, dict[str, str], bytes]
    Handler = Callable[[str, str, dict[str, str], bytes, dict[str, list[str]]], Awaitable[Response]]

SERVICE = "personalize"
# The prefix of X-Amz-Target in botocore's model of Personalize.
TARGET_PREFIX = "AmazonPersonalize"
# Headers that belong to one connection (RFC 9110, 7.6.1) or that the HTTP client sets by itself.
CONNECTION_HEADERS = frozenset(
    {"connection", "content-length", "host", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
)
# botocore's default read timeout is 60 s, too.
TIMEOUT_SECONDS = 60
CONCURRENT_REQUESTS = 32


def install(settings: Settings) -> None:
    """Register the handler that forwards requests for Personalize to ``settings.engine_url``."""
    app.SERVICE_HANDLERS[SERVICE] = proxy_to(settings.engine_url)
    router.SERVICE_PATTERNS[SERVICE] = {"target_prefixes": [f"{TARGET_PREFIX}."]}


def proxy_to(engine_url: str) -> Handler:
    """Return an emulator handler that proxies requests to the engine's URL, such as ``http://127.0.0.1:8001``."""
    workers = ThreadPoolExecutor(CONCURRENT_REQUESTS, thread_name_prefix="personalize-proxy")

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, list[str]]
    ) -> Response:
        query = urlencode(query_params, doseq=True)
        target = quote(path) + (f"?{query}" if query else "")
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(workers, _exchange, engine_url, method, target, headers, body)

    return handle


def _exchange(engine_url: str, method: str, target: str, headers: dict[str, str], body: bytes | str) -> Response:
    payload = body.encode() if isinstance(body, str) else body
    forwarded = {name: value for name, value in headers.items() if name.lower() not in CONNECTION_HEADERS}
    connection = http.client.HTTPConnection(urlsplit(engine_url).netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, target, payload, forwarded)
        response = connection.getresponse()
        content = response.read()
    except (OSError, http.client.HTTPException) as error:
        return _unavailable(engine_url, error)
    finally:
        connection.close()
    returned = {name: value for name, value in response.getheaders() if name.lower() not in CONNECTION_HEADERS}
    return response.status, returned, content


def _unavailable(engine_url: str, error: Exception) -> Response:
    message = f"The recommendation engine at {engine_url} does not answer ({error}); start it and try again."
    body = json.dumps({"__type": "ServiceUnavailable", "message": message}).encode()
    headers = {"Content-Type": "application/x-amz-json-1.1", "x-amzn-errortype": "ServiceUnavailable"}
    return 503, headers, body
