"""The filters that a request may name: those that the training workflow has created and published."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from backend.http import BadRequestError, UnavailableError
from backend.recommend.calls import CallFailedError, finish, start

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mypy_boto3_ssm import SSMClient

    from backend.aws.deadline import Deadline

# The workflow deletes a replaced filter later than this after it has published its successor.
FRESH_SECONDS = 60
RETRY_AFTER_SECONDS = 5
# Amazon Personalize: a value of filterValues has at most 1,000 characters (API reference, GetRecommendations).
MAX_VALUE_CHARACTERS = 1000

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")
# Quotes enclose a value in filterValues, and a backslash may escape one.
_UNQUOTABLE = re.compile(r'["\\\x00-\x1f\x7f\ud800-\udfff]')

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter that exists.

    Attributes
    ----------
    parameters
        The type of each parameter of its expression: text is one of a list, number is compared.
    of_user
        Whether the expression concerns a user, so that a request needs one.
    """

    name: str
    arn: str
    parameters: Mapping[str, Literal["text", "number"]]
    of_user: bool


@dataclass(frozen=True, slots=True)
class FilterChoice:
    """The filter that a request names.

    Attributes
    ----------
    values
        The parameters with their values, by name.
    user_id
        The user whom the filter concerns, where the request has no other.
    arn
        ARN of the filter; empty until the choice is checked against the published filters.
    of_user
        Whether the filter concerns a user; False until then.
    arguments
        `filterValues` of Amazon Personalize; empty until then.
    """

    name: str
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()
    user_id: str | None = None
    arn: str = ""
    of_user: bool = False
    arguments: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> list[object]:
        """What distinguishes its answers; the ARN contains a hash of the expression."""
        return [self.arn, self.arguments, self.user_id]


@dataclass(slots=True)
class PublishedFilters:
    """The published filters in their SSM parameter, cached for a minute, and longer while it cannot be read."""

    client: SSMClient
    parameter: str
    clock: Callable[[], float]
    _filters: Mapping[str, Filter] | None = None
    _read_at: float = 0.0

    def check(
        self, choice: FilterChoice, user_id: str | None, deadline: Deadline, field: str = "filter"
    ) -> FilterChoice:
        """Return the choice with the filter's ARN and arguments.

        Parameters
        ----------
        user_id
            The user of the request, if it has one.
        field
            The field of the request that names the filter.

        Raises
        ------
        BadRequestError
            Where the filter is unknown, or its values do not match its parameters.
        UnavailableError
            Where the filters cannot be read.
        """
        filters = self._read(deadline)
        named = filters.get(choice.name)
        if named is None:
            known = f"known are: {', '.join(sorted(filters))}" if filters else "a training creates filters; none exists"
            raise BadRequestError(field, f"{choice.name!r} is not known; {known}")
        values = dict(choice.values)
        for name in sorted(values.keys() ^ named.parameters.keys()):
            rule = "is required" if name in named.parameters else f"is not a parameter of the filter {named.name}"
            raise BadRequestError(f"{field}_values[{name}]", rule)
        own = choice.user_id if user_id is None and named.of_user else None
        if named.of_user and user_id is None and own is None:
            raise BadRequestError("user_id", f"is required with the filter {named.name}")
        arguments = tuple(
            (name, _argument(f"{field}_values[{name}]", named.parameters[name], given)) for name, given in choice.values
        )
        return FilterChoice(choice.name, choice.values, own, named.arn, named.of_user, arguments)

    def _read(self, deadline: Deadline) -> Mapping[str, Filter]:
        if self._filters is not None and self.clock() - self._read_at < FRESH_SECONDS:
            return self._filters
        try:
            self._filters = finish(start(self._get), deadline)
        except CallFailedError as error:
            _logger.warning("filters cannot be read from %s: %s", self.parameter, error)
            if str(error) == "ParameterNotFound":
                self._filters = {}
            if self._filters is None:
                raise UnavailableError(RETRY_AFTER_SECONDS, f"the filters cannot be read ({error})") from error
        self._read_at = self.clock()
        return self._filters

    def _get(self) -> Mapping[str, Filter]:
        published = self.client.get_parameter(Name=self.parameter)["Parameter"]["Value"]
        return {entry["name"]: Filter(**entry) for entry in json.loads(published)}


def _argument(field: str, kind: Literal["text", "number"], given: tuple[str, ...]) -> str:
    if kind == "number":
        if len(given) != 1 or not _NUMBER.fullmatch(given[0]):
            raise BadRequestError(field, "must be one number")
        return given[0]
    return quote_values(field, given)


def quote_values(field: str, given: tuple[str, ...]) -> str:
    """Return values of a filter's parameter as `filterValues` has them; raise `BadRequestError` where it cannot."""
    if any(not value or _UNQUOTABLE.search(value) for value in given):
        raise BadRequestError(field, "must not be empty or have quotes, backslashes, control characters or surrogates")
    argument = ",".join(f'"{value}"' for value in given)
    if len(argument) > MAX_VALUE_CHARACTERS:
        raise BadRequestError(field, f"must have at most {MAX_VALUE_CHARACTERS} characters together")
    return argument
