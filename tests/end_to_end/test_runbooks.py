"""The runbooks' commands on the laptop's cloud, by the AWS command line; some cannot run, each for a stated reason."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from string import Template
from typing import Any

import boto3
import pytest

from deployment.local.cloud import ENVIRONMENTS
from tests.contract.watch.pages import PAGES, commands

# By a part of the command.
NOT_RUN = {
    "aws kinesis update-shard-count ": "the laptop has one shard, and Kinesis doubles them at most",
    "aws lambda invoke ": "needs the payload of a failed invocation, and there is none here",
    "aws scheduler get-schedule ": "the laptop's trainings have no schedule",
    "aws service-quotas ": "the laptop's cloud has no quotas of an account",
    "aws sqs delete-message ": "needs the receipt of a dead letter, and there is none here",
    "aws stepfunctions start-execution ": "runs by itself below, as it takes the lock of trainings",
    "aws stepfunctions stop-execution ": "stops that execution below",
    "/aws/lambda/$PREFIX-canary ": "the laptop has no canary",
}

# All in one process, since most of a command's time is its start.
PROGRAM = """
import contextlib, io, json, os, sys
from awscli.clidriver import create_clidriver
results = []
for command in json.load(sys.stdin):
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        # This version of the command line ignores the variable AWS_ENDPOINT_URL for SQS.
        status = create_clidriver().main([*command[1:], "--endpoint-url", os.environ["AWS_ENDPOINT_URL"]])
    results.append((status, output.getvalue(), errors.getvalue()))
print(json.dumps(results))
"""


def run(given: list[list[str]], variables: dict[str, str]) -> list[tuple[int, str, str]]:
    """Return the exit status, output and errors of each command."""
    replaced = [[Template(word).substitute(variables) for word in command] for command in given]
    done = subprocess.run(
        [ENVIRONMENTS / "client" / "bin" / "python", "-c", PROGRAM],
        input=json.dumps(replaced),
        capture_output=True,
        text=True,
        check=True,
    )
    results: list[tuple[int, str, str]] = json.loads(done.stdout)
    return results


@pytest.fixture(scope="module")
def variables(pipeline: Any) -> dict[str, str]:
    """What the first page exports, and what the commands before a command list."""
    machine = pipeline.made["state_machine_arn"]
    campaign = (
        f"arn:aws:personalize:eu-central-1:000000000000:campaign/{pipeline.made['dataset_group']}-user-personalization"
    )
    now = datetime.now(UTC)
    return {
        "ENVIRONMENT": "local",
        "PREFIX": "rivulet-local",
        "AWS_REGION": "eu-central-1",
        "ACCOUNT": "000000000000",
        "NOW": f"{now:%FT%TZ}",
        "SINCE": f"{now - timedelta(hours=3):%FT%TZ}",
        "FUNCTION": "rivulet-local-collect",
        "QUEUE": boto3.client("sqs").get_queue_url(QueueName="rivulet-local-collect-failed")["QueueUrl"],
        "EXECUTION": pipeline.stepfunctions.list_executions(stateMachineArn=machine)["executions"][0]["executionArn"],
        "QUERY": boto3.client("athena").list_query_executions(WorkGroup="rivulet-local")["QueryExecutionIds"][0],
        "VERSION": boto3.client("personalize").describe_campaign(campaignArn=campaign)["campaign"][
            "solutionVersionArn"
        ],
    }


def test_a_runbooks_commands_run(variables: dict[str, str]) -> None:
    found = [command for page in PAGES for command in commands(page.read_text("utf-8"))]
    unique = [list(command) for command in dict.fromkeys(map(tuple, found))]
    excluded = {part: [command for command in unique if part in " ".join(command)] for part in NOT_RUN}
    assert all(excluded.values()), "no page has it any more"
    runnable = [command for command in unique if not any(command in listed for listed in excluded.values())]

    results = run(runnable, variables)

    # A list of S3 objects without any exits with 1, and without a message.
    failed = {
        " ".join(command): result[2]
        for command, result in zip(runnable, results, strict=True)
        if result[0] and not (command[1:3] == ["s3", "ls"] and not result[2])
    }
    assert failed == {}
    # A query that finds nothing in the answer prints null, though the command succeeds.
    empty = [
        " ".join(command) for command, result in zip(runnable, results, strict=True) if result[1].strip() == "null"
    ]
    assert empty == []


def test_a_runbooks_training_is_started_and_stopped(pipeline: Any, variables: dict[str, str]) -> None:
    page = {(command[1], command[2]): command for page in PAGES for command in commands(page.read_text("utf-8"))}
    ((status, output, errors),) = run([page["stepfunctions", "start-execution"]], variables)
    assert status == 0, errors
    started = json.loads(output)["executionArn"]

    ((status, _, errors),) = run([page["stepfunctions", "stop-execution"]], variables | {"EXECUTION": started})
    assert status == 0, errors
    assert pipeline.stepfunctions.describe_execution(executionArn=started)["status"] == "ABORTED"
