"""Personalize's three services at the emulator's port, answered by the engine."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from tests.fakes.emulator.cloud import start_cloud


def test_control_plane_requests_reach_the_engine(cloud):
    created = cloud.client("personalize").create_dataset_group(name="proxied")

    assert created["datasetGroupArn"].endswith(":dataset-group/proxied")


def test_errors_keep_their_name_and_status(cloud):
    with pytest.raises(ClientError) as caught:
        cloud.client("personalize").describe_dataset_group(datasetGroupArn="arn:aws:personalize:::dataset-group/none")

    assert caught.value.response["Error"]["Code"] == "ResourceNotFoundException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_headers_of_an_error_are_kept(cloud):
    client = cloud.client("personalize")
    client.create_dataset_group(name="twice")

    with pytest.raises(ClientError) as caught:
        client.create_dataset_group(name="twice")

    headers = caught.value.response["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-errortype"] == "ResourceAlreadyExistsException"


def test_runtime_and_event_requests_reach_the_engine(cloud):
    answer = cloud.client("personalize-runtime").get_recommendations(
        campaignArn="arn:aws:personalize:::campaign/c", userId="u"
    )
    cloud.client("personalize-events").put_events(
        trackingId="t", sessionId="s", eventList=[{"eventType": "View", "sentAt": 1.0, "itemId": "i1"}]
    )

    assert answer["itemList"][0]["itemId"] == "i1"
    assert cloud.personalize.requests[-1][0] == "/events"


def test_an_unavailable_engine_is_reported(tmp_path):
    cloud = start_cloud(tmp_path)
    try:
        cloud.personalize.close()

        with pytest.raises(ClientError, match="does not answer") as caught:
            cloud.client("personalize").list_dataset_groups()

        assert caught.value.response["Error"]["Code"] == "ServiceUnavailable"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
    finally:
        cloud.close()
