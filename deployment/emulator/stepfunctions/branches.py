"""Parallel branches, Succeed states and retries as Amazon States Language defines them.

Sources: https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html (``Arguments``, ``Output`` and
``Assign`` of a JSONata Parallel state), ``…/workflow-variables.html`` (a branch reads outer variables, what it assigns
stays inside), ``…/concepts-error-handling.html`` (``MaxDelaySeconds``).
"""

from __future__ import annotations

import contextvars
import copy
import threading
from typing import Any

from ministack.services import stepfunctions as states

from deployment.emulator.stepfunctions.execution import stop_if_over


def install() -> None:
    """Override Parallel, the output of Succeed, and the delay of a retry."""
    apply_output_path, find_retrier = states._apply_output_path, states._find_matching_retrier

    def output_of(state: dict[str, Any], data: Any, context: dict[str, Any] | None = None) -> Any:
        # MiniStack shapes a Succeed state's output by OutputPath only, which JSONata states do not have.
        if state.get("Type") == "Succeed" and states._state_query_language(state, context) == "JSONata":
            return states._apply_jsonata_output(state, data, context, default=data)
        return apply_output_path(state, data, context)

    def matching_retrier(
        retriers: list[dict[str, Any]], error: str, counts: dict[int, int]
    ) -> tuple[dict[str, Any] | None, int]:
        retrier, index = find_retrier(retriers, error, counts)
        if retrier is None or "MaxDelaySeconds" not in retrier:
            return retrier, index
        delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2.0) ** counts.get(index, 0)
        return {**retrier, "IntervalSeconds": min(delay, retrier["MaxDelaySeconds"]), "BackoffRate": 1}, index

    states._apply_output_path = output_of
    states._find_matching_retrier = matching_retrier
    states._run_parallel_branches = run_parallel_branches


def run_parallel_branches(
    state: dict[str, Any], raw_input: Any, record: dict[str, Any], context: dict[str, Any]
) -> tuple[Any, str | None]:
    """Run all branches concurrently, each on its own context, and join their results in order.

    Returns
    -------
    tuple
        The state's output and the name of the next state.

    Raises
    ------
    ministack.services.stepfunctions._ExecutionError
        The first branch's error, for the state's Retry and Catch.
    """
    is_jsonata = states._state_query_language(state, context) == "JSONata"
    if is_jsonata:
        branch_input = states._apply_jsonata_arguments(state, raw_input, context)
    else:
        branch_input = states._apply_parameters(state, states._apply_input_path(state, raw_input, context), context)
    results = _join(state.get("Branches", []), branch_input, record, context)
    stop_if_over()
    if is_jsonata:
        output = states._apply_jsonata_output(state, raw_input, context, result=results, default=results)
        states._apply_state_assign(state, raw_input, context, result=results)
        return output, states._next_or_end(state)
    result = states._apply_result_selector(state, results)
    output = states._apply_output_path(state, states._apply_result_path(state, raw_input, result), context)
    return output, states._next_or_end(state)


def _join(
    branches: list[dict[str, Any]], branch_input: Any, record: dict[str, Any], context: dict[str, Any]
) -> list[Any]:
    results: list[Any] = [None] * len(branches)
    errors: list[Exception] = []

    def run(index: int, branch: dict[str, Any], own_context: dict[str, Any]) -> None:
        try:
            results[index] = states._run_sub_machine(
                branch.get("States", {}), branch.get("StartAt"), branch_input, record, own_context
            )
        except Exception as error:  # noqa: BLE001 - raised again below, in the state's own thread
            errors.append(error)

    threads = [
        threading.Thread(
            target=contextvars.copy_context().run, args=(run, index, branch, copy.deepcopy(context)), daemon=True
        )
        for index, branch in enumerate(branches)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        first = errors[0]
        raise (
            first
            if isinstance(first, states._ExecutionError)
            else states._ExecutionError("States.BranchFailed", str(first))
        )
    return results
