"""The shop's address on the laptop: `python -m deployment.local.listener`, which forwards to the emulator's CloudFront.

The emulator finds a distribution by the header Host, as AWS does, and its name is made anew with each distribution. A
browser knows this address instead, which stays: requests to it get the distribution's name, and nothing else changes.
"""

from __future__ import annotations

import argparse
import http.client
import re
import signal
import sys
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from email.message import Message
    from io import BufferedIOBase

HOST = "127.0.0.1"

_TIMEOUT_SECONDS = 60.0
"""Longer than CloudFront waits for the API."""

_CLIENT_SECONDS = 30.0
"""For which a browser may send nothing within a request, or between two."""

_BODY_BYTES = 10 * 1024 * 1024
"""What API Gateway accepts: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html"""

# On any port, since a tunnel may end on another one. No page of another site can send these names.
_LOOPBACK = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?", re.IGNORECASE)
_PATH = re.compile(r"/[!-~]*")
_LENGTH = re.compile(r"[0-9]{1,18}")

# Of one connection, and not of the request or response: https://www.rfc-editor.org/rfc/rfc9110#name-connection
_OF_A_CONNECTION = frozenset(
    {"connection", "content-length", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"}
)

_REPLACED = _OF_A_CONNECTION | {"host"}

# Every response of CloudFront has it: one without is of the emulator itself, which does not know the name.
_MARK = "x-amz-cf-id"

_FOREIGN = b"This address is for this machine only: the header Host must be localhost, 127.0.0.1 or [::1].\n"
_ABSENT = b"The shop is not deployed on this machine yet: `make demo` does it.\n"


@dataclass
class Distribution:
    """The name of the shop's distribution, looked up when it is needed and forgotten when it is wrong.

    Parameters
    ----------
    look_up
        Returns CloudFront's domain name of the distribution, or None where there is none.
    """

    look_up: Callable[[], str | None]
    _name: str | None = field(default=None, init=False)

    def name(self) -> str | None:
        """Return the domain name, or None where there is no distribution."""
        if self._name is None:
            self._name = self.look_up()
        return self._name

    def forget(self) -> None:
        """Look the name up again for the next request."""
        self._name = None


def find_distribution(cloudfront: Any, comment: str) -> str | None:
    """Return the domain name of the distribution with a comment, or None where there is none, or no CloudFront.

    Parameters
    ----------
    cloudfront
        Client of CloudFront.
    """
    try:
        pages = cloudfront.get_paginator("list_distributions").paginate()
        names = [
            str(item["DomainName"])
            for page in pages
            for item in page["DistributionList"].get("Items", [])
            if item["Comment"] == comment
        ]
    except (BotoCoreError, ClientError):
        return None
    return names[0] if names else None


def _refusal_of(path: str, headers: Message) -> HTTPStatus | None:
    """Return the status of a request that cannot be forwarded as it is; None for a good one."""
    lengths, hosts = headers.get_all("content-length", []), headers.get_all("host", [])
    # The parser skips what follows a line that is no header, so that the body would be the next request.
    is_damaged = bool(headers.defects) or not _PATH.fullmatch(path)
    if is_damaged or len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        return HTTPStatus.BAD_REQUEST
    # A page of any site can resolve its own name to this machine, so that the browser takes this for the page's server.
    if len(hosts) != 1 or not _LOOPBACK.fullmatch(hosts[0]):
        return HTTPStatus.MISDIRECTED_REQUEST
    if "transfer-encoding" in headers:
        return HTTPStatus.LENGTH_REQUIRED
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if any(int(each) > _BODY_BYTES for each in lengths) else None


def _read_body(path: str, headers: Message, stream: BufferedIOBase) -> bytes | HTTPStatus:
    """Return the body of a request, or the status of one that cannot be forwarded, as one whose sender has left."""
    if (refusal := _refusal_of(path, headers)) is not None:
        return refusal
    length = int(headers.get("content-length") or 0)
    body = stream.read(length)
    return body if len(body) == length else HTTPStatus.BAD_REQUEST


def make_server(port: int, endpoint: str, distribution: Distribution) -> ThreadingHTTPServer:
    """Return a server on a port of the loopback interface that forwards every request to the distribution.

    Parameters
    ----------
    endpoint
        Address of the emulator, as http://127.0.0.1:4566.
    """
    emulator = urlsplit(endpoint)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # A response leaves in one packet, and at once.
        wbufsize = -1
        disable_nagle_algorithm = True
        timeout = _CLIENT_SECONDS

        def do_GET(self) -> None:
            if isinstance(body := _read_body(self.path, self.headers, self.rfile), HTTPStatus):
                self.close_connection = True  # the body is not read
                reason = _FOREIGN if body is HTTPStatus.MISDIRECTED_REQUEST else b""
                self._write(body, [("Content-Type", "text/plain")], reason)
                return
            if (name := distribution.name()) is None:
                self._write(HTTPStatus.SERVICE_UNAVAILABLE, [("Content-Type", "text/plain")], _ABSENT)
                return
            headers = {key: value for key, value in self.headers.items() if key.lower() not in _REPLACED}
            connection = http.client.HTTPConnection(str(emulator.hostname), emulator.port, timeout=_TIMEOUT_SECONDS)
            try:
                connection.request(self.command, self.path, body or None, headers | {"Host": name})
                response = connection.getresponse()
                content = response.read()
            except (OSError, http.client.HTTPException) as error:
                self._write(HTTPStatus.BAD_GATEWAY, [("Content-Type", "text/plain")], f"{error}\n".encode())
                return
            finally:
                connection.close()
            if _MARK not in response.headers:
                distribution.forget()
            kept = [(key, value) for key, value in response.getheaders() if key.lower() not in _OF_A_CONNECTION]
            self._write(response.status, kept, content, response.headers.get("content-length"))

        do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = do_POST = do_PUT = do_GET  # noqa: N815 - as http.server names them

        def _write(self, status: int, headers: list[tuple[str, str]], body: bytes, length: str | None = None) -> None:
            self.send_response_only(status)
            for key, value in headers:
                self.send_header(key, value)
            # Of an answer to HEAD it is the length of the body that is not sent.
            self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Log nothing: paths contain user ids."""

    server = ThreadingHTTPServer((HOST, port), Handler)
    server.daemon_threads = True
    return server


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m deployment.local.listener", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--endpoint", required=True, help="address of the emulator")
    parser.add_argument("--region", required=True)
    parser.add_argument("--comment", required=True, help="comment of the distribution, by which it is found")
    parser.add_argument("--directory", required=True, help="folder of the cloud, by which the process is found")
    options = parser.parse_args(arguments)
    cloudfront = boto3.client("cloudfront", endpoint_url=options.endpoint, region_name=options.region)
    distribution = Distribution(lambda: find_distribution(cloudfront, options.comment))
    with make_server(options.port, options.endpoint, distribution) as server:
        # In a thread, since shutdown() waits for the loop that the signal interrupts.
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
