"""A stand-in for the engine: dataset groups that turn ACTIVE on the second look, with Personalize's errors."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Content = dict[str, Any]
Answer = tuple[int, Content, str]

# What has this name takes its time.
SLOW, SLOW_SECONDS = "slow", 1
# A dataset group of this name is throttled, by an error that the model of Personalize does not have.
THROTTLED = "throttled"
# No event tracker has this trackingId.
UNKNOWN = "unknown"
ARN = "arn:aws:personalize:eu-central-1:000000000000"


class FakePersonalize:
    """Serves on a free loopback port and records its requests."""

    def __init__(self) -> None:
        self.groups: dict[str, int] = {}
        self.filters: dict[str, Content] = {}
        self.requests: list[tuple[str, str, Content]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}")
                target = self.headers.get("X-Amz-Target", "")
                fake.requests.append((self.path, target, body))
                status, answer, error = fake.answer(self.path, target.rpartition(".")[2], body)
                payload = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                if error:
                    self.send_header("x-amzn-errortype", error)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_arguments) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path: str, action: str, body: Content) -> Answer:
        responses = {
            "/recommendations": lambda: {"itemList": [{"itemId": "i1", "score": 0.5}], "recommendationId": "r1"},
            "/events": dict,
            "/users": dict,
            "GetSolutionMetrics": lambda: {
                "solutionVersionArn": body["solutionVersionArn"],
                "metrics": {"normalized_discounted_cumulative_gain_at_25": 0.25},
            },
            "CreateCampaign": lambda: {"campaignArn": f"{ARN}:campaign/{body['name']}"},
            "CreateDatasetImportJob": lambda: {"datasetImportJobArn": f"{ARN}:dataset-import-job/{body['jobName']}"},
            "CreateDatasetExportJob": lambda: {"datasetExportJobArn": f"{ARN}:dataset-export-job/{body['jobName']}"},
        }
        if body.get("name") == SLOW:
            time.sleep(SLOW_SECONDS)
        if THROTTLED in (body.get("name"), body.get("userId")):
            return 400, {"message": "Rate exceeded"}, "ThrottlingException"
        if body.get("trackingId") == UNKNOWN:
            return 400, {"message": "no event tracker has this trackingId"}, "InvalidInputException"
        if action == "CreateDatasetGroup":
            return self._create_group(body["name"])
        if action == "DescribeDatasetGroup":
            return self._describe_group(body["datasetGroupArn"])
        if action.endswith(("Filter", "Filters")):
            return self._answer_about_filters(action, body)
        answer = responses.get(action or path)
        return (200, answer(), "") if answer else (400, {"message": f"unknown {action}"}, "InvalidInputException")

    def _create_group(self, name: str) -> Answer:
        arn = f"{ARN}:dataset-group/{name}"
        if arn in self.groups:
            return 400, {"message": f"{name} exists"}, "ResourceAlreadyExistsException"
        self.groups[arn] = 0
        return 200, {"datasetGroupArn": arn}, ""

    def _answer_about_filters(self, action: str, body: Content) -> Answer:
        if action == "CreateFilter":
            arn = f"{ARN}:filter/{body['name']}"
            if arn in self.filters:
                return 400, {"message": f"{arn} exists"}, "ResourceAlreadyExistsException"
            self.filters[arn] = {**body, "filterArn": arn, "status": "CREATE IN_PROGRESS"}
            return 200, {"filterArn": arn}, ""
        if action == "ListFilters":
            listed = [{"name": kept["name"], "filterArn": arn} for arn, kept in self.filters.items()]
            return 200, {"Filters": listed}, ""
        known = self.filters.get(body["filterArn"])
        if known is None:
            return 400, {"message": f"no {body['filterArn']}"}, "ResourceNotFoundException"
        if action == "DeleteFilter":
            del self.filters[body["filterArn"]]
            return 200, {}, ""
        described = dict(known)
        # An expression that begins with "BROKEN" never becomes a filter.
        known["status"] = "CREATE FAILED" if known.get("filterExpression", "").startswith("BROKEN") else "ACTIVE"
        return 200, {"filter": described}, ""

    def _describe_group(self, arn: str) -> Answer:
        if arn not in self.groups:
            # Real answers name the error in the body, in the header, or in both.
            return 400, {"__type": "ResourceNotFoundException", "message": f"no {arn}"}, ""
        self.groups[arn] += 1
        status = "ACTIVE" if self.groups[arn] > 1 else "CREATE IN_PROGRESS"
        group = {"name": arn.rpartition("/")[2], "datasetGroupArn": arn, "status": status, "creationDateTime": 1.5e9}
        return 200, {"datasetGroup": group}, ""
