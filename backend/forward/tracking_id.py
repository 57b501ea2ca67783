"""The id of the event tracker, which the state machine that creates the tracker writes to a parameter."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from backend.aws.errors import error_name

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
        """Return the tracking id; None while there is no tracker, or none was read yet and the parameter cannot be."""
        if self._value is None or self.clock() - self._read_at >= FRESH_SECONDS:
            self._read_again()
        return self._value

    def has_changed(self) -> bool:
        """Read the parameter again and return whether the tracker was replaced since."""
        before = self._value
        self._read_again()
        return self._value != before

    def _read_again(self) -> None:
        try:
            value = self.client.get_parameter(Name=self.parameter)["Parameter"]["Value"]
            self._value = value or self._value
        except Exception as error:  # noqa: BLE001 - an answer that is not AWS's raises whatever the parser meets
            _logger.warning("no tracking id in %s: %s", self.parameter, error_name(error))
            # A known id is used further while the parameter cannot be read; the tracker refuses one that is outdated.
            if isinstance(error, ClientError) and error_name(error) == "ParameterNotFound":
                self._value = None
        self._read_at = self.clock()
