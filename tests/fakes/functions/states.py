"""Step Functions in memory: executions of one state machine, with histories set by the test."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tests.fakes.faults import Faults, client_error

if TYPE_CHECKING:
    from collections.abc import Iterator

STARTED = datetime(2026, 2, 1, 12, tzinfo=UTC)
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")


class ExecutionAlreadyExistsError(ClientError):
    """The exception that botocore generates from the service's model."""


class FakeStates:
    """One state machine."""

    exceptions = SimpleNamespace(ExecutionAlreadyExists=ExecutionAlreadyExistsError)

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self.executions: dict[str, dict[str, Any]] = {}
        self.histories: dict[str, list[dict[str, Any]]] = {}
        self.faults: defaultdict[str, Faults] = defaultdict(Faults)
        self.started: list[str] = []

    def start_execution(self, *, stateMachineArn: str, name: str, input: str) -> dict[str, Any]:  # noqa: A002
        self.faults["start_execution"].happen()
        assert stateMachineArn == self.arn
        if not NAME.fullmatch(name):
            raise client_error("InvalidName", 400)
        known = self.executions.get(name)
        # The same name and input while it runs is the same execution; afterwards the name is taken.
        if known and (known["status"] != "RUNNING" or known["input"] != input):
            error = client_error("ExecutionAlreadyExists", 400)
            raise ExecutionAlreadyExistsError(error.response, "StartExecution")
        if not known:
            self.started.append(name)
            self.executions[name] = {"name": name, "status": "RUNNING", "input": input, "startDate": STARTED}
        return {"executionArn": self._arn_of(name), "startDate": STARTED}

    def get_paginator(self, operation: str) -> SimpleNamespace:
        assert operation == "list_executions"
        return SimpleNamespace(paginate=self._list_executions)

    def _list_executions(self, *, stateMachineArn: str, statusFilter: str) -> Iterator[dict[str, Any]]:
        """Answer with the most recent execution first, one per page: AWS too may return fewer than the maximum."""
        self.faults["list_executions"].happen()
        assert stateMachineArn == self.arn
        matching = [run for run in self.executions.values() if run["status"] == statusFilter]
        for run in sorted(matching, key=lambda each: each["startDate"], reverse=True):
            yield {"executions": [run]}
        yield {"executions": []}

    def describe_execution(self, *, executionArn: str) -> dict[str, Any]:
        self.faults["describe_execution"].happen()
        return self._find(executionArn)

    def get_execution_history(
        self, *, executionArn: str, reverseOrder: bool, maxResults: int, includeExecutionData: bool
    ) -> dict[str, Any]:
        self.faults["get_execution_history"].happen()
        assert reverseOrder
        assert 1 <= maxResults <= 1000
        name = self._find(executionArn)["name"]
        return {"events": self.histories.get(name, [])[::-1][:maxResults]}

    def _find(self, arn: str) -> dict[str, Any]:
        name = arn.rsplit(":", 1)[1]
        if name not in self.executions or arn != self._arn_of(name):
            raise client_error("ExecutionDoesNotExist", 400)
        return self.executions[name]

    def _arn_of(self, name: str) -> str:
        return f"{self.arn.replace(':stateMachine:', ':execution:')}:{name}"
