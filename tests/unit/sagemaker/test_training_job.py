"""SageMaker's variables and files."""

from __future__ import annotations

import json

import pytest

from model.sagemaker.training_job import TrainingJobError, read_training_job

FOLDERS = {"SM_INPUT_DIR": "ml/input", "SM_OUTPUT_DIR": "ml/output", "SM_MODEL_DIR": "ml/model"}


def test_hyperparameters_are_strings_however_they_were_written():
    stated = {"recipe": '"aws-sims"', "epochs": "3", "rate": 0.5, "flag": True, "sagemaker_program": "train.py"}

    found = read_training_job({**FOLDERS, "SM_HPS": json.dumps(stated)})

    assert found.hyperparameters == {"recipe": "aws-sims", "epochs": "3", "rate": "0.5", "flag": "true"}


def test_without_the_toolkits_variables_the_layout_is_that_of_the_input_folder(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "hyperparameters.json").write_text('{"recipe": "aws-sims"}')

    found = read_training_job({**FOLDERS, "SM_INPUT_DIR": str(tmp_path)})

    assert (found.channels, found.checkpoints) == (tmp_path / "data", None)
    assert found.hyperparameters == {"recipe": "aws-sims"}
    assert read_training_job({**FOLDERS, "SM_HPS": "{}", "SM_CHANNEL_INTERACTIONS": "a/b/c"}).channels.name == "b"


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "SM_INPUT_DIR is not set"),
        ({**FOLDERS, "SM_MODEL_DIR": "", "SM_HPS": "{}"}, "SM_MODEL_DIR is not set"),
        (FOLDERS, "hyperparameters.json is missing"),
        ({**FOLDERS, "SM_HPS": "{"}, "not JSON"),
        ({**FOLDERS, "SM_HPS": "[]"}, "an object"),
    ],
)
def test_what_is_missing_is_named(environment, said):
    with pytest.raises(TrainingJobError, match=said):
        read_training_job(environment)
