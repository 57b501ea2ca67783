"""The folders and hyper-parameters of a SageMaker training job, from the variables of the training toolkit.

Sources: https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md and
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

INTERACTIONS_CHANNEL = "SM_CHANNEL_INTERACTIONS"
INPUT, CONFIG, OUTPUT = "SM_INPUT_DIR", "SM_INPUT_CONFIG_DIR", "SM_OUTPUT_DIR"
MODEL, CHECKPOINTS, HYPERPARAMETERS = "SM_MODEL_DIR", "SM_CHECKPOINTS_DIR", "SM_HPS"
HYPERPARAMETERS_FILE = "hyperparameters.json"


class TrainingJobError(ValueError):
    """SageMaker's layout differs from its documentation; the message names what is missing."""


@dataclass(frozen=True)
class TrainingJob:
    """The folders and hyper-parameters of a training job.

    Attributes
    ----------
    channels : Path
        Folder with a folder per channel: interactions and, optionally, items and users.
    model : Path
        Folder whose content becomes the model at the end.
    failure : Path
        File for the reason of a failure; SageMaker shows its first 1,024 characters.
    checkpoints : Path or None
        Folder that is restored when an interrupted job resumes; None without checkpoints.
    """

    channels: Path
    model: Path
    failure: Path
    checkpoints: Path | None
    hyperparameters: dict[str, str]


def read_training_job(environment: Mapping[str, str]) -> TrainingJob:
    """Read the training job from SM_MODEL_DIR, SM_OUTPUT_DIR and SM_INPUT_DIR.

    SM_CHANNEL_INTERACTIONS, SM_HPS, SM_INPUT_CONFIG_DIR and SM_CHECKPOINTS_DIR may be set as well.
    """
    given = _folder(environment, INPUT)
    channel = environment.get(INTERACTIONS_CHANNEL)
    checkpoints = environment.get(CHECKPOINTS)
    return TrainingJob(
        # All channels are folders in one parent folder.
        channels=Path(channel).parent if channel else given / "data",
        model=_folder(environment, MODEL),
        failure=_folder(environment, OUTPUT) / "failure",
        checkpoints=Path(checkpoints) if checkpoints else None,
        hyperparameters=_hyperparameters(environment, Path(environment.get(CONFIG) or given / "config")),
    )


def _folder(environment: Mapping[str, str], name: str) -> Path:
    if not environment.get(name):
        raise TrainingJobError(f"{name} is not set: SageMaker's training toolkit sets it to a folder")
    return Path(environment[name])


def _hyperparameters(environment: Mapping[str, str], config: Path) -> dict[str, str]:
    text = environment.get(HYPERPARAMETERS)
    if text is None:
        file = config / HYPERPARAMETERS_FILE
        if not file.is_file():
            raise TrainingJobError(f"{file} is missing, and {HYPERPARAMETERS} is not set")
        text = file.read_text(encoding="utf-8")
    try:
        stated = json.loads(text)
    except ValueError as error:
        raise TrainingJobError(f"the hyper-parameters are not JSON: {error}") from None
    if not isinstance(stated, dict):
        raise TrainingJobError("the hyper-parameters must be an object of strings")
    # The toolkit includes its own settings.
    return {name: _text(value) for name, value in stated.items() if not name.startswith("sagemaker_")}


def _text(value: object) -> str:
    """Return a value as a string; SageMaker's SDK writes strings as JSON, in quotes."""
    if not isinstance(value, str):
        return json.dumps(value)
    quoted = len(value) >= 2 and value[0] == value[-1] == '"'
    return str(json.loads(value)) if quoted else value
