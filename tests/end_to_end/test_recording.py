"""The recording of calls is not older than the calls, so that every role's policy is evaluated for each of them."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase

import pytest

from tests.contract.infrastructure.recording import RECORDED_VARIABLE, read_calls, unrecorded

# A run makes these only after a failure or a bad record, for which `tests/contract/infrastructure` keeps permissions.
AFTER_A_FAILURE = (
    "rivulet-{environment}-*: kms:GenerateDataKey arn:aws:kms:*",
    "rivulet-{environment}-*: s3:PutObject arn:aws:s3:::rivulet-{environment}-{account}-bad-rows/*",
    "rivulet-{environment}-collect: sqs:*",
)


@pytest.mark.skipif(RECORDED_VARIABLE in os.environ, reason="a new recording is being made")
def test_the_recording_has_every_kind_of_call_that_these_tests_make(pipeline):
    made = read_calls(pipeline.cloud.recording)

    assert {"apply", "workers", "rivulet-{environment}-train-workflow"} <= made.keys()
    missing = {call for call in unrecorded(made) if not any(fnmatchcase(call, pattern) for pattern in AFTER_A_FAILURE)}
    assert missing == set(), "run python -m tests.contract.infrastructure.record"
