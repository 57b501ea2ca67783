"""Reads the outcome of each event of a request from the API's response."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from data.stream import ACCEPTED, SUPPRESSED

if TYPE_CHECKING:
    from data.replay.http_client import ApiResponse

_REFUSED_STATUS = 400


class RequestOutcomes(NamedTuple):
    """Outcomes of a request's events.

    Attributes
    ----------
    outcomes
        `accepted`, `no_consent` or a refusal reason, per event; None where the event must be sent again.
    event_ids
        The id of each event as the API answered it, None where it answered none.
    is_refused_as_a_whole
        True where the whole request was refused, although the cause may be a single event.
    """

    outcomes: list[str | None]
    event_ids: list[str | None]
    is_refused_as_a_whole: bool = False


def read_outcomes(response: ApiResponse, sent: int, list_field: str = "events") -> RequestOutcomes:
    """Read one outcome per event or record from a response of POST /events or POST /update-data.

    Raises ValueError where the response does not hold one valid outcome per event.
    """
    body = response.body if isinstance(response.body, dict) else {}
    verdicts = body.get(list_field)
    if isinstance(verdicts, list):
        if len(verdicts) != sent:
            raise ValueError(f"the API answered with {len(verdicts)} outcomes for {sent} {list_field}")
        return RequestOutcomes(
            [_read_outcome(verdict) for verdict in verdicts], [verdict.get("event_id") for verdict in verdicts]
        )
    if response.status < _REFUSED_STATUS:
        raise ValueError(f"the API answered {response.status} without an outcome per event")
    error = body.get("error")
    details = error if isinstance(error, dict) else {}
    # An array that is neither empty nor too large is refused as a whole only where it is not valid JSON.
    is_malformed = details.get("field") == "body" and details.get("code") == "bad_request"
    reason = "malformed_json" if is_malformed else details.get("code") or f"status_{response.status}"
    return RequestOutcomes([str(reason)] * sent, [None] * sent, is_refused_as_a_whole=True)


def _read_outcome(verdict: dict[str, object]) -> str | None:
    status = verdict.get("status")
    if status == "accepted":
        return ACCEPTED
    if status == "suppressed":
        return SUPPRESSED
    if status == "refused":
        return str(verdict["reason"])
    if status == "retry":
        return None
    raise ValueError(f"the API answered with the status {status!r}; known are accepted, refused, suppressed and retry")
