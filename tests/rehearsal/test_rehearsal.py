"""From nothing to an environment and back, by the commands that the workflows call; each test continues the last.

`make rehearsal` prints the commands and what they print.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import boto3
import pytest

from data import replay
from data.generator import Settings, generate
from tests.end_to_end.pipeline import read_until
from tests.rehearsal.project import NAME, Rehearsal, show
from tests.rehearsal.resources import Resources, difference, list_resources, table

pytestmark = pytest.mark.timeout(3600)  # each test waits for Terraform several times

STAGES: dict[str, Resources] = {}
COLLECT, RECOMMEND = "rivulet-local-collect", "rivulet-local-recommend"
BROKEN = """

def handler(event: Any, context: LambdaContext) -> Any:
    raise RuntimeError("broken on purpose")
"""


@pytest.fixture(autouse=True)
def heading(request: pytest.FixtureRequest) -> None:
    title = request.node.name.removeprefix("test_").replace("_", " ")
    show(f"\n\n== {title} ==\n")


def live_version(function: str) -> str:
    alias = boto3.client("lambda").get_alias(FunctionName=function, Name="live")
    assert not alias.get("RoutingConfig", {}).get("AdditionalVersionWeights")
    return alias["FunctionVersion"]


def test_an_environment_is_deployed_from_nothing(rehearsal: Rehearsal) -> None:
    rehearsal.run(f"deployment.local up --empty --name {NAME}")
    STAGES["before"] = list_resources()
    planned = rehearsal.plan()
    assert "created**" in planned
    rehearsal.apply(planned)
    rehearsal.run("deployment.release rollout local --seconds 0")
    rehearsal.run("deployment.release drift local --exit-code")


def test_it_is_trained_and_serves(rehearsal: Rehearsal) -> None:
    pipeline, since = rehearsal.pipeline(), datetime.now(UTC)
    until = since.replace(hour=0, minute=0, second=0, microsecond=0)
    stream = generate(Settings(items=100, users=150, events=2_500, seed=3, until=until))
    replay.load_catalogue(stream, pipeline.api.url, pipeline.api.key)
    sent = replay.replay(stream, pipeline.api.url, pipeline.api.key)
    show(f"sent {sent.sent} events, accepted {sent.accepted}")
    expected = stream.expected.distinct
    assert read_until(lambda: pipeline.lake(since).distinct_in_run, expected) == expected
    deployed = [entry["CampaignArn"].rpartition("/")[2] for entry in pipeline.train()["Deployments"]]
    show(f"trained and deployed {', '.join(deployed)}")
    assert "GET /popular: 25 items" in rehearsal.run("deployment.release smoke local")
    STAGES["deployed"] = list_resources()
    assert {call for call, names in STAGES["deployed"].items() if not names} <= {
        *("events list_rules", "iam list_policies", "scheduler list_schedules")  # of production, and of SageMaker
    }


def test_a_changed_variable_is_planned_and_applied(rehearsal: Rehearsal) -> None:
    rehearsal.edit(
        "infrastructure/environments/local.tfvars",
        "log_retention_days = 1\n",
        "log_retention_days = 1\nstream_retention_hours = 48\n",
    )
    rehearsal.commit("Keep events for two days")
    planned = rehearsal.plan()
    assert "retention_period: 24 → 48" in planned
    assert "local is emulated on a laptop: nothing of it is billed" in planned
    rehearsal.apply(planned)
    rehearsal.run("deployment.release rollout local --seconds 0")
    stream = boto3.client("kinesis").describe_stream_summary(StreamName="rivulet-local-events")
    assert stream["StreamDescriptionSummary"]["RetentionPeriodHours"] == 48


def test_a_version_that_does_not_work_gets_no_request(rehearsal: Rehearsal) -> None:
    before = live_version(COLLECT)
    handler = rehearsal.folder / "backend" / "collect" / "handler.py"
    good = handler.read_text("utf-8")
    handler.write_text(good + BROKEN, "utf-8")
    rehearsal.commit("Break collect on purpose")
    rehearsal.run("deployment.package --target local")
    rehearsal.apply(rehearsal.plan())
    output = rehearsal.run("deployment.release rollout local --seconds 0", status=1)
    assert re.search(rf"rolled back: {COLLECT}: version \d+ does not work: .*broken on purpose", output)
    assert "of the invocations reach" not in output
    assert live_version(COLLECT) == before
    show(f"alias live of {COLLECT}: version {before}, as before")
    rehearsal.run("deployment.release smoke local")

    handler.write_text(good, "utf-8")
    rehearsal.commit("Revert: Break collect on purpose")
    rehearsal.run("deployment.package --target local")
    rehearsal.apply(rehearsal.plan())
    rehearsal.run("deployment.release rollout local --seconds 0")
    assert live_version(COLLECT) != before
    versions = boto3.client("lambda").list_versions_by_function(FunctionName=COLLECT)["Versions"]
    show(f"versions of {COLLECT}: {', '.join(version['Version'] for version in versions)}")


def test_drift_by_hand_is_found_and_reverted(rehearsal: Rehearsal) -> None:
    boto3.client("lambda").update_function_configuration(FunctionName=RECOMMEND, Timeout=5)
    boto3.client("cloudwatch").delete_alarms(AlarmNames=["rivulet-local-api-failed"])
    show("by hand: the timeout of recommend set to 5 s, and the alarm api-failed deleted")
    issue = rehearsal.run("deployment.release drift local --exit-code", status=2)
    assert "timeout: 10 → 5" in issue
    assert '- module.observability.module.alarms.aws_cloudwatch_metric_alarm.this["api-failed"]' in issue
    assert "in 2 resources" in issue

    rehearsal.apply(rehearsal.plan())
    rehearsal.run("deployment.release drift local --exit-code")


def test_destroy_leaves_nothing(rehearsal: Rehearsal) -> None:
    rehearsal.run("deployment.release destroy local --confirm production", status=1)
    rehearsal.run("deployment.release destroy local --confirm local")
    STAGES["after"] = list_resources()
    show(table(**STAGES))
    left = difference(STAGES["before"], STAGES["after"])
    show("\n".join(["", "not there before:", *sorted(left)]))
    keys = {line for line in left if line.startswith("kms list_keys") or ":key/" in line}
    for key in STAGES["after"]["kms list_keys"] - STAGES["before"]["kms list_keys"]:
        described = boto3.client("kms").describe_key(KeyId=key)["KeyMetadata"]
        show(f"key {key}: {described['KeyState']}, gone at {described['DeletionDate']:%F}")
        assert described["KeyState"] == "PendingDeletion"
    assert {line for line in left - keys if not line.startswith("logs describe_log_groups: /aws-glue/jobs/")} == set()
