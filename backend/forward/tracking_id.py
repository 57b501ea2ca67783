"""Which tracker events go to: the state machine that makes the tracker writes its id down."""

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
    """The tracking id in its SSM parameter, remembered for a minute.

    Attributes
    ----------
    client
        Systems Manager.
    parameter
        Name of the parameter.
    clock
        Seconds on a clock that never goes back.
    """

    client: SSMClient
    parameter: str
    clock: Callable[[], float]
    _value: str | None = None
    _read_at: float = 0.0

    def find(self) -> str | None:
        """Find the tracking id.

        Returns
        -------
        str or None
            The id; None while there is no tracker yet, or no way to learn its id.
        """
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
        """Read it anew, and say whether it is another than before: the tracker was made anew."""
        before, self._value = self._value, None
        return self.find() != before
