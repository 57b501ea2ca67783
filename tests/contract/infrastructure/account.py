"""An account as Terraform's plans see it over HTTP: the caller's identity, a check of state machines, no
parameters, and buckets.

Whatever else Terraform asks is refused, so that a test which needs more of AWS fails instead of waiting.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT_ID = "123456789012"
REGION = "eu-central-1"

_IDENTITY = f"""<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>
<Arn>arn:aws:iam::{ACCOUNT_ID}:user/administrator</Arn><UserId>A</UserId><Account>{ACCOUNT_ID}</Account>
</GetCallerIdentityResult></GetCallerIdentityResponse>"""


@dataclass
class Account:
    """The account's address, its objects by path (``bucket/key``), and the headers of each write by path."""

    endpoint: str
    objects: dict[str, bytes] = field(default_factory=dict)
    writes: dict[str, dict[str, str]] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """Return the variables that direct Terraform here."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "none",
            "AWS_SECRET_ACCESS_KEY": "none",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_REGION": REGION,
        }


@contextmanager
def running_account() -> Iterator[Account]:
    """Serve an account on a free port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    account = Account(f"http://127.0.0.1:{server.server_address[1]}")
    server.account = account  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield account
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    @property
    def account(self) -> Account:
        account: Account = self.server.account  # type: ignore[attr-defined]
        return account

    def do_POST(self) -> None:
        body = self._body().decode()
        if parse_qs(body).get("Action") == ["GetCallerIdentity"]:
            self._answer(200, _IDENTITY.encode())
        elif self.headers.get("X-Amz-Target") == "AWSStepFunctions.ValidateStateMachineDefinition":
            self._answer(200, b'{"result": "OK", "diagnostics": []}')
        elif self.headers.get("X-Amz-Target") == "AmazonSSM.GetParametersByPath":
            self._answer(200, b'{"Parameters": []}')
        else:
            self._answer(501, b"")

    def do_PUT(self) -> None:
        path, body = self._path(), self._body()
        if self.headers.get("If-None-Match") == "*" and path in self.account.objects:
            self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>")
            return
        self.account.objects[path] = body
        self.account.writes[path] = {name.lower(): value for name, value in self.headers.items()}
        self._answer(200, b"", ETag=_etag(body))

    def do_GET(self) -> None:
        if "list-type" in urlsplit(self.path).query:
            self._answer(200, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")
        elif (body := self.account.objects.get(self._path())) is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._answer(200, body, ETag=_etag(body))

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.account.objects.pop(self._path(), None)
        self._answer(204, b"")

    def log_message(self, *_: Any) -> None:
        """Log nothing."""

    def _path(self) -> str:
        return urlsplit(self.path).path.strip("/")

    def _body(self) -> bytes:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "aws-chunked" not in self.headers.get("Content-Encoding", ""):
            return body
        # Chunks with a trailing checksum: size in hexadecimal, line break, bytes, line break.
        content = b""
        while body and (size := int(body.partition(b"\r\n")[0].partition(b";")[0], 16)):
            rest = body.partition(b"\r\n")[2]
            content, body = content + rest[:size], rest[size + 2 :]
        return content

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
