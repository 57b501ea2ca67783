"""Make a lake with the Lambda functions and the delivery worker.

    python -m tests.integration.formats.make_lake FOLDER

The functions are called as Lambda calls them, with a service on loopback in place of AWS that keeps what it is sent.
`FOLDER/s3` then holds the objects of the buckets, `FOLDER/requests.json` what DynamoDB and the tracker were sent.
See README.md.
"""

from __future__ import annotations

import base64
import importlib
import json
import os
import re
import sys
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from backend.contract import deaggregate_records, is_aggregated
from tests.fakes.s3 import FileS3
from tests.integration.formats import data

# The module that writes Parquet, in the tree that makes the lake.
PARQUET = ("deployment.workers.delivery.parquet", "deployment.workers.delivery.settings")
COLUMNS = Path("infrastructure/modules/lake/generated/columns.json")
BUCKETS = {"LAKE_BUCKET": "lake", "BAD_ROWS_BUCKET": "bad-rows", "UPLOADS_BUCKET": "uploads"}
ANSWERS: dict[str, dict[str, Any]] = {
    "GetParameter": {"Parameter": {"Value": "tracker"}},
    "BatchWriteItem": {"UnprocessedItems": {}},
    "TransactWriteItems": {"ConsumedCapacity": [{"TableName": "table"}]},
    "UpdateItem": {"ConsumedCapacity": {"TableName": "table"}},
}
CONTEXT = SimpleNamespace(
    function_name="function",
    memory_limit_in_mb=1024,
    invoked_function_arn="arn:aws:lambda:eu-central-1:000000000000:function:function",
    aws_request_id="invocation-1",
    get_remaining_time_in_millis=lambda: 29_000,
)
LOGGED_IN = 3  # the event of the session with which a user logs in


