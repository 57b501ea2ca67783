"""Where SageMaker puts things and wants them put, by the variables of its training toolkit.

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


class SurroundingsError(ValueError):
    """SageMaker's layout is not as it is documented; the message says what is missing."""


@dataclass(frozen=True)
class Surroundings:
    """What a training has around it.

    Attributes
    ----------
    channels : Path
        Folder with a folder per channel: interactions, and items and users where there are any.
    model : Path
        What lies here at the end is the model.
    failure : Path
        File that tells why a training failed; SageMaker shows its first 1,024 characters.
    checkpoints : Path or None
        What lies here is there again when a training that was cut off goes on; None where nothing is kept.
    """

    channels: Path
    model: Path
    failure: Path
    checkpoints: Path | None
    hyperparameters: dict[str, str]


def read_surroundings(environment: Mapping[str, str]) -> Surroundings:
    """Read them from the environment.

    Parameters
    ----------
    environment : mapping of str to str
        SM_MODEL_DIR, SM_OUTPUT_DIR, SM_INPUT_DIR; SM_CHANNEL_INTERACTIONS, SM_HPS, SM_INPUT_CONFIG_DIR and
        SM_CHECKPOINTS_DIR where they are set.
    """
    given = _folder(environment, INPUT)
    channel = environment.get(INTERACTIONS_CHANNEL)
    checkpoints = environment.get(CHECKPOINTS)
    return Surroundings(
        # Every channel is a folder beside the others.
        channels=Path(channel).parent if channel else given / "data",
        model=_folder(environment, MODEL),
        failure=_folder(environment, OUTPUT) / "failure",
        checkpoints=Path(checkpoints) if checkpoints else None,
        hyperparameters=_hyperparameters(environment, Path(environment.get(CONFIG) or given / "config")),
    )


def _folder(environment: Mapping[str, str], name: str) -> Path:
    if not environment.get(name):
        raise SurroundingsError(f"{name} is not set: it names a folder of SageMaker's, as its training toolkit sets it")
    return Path(environment[name])


def _hyperparameters(environment: Mapping[str, str], config: Path) -> dict[str, str]:
    text = environment.get(HYPERPARAMETERS)
    if text is None:
        file = config / HYPERPARAMETERS_FILE
        if not file.is_file():
            raise SurroundingsError(f"{file} is missing, and {HYPERPARAMETERS} is not set")
        text = file.read_text(encoding="utf-8")
    try:
        stated = json.loads(text)
    except ValueError as error:
        raise SurroundingsError(f"the hyper-parameters are no JSON: {error}") from None
    if not isinstance(stated, dict):
        raise SurroundingsError("the hyper-parameters must be an object of texts")
    # The toolkit hands on what it sets for itself.
    return {name: _text(value) for name, value in stated.items() if not name.startswith("sagemaker_")}


def _text(value: object) -> str:
    """Return a value as text; SageMaker's own SDK writes texts as JSON, in quotes."""
    if not isinstance(value, str):
        return json.dumps(value)
    quoted = len(value) >= 2 and value[0] == value[-1] == '"'
    return str(json.loads(value)) if quoted else value
