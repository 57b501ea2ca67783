"""An event-source mapping returns the settings that it was created with."""

from __future__ import annotations

import io
import time
import zipfile
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator


@pytest.fixture
def arguments(emulator: Emulator) -> dict[str, str]:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("app.py", "def handler(event, context): pass")
    emulator.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    emulator.client("lambda").create_function(
        FunctionName="forward",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/forward",
        Handler="app.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    return {
        "EventSourceArn": "arn:aws:kinesis:eu-central-1:000000000000:stream/clicks",
        "FunctionName": "forward",
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


def test_a_timestamp_is_required_for_at_timestamp_only(emulator: Emulator, arguments: dict[str, str]):
    functions = emulator.client("lambda")

    with pytest.raises(ClientError, match="StartingPositionTimestamp"):
        functions.create_event_source_mapping(**arguments, StartingPosition="AT_TIMESTAMP")
    with pytest.raises(ClientError, match="StartingPositionTimestamp"):
        functions.create_event_source_mapping(
            **arguments, StartingPosition="LATEST", StartingPositionTimestamp=time.time()
        )
