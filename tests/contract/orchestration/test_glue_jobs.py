"""Spark jobs of Glue: they run, they fail, they are stopped, and a bucket changes only when they succeed."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fakes.emulator.cloud import start_cloud
from tests.fakes.waiting import wait_until

BUCKET = "glue-test"
SCRIPT = """
import argparse, json, pathlib, sys
from pyspark.sql import SparkSession
from greeting import greet

parser = argparse.ArgumentParser()
for name in ("JOB_NAME", "lake", "datasets", "run_id"):
    parser.add_argument(f"--{name}", required=True)
options, _ = parser.parse_known_args()
spark = SparkSession.builder.getOrCreate()
rows = spark.read.json(options.lake)
rows.select("item_id").coalesce(1).write.csv(f"{options.datasets}{options.run_id}/items", header=True)
zone = spark.conf.get("spark.sql.session.timeZone")
manifest = {"rows": rows.count(), "zone": zone, "master": spark.sparkContext.master, "job": options.JOB_NAME}
pathlib.Path(f"{options.datasets}{options.run_id}/manifest.json").write_text(json.dumps(manifest))
for old in pathlib.Path(options.datasets, "old").glob("*"):
    old.unlink()
print(greet())
"""
FAILING = """
import pathlib, sys
pathlib.Path(sys.argv[sys.argv.index("--datasets") + 1], "half.csv").write_text("half")
raise ValueError("no such column: price")
"""
SPARK_ERROR = "An error occurred while calling o92.count.\n: java.lang.RuntimeException: s3://x is not Parquet\nat X"
BEATING = """
import time
for _ in range(600):
    open({file!r}, "a").write("beat\\n")
    time.sleep(0.1)
