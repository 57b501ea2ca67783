"""The training state machine within the limits and error names of Step Functions, and with tags on what it creates."""

import json
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel

from deployment.check.state_machines import render

MODULE = Path(__file__).resolve().parents[3] / "infrastructure/modules/recommender"
SOURCES = (MODULE / "locals.tf", MODULE / "state-machines/train.asl.json.tftpl")

# Prefix of the errors: the service in botocore, and the base exception that stands for every error without a model.
# SDK integrations use the SDK for Java 2 (PersonalizeException), optimized ones its first version (AWSGlueException).
SERVICES = {
    "DynamoDB": ("dynamodb", "AmazonDynamoDBException"),
    "Glue": ("glue", "AWSGlueException"),
    "Lambda": ("lambda", "AWSLambdaException"),
    "Personalize": ("personalize", "PersonalizeException"),
    "S3": ("s3", "S3Exception"),
    "SageMaker": ("sagemaker", "AmazonSageMakerException"),
    "Sfn": ("stepfunctions", "SfnException"),
    "Ssm": ("ssm", "SsmException"),
}


def named_errors() -> set[str]:
    """Return the errors of AWS services that the definition and its Terraform locals name."""
    names = rf'"((?:{"|".join(SERVICES)})\.\w+)"'
    return {name for source in SOURCES for name in re.findall(names, source.read_text(encoding="utf-8"))}


@cache
def reportable_errors(prefix: str) -> set[str]:
    """Return the errors that Step Functions reports for a service."""
    service, base = SERVICES[prefix]
    model = botocore.session.get_session().get_service_model(service)
    modelled = {shape.name.removesuffix("Exception") + "Exception" for shape in model.error_shapes}
    return {f"{prefix}.{name}" for name in modelled | {base, "SdkClientException"}}


def test_every_named_error_is_modelled_or_the_services_base_exception():
    unknown = {name for name in named_errors() if name not in reportable_errors(name.partition(".")[0])}

    assert unknown == set()


@pytest.mark.parametrize("name", ["Personalize.ThrottlingException", "Personalize.InternalServerException"])
def test_the_check_detects_an_error_that_personalize_does_not_model(name):
    assert name not in reportable_errors("Personalize")


def test_the_check_reads_the_errors_of_every_service_of_the_workflow():
    assert {name.partition(".")[0] for name in named_errors()} == SERVICES.keys()


# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html: events in the history of an execution.
HISTORY_LIMIT = 25_000
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_HistoryEvent.html: entered, exited, and of a task
# also scheduled, started and succeeded.
EVENTS = {"Task": 5}
# A failed attempt of a task: failed, scheduled, started.
EVENTS_OF_A_RETRY = 3
# Errors that pass, and limits: locals.tf.
RETRIES = 6 + 8
# Items of the maps: datasets, filters (at most 15: main.tf) and solutions, of which there may be a few more.
ITEMS = {"EnsureDatasets": 3, "ImportDataSets": 3, "EnsureFilters": 15, "DeleteFilters": 15, "TrainAndDeploy": 5}


@pytest.fixture(scope="module")
def definition():
    return json.loads(render(SOURCES[1].read_text(encoding="utf-8")))


def all_states(definition) -> dict[str, dict[str, Any]]:
    """Return the states of the definition and of its maps."""
    maps = [state["ItemProcessor"]["States"] for state in definition["States"].values() if state["Type"] == "Map"]
    return {name: state for states in [definition["States"], *maps] for name, state in states.items()}


def events_of(states: Iterable[dict[str, Any]]) -> int:
    return sum(EVENTS.get(state["Type"], 2) for state in states)


def with_retries(states: dict[str, Any]) -> int:
    tasks: int = sum(state["Type"] == "Task" for state in states.values())
    return events_of(states.values()) + RETRIES * EVENTS_OF_A_RETRY * tasks


def events_of_a_poll(states) -> int:
    """Return the most events between two entries of a state that waits for a resource."""

    def cycle(name: str, wait: str, path: list[str]) -> int:
        if name == wait and path:
            return events_of(states[each] for each in path)
        if name in path or name not in states:
            return 0
        state = states[name]
        following = [state.get("Next"), state.get("Default"), *(choice["Next"] for choice in state.get("Choices", []))]
        return max((cycle(each, wait, [*path, name]) for each in following if each), default=0)

    waits = [name for name, state in states.items() if "Seconds" in state and not isinstance(state["Seconds"], int)]
    return max((cycle(wait, wait, []) for wait in waits), default=0)


