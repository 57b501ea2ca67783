"""Routes of operators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend.contract.generators.errors import (
    BAD_TRAINER,
    BAD_TRAINING_ID,
    NO_STATE_MACHINE,
    NO_TRAINING,
    SLOW_DOWN,
)
from backend.contract.generators.examples import CONFLICT, STARTED_TRAINING, TRAIN, TRAINED, TRAINING
from backend.contract.generators.routes.parts import answer, body, in_path, operation, retry

if TYPE_CHECKING:
    from backend.contract.generators.api import Schema


def training_paths() -> dict[str, Schema]:
    """Return the paths of operators with their operations."""
    return {"/train": {"post": _post_train()}, "/train/{id}": {"get": _get_train()}}


def _post_train() -> Schema:
    posted = operation(
        "postTrain",
        "operators",
        "Start a training",
        "Builds the data sets, imports them, trains, and deploys a new version that is not worse than the serving one. "
        "A client token makes sending the request twice harmless. One training runs at a time: of two that start at "
        "once one is ABORTED, with a cause that names the other.",
        body=body("Train", example=TRAIN, custom={"trainer": "sagemaker"}),
        answers={
            "202": answer("The training has started.", "Started", STARTED_TRAINING),
            "400": answer("The body does not have the documented form.", "Error", BAD_TRAINER),
            "409": answer(
                "A training is running, posted or scheduled, and has the `id`; or the token's training has another "
                "trainer.",
                "TrainingRuns",
                CONFLICT,
            ),
            "429": retry("Too many requests at once.", "Error", SLOW_DOWN),
            "503": retry("The training could not be started.", "Error", NO_STATE_MACHINE),
        },
    )
    posted["requestBody"]["required"] = False
    return posted


def _get_train() -> Schema:
    return operation(
        "getTrain",
        "operators",
        "Get the progress of a training",
        "A failed training has its step and cause; a successful one has the version that serves and the reason: a new "
        "version is deployed only where it is not worse, beyond the noise, than the one that served.",
        parameters=[
            in_path("id", "The training's id.", {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,80}$"}, TRAINING["id"])
        ],
        answers={
            "200": answer("The progress.", "Training", TRAINING, succeeded=TRAINED),
            "400": answer("The id is malformed.", "Error", BAD_TRAINING_ID),
            "404": answer("The id names no training.", "Error", NO_TRAINING),
            "429": retry("Too many requests at once.", "Error", SLOW_DOWN),
            "503": retry("The progress could not be read.", "Error", NO_STATE_MACHINE),
        },
    )
