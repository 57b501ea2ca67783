"""Lambda functions as its developer guide documents their runtime."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.fakes.emulator.functions import ROLE, archive, invoke, make_function
from tests.fakes.emulator.process import REGION

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html, as far as they exist on the laptop.
SET_BY_AWS = {
    "_HANDLER",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "LANG",
    "PATH",
    "TZ",
}
SET_BY_THE_LAPTOP = {
    "AWS_DISABLE_HOST_PREFIX_INJECTION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_PERSONALIZE",
    "AWS_ENDPOINT_URL_PERSONALIZE_EVENTS",
    "AWS_ENDPOINT_URL_PERSONALIZE_RUNTIME",
    "PYTHONIOENCODING",
}
SET_BY_PYTHON = {"LC_CTYPE"}


class TestEnvironment:
    def test_sees_aws_variables_and_its_own_and_no_others(self, shared_emulator: Emulator) -> None:
        name = make_function(
            shared_emulator,
            "import os\ndef handler(event, context): return dict(os.environ)",
            Environment={"Variables": {"STREAM_NAME": "events"}},
        )

        seen = invoke(shared_emulator, name).payload

        assert seen["STREAM_NAME"] == "events"
        assert seen["AWS_REGION"] == REGION
        assert seen["AWS_ENDPOINT_URL"] == shared_emulator.endpoint
        assert seen["AWS_ENDPOINT_URL_PERSONALIZE_EVENTS"] == shared_emulator.engine_url
        assert seen.keys() >= SET_BY_AWS
        assert seen.keys() - SET_BY_PYTHON == SET_BY_AWS | SET_BY_THE_LAPTOP | {"STREAM_NAME"}

    def test_has_boto3_and_none_of_the_project_or_the_emulator(self, shared_emulator: Emulator) -> None:
        name = make_function(
            shared_emulator,
            "import importlib.util\n"
            "def handler(event, context): return [n for n in event if importlib.util.find_spec(n)]",
        )
        modules = ["boto3", "ministack", "duckdb", "pydantic", "msgspec", "numpy", "deployment", "backend", "runtime"]

        assert invoke(shared_emulator, name, modules).payload == ["boto3"]

    def test_context_has_the_documented_members(self, shared_emulator: Emulator) -> None:
        name = make_function(
            shared_emulator,
            "def handler(event, context): return [context.function_name, context.memory_limit_in_mb,"
            " context.invoked_function_arn, context.log_group_name, context.get_remaining_time_in_millis()]",
            MemorySize=256,
        )

        *members, left = invoke(shared_emulator, name).payload

        assert members == [name, "256", f"arn:aws:lambda:{REGION}:000000000000:function:{name}", f"/aws/lambda/{name}"]
        assert 15_000 < left <= 20_000

    def test_prints_do_not_disturb_the_answer_and_reach_the_log(self, shared_emulator: Emulator) -> None:
        name = make_function(
            shared_emulator,
            'import os\ndef handler(event, context):\n  print("{}")\n  os.write(1, b"raw\\n")\n  return 1',
        )

        outcome = invoke(shared_emulator, name)

        assert outcome.payload == 1
        assert outcome.log.splitlines() == ["{}", "raw"]

    def test_new_code_and_settings_take_the_place_of_the_old(self, shared_emulator: Emulator) -> None:
        source = "import os\ndef handler(event, context): return ['{}', os.environ.get('SET')]"
        name = make_function(shared_emulator, source.format("old"))
        client = shared_emulator.client("lambda")
        assert invoke(shared_emulator, name).payload == ["old", None]

        client.update_function_code(FunctionName=name, ZipFile=archive(source.format("new")))
        client.update_function_configuration(FunctionName=name, Environment={"Variables": {"SET": "now"}})

        assert invoke(shared_emulator, name).payload == ["new", "now"]

    def test_invocations_at_the_same_time_have_an_environment_each(self, shared_emulator: Emulator) -> None:
        name = make_function(
            shared_emulator, "import os, time\ndef handler(event, context):\n  time.sleep(1)\n  return os.getpid()"
        )

        with ThreadPoolExecutor(4) as pool:
            processes = list(pool.map(lambda _: invoke(shared_emulator, name).payload, range(4)))

        assert len(set(processes)) == 4


class TestErrors:
    def test_has_the_class_the_message_and_the_trace(self, shared_emulator: Emulator) -> None:
        name = make_function(
            shared_emulator,
            "class RateLimitError(Exception): pass\ndef handler(event, context): raise RateLimitError('slow down')",
        )

        outcome = invoke(shared_emulator, name)

        assert outcome.error == "Unhandled"
        assert outcome.payload["errorType"] == "RateLimitError"
        assert outcome.payload["errorMessage"] == "slow down"
        (frame,) = outcome.payload["stackTrace"]
        assert "package/handler.py" in frame
        assert "[ERROR] RateLimitError: slow down" in outcome.log

    def test_process_stays_warm_after_an_error(self, shared_emulator: Emulator) -> None:
        name = make_function(
            shared_emulator,
            "calls = []\n"
            "def handler(event, context):\n  calls.append(event)\n  if event: raise ValueError\n  return len(calls)",
        )

        invoke(shared_emulator, name, "fail")

        assert invoke(shared_emulator, name).payload == 2

    @pytest.mark.parametrize(
        ("source", "error_type"),
        [
            ("import nowhere\ndef handler(event, context): pass", "Runtime.ImportModuleError"),
            ("def another(event, context): pass", "Runtime.HandlerNotFound"),
            ("1 / 0", "ZeroDivisionError"),
            ("import os\ndef handler(event, context): os._exit(7)", "Runtime.ExitError"),
            ("def handler(event, context): return {1}", "Runtime.MarshalError"),
            ("def handler(event, context): return 'x' * 6_300_000", "Function.ResponseSizeTooLarge"),
        ],
    )
    def test_of_the_runtime_have_their_names(self, shared_emulator: Emulator, source: str, error_type: str) -> None:
        outcome = invoke(shared_emulator, make_function(shared_emulator, source))

        assert (outcome.error, outcome.payload["errorType"]) == ("Unhandled", error_type)

    def test_serves_again_after_its_process_ended(self, shared_emulator: Emulator) -> None:
        name = make_function(
            shared_emulator, "import os\ndef handler(event, context):\n  if event: os._exit(1)\n  return 'there'"
        )

        invoke(shared_emulator, name, "exit")

        assert invoke(shared_emulator, name).payload == "there"

    def test_is_ended_at_its_timeout(self, shared_emulator: Emulator) -> None:
        name = make_function(shared_emulator, "import time\ndef handler(event, context): time.sleep(30)", Timeout=1)

        outcome = invoke(shared_emulator, name)

        assert outcome.payload["errorType"] == "Sandbox.Timedout"
        assert "Task timed out after 1.00 seconds" in outcome.payload["errorMessage"]


class TestLimits:
    def test_payload_over_six_megabytes(self, shared_emulator: Emulator) -> None:
        name = make_function(shared_emulator, "def handler(event, context): return len(event)")
        payload = json.dumps("x" * (6 * 1024 * 1024))

        with pytest.raises(ClientError) as caught:
            shared_emulator.client("lambda").invoke(FunctionName=name, Payload=payload)

        assert caught.value.response["Error"]["Code"] == "RequestTooLargeException"
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 413

    def test_payload_of_six_megabytes_is_accepted(self, shared_emulator: Emulator) -> None:
        name = make_function(shared_emulator, "def handler(event, context): return len(event)")
        size = 6 * 1024 * 1024 - 2

        assert invoke(shared_emulator, name, "x" * size).payload == size

    @pytest.mark.parametrize("runtime", ["python9.9", "nodejs22.x", None])
    def test_unsupported_runtime(self, shared_emulator: Emulator, runtime: str | None) -> None:
        named = {} if runtime is None else {"Runtime": runtime}

        with pytest.raises(ClientError) as caught:
            shared_emulator.client("lambda").create_function(
                FunctionName="refused", Role=ROLE, Handler="a.b", Code={"ZipFile": archive("")}, **named
            )

        assert caught.value.response["Error"]["Code"] == "InvalidParameterValueException"
