"""Runs a Spark job: fetches its script, stages its arguments, starts PySpark, and records the result."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from deployment.emulator.glue import job_logs
from deployment.emulator.glue.staging import publish, stage
from deployment.emulator.kms import checks
from deployment.emulator.kms.decisions import Role
from deployment.emulator.s3 import objects
from deployment.emulator.settings import SPARK_SETTINGS

# https://docs.aws.amazon.com/glue/latest/dg/release-notes.html
SPARK_OF_GLUE = {"5.1": "3.5", "5.0": "3.5", "4.0": "3.3", "3.0": "3.1"}
SPARK_JOB = "glueetl"
UNFINISHED = frozenset({"STARTING", "RUNNING", "STOPPING", "WAITING"})
STOP_GRACE_SECONDS = 5
SECONDS_PER_MINUTE = 60

# A job inherits only these variables of the emulator.
INHERITED_VARIABLES = ("HOME", "JAVA_HOME", "LANG", "PATH", "USER")


class CannotRunError(Exception):
    """The job cannot run; the message becomes the run's ErrorMessage."""


@dataclass(frozen=True)
class JobRun:
    """A run under way.

    Parameters
    ----------
    record
        The run as Glue stores it; its state is changed in place.
    folder
        A folder for this run alone, removed at its end.
    spark_python
        The interpreter that has PySpark.
    """

    job: dict[str, Any]
    record: dict[str, Any]
    folder: Path
    spark_python: Path
    endpoint: str


def execute(run: JobRun) -> None:
    """Run the job to its end and record the result. Never call this on the emulator's event loop."""
    try:
        checks.act_as(Role(run.job["Role"]))
        run.folder.mkdir(parents=True)
        state, message = _execute(run)
    except Exception as error:  # noqa: BLE001 - a run must not stay RUNNING for ever
        state, message = "FAILED", str(error)
    job_logs.close(run.record, run.folder, message)
    finish(run.record, state, message)
    job_logs.publish(run.record, run.folder)
    shutil.rmtree(run.folder, ignore_errors=True)


def finish(record: dict[str, Any], state: str, message: str) -> None:
    """Record the result of a run."""
    now = time.time()
    record.update(
        JobRunState=state,
        ErrorMessage=message,
        CompletedOn=now,
        LastModifiedOn=now,
        ExecutionTime=int(now - record["StartedOn"]),
    )


def _execute(run: JobRun) -> tuple[str, str]:
    _check(run)
    script = _fetch(run.job["Command"]["ScriptLocation"], run.folder / "code")
    extra = run.record["Arguments"].get("--extra-py-files", "")
    packages = [_fetch(uri.strip(), run.folder / "code") for uri in extra.split(",") if uri.strip()]
    arguments, mirrors = stage(run.record["Arguments"], run.folder / "s3")
    state, message = _run_script(run, script, packages, arguments)
    if state == "SUCCEEDED":
        publish(mirrors)
    return state, message


def _check(run: JobRun) -> None:
    kind, version = run.job["Command"].get("Name"), run.record["GlueVersion"]
    if kind != SPARK_JOB:
        raise CannotRunError(f"A job of type {kind} does not run on the laptop: {SPARK_JOB} does")
    wanted, installed = SPARK_OF_GLUE.get(version), spark_version(run.spark_python)
    if wanted is None or not installed.startswith(f"{wanted}."):
        raise CannotRunError(
            f"Glue {version} brings Spark {wanted}, here is {installed}: use a Glue version that brings it"
        )
    modules = run.record["Arguments"].get("--additional-python-modules")
    if modules:
        raise CannotRunError(
            f"--additional-python-modules {modules} would be downloaded: give them as --extra-py-files"
        )


@cache
def spark_version(spark_python: Path) -> str:
    """Return the version of an interpreter's PySpark, or ``no PySpark``."""
    program = "from importlib.metadata import version; print(version('pyspark'))"
    answer = subprocess.run([str(spark_python), "-c", program], capture_output=True, text=True, check=False, timeout=60)
    return answer.stdout.strip() or "no PySpark"


def _fetch(uri: str, folder: Path) -> Path:
    bucket, key = objects.split(uri)
    folder.mkdir(exist_ok=True)
    path = folder / Path(key).name
    path.write_bytes(objects.read(bucket, key))
    return path


def _run_script(run: JobRun, script: Path, packages: list[Path], arguments: dict[str, str]) -> tuple[str, str]:
    command = [str(run.spark_python), "-P", str(Path(__file__).with_name("driver.py")), str(script)]
    for name, value in arguments.items():
        command += [name, value]
    environment = _environment(run, packages)
    deadline = time.monotonic() + run.record["Timeout"] * SECONDS_PER_MINUTE
    with job_logs.writers(run.folder) as (output, errors):
        process = subprocess.Popen(
            command, cwd=run.folder, env=environment, stdin=subprocess.PIPE, stdout=output, stderr=errors,
            start_new_session=True,
        )  # fmt: skip
        if run.record["JobRunState"] == "STARTING":
            run.record.update(JobRunState="RUNNING", LastModifiedOn=time.time())
        try:
            while process.poll() is None:
                if run.record["JobRunState"] == "STOPPING":
                    return "STOPPED", ""
                if time.monotonic() > deadline:
                    return "TIMEOUT", f"Job run exceeded its timeout of {run.record['Timeout']} minutes"
                time.sleep(0.1)
        finally:
            _end(process)
    if process.returncode:
        return "FAILED", job_logs.error_message(run.folder, process.returncode)
    return "SUCCEEDED", ""


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(STOP_GRACE_SECONDS)
        except (ProcessLookupError, PermissionError):
            break
        except subprocess.TimeoutExpired:
            continue
    if process.stdin:
        process.stdin.close()


def _environment(run: JobRun, packages: list[Path]) -> dict[str, str]:
    settings = {
        **SPARK_SETTINGS,
        "spark.app.name": run.record["JobName"],
        "spark.local.dir": f"{run.folder}/spark",
        "spark.sql.warehouse.dir": f"{run.folder}/warehouse",
    }
    submitted = " ".join(f"--conf {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
    # Glue takes further settings in one argument: "a=1 --conf b=2".
    wanted = run.record["Arguments"].get("--conf")
    submitted += f" --conf {wanted}" if wanted else ""
    return {
        **{name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ},
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_DEFAULT_REGION": os.environ["AWS_DEFAULT_REGION"],
        "AWS_ENDPOINT_URL": run.endpoint,
        "AWS_SECRET_ACCESS_KEY": "test",
        "PYSPARK_PYTHON": str(run.spark_python),
        "PYSPARK_SUBMIT_ARGS": f"{submitted} pyspark-shell",
        # A zip is itself an entry of the path, a module is found in its folder.
        "PYTHONPATH": os.pathsep.join(str(file.parent if file.suffix == ".py" else file) for file in packages),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(run.folder),
        "TZ": "UTC",
    }
