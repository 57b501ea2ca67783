"""An S3 of files on disk, on loopback: GetObject, PutObject and ListObjectsV2 as far as jobs need them."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlparse
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from pathlib import Path

FORBIDDEN_BUCKET = "forbidden"


class FileS3:
    """Serves `<root>/<bucket>/<key>`; the bucket "forbidden" answers AccessDenied."""

    def __init__(self, root: Path) -> None:
        self.root = root
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                url = urlparse(self.path)
                bucket, _, key = unquote(url.path).lstrip("/").partition("/")
                self._send(*fake.answer(bucket, key, parse_qs(url.query)))

            def do_PUT(self) -> None:
                bucket, _, key = unquote(urlparse(self.path).path).lstrip("/").partition("/")
                self._send(*fake.take(bucket, key, self.rfile.read(int(self.headers["Content-Length"]))))

            def _send(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if self.command == "PUT" and status == 200:
                    self.send_header("ETag", '"of-the-content"')
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def put(self, bucket: str, key: str, text: str) -> str:
        path = self.root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return f"s3://{bucket}/{key}"

    def answer(self, bucket: str, key: str, query: dict[str, list[str]]) -> tuple[int, bytes]:
        if bucket == FORBIDDEN_BUCKET:
            return 403, _error("AccessDenied")
        if not (self.root / bucket).is_dir():
            return 404, _error("NoSuchBucket")
        if not key:
            return 200, self._listing(bucket, query.get("prefix", [""])[0], first_level="delimiter" in query)
        path = self.root / bucket / key
        return (200, path.read_bytes()) if path.is_file() else (404, _error("NoSuchKey"))

    def take(self, bucket: str, key: str, body: bytes) -> tuple[int, bytes]:
        if bucket == FORBIDDEN_BUCKET:
            return 403, _error("AccessDenied")
        if not (self.root / bucket).is_dir():
            return 404, _error("NoSuchBucket")
        path = self.root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        return 200, b""

    def get(self, bucket: str, key: str) -> str:
        return (self.root / bucket / key).read_text(encoding="utf-8")

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        base = self.root / bucket
        keys = [path.relative_to(base).as_posix() for path in sorted(base.rglob("*")) if path.is_file()]
        return [key for key in keys if key.startswith(prefix)]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _listing(self, bucket: str, prefix: str, *, first_level: bool) -> bytes:
        entries = ""
        for key in self.keys(bucket, prefix):
            if not first_level or "/" not in key[len(prefix) :]:
                size = (self.root / bucket / key).stat().st_size
                entries += f"<Contents><Key>{escape(key)}</Key><Size>{size}</Size></Contents>"
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{entries}</ListBucketResult>".encode()


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
