"""What schemathesis calls a finding, where a schema cannot say what the API requires.

Runs in the environment `fuzz`: schemathesis imports it.
"""

from __future__ import annotations

from typing import Any

import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import positive_data_acceptance

OF_A_FIELD = {
    # By field: the rule depends on another field, on what the environment has, or on the words of a text.
    "filter": "names a filter of the environment, whose values are checked against its parameters",
    "filter_values": "is of the named filter",
    "promotion": "names a filter of the environment",
    "promotion_values": "is of the named promotion",
    "promotion_percent": "is with a promotion only",
    "model": "names a solution of the environment",
    "user_id": "is with a filter about a user only",
    "page": "is a cursor that an earlier answer gave",
    "min_price": "is at most max_price",
    "search": "has ten words at most, and one that is not of spaces",
    "source": "names an object of the bucket for uploads",
    "trainer": "is one that the environment has",
}
OF_ONE_VALUE = {
    # By the end of the rule: one value breaks it, in a way for which JSON Schema has no keyword.
    "where explain is true": "a list with explanations is shorter",
    "where details is true": "a ranking with details is shorter",
    "must be a whole number": "is about how a number of a record is written, as 1 and not as 1.0",
    "1000 characters together": "is about the sum of several texts",
}
OF_A_RECORD = {
    # By the code of a refused record.
    "placeholder_id": "an id such as null or USER_ID, whatever its case and the blanks around it",
    "in_future": "is about the present time",
    "too_old": "is about the year, for which date-time has no minimum",
    "too_large": "is about the bytes of the record as canonical JSON",
    "wrong_positions": "is about two arrays of the same length, and their order",
    "repeated_id": "is about all records of the request",
}


@schemathesis.check  # type: ignore[untyped-decorator]  # it is not in this environment
def accepted_where_the_schema_is_kept(ctx: Any, response: Any, case: Any) -> None:
    """Check that valid data is accepted, but for the rules above."""
    if response.status_code == 410 or (response.status_code == 400 and _is_excused(response.json()["error"])):
        return
    positive_data_acceptance(ctx, response, case)


@schemathesis.check  # type: ignore[untyped-decorator]  # it is not in this environment
def no_error_of_the_server(ctx: Any, response: Any, case: Any) -> None:
    """Check that there is no 5xx, but where a busy laptop's table does not answer within the 0.3 s that it has."""
    if response.status_code != 503 or "Timeout" not in response.json()["error"]["message"]:
        not_a_server_error(ctx, response, case)


def _is_excused(error: dict[str, Any]) -> bool:
    field, rule = error.get("field", ""), error.get("rule", "")
    return field.partition("[")[0] in OF_A_FIELD or rule.endswith(tuple(OF_ONE_VALUE)) or error["code"] in OF_A_RECORD
