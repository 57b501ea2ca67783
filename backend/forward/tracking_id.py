"""The id of the event tracker, which the state machine that creates the tracker writes to a parameter."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_ssm import SSMClient

FRESH_SECONDS = 60

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class TrackingId:
    """The tracking id in its SSM parameter, cached for a minute."""

    client: SSMClient
    parameter: str
    clock: Callable[[], float]
    _value: str | None = None
    _read_at: float = 0.0

    def read(self) -> str | None:
        """Return the tracking id; None while there is no tracker, or the parameter cannot be read."""
        if self._value is not None and self.clock() - self._read_at < FRESH_SECONDS:
            return self._value
        try:
            self._value = self.client.get_parameter(Name=self.parameter)["Parameter"]["Value"]
        except (ClientError, BotoCoreError) as error:
            _logger.warning("no tracking id in %s: %s", self.parameter, error)
            self._value = None
        self._read_at = self.clock()
        return self._value

    def has_changed(self) -> bool:
        """Read the parameter again and return whether the tracker was replaced since."""
        before, self._value = self._value, None
        return self.read() != before