class Services:
    """Kinesis, DynamoDB, Systems Manager and the event tracker, which keep what they are sent."""

    def __init__(self) -> None:
        self.records: list[bytes] = []
        self.requests: list[tuple[str, Any]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                operation = self.headers.get("X-Amz-Target", self.path).rpartition(".")[2]
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                body = json.dumps(fake.answer(operation, request)).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "PutRecords":
            self.records += [base64.b64decode(record["Data"]) for record in request["Records"]]
            accepted = [{"SequenceNumber": str(place), "ShardId": "shard"} for place in range(len(request["Records"]))]
            return {"FailedRecordCount": 0, "Records": accepted}
        if operation != "GetParameter":
            self.requests.append((operation, request))
        return ANSWERS.get(operation, {})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def events() -> list[dict[str, Any]]:
    """Return clicks of which one breaks the contract, one denies consent, one comes twice and a session logs in."""
    moment = datetime.now(UTC).replace(microsecond=0)
    rows = [
        {
            "event_id": f"e-{place}",
            "user_id": user,
            "session_id": f"visit-{user}",
            "item_id": item,
            "timestamp": moment.isoformat(),
            "event_type": kind,
            "event_value": 2.5,
            "impression": [item, "item-0-0"],
            "recommendation_id": "recommendation",
            "properties": {"device": "phone"},
            "consent": "granted",
        }
        for place, (user, item, _, kind) in enumerate(data.interactions()[:30])
    ]
    session = [
        {"event_id": f"s-{place}", "session_id": "visit-1", "item_id": f"item-1-{place}", "event_type": "View"}
        for place in range(LOGGED_IN + 1)
    ]
    session[LOGGED_IN]["user_id"] = "user-1"
    rows += [{**row, "timestamp": moment.isoformat(), "consent": "granted"} for row in session]
    denied = {**rows[0], "event_id": "denied", "consent": "denied"}
    return [*rows, rows[0], denied, {"event_id": "broken", "user_id": "user-1"}]


def proxy_event(path: str, body: Any) -> dict[str, Any]:
    """Return a request as API Gateway sends it to Lambda."""
    return {
        "httpMethod": "POST",
        "resource": path,
        "body": json.dumps(body),
        "isBase64Encoded": False,
        "headers": {"Content-Type": "application/json"},
        "pathParameters": None,
        "requestContext": {"requestId": "request-1", "authorizer": {"producer": "server"}},
    }


def collect(posted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Post events, items and users, and return the bodies of the answers."""
    handler = importlib.import_module("backend.collect.handler").handler
    items = [
        {
            "item_id": f"item-{shelf}-{place}",
            "title": f"item-{shelf}-{place}",
            "category": f"shelf {shelf}",
            "price": 5.0 + place,
            "created_at": "2025-10-01T00:00:00Z",
        }
        for shelf, place in (divmod(number, data.ITEMS_PER_SHELF) for number in range(10))
    ]
    users = [{"user_id": f"user-{place}", "age_group": "25-34", "membership": "gold"} for place in range(5)]
    bodies = [
        ("/events", posted),
        ("/update-data", {"kind": "items", "records": [*items, {"title": "no id"}]}),
        ("/update-data", {"kind": "users", "records": users}),
    ]
    answered = [handler(proxy_event(path, body), CONTEXT) for path, body in bodies]
    return [{"status": answer["statusCode"], **json.loads(answer["body"])} for answer in answered]


def deaggregated(records: list[bytes]) -> list[bytes]:
    """Return the records inside KPL aggregates, and the others as they are."""
    return [
        inner for record in records for inner in (deaggregate_records(record) if is_aggregated(record) else [record])
    ]


def deliver(records: list[bytes], s3: FileS3) -> None:
    """Transform records as Firehose has them transformed, and write the rows as Parquet and the rest as errors."""
    now = time.time()
    handler = importlib.import_module("backend.lake.handler").handler
    batch = [
        {
            "recordId": str(place),
            "data": base64.b64encode(record).decode(),
            "kinesisRecordMetadata": {"approximateArrivalTimestamp": int(now * 1000)},
        }
        for place, record in enumerate(deaggregated(records))
    ]
    answered = handler({"records": batch}, CONTEXT)["records"]
    parquet, settings = (importlib.import_module(name) for name in PARQUET)
    columns = json.loads(COLUMNS.read_text())["events"]
    table = {"StorageDescriptor": {"Columns": [{"Name": column["name"], "Type": column["type"]} for column in columns]}}
    rows = [SimpleNamespace(data=base64.b64decode(row["data"])) for row in answered if row["result"] == "Ok"]
    body, _, failures = parquet.convert(rows, parquet.columns_of(table), settings.Conversion("lake", "events"), now)
    assert not failures
    moment = datetime.fromtimestamp(now, UTC)
    key = f"raw/events/ingest_date={moment:%Y-%m-%d}/ingest_hour={moment:%H}/delivered-1.parquet"
    path = s3.root / "lake" / key
    path.parent.mkdir(parents=True)
    path.write_bytes(body)


def forward(records: list[bytes]) -> None:
    """Forward records as Lambda is called with a batch of the stream."""
    handler = importlib.import_module("backend.forward.handler").handler
    batch = [
        {
            "eventID": f"shard:{place}",
            "eventSource": "aws:kinesis",
            "kinesis": {
                "data": base64.b64encode(record).decode(),
                "sequenceNumber": str(place),
                "partitionKey": "key",
                "approximateArrivalTimestamp": time.time(),
            },
        }
        for place, record in enumerate(records)
    ]
    assert handler({"Records": batch}, CONTEXT) == {"batchItemFailures": []}


def main(folder: Path) -> int:
    """Make the lake in a folder."""
    s3, services = FileS3(folder / "s3"), Services()
    os.environ |= {
        **BUCKETS,
        **{f"AWS_ENDPOINT_URL_{name}": services.url for name in ("KINESIS", "DYNAMODB", "SSM", "PERSONALIZE_EVENTS")},
        "AWS_ENDPOINT_URL_S3": s3.url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "AWS_LAMBDA_FUNCTION_NAME": "collect",
        "POWERTOOLS_METRICS_NAMESPACE": "Rivulet",
        "POWERTOOLS_SERVICE_NAME": "formats",
        "STREAM_NAME": "events",
        "BAD_ROWS_QUEUE": "no-queue",
        "ENTITIES_TABLE": "entities",
        "USER_DAYS": "730",
        "HISTORY_TABLE": "history",
        "HISTORY_DAYS": "30",
        "PUT_EVENTS_PER_SECOND": "1000",
        "TRACKING_ID_PARAMETER": "tracking-id",
    }
    for bucket in BUCKETS.values():
        (s3.root / bucket).mkdir(parents=True)
    answered = collect(events())
    records = [*services.records, b'{"event_id": "not collected"}']
    deliver(records, s3)
    forward(records)
    written = {
        "answers": answered,
        "records": [base64.b64encode(record).decode() for record in records],
        "requests": services.requests,
    }
    (folder / "requests.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    s3.close()
    services.close()
    return 0


def without_moments(text: str) -> str:
    """Replace every moment and every id that is drawn, so that two lakes can be compared."""
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)?", "MOMENT", text)
    text = re.sub(r"\d{4}-\d\d-\d\d", "DAY", text)
    return re.sub(r"\b1[78]\d{8}(\d{3})?(\.\d+)?\b", "EPOCH", text)  # seconds or milliseconds


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