def polls(seconds: int, poll_seconds: int) -> int:
    """Return the number of polls of an execution that waits until its timeout."""
    form = r'wait_seconds = "\{% \$poll_seconds \+ \$min\(\[(\d+), \$floor\(\(\$millis\(\) - .*\) / (\d+)\)\]\) %\}"'
    [found] = re.findall(form, SOURCES[0].read_text(encoding="utf-8"))
    most, divisor = map(int, found)
    elapsed = count = 0
    while elapsed < seconds:
        elapsed += poll_seconds + min(most, elapsed * 1000 // divisor)
        count += 1
    return count


@pytest.mark.parametrize("poll_seconds", [1, 60])
def test_the_history_of_an_execution_that_polls_until_its_timeout_fits(definition, poll_seconds):
    maps = {name: state for name, state in definition["States"].items() if state["Type"] == "Map"}

    # Each state once for each item, with all retries of its task; then the polls of the map that has the most
    once = with_retries(definition["States"]) + sum(
        ITEMS[name] * with_retries(state["ItemProcessor"]["States"]) for name, state in maps.items()
    )
    a_poll = max(
        state["MaxConcurrency"] * events_of_a_poll(state["ItemProcessor"]["States"]) for state in maps.values()
    )

    assert a_poll == 3 * 14  # filters, as if each poll deleted a failed one
    assert once + a_poll * polls(definition["TimeoutSeconds"], poll_seconds) < HISTORY_LIMIT


def test_polls_at_a_constant_interval_would_end_the_execution_before_its_timeout(definition):
    assert 4 * 9 * definition["TimeoutSeconds"] // 60 > HISTORY_LIMIT


def test_each_state_that_waits_for_a_resource_has_the_growing_interval():
    template = SOURCES[1].read_text(encoding="utf-8")

    assert "{% $poll_seconds %}" not in template
    assert (
        template.count('"Seconds": "${wait_seconds}"') == template.count('"Seconds"') - 2
    )  # WaitForAbort and WaitForServing


def assigned(states) -> set[str]:
    """Return the variables that states assign, themselves or in a rule."""
    rules = [rule for state in states for field in ("Choices", "Catch") for rule in state.get(field, [])]
    return {variable for each in [*states, *rules] for variable in each.get("Assign", {})}


# https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html: AWS refuses such a state machine.
def test_no_map_assigns_a_variable_of_the_scope_around_it(definition):
    outer = list(definition["States"].values())
    inner = [list(state["ItemProcessor"]["States"].values()) for state in outer if state["Type"] == "Map"]

    assert assigned(outer) & {variable for states in inner for variable in assigned(states)} == set()
    assert all(state["Type"] != "Map" for states in inner for state in states)
    assert all(state["Type"] != "Parallel" for states in [outer, *inner] for state in states)


def test_too_few_interactions_end_a_training_before_the_imports_and_without_a_failure(definition):
    states = definition["States"]

    assert states["WhoTrains"]["Default"] == "AreInteractionsEnough"
    assert states["AreInteractionsEnough"]["Choices"][0]["Next"] == "ImportDataSets"
    assert states[states["AreInteractionsEnough"]["Default"]]["Type"] == "Succeed"


def has_tags(operation: OperationModel) -> bool:
    return operation.input_shape is not None and bool({"tags", "Tags"} & set(operation.input_shape.members))


def test_each_created_resource_that_can_have_tags_has_them(definition):
    session = botocore.session.get_session()
    created = [
        (*match.groups(), state["Arguments"])
        for state in all_states(definition).values()
        if (match := re.search(r":(personalize|sagemaker):(create\w+)", state.get("Resource", "")))
    ]

    taggable = {
        action: "Tags" in arguments
        for service, action, arguments in created
        if has_tags(session.get_service_model(service).operation_model(action[:1].upper() + action[1:]))
    }

    assert "createSolutionVersion" in taggable
    assert "createTrainingJob" in taggable
    assert {action for action, is_tagged in taggable.items() if not is_tagged} == set()
