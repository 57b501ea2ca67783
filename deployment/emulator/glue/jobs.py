"""The API of jobs and their runs, with Glue's rules.

Sources: https://docs.aws.amazon.com/glue/latest/webapi/API_StartJobRun.html, API_BatchStopJobRun.html,
API_CreateJob.html.
"""

from __future__ import annotations

import contextvars
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ministack.core.responses import error_response_json, json_response
from ministack.services import glue

from deployment.emulator.glue.job_logs import log_group_prefix
from deployment.emulator.glue.runs import SPARK_OF_GLUE, UNFINISHED, JobRun, execute, finish

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings

Response = tuple[int, dict[str, str], bytes]
Action = Callable[[dict[str, Any]], Response]

# API_CreateJob: the default of MaxConcurrentRuns, and of Timeout (minutes) from Glue 5.0 on.
DEFAULT_CONCURRENT_RUNS = 1
DEFAULT_TIMEOUT_MINUTES = 480
DEFAULT_GLUE_VERSION = "5.1"
INTERRUPTED = "The run was interrupted: the laptop's cloud ended while it ran"


def install(settings: Settings) -> None:
    """Override jobs and runs, and fail the runs of an earlier emulator process."""

    def start_job_run(data: dict[str, Any]) -> Response:
        return start(data, settings)

    glue._start_job_run = start_job_run
    glue._get_job_runs = get_job_runs
    glue._batch_stop_job_run = batch_stop_job_run
    _keep_whole_jobs()
    _forget_tags()
    _end_interrupted_runs()


def _keep_whole_jobs() -> None:
    create, update = glue._create_job, glue._update_job

    def create_job(data: dict[str, Any]) -> Response:
        version = data.get("GlueVersion", DEFAULT_GLUE_VERSION)
        if version not in SPARK_OF_GLUE:
            return _error("InvalidInputException", f"Glue version {version} is not one of {', '.join(SPARK_OF_GLUE)}")
        answer = cast("Response", create(data))
        if answer[0] < 400:
            _keep_all(data, version)
        return answer

    def update_job(data: dict[str, Any]) -> Response:
        answer = cast("Response", update(data))
        if answer[0] < 400:
            glue._jobs[data["JobName"]].update(data.get("JobUpdate", {}))
        return answer

    glue._create_job = create_job
    glue._update_job = update_job


def _forget_tags() -> None:
    """Delete the tags of a job, crawler or connection with it: MiniStack keeps them for the next of its name."""
    for kind, member in (("job", "JobName"), ("crawler", "Name"), ("connection", "ConnectionName")):
        setattr(glue, f"_delete_{kind}", _without_tags(getattr(glue, f"_delete_{kind}"), kind, member))


def _without_tags(delete: Action, kind: str, member: str) -> Action:
    def delete_with_tags(data: dict[str, Any]) -> Response:
        answer = delete(data)
        if answer[0] < 400:
            glue._tags.pop(glue._arn(kind, data.get(member, "")), None)
        return answer

    return delete_with_tags


def _end_interrupted_runs() -> None:
    restore = glue._restore_state

    def restore_state(data: dict[str, Any]) -> None:
        restore(data)
        for runs in glue._job_runs.all_values():
            for record in runs:
                if record["JobRunState"] in UNFINISHED:
                    finish(record, "FAILED", INTERRUPTED)

    glue._restore_state = restore_state


def start(data: dict[str, Any], settings: Settings) -> Response:
    """StartJobRun: record a run and start it on a thread of its own."""
    name = data.get("JobName", "")
    job = glue._jobs.get(name)
    if job is None:
        return _error("EntityNotFoundException", f"Failed to start job run due to missing metadata: job {name}")
    runs = glue._job_runs.setdefault(name, [])
    limit = (job.get("ExecutionProperty") or {}).get("MaxConcurrentRuns", DEFAULT_CONCURRENT_RUNS)
    if sum(record["JobRunState"] in UNFINISHED for record in runs) >= limit:
        return _error("ConcurrentRunsExceededException", f"Concurrent runs exceeded for {name}: at most {limit}")
    record = _record(job, data)
    runs.append(record)
    folder = Path(settings.scratch) / "glue" / record["Id"]
    run = JobRun(job, record, folder, settings.spark_python, settings.endpoint)
    # The thread has the account and region of the request.
    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(execute, run), name=f"glue-{record['Id'][:10]}", daemon=True).start()
    return _answer({"JobRunId": record["Id"]})


