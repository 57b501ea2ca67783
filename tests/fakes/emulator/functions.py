"""Creates and invokes Lambda functions from their source."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fakes.emulator.process import Emulator

ROLE = "arn:aws:iam::000000000000:role/function"


@dataclass(frozen=True)
class Outcome:
    """The result of an invocation."""

    error: str | None
    payload: Any
    log: str


def archive(source: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as zipped:
        zipped.writestr("package/handler.py", source)
    return content.getvalue()


def make_function(emulator: Emulator, source: str, **options: Any) -> str:
    name = f"function-{uuid.uuid4().hex[:8]}"
    emulator.client("lambda").create_function(
        FunctionName=name,
        **({"Runtime": "python3.12", "Role": ROLE, "Handler": "package.handler.handler", "Timeout": 20} | options),
        Code={"ZipFile": archive(source)},
    )
    return name


def invoke(emulator: Emulator, name: str, event: Any = None) -> Outcome:
    answer = emulator.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    return Outcome(
        answer.get("FunctionError"),
        json.loads(answer["Payload"].read()),
        b64decode(answer.get("LogResult", "")).decode(),
    )
