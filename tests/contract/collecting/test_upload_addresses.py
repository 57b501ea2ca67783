"""Addresses of uploads against the laptop's S3, which checks signatures as AWS does, and the examples of the README."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from backend.aws.deadline import Deadline
from backend.collect import handler as entry
from backend.upload.reading import read_rows
from backend.upload.report import load_report
from tests.factories.lambda_events import CONTEXT, proxy_event
from tests.fakes.emulator.functions import make_function
from tests.fakes.emulator.process import ROOT, Emulator, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

README = (ROOT / "backend/upload/README.md").read_text(encoding="utf-8")
DATA = b'{"item_id": "mug"}\n'
BUCKET = "uploads"


class Api:
    """The function collect behind HTTP, as its routes are behind API Gateway."""

    def __init__(self) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._answer(entry.handler(proxy_event("POST", self.path, body), CONTEXT))

            def do_GET(self) -> None:
                upload_id = self.path.removeprefix("/update-data/")
                event = proxy_event("GET", "/update-data/{id}", pathParameters={"id": upload_id})
                self._answer(entry.handler(event, CONTEXT))

            def _answer(self, answered: Any) -> None:
                payload = answered["body"].encode()
                self.send_response(answered["statusCode"])
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    cloud = Emulator(tmp_path_factory.mktemp("addresses") / "cloud", free_port(), iam_enforced=True)
    cloud.start()
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    cloud.client("iam").create_role(RoleName="function", AssumeRolePolicyDocument=document)
    key = cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}
    s3.put_bucket_encryption(Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": [rule]})
    try:
        yield cloud
    finally:
        assert cloud.process is not None
        cloud.process.kill()
        cloud.process.wait()


@pytest.fixture
def api(cloud: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    environment = {
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_LAMBDA_FUNCTION_NAME": make_function(cloud, "def handler(event, context):\n    return None\n"),
        "STREAM_NAME": "events",
        "BAD_ROWS_BUCKET": "bad-rows",
        "BAD_ROWS_QUEUE": "https://sqs/bad-rows",
        "LAKE_BUCKET": "lake",
        "UPLOADS_BUCKET": BUCKET,
        "ENTITIES_TABLE": "entities",
        "USER_DAYS": "730",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    entry._dependencies.cache_clear()
    api = Api()
    yield api
    api.server.shutdown()
    api.server.server_close()
    entry._dependencies.cache_clear()


def address(content: bytes = DATA) -> dict[str, Any]:
    announced = {
        "size_bytes": len(content),
        "sha256": sha256(content).hexdigest(),
        "content_type": "application/x-ndjson",
    }
    answered = entry.handler(proxy_event("POST", "/uploads", json.dumps(announced)), CONTEXT)
    assert answered["statusCode"] == 201
    answer: dict[str, Any] = json.loads(answered["body"])
    return answer


def put(url: str, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    """Return S3's status and the code of its error."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers, method="PUT")) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, re.findall(r"<Code>(\w+)</Code>", error.read().decode())[0]


def test_the_announced_object_is_taken_once_and_encrypted(cloud: Emulator, api: Api) -> None:
    taken = address()

    assert put(taken["url"], DATA, taken["headers"]) == (200, "")
    assert put(taken["url"], DATA, taken["headers"]) == (412, "PreconditionFailed")
    head = cloud.client("s3").head_object(Bucket=BUCKET, Key=taken["source"].partition(f"{BUCKET}/")[2])
    assert (head["ContentType"], head["ServerSideEncryption"]) == ("application/x-ndjson", "aws:kms")


@pytest.mark.parametrize(
    ("body", "changes", "refusal"),
    [
        (DATA + b"\n", {}, (403, "SignatureDoesNotMatch")),
        (DATA, {"Content-Type": "text/csv"}, (403, "SignatureDoesNotMatch")),
        (
            DATA,
            {"x-amz-checksum-sha256": "LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564="},
            (403, "SignatureDoesNotMatch"),
        ),
        (DATA.replace(b"mug", b"cup"), {}, (400, "BadDigest")),
    ],
    ids=["size", "type", "checksum", "content"],
)
def test_any_other_object_is_refused(api: Api, body: bytes, changes: dict[str, str], refusal: tuple[int, str]) -> None:
    taken = address()

    assert put(taken["url"], body, taken["headers"] | changes) == refusal
    answered = entry.handler(
        proxy_event("POST", "/update-data", json.dumps({"kind": "items", "source": taken["source"]})), CONTEXT
    )
    assert (answered["statusCode"], "has not arrived" in answered["body"]) == (404, True)


def test_an_expired_address_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    s3 = entry._dependencies().uploads.s3
    sign = s3.generate_presigned_url
    monkeypatch.setattr(s3, "generate_presigned_url", lambda name, **named: sign(name, **named | {"ExpiresIn": 0}))

    taken = address()

    assert put(taken["url"], DATA, taken["headers"]) == (403, "AccessDenied")


def example(language: str, part: str = "/uploads") -> str:
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (found,) = [code for code in blocks if part in code]
    return found


def run(code: str, language: str, api: Api, folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["bash", "-ec", code] if language == "sh" else [sys.executable, "-c", code]
    environment = {"PATH": os.environ["PATH"], "API": api.url, "KEY": "of-the-laptop"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("language", ["sh", "python"])
def test_the_readmes_example_uploads_and_starts(api: Api, tmp_path: Path, language: str) -> None:
    finished = run(example(language), language, api, tmp_path)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert "/update-data/" in finished.stdout
    assert finished.stdout.count("WAITING") == 2


@pytest.mark.parametrize("language", ["sh", "python"])
def test_the_readmes_example_shows_why_a_request_failed(api: Api, tmp_path: Path, language: str) -> None:
    finished = run(re.sub(r"text/csv|application/x-ndjson", "text/plain", example(language)), language, api, tmp_path)

    assert finished.returncode != 0
    assert "must be one of application/gzip" in finished.stdout + finished.stderr


PARQUET_ROWS = [b'{"item_id":"i-318","title":"Boots","price":129.5}', b'{"item_id":"i-42","price":4.5}']


def rows_of(upload: str) -> list[Any]:
    """Return the records of an upload, as the function reads them from S3."""
    uploads = entry._dependencies().uploads
    saved = load_report(upload, uploads)
    assert saved is not None
    return [row.payload for row in read_rows(saved.report, uploads, Deadline.after(60))]


def test_the_readmes_parquet_is_uploaded_and_read(api: Api, tmp_path: Path) -> None:
    made = example("python", "to_parquet(written") + 'open("items.parquet", "wb").write(data)\n'
    assert run(made, "python", api, tmp_path).returncode == 0
    code = example("sh").replace("items.csv type=text/csv", "items.parquet type=application/vnd.apache.parquet")

    finished = run(code, "sh", api, tmp_path)

    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert rows_of(re.findall(r"/update-data/([0-9a-f]{32})", finished.stdout)[0]) == PARQUET_ROWS


def test_the_readmes_parquet_of_awswrangler_needs_no_address(api: Api) -> None:
    exec(example("python", "awswrangler.s3"), {})

    body = json.dumps({"kind": "items", "source": f"s3://{BUCKET}/items.parquet"})
    answered: Any = entry.handler(proxy_event("POST", "/update-data", body), CONTEXT)

    assert rows_of(json.loads(answered["body"])["id"]) == PARQUET_ROWS