def get_job_runs(data: dict[str, Any]) -> Response:
    """GetJobRuns: the latest first."""
    name = data.get("JobName", "")
    if name not in glue._jobs:
        return _error("EntityNotFoundException", f"Job {name} not found.")
    return _answer({"JobRuns": list(reversed(glue._job_runs.get(name, [])))})


def batch_stop_job_run(data: dict[str, Any]) -> Response:
    """BatchStopJobRun: request runs to stop; each is STOPPED when its Spark has ended."""
    name = data.get("JobName", "")
    records = {record["Id"]: record for record in glue._job_runs.get(name, [])}
    submitted, errors = [], []
    for run_id in data.get("JobRunIds", []):
        record = records.get(run_id)
        if record is not None and record["JobRunState"] in UNFINISHED:
            record.update(JobRunState="STOPPING", LastModifiedOn=time.time())
            submitted.append({"JobName": name, "JobRunId": run_id})
            continue
        code = "EntityNotFoundException" if record is None else "JobRunNotInTerminalStateException"
        detail = {"ErrorCode": code, "ErrorMessage": f"Run {run_id} of {name} is not running"}
        errors.append({"JobName": name, "JobRunId": run_id, "ErrorDetail": detail})
    return _answer({"SuccessfulSubmissions": submitted, "Errors": errors})


def _record(job: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    now, run_id = time.time(), f"jr_{secrets.token_hex(32)}"
    arguments = {
        "--JOB_NAME": job["Name"],
        "--JOB_RUN_ID": run_id,
        **(job.get("DefaultArguments") or {}),
        **(data.get("Arguments") or {}),
        **(job.get("NonOverridableArguments") or {}),
    }
    security_configuration = data.get("SecurityConfiguration") or job.get("SecurityConfiguration") or ""
    return {
        "Id": run_id,
        "Attempt": 0,
        "JobName": job["Name"],
        "StartedOn": now,
        "LastModifiedOn": now,
        "JobRunState": "STARTING",
        "Arguments": arguments,
        "ErrorMessage": "",
        "PredecessorRuns": [],
        "ExecutionTime": 0,
        "Timeout": data.get("Timeout") or job.get("Timeout") or DEFAULT_TIMEOUT_MINUTES,
        "WorkerType": data.get("WorkerType") or job.get("WorkerType") or "G.1X",
        "NumberOfWorkers": data.get("NumberOfWorkers") or job.get("NumberOfWorkers") or 2,
        "SecurityConfiguration": security_configuration,
        "GlueVersion": job["GlueVersion"],
        "LogGroupName": log_group_prefix(arguments, security_configuration, job.get("Role", "")),
    }


def _keep_all(data: dict[str, Any], version: str) -> None:
    """Store the members of a new job that MiniStack drops: its limit on runs, its tags, and unknown ones."""
    job = glue._jobs[data["Name"]]
    job.update({name: value for name, value in data.items() if name != "Tags"})
    job["GlueVersion"] = version
    job.setdefault("ExecutionProperty", {"MaxConcurrentRuns": DEFAULT_CONCURRENT_RUNS})
    job.pop("Tags", None)
    if data.get("Tags"):
        glue._tags[glue._arn("job", data["Name"])] = dict(data["Tags"])


def _answer(content: dict[str, Any]) -> Response:
    return cast("Response", json_response(content))


def _error(code: str, message: str) -> Response:
    return cast("Response", error_response_json(code, message, 400))