"""
ENDED = {"SUCCEEDED", "FAILED", "STOPPED", "TIMEOUT"}


@pytest.fixture(scope="module")
def bucket(cloud):
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    put(s3, "code/good.py", SCRIPT)
    put(s3, "code/bad.py", FAILING)
    put(s3, "code/slow.py", "import time\nprint('started', flush=True)\ntime.sleep(60)\n")
    put(s3, "code/greeting.py", "def greet(): return 'hello from the driver'\n")
    put(s3, "lake/raw/items/day=1/a.jsonl", '{"item_id": "a"}\n{"item_id": "b"}\n')
    put(s3, "lake/raw/items/day=2/b.jsonl", '{"item_id": "c"}\n')
    return s3


def put(s3: Any, key: str, text: str) -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())


def keys(s3: Any, prefix: str) -> set[str]:
    return {entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])}


def make_job(cloud: Any, name: str, script: str, **fields: Any) -> Any:
    glue = cloud.client("glue")
    glue.create_job(
        Name=name,
        Role="arn:aws:iam::000000000000:role/glue",
        Command={"Name": "glueetl", "ScriptLocation": f"s3://{BUCKET}/code/{script}", "PythonVersion": "3"},
        **{"GlueVersion": "5.1", **fields},
    )
    return glue


def finish(glue: Any, name: str, run_id: str, seconds: float = 90) -> dict[str, Any]:
    def ended():
        run = glue.get_job_run(JobName=name, RunId=run_id)["JobRun"]
        return run if run["JobRunState"] in ENDED else None

    run: dict[str, Any] = wait_until(ended, seconds)
    return run


def messages(cloud: Any, group: str, run_id: str) -> str:
    logs = cloud.client("logs")
    events = wait_until(lambda: logs.get_log_events(logGroupName=group, logStreamName=run_id)["events"])
    return "\n".join(event["message"] for event in events)


def test_a_job_runs_its_script_on_spark_and_publishes_what_it_wrote(cloud, bucket):
    put(bucket, "datasets/old/stale.csv", "stale")
    defaults = {"--extra-py-files": f"s3://{BUCKET}/code/greeting.py", "--lake": f"s3://{BUCKET}/lake/raw/"}
    glue = make_job(cloud, "good", "good.py", DefaultArguments=defaults)

    # Spark reads a folder of partitions, so the job is pointed at the one with files in it.
    arguments = {
        "--lake": f"s3://{BUCKET}/lake/raw/items/",
        "--datasets": f"s3://{BUCKET}/datasets/",
        "--run_id": "run-1",
        "--enable-metrics": "true",
    }
    run_id = glue.start_job_run(JobName="good", Arguments=arguments)["JobRunId"]
    run = finish(glue, "good", run_id)

    assert (run["JobRunState"], run.get("ErrorMessage")) == ("SUCCEEDED", "")
    assert run["ExecutionTime"] >= 1
    assert run["GlueVersion"] == "5.1"
    manifest = json.loads(bucket.get_object(Bucket=BUCKET, Key="datasets/run-1/manifest.json")["Body"].read())
    assert manifest == {"rows": 3, "zone": "UTC", "master": "local[2]", "job": "good"}
    written = keys(bucket, "datasets/")
    assert "datasets/run-1/items/_SUCCESS" in written
    assert not any(key.endswith(".crc") or "stale" in key for key in written)
    assert "hello from the driver" in messages(cloud, "/aws-glue/jobs/output", run_id)


def test_a_failing_script_fails_the_run_with_its_error_and_changes_no_bucket(cloud, bucket):
    glue = make_job(cloud, "bad", "bad.py")

    run_id = glue.start_job_run(JobName="bad", Arguments={"--datasets": f"s3://{BUCKET}/bad/"})["JobRunId"]
    run = finish(glue, "bad", run_id)

    assert run["JobRunState"] == "FAILED"
    assert "ValueError: no such column: price" in run["ErrorMessage"]
    assert "Failed Line Number: 4" in run["ErrorMessage"]
    assert keys(bucket, "bad/") == set()
    assert "ValueError" in messages(cloud, "/aws-glue/jobs/error", run_id)


def test_a_log_prefix_and_a_security_configuration_name_the_groups(cloud, bucket):
    # Given the argument that Glue ignores since version 5, and the one that it reads
    arguments = {"--continuous-log-logGroup": "/ignored", "--custom-logGroup-prefix": "/mine"}
    put(bucket, "code/named.py", "raise ValueError('named')")
    glue = make_job(cloud, "named", "named.py", DefaultArguments=arguments, SecurityConfiguration="encrypted")

    run_id = glue.start_job_run(JobName="named")["JobRunId"]
    finish(glue, "named", run_id)

    assert "ValueError" in messages(cloud, "/mine/encrypted-role/glue/error", run_id)
    groups = {group["logGroupName"] for group in cloud.client("logs").describe_log_groups()["logGroups"]}
    assert "/mine/encrypted-role/glue/output" in groups
    assert "/ignored" not in groups


def test_a_failure_of_sparks_own_names_what_spark_could_not_do(cloud, bucket):
    # Given Py4J's exception: the call, and on the next line Java's message
    put(bucket, "code/broken.py", f"raise RuntimeError({SPARK_ERROR!r})")
    glue = make_job(cloud, "broken", "broken.py")

    run = finish(glue, "broken", glue.start_job_run(JobName="broken")["JobRunId"])

    assert run["ErrorMessage"].endswith("calling o92.count.: java.lang.RuntimeException: s3://x is not Parquet")


def test_one_run_at_a_time_and_a_stopped_run_is_stopped(cloud, bucket):
    glue = make_job(cloud, "slow", "slow.py")
    run_id = glue.start_job_run(JobName="slow")["JobRunId"]
    wait_until(lambda: glue.get_job_run(JobName="slow", RunId=run_id)["JobRun"]["JobRunState"] == "RUNNING")

    with pytest.raises(glue.exceptions.ConcurrentRunsExceededException):
        glue.start_job_run(JobName="slow")
    answer = glue.batch_stop_job_run(JobName="slow", JobRunIds=[run_id, "jr_none"])

    assert [done["JobRunId"] for done in answer["SuccessfulSubmissions"]] == [run_id]
    assert [error["JobRunId"] for error in answer["Errors"]] == ["jr_none"]
    assert finish(glue, "slow", run_id)["JobRunState"] == "STOPPED"


@pytest.mark.parametrize(
    ("name", "script", "settings", "reason"),
    [
        ("old-version", "good.py", {"GlueVersion": "4.0"}, "Glue 4.0 brings Spark 3.3"),
        (
            "with-modules",
            "good.py",
            {"DefaultArguments": {"--additional-python-modules": "pandas"}},
            "--additional-python-modules",
        ),
        ("no-script", "missing.py", {}, "does not exist"),
    ],
)
def test_a_job_that_the_laptop_cannot_run_fails_with_the_reason(cloud, bucket, name, script, settings, reason):
    glue = make_job(cloud, name, script, **settings)

    run = finish(glue, name, glue.start_job_run(JobName=name)["JobRunId"])

    assert (run["JobRunState"], reason in run["ErrorMessage"]) == ("FAILED", True)


def test_a_job_that_does_not_exist_or_has_an_unknown_version_is_refused(cloud, bucket):
    glue = cloud.client("glue")

    with pytest.raises(glue.exceptions.EntityNotFoundException):
        glue.start_job_run(JobName="unknown")
    with pytest.raises(ClientError, match="InvalidInputException"):
        make_job(cloud, "future", "good.py", GlueVersion="9.9")


def workflow(more=None, **fields):
    """Return a workflow that runs a job and waits for its end, with more states."""
    run = {"Type": "Task", "Resource": "arn:aws:states:::glue:startJobRun.sync", "End": True, **fields}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Run", "States": {"Run": run, **(more or {})}})


def test_a_workflow_waits_for_the_run_and_gets_its_failure(cloud, bucket, run_workflow):
    make_job(cloud, "bad-in-workflow", "bad.py")
    catch = {
        "ErrorEquals": ["States.TaskFailed"],
        "Output": "{% $parse($states.errorOutput.Cause) %}",
        "Next": "Done",
    }
    arguments = {"JobName": "bad-in-workflow", "Arguments": {"--datasets": f"s3://{BUCKET}/bad/"}}
    definition = workflow({"Done": {"Type": "Succeed"}}, Arguments=arguments, Catch=[catch])

    run = json.loads(run_workflow("glue-sync", definition, seconds=60)["output"])

    assert (run["JobName"], run["JobRunState"]) == ("bad-in-workflow", "FAILED")
    assert "no such column" in run["ErrorMessage"]


def test_a_task_that_times_out_stops_its_run(cloud, bucket, run_workflow):
    glue = make_job(cloud, "too-slow", "slow.py")

    ended = run_workflow("glue-timeout", workflow(Arguments={"JobName": "too-slow"}, TimeoutSeconds=2))

    assert (ended["status"], ended["error"]) == ("FAILED", "States.Timeout")
    [run] = glue.get_job_runs(JobName="too-slow")["JobRuns"]
    assert finish(glue, "too-slow", run["Id"])["JobRunState"] == "STOPPED"


def test_runs_and_executions_cut_off_by_a_crash_are_not_left_running(tmp_path):
    cloud = start_cloud(tmp_path)
    try:
        s3 = cloud.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        beats = tmp_path / "beats"
        put(s3, "code/slow.py", BEATING.format(file=str(beats)))
        glue = make_job(cloud, "slow", "slow.py")
        workflows = cloud.client("stepfunctions")
        machine = workflows.create_state_machine(
            name="slow",
            definition=workflow(Arguments={"JobName": "slow"}),
            roleArn="arn:aws:iam::000000000000:role/workflow",
        )["stateMachineArn"]
        execution = workflows.start_execution(stateMachineArn=machine)["executionArn"]
        wait_until(beats.exists)
        # What changes behind a request's back is on disk within about a second.
        time.sleep(2.5)

        cloud.kill()
        time.sleep(1)
        heard = beats.stat().st_size
        cloud.start()

        run = glue.get_job_runs(JobName="slow")["JobRuns"][0]
        assert (run["JobRunState"], "interrupted" in run["ErrorMessage"]) == ("FAILED", True)
        assert beats.stat().st_size == heard, "the script outlived the emulator"
        described = workflows.describe_execution(executionArn=execution)
        assert (described["status"], described["error"]) == ("FAILED", "States.ServiceRestart")
        assert glue.start_job_run(JobName="slow")["JobRunId"]
    finally:
        cloud.close()


def test_the_tags_of_what_was_deleted_are_gone(cloud):
    glue, tagging = cloud.client("glue"), cloud.client("resourcegroupstaggingapi")
    connection = {"Name": "gone", "ConnectionType": "JDBC", "ConnectionProperties": {}}
    make_job(cloud, "gone", "good.py")
    glue.create_crawler(Name="gone", Role="crawler", Targets={"S3Targets": [{"Path": f"s3://{BUCKET}/lake/"}]})
    glue.create_connection(ConnectionInput=connection)
    arns = [f"arn:aws:glue:eu-central-1:000000000000:{kind}/gone" for kind in ("job", "crawler", "connection")]
    for arn in arns:
        glue.tag_resource(ResourceArn=arn, TagsToAdd={"Stack": "gone"})

    glue.delete_job(JobName="gone")
    glue.delete_crawler(Name="gone")
    glue.delete_connection(ConnectionName="gone")

    filters = [{"Key": "Stack", "Values": ["gone"]}]
    assert tagging.get_resources(TagFilters=filters)["ResourceTagMappingList"] == []
    make_job(cloud, "gone", "good.py")
    assert glue.get_tags(ResourceArn=arns[0])["Tags"] == {}
