"""An engine that other machines may reach: every client must sign with a key of its own."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

import boto3
import botocore.auth
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from model.engine.personalize import limits
from tests.contract.engine.calls import create
from tests.contract.engine.running_engine import OURS, REGION, ROOT, THEIRS
from tests.factories.shop_stream import schema_text


def client(engine, key_id, secret, service="personalize"):
    return boto3.Session().client(
        service,
        endpoint_url=f"http://127.0.0.1:{engine.port}",
        region_name=REGION,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 0}),
    )


def prepared(engine, operation="ListSchemas", body=b"{}", *, signer=SigV4Auth):
    """Return a signed request as it goes over the wire: path and query, headers, body."""
    host, target = f"127.0.0.1:{engine.port}", f"AmazonPersonalize.{operation}"
    headers = {"Host": host, "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
    request = AWSRequest("POST", f"http://{host}/", headers=headers, data=body)
    signer(Credentials(*OURS[:2]), "personalize", REGION).add_auth(request)
    return str(request.url).partition(str(engine.port))[2], dict(request.headers.items()), body


def sent(engine, path, headers, body):
    connection = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=30)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, (json.loads(text) if text else {}).get("__type")


@pytest.mark.honours("CreateDatasetGroup", "an ARN has the account of the access key that signed the request")
def test_a_holder_of_a_key_works_in_its_account_and_sees_no_other(closed):
    ours, theirs = client(closed, *OURS[:2]), client(closed, *THEIRS[:2])

    arn = ours.create_dataset_group(name="shop")["datasetGroupArn"]

    assert arn == f"arn:aws:personalize:{REGION}:{OURS[2]}:dataset-group/shop"
    assert "shop" in [group["name"] for group in ours.list_dataset_groups()["datasetGroups"]]
    assert theirs.list_dataset_groups()["datasetGroups"] == []
    with pytest.raises(theirs.exceptions.ResourceNotFoundException):
        theirs.describe_dataset_group(datasetGroupArn=arn)


@pytest.mark.honours("PutEvents", "a tracking id of another account is refused")
def test_events_are_taken_from_the_account_of_their_tracker_alone(closed):
    ours = client(closed, *OURS[:2])
    group = create(ours, "dataset_group", name="tracked")["datasetGroupArn"]
    tracking_id = ours.create_event_tracker(name="tracked", datasetGroupArn=group)["trackingId"]

    def put(key):
        client(closed, key[0], key[1], "personalize-events").put_events(
            trackingId=tracking_id, sessionId="s", eventList=[{"eventType": "View", "itemId": "i", "sentAt": 1}]
        )

    put(OURS)
    with pytest.raises(ClientError) as caught:
        put(THEIRS)
    assert caught.value.response["Error"]["Code"] == "InvalidInputException"


@pytest.mark.parametrize(
    ("key_id", "secret", "name"),
    [
        (OURS[0], "x" * 40, "InvalidSignatureException"),
        (OURS[0], THEIRS[1], "InvalidSignatureException"),
        ("AKIANOBODYKNOWS00001", OURS[1], "UnrecognizedClientException"),
        ("123456789012", "secret", "UnrecognizedClientException"),
    ],
)
@pytest.mark.honours("ListSchemas", "an unknown access key and a wrong secret are refused with Amazon's error names")
@pytest.mark.honours("PutItems", "an unknown access key and a wrong secret are refused with Amazon's error names")
@pytest.mark.honours(
    "GetRecommendations", "an unknown access key and a wrong secret are refused with Amazon's error names"
)
def test_a_client_without_a_key_is_refused_by_the_names_amazon_gives(closed, key_id, secret, name):
    for service, call, status in (
        ("personalize", lambda asked: asked.list_schemas(), 400),
        ("personalize-events", lambda asked: asked.put_items(datasetArn="a", items=[{"itemId": "i"}]), 403),
        ("personalize-runtime", lambda asked: asked.get_recommendations(campaignArn="a"), 403),
    ):
        with pytest.raises(ClientError) as caught:
            call(client(closed, key_id, secret, service))
        assert caught.value.response["Error"]["Code"] == name
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize("path", ["/", "/events", "/recommendations", "/elsewhere", "/metrics", "/faults"])
def test_an_unsigned_request_gets_no_data(closed, path):
    status, name = sent(closed, path, {"X-Amz-Target": "AmazonPersonalize.ListSchemas"}, b"{}")

    assert (status, name) == (400 if path == "/" else 403, "MissingAuthenticationTokenException")


def test_a_request_that_was_changed_on_its_way_is_refused(closed):
    path, headers, body = prepared(closed)

    assert sent(closed, path, headers, b'{"maxResults": 5}') == (400, "InvalidSignatureException")
    other = {**headers, "X-Amz-Target": "AmazonPersonalize.ListDatasets"}
    assert sent(closed, path, other, body) == (400, "InvalidSignatureException")
    assert sent(closed, path, {**headers, "X-Amz-Meta": "more"}, body) == (400, "IncompleteSignatureException")
    assert sent(closed, path, headers, body) == (200, None)


@pytest.mark.differs("CreateSchema", "a signed request that is sent again is refused; Amazon accepts it for 15 minutes")
def test_a_change_that_is_sent_again_is_refused_and_done_once(closed):
    body = json.dumps({"name": "replayed", "schema": schema_text("Items")}).encode()
    request = prepared(closed, "CreateSchema", body)

    assert sent(closed, *request) == (200, None)
    assert sent(closed, *request) == (400, "InvalidSignatureException")
    assert sent(closed, *request) == (400, "InvalidSignatureException")

    deleted = client(closed, *OURS[:2])
    deleted.delete_schema(schemaArn=f"arn:aws:personalize:{REGION}:{OURS[2]}:schema/replayed")
    assert sent(closed, *request) == (400, "InvalidSignatureException")


@pytest.mark.differs("ListFilters", "the same signed request is answered again for two seconds only")
def test_a_question_that_is_asked_twice_at_once_is_answered_and_later_refused(closed):
    request = prepared(closed, "ListFilters")

    assert sent(closed, *request) == (200, None)
    assert sent(closed, *request) == (200, None)
    time.sleep(limits.TWIN_SECONDS + 0.2)
    assert sent(closed, *request) == (400, "InvalidSignatureException")


@pytest.mark.parametrize(
    ("minutes", "name"), [(14, None), (16, "RequestExpired"), (-16, "RequestExpired"), (-14, "RequestExpired")]
)
@pytest.mark.honours("ListSolutions", "a request signed more than 15 minutes ago or ahead is refused with that reason")
@pytest.mark.differs("ListSolutions", "a request that was signed before the engine started is refused")
def test_a_clock_may_go_fast_by_a_quarter_of_an_hour_and_nothing_from_before_the_start_is_taken(
    closed, monkeypatch, minutes, name
):
    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_: moment)

    assert sent(closed, *prepared(closed, "ListSolutions"))[1] == name


@pytest.mark.honours("ListCampaigns", "a request may be signed in its query string")
def test_a_request_may_be_signed_in_its_query(closed):
    path, headers, _ = prepared(closed, "ListCampaigns", b"", signer=SigV4QueryAuth)

    assert "X-Amz-Signature=" in path
    assert "Authorization" not in headers
    assert sent(closed, path, headers, b"") == (200, None)
    assert sent(closed, path.replace("eu-west-1", "eu-west-2"), headers, b"")[1] == "InvalidSignatureException"


def test_probes_need_no_key_and_metrics_have_a_port_of_their_own(closed):
    assert json.loads(closed.get("/health")) == {"status": "ok"}
    assert json.loads(closed.get("/ready")) == {"status": "ready"}

    connection = http.client.HTTPConnection("127.0.0.1", closed.port, timeout=30)
    connection.request("GET", "/metrics")
    assert connection.getresponse().status == 403

    connection = http.client.HTTPConnection("127.0.0.1", closed.ports["metrics_port"], timeout=30)
    connection.request("GET", "/metrics")
    page = connection.getresponse().read().decode()
    assert 'personalize_requests_total{operation="unknown",outcome="MissingAuthenticationTokenException"}' in page
    assert "process_resident_memory_bytes" in page


def test_no_secret_and_no_key_stands_in_the_log(closed):
    client(closed, *OURS[:2]).list_schemas()
    with pytest.raises(ClientError):
        client(closed, OURS[0], "x" * 40).list_schemas()

    log = closed.directory.with_suffix(".log").read_text()
    assert "InvalidSignatureException" in log
    assert not any(credential in log for key in (OURS, THEIRS) for credential in key[:2])


def test_beyond_loopback_the_engine_does_not_start_without_keys(tmp_path):
    command = [sys.executable, "-m", "model.engine", "--directory", str(tmp_path / "d"), "--port", "0"]
    command += ["--host", "0.0.0.0"]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode == 2
    assert "requests must be signed" in ended.stderr
    assert not (tmp_path / "d").exists()
