"""Work groups: their defaults, the location of results, and the scan limit.

Sources: https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html and
https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html.
"""

from __future__ import annotations

from typing import Any, cast

from ministack.core.responses import error_response_json, json_response
from ministack.services import athena

from deployment.emulator.athena.errors import RequestRefusedError

Response = tuple[int, dict[str, str], bytes]

# API_WorkGroupConfiguration: the smallest limit.
LEAST_SCAN_LIMIT_BYTES = 10_000_000
ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}


def install() -> None:
    """Override how work groups are created, updated and returned."""
    create, update = athena._create_workgroup, athena._update_workgroup

    def create_workgroup(data: dict[str, Any]) -> Response:
        limit = (data.get("Configuration") or {}).get("BytesScannedCutoffPerQuery")
        return _validate_limit(limit) or cast("Response", create(data))

    def update_workgroup(data: dict[str, Any]) -> Response:
        updates = data.get("ConfigurationUpdates") or {}
        error = _validate_limit(updates.get("BytesScannedCutoffPerQuery"))
        if error:
            return error
        answer = cast("Response", update(data))
        if answer[0] < 400 and updates.get("RemoveBytesScannedCutoffPerQuery"):
            athena._workgroups[data["WorkGroup"]]["Configuration"].pop("BytesScannedCutoffPerQuery", None)
        return answer

    athena._create_workgroup = create_workgroup
    athena._update_workgroup = update_workgroup
    athena._get_workgroup = get_workgroup


def get_workgroup(data: dict[str, Any]) -> Response:
    """GetWorkGroup, with all defaults."""
    name = data.get("WorkGroup", "")
    group = athena._workgroups.get(name)
    if group is None:
        return cast("Response", error_response_json("InvalidRequestException", f"WorkGroup {name} is not found.", 400))
    return cast("Response", json_response({"WorkGroup": {**group, "Configuration": configuration(name)}}))


def configuration(name: str) -> dict[str, Any]:
    """Return a work group's configuration with its defaults; an unknown group is refused."""
    group = athena._workgroups.get(name)
    if group is None:
        raise RequestRefusedError(f"WorkGroup {name} is not found.")
    stored = group.get("Configuration") or {}
    engine = {**ENGINE, **(stored.get("EngineVersion") or {})}
    return {
        "ResultConfiguration": {},
        # The group that every account has does not enforce its configuration; others do by default.
        "EnforceWorkGroupConfiguration": name != "primary",
        "PublishCloudWatchMetricsEnabled": False,
        "RequesterPaysEnabled": False,
        **stored,
        "EngineVersion": {**engine, "EffectiveEngineVersion": ENGINE["EffectiveEngineVersion"]},
    }


def check_enabled(name: str) -> None:
    """Refuse a request (`RequestRefusedError`) whose work group does not exist or is disabled."""
    configuration(name)
    if athena._workgroups[name].get("State") == "DISABLED":
        raise RequestRefusedError(f"WorkGroup {name} is disabled.")


def result_configuration(name: str, requested: dict[str, Any]) -> dict[str, Any]:
    """Return the result configuration of a query: its work group's where the group enforces it, else the request's.

    The request is refused where neither has a location.
    """
    settings = configuration(name)
    own = settings["ResultConfiguration"]
    chosen = own if settings["EnforceWorkGroupConfiguration"] and own.get("OutputLocation") else {**own, **requested}
    if not chosen.get("OutputLocation"):
        raise RequestRefusedError(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
    return chosen


def scan_limit(name: str) -> int | None:
    """Return the number of bytes that a query of a work group may read; None without a limit."""
    limit = configuration(name).get("BytesScannedCutoffPerQuery")
    return int(limit) if limit else None


def _validate_limit(limit: int | None) -> Response | None:
    if limit is None or limit >= LEAST_SCAN_LIMIT_BYTES:
        return None
    message = f"BytesScannedCutoffPerQuery {limit} is less than {LEAST_SCAN_LIMIT_BYTES}"
    return cast("Response", error_response_json("InvalidRequestException", message, 400))
