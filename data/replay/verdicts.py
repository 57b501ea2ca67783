"""What the door said to each event of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from data.stream import ACCEPTED, SUPPRESSED

if TYPE_CHECKING:
    from data.replay.door import Answer

_REFUSED_STATUS = 400


class Verdicts(NamedTuple):
    """Outcomes of a request's events.

    Attributes
    ----------
    outcomes
        `accepted`, `no_consent` or a reason, per event; None where the event is to be sent again.
    whole
        True where the request was refused as a whole, for what may be wrong with a single one of its events.
    """

    outcomes: list[str | None]
    whole: bool = False


def read_verdicts(answer: Answer, sent: int, listed_as: str = "events") -> Verdicts:
    """Read the outcomes of what was sent from an answer of POST /events or POST /update-data.

    Parameters
    ----------
    answer
        What came back.
    sent
        How many events or records the request held.
    listed_as
        The answer's field that lists the verdicts.

    Raises
    ------
    ValueError
        The answer does not say what became of each event.
    """
    body = answer.body if isinstance(answer.body, dict) else {}
    listed = body.get(listed_as)
    if isinstance(listed, list):
        if len(listed) != sent:
            raise ValueError(f"the door answered with {len(listed)} verdicts to {sent} {listed_as}")
        return Verdicts([_outcome(verdict) for verdict in listed])
    if answer.status < _REFUSED_STATUS:
        raise ValueError(f"the door answered {answer.status} without a verdict per event")
    error = body.get("error")
    said = error if isinstance(error, dict) else {}
    # A body that is an array, neither empty nor too large, can only be wrong as a whole for being no JSON.
    is_malformed = said.get("field") == "body" and said.get("code") == "bad_request"
    reason = "malformed_json" if is_malformed else said.get("code") or f"status_{answer.status}"
    return Verdicts([str(reason)] * sent, whole=True)


def _outcome(verdict: dict[str, object]) -> str | None:
    word = verdict.get("status")
    if word == "accepted":
        return ACCEPTED
    if word == "suppressed":
        return SUPPRESSED
    if word == "refused":
        return str(verdict["reason"])
    if word == "retry":
        return None
    raise ValueError(f"the door answered with the status {word!r}; known are accepted, refused, suppressed and retry")
