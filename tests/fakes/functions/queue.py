"""SQS in memory: one queue, with the limits that AWS documents and faults on request."""

# ruff: noqa: N803 - the argument names are those of the AWS client

from __future__ import annotations

import re
from typing import Any

from tests.fakes.faults import Faults, client_error, played

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html; the size is that of a
# queue that the Terraform provider creates.
MAX_MESSAGE_BYTES = 256 * 1024
_FORBIDDEN = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class FakeQueue:
    """A queue whose messages stay until a consumer has processed them, as a mapping of Lambda reads them."""

    def __init__(self, url: str = "https://sqs/bad-rows") -> None:
        self.url = url
        self.faults = Faults()
        self.messages: dict[str, str] = {}
        self._sent = 0

    @played
    def send_message(self, *, QueueUrl: str, MessageBody: str) -> dict[str, Any]:
        if QueueUrl != self.url:
            raise client_error("QueueDoesNotExist", 400, "SendMessage")
        if not 1 <= len(MessageBody.encode()) <= MAX_MESSAGE_BYTES:
            raise client_error("InvalidParameterValue", 400, "SendMessage")
        if _FORBIDDEN.search(MessageBody):
            raise client_error("InvalidMessageContents", 400, "SendMessage")
        self._sent += 1
        self.messages[f"m-{self._sent}"] = MessageBody
        return {"MessageId": f"m-{self._sent}"}

    def event(self) -> dict[str, Any]:
        """Return the Lambda event with all messages."""
        records = [
            {"messageId": message_id, "body": body, "eventSource": "aws:sqs"}
            for message_id, body in self.messages.items()
        ]
        return {"Records": records}

    def finish(self, response: dict[str, Any]) -> None:
        """Delete what a function has processed, by its partial batch response."""
        failed = {failure["itemIdentifier"] for failure in response["batchItemFailures"]}
        self.messages = {message_id: body for message_id, body in self.messages.items() if message_id in failed}
