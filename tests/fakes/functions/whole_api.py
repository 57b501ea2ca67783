"""The functions of the API on fakes, with the shop that the examples of the OpenAPI document are about."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from backend.collect import handler as collect
from backend.collect.records import resume_upload
from backend.contract.generators.examples import TRAIN, UPDATE_DATA, VISITOR
from backend.recommend import handler as recommend
from backend.recommend.system.models import Models
from backend.train import handler as train
from backend.train.executions import TrainDependencies
from tests.factories.lambda_events import CONTEXT, proxy_event
from tests.fakes.functions.front_door import FrontDoor
from tests.fakes.functions.serving import NOW, Serving, campaign_arns
from tests.fakes.functions.states import STARTED, FakeStates
from tests.fakes.personalize import FakeControl

if TYPE_CHECKING:
    import pytest

UPLOADS = "rivulet-production-123456789012-uploads"
STATE_MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-production-train"
RECEIVED = datetime(2026, 1, 31, 12, 0, 1, 250_000, tzinfo=UTC)
BECAUSE = {"item:i-318": 0.62, "popularity": 0.2, "rest": 0.18}


class WholeApi:
    """Sends requests to the handlers of the functions, whose dependencies are fakes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.door = FrontDoor()
        self.serving = Serving()
        self.control = FakeControl()
        self.states = FakeStates(STATE_MACHINE)
        self._fill()
        fakes: Any = self
        self.door.s3.buckets.add(UPLOADS)
        fakes.door.s3.generate_presigned_url = _signer().generate_presigned_url
        uploads = replace(self.door.uploads, bucket=UPLOADS)
        models = Models(fakes.control, "group", tuple(campaign_arns().values()), clock=lambda: 0.0)
        self._collect = dependencies = replace(self.door.dependencies, uploads=uploads)
        train_dependencies = TrainDependencies(fakes.states, STATE_MACHINE, ["personalize", "sagemaker"])
        for target, name, value in (
            (collect, "_dependencies", lambda: dependencies),
            (collect, "_submission", lambda _: replace(self.door.submission(now=RECEIVED), dependencies=dependencies)),
            (collect, "_now", lambda: RECEIVED),
            (recommend, "_dependencies", lambda: self.serving.dependencies),
            (recommend, "_models", lambda: models),
            (recommend, "_workflow", lambda: self.serving.workflow),
            (recommend, "_now", lambda: NOW),
            (recommend, "_demonstration_users", frozenset),
            (train, "_dependencies", lambda: train_dependencies),
        ):
            monkeypatch.setattr(target, name, value)
        for name, text in (
            ("PROJECT", "rivulet"),
            ("ENVIRONMENT", "production"),
            ("AWS_REGION", "eu-central-1"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "17"),
        ):
            monkeypatch.setenv(name, text)

    def send(self, route: str, body: Any = None, **event: Any) -> tuple[int, dict[str, Any]]:
        """Send a request to the function of a route, and return the status and the body of the answer."""
        method, resource = route.split(" ")
        handler: Any = _FUNCTIONS.get(resource.split("/")[1], recommend).handler
        answered = handler(proxy_event(method, resource, body, **event), CONTEXT)
        return answered["statusCode"], json.loads(answered["body"])

    def upload(self, body: bytes) -> str:
        """Upload an object of items, request that it is processed, and return the id of the upload."""
        self.door.s3.objects[UPLOADS, "catalogue.csv.gz"] = body
        source = f"s3://{UPLOADS}/catalogue.csv.gz"
        upload_id: str = self.send("POST /update-data", {"kind": "items", "source": source})[1]["id"]
        return upload_id

    def process(self, upload_id: str) -> None:
        """Process an upload to its end."""
        deadline = self.door.clock.deadline(60)
        resume_upload(upload_id, self._collect, deadline, lambda: RECEIVED)

    def train(self, step: str, **ended: Any) -> None:
        """Start the training of the examples, and let it end in a step with these attributes."""
        name = self.send("POST /train", TRAIN)[1]["id"]
        self.states.executions[name] |= {"stopDate": STARTED + timedelta(minutes=3), **ended}
        entered = {"type": "TaskStateEntered", "stateEnteredEventDetails": {"name": step}}
        self.states.histories[name] = [
            {"id": 1, "previousEventId": 0, **entered},
            {"id": 2, "previousEventId": 1, "type": "ExecutionEnded"},
        ]

    def _fill(self) -> None:
        serving = self.serving
        serving.runtime.ranking[:] = ["i-42", "i-7", "i-318", "i-12", "i-204"]
        serving.runtime.passing.update(serving.runtime.ranking)
        serving.runtime.columns["EXPLANATION"] = json.dumps(
            [{"name": name, "weight": weight} for name, weight in BECAUSE.items()]
        )
        serving.runtime.reasons = None  # type: ignore[assignment]
        serving.publish(category=["CATEGORY"], not_bought=[])
        for ago, kind in ((1, "Purchase"), (9, "Click")):
            serving.add_event("u-1042", NOW - ago, f"e-{ago}", "i-318", kind)
        for item_id in VISITOR["items"]:
            serving.describe(f"item#{item_id}", **(UPDATE_DATA["items"]["records"][0] | {"item_id": item_id}))
        at = datetime(2026, 1, 24, 12, tzinfo=UTC)
        self.control.add("rivulet-production-user-personalization", "0e1d2c3b", at, "CREATE FAILED")
        served = self.control.add("rivulet-production-user-personalization", "1f2e3d4c", at + timedelta(days=7))
        self.control.serving[campaign_arns()["recommendations"]] = served


_FUNCTIONS: dict[str, Any] = {
    **dict.fromkeys(("events", "e", "uploads", "update-data"), collect),
    "train": train,
}
"""The module of the function of each first part of a path, where it is not that of recommend."""


def _signer() -> Any:
    return boto3.client(
        "s3",
        region_name="eu-central-1",
        aws_access_key_id="AKIAEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(signature_version="s3v4", s3={"addressing_style": "virtual"}),
    )
