"""Work groups: their defaults, and what they decide about a query's result and its scan.

Sources: https://docs.aws.amazon.com/athena/latest/APIReference/API_WorkGroupConfiguration.html and
https://docs.aws.amazon.com/athena/latest/ug/workgroups-settings-override.html.
"""

from __future__ import annotations

from typing import Any, cast

from ministack.core.responses import error_response_json, json_response
from ministack.services import athena

from deployment.emulator.athena.errors import RequestRefusedError

Response = tuple[int, dict[str, str], bytes]

# API_WorkGroupConfiguration: the least that a limit may be.
LEAST_SCAN_LIMIT_BYTES = 10_000_000
ENGINE = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}


def install() -> None:
    """Complete the configuration of work groups as they are made, changed and shown."""
    create, update = athena._create_workgroup, athena._update_workgroup

    def create_workgroup(data: dict[str, Any]) -> Response:
        limit = (data.get("Configuration") or {}).get("BytesScannedCutoffPerQuery")
        return _refuse_limit(limit) or cast("Response", create(data))

    def update_workgroup(data: dict[str, Any]) -> Response:
        updates = data.get("ConfigurationUpdates") or {}
        refused = _refuse_limit(updates.get("BytesScannedCutoffPerQuery"))
        if refused:
            return refused
        answer = cast("Response", update(data))
        if answer[0] < 400 and updates.get("RemoveBytesScannedCutoffPerQuery"):
            athena._workgroups[data["WorkGroup"]]["Configuration"].pop("BytesScannedCutoffPerQuery", None)
        return answer

    athena._create_workgroup = create_workgroup
    athena._update_workgroup = update_workgroup
    athena._get_workgroup = get_workgroup


def get_workgroup(data: dict[str, Any]) -> Response:
    """GetWorkGroup, with every default filled in."""
    name = data.get("WorkGroup", "")
    group = athena._workgroups.get(name)
    if group is None:
        return cast("Response", error_response_json("InvalidRequestException", f"WorkGroup {name} is not found.", 400))
    return cast("Response", json_response({"WorkGroup": {**group, "Configuration": configuration(name)}}))


def configuration(name: str) -> dict[str, Any]:
    """Return a work group's configuration with its defaults.

    Raises
    ------
    RequestRefused
        If there is no such work group.
    """
    group = athena._workgroups.get(name)
    if group is None:
        raise RequestRefusedError(f"WorkGroup {name} is not found.")
    kept = group.get("Configuration") or {}
    engine = {**ENGINE, **(kept.get("EngineVersion") or {})}
    return {
        "ResultConfiguration": {},
        # The group that every account has leaves the choice to the caller, others decide unless told not to.
        "EnforceWorkGroupConfiguration": name != "primary",
        "PublishCloudWatchMetricsEnabled": False,
        "RequesterPaysEnabled": False,
        **kept,
        "EngineVersion": {**engine, "EffectiveEngineVersion": ENGINE["EffectiveEngineVersion"]},
    }


def check_enabled(name: str) -> None:
    """Refuse a query in a work group that is missing or disabled.

    Raises
    ------
    RequestRefused
        If it is.
    """
    configuration(name)
    if athena._workgroups[name].get("State") == "DISABLED":
        raise RequestRefusedError(f"WorkGroup {name} is disabled.")


def result_configuration(name: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Return where and how a query's result is written: as its work group says, where that is enforced.

    Parameters
    ----------
    name
        The work group.
    asked
        The request's ``ResultConfiguration``.

    Raises
    ------
    RequestRefused
        If neither says where.
    """
    settings = configuration(name)
    own = settings["ResultConfiguration"]
    chosen = own if settings["EnforceWorkGroupConfiguration"] and own.get("OutputLocation") else {**own, **asked}
    if not chosen.get("OutputLocation"):
        raise RequestRefusedError(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
    return chosen


def scan_limit(name: str) -> int | None:
    """Return how many bytes a query of a work group may read; None without a limit."""
    limit = configuration(name).get("BytesScannedCutoffPerQuery")
    return int(limit) if limit else None


def _refuse_limit(limit: int | None) -> Response | None:
    if limit is None or limit >= LEAST_SCAN_LIMIT_BYTES:
        return None
    message = f"BytesScannedCutoffPerQuery {limit} is less than {LEAST_SCAN_LIMIT_BYTES}"
    return cast("Response", error_response_json("InvalidRequestException", message, 400))
