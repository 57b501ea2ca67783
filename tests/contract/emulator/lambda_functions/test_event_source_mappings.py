"""An event-source mapping returns the settings that it was created with."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.fakes.emulator.functions import make_function

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator


@pytest.fixture
def arguments(emulator: Emulator) -> dict[str, str]:
    emulator.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    return {
        "EventSourceArn": "arn:aws:kinesis:eu-central-1:000000000000:stream/clicks",
        "FunctionName": make_function(emulator, "def handler(event, context): pass"),
    }


def test_the_starting_timestamp_of_a_mapping_is_stored(emulator: Emulator, arguments: dict[str, str]):
    moment = round(time.time()) - 60
    functions = emulator.client("lambda")

    functions.create_event_source_mapping(
        **arguments, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=moment
    )

    [mapping] = functions.list_event_source_mappings()["EventSourceMappings"]
    assert mapping["StartingPositionTimestamp"].timestamp() == moment
    assert mapping["BatchSize"] == 100


def test_the_metrics_of_a_mapping_are_stored_and_updated(emulator: Emulator, arguments: dict[str, str]):
    functions = emulator.client("lambda")

    created = functions.create_event_source_mapping(
        **arguments, StartingPosition="TRIM_HORIZON", Enabled=False, MetricsConfig={"Metrics": ["EventCount"]}
    )
    assert (created["MetricsConfig"], created["State"]) == ({"Metrics": ["EventCount"]}, "Disabled")

    functions.update_event_source_mapping(UUID=created["UUID"], Enabled=True)
    mapping = functions.get_event_source_mapping(UUID=created["UUID"])
    assert (mapping["MetricsConfig"], mapping["State"]) == ({"Metrics": ["EventCount"]}, "Enabled")

    functions.update_event_source_mapping(UUID=created["UUID"], MetricsConfig={"Metrics": []})
    assert functions.get_event_source_mapping(UUID=created["UUID"])["MetricsConfig"] == {"Metrics": []}


def test_a_timestamp_is_required_for_at_timestamp_only(emulator: Emulator, arguments: dict[str, str]):
    functions = emulator.client("lambda")

    with pytest.raises(ClientError, match="StartingPositionTimestamp"):
        functions.create_event_source_mapping(**arguments, StartingPosition="AT_TIMESTAMP")
    with pytest.raises(ClientError, match="StartingPositionTimestamp"):
        functions.create_event_source_mapping(
            **arguments, StartingPosition="LATEST", StartingPositionTimestamp=time.time()
        )
