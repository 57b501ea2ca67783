"""Each alarm links a runbook, each runbook has an alarm, and the commands of a runbook exist."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from typing import TYPE_CHECKING, Any, get_args

import botocore.session
import pytest
from botocore import xform_name

from backend.contract.accounting.outcomes import METERED, RECOMMEND
from backend.contract.lines.served_lists import Source
from tests.contract.watch.pages import PAGES, RUNBOOKS, commands

if TYPE_CHECKING:
    from pathlib import Path

SECTIONS = ["Symptom", "Look", "Do", "Verify"]
READING = ("describe-", "list-", "get-", "filter-", "receive-", "ls")

BACKEND = RUNBOOKS.parents[1] / "backend"
# Names of metrics, which are in the log as fields of JSON.
METRICS = {
    name
    for stage in (*METERED, RECOMMEND)
    for name in (
        stage.received,
        *stage.outcomes,
        *stage.others,
        *(f"answered_from_{source}" for source in get_args(Source)),
    )
}

# The command line's own, beside the operations of the services.
_GLOBAL = {"query", "output"}


def fault(command: list[str]) -> str | None:
    """Return what is wrong with a command of the AWS CLI, by the models of botocore; None if it is right."""
    _, service, verb, *arguments = command
    if (service, verb) == ("s3", "ls"):
        return None if arguments[0].startswith("s3://") else "no address of S3"
    model = botocore.session.get_session().get_service_model(service)
    operation = next((name for name in model.operation_names if xform_name(name, "-") == verb), None)
    if operation is None:
        return f"{service} has no {verb}"
    return _option_fault(model.operation_model(operation).input_shape, verb, arguments)


def _option_fault(shape: Any, verb: str, arguments: list[str]) -> str | None:
    members = {xform_name(name, "-"): name for name in (shape.members if shape else ())}
    given = {argument[2:] for argument in arguments if argument.startswith("--")}
    negations = {f"no-{name}" for name in members}
    if unknown := given - members.keys() - negations - _GLOBAL:
        return f"{verb} has no {sorted(unknown)}"
    if missing := {xform_name(name, "-") for name in (shape.required_members if shape else ())} - given:
        return f"{verb} needs {sorted(missing)}"
    for name, value in pairwise(arguments):
        allowed = getattr(shape.members[members[name[2:]]], "enum", None) if name[2:] in members else None
        if allowed and not value.startswith("$") and value not in allowed:
            return f"{name} is one of {allowed}"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_its_sections_and_commands_that_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert {" ".join(command): fault(command) for command in commands(text) if fault(command)} == {}
    look, do = text.split("## Look")[1].split("## Do")
    for section in (look, do.split("## Verify")[1]):
        assert commands(section)
        assert all(command[2].startswith(READING) for command in commands(section)), "this changes something"


def test_every_alarm_links_its_page_and_every_page_lists_its_alarms(alarms: dict[str, dict[str, Any]]) -> None:
    linked: dict[str, set[str]] = {}
    functions = ("authorise", "canary", "collect", "forward", "judge", "lake", "recommend", "train")
    for name, alarm in alarms.items():
        page = re.search(r"Runbook: deployment/runbooks/([\w-]+)\.md$", alarm["alarm_description"])
        assert page, f"{name} links no runbook"
        # An alarm that several functions have is listed without the function, unless its whole name is.
        listed = _listed(page[1])
        short = name if name in listed else name.removeprefix(f"{name.split('-')[0]}-")
        assert short == name or name.split("-")[0] in functions
        linked.setdefault(page[1], set()).add(short)
    # The engine's page is that of Prometheus' alerts: tests/contract/engine/server/test_prometheus.py.
    assert linked == {page.stem: _listed(page.stem) for page in PAGES if page.stem != "engine"}


def test_each_step_with_which_a_training_fails_has_an_action() -> None:
    template = RUNBOOKS.parents[1] / "infrastructure/modules/recommender/state-machines/train.asl.json.tftpl"
    # An execution that starts beside another needs no action.
    failing = set(re.findall(r'"(\w+)": \{\s*"Type": "Fail"', template.read_text("utf-8"))) - {"NotAborted"}

    rows = re.findall(r"^\| (.+?) \| .+ \|$", (RUNBOOKS / "training-failed.md").read_text("utf-8"), re.MULTILINE)

    assert failing - set(re.findall(r"`(\w+)`", " ".join(rows))) == set()


def test_the_index_lists_every_page() -> None:
    assert set(re.findall(r"\]\(([\w-]+)\.md\) \|", (RUNBOOKS / "README.md").read_text("utf-8"))) == {
        page.stem for page in PAGES
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_search_in_the_logs_finds_messages_and_no_metrics(page: Path) -> None:
    for command in commands(page.read_text("utf-8")):
        if command[1:3] != ["logs", "filter-log-events"] or "--filter-pattern" not in command:
            continue
        function = command[command.index("--log-group-name") + 1].rpartition("/")[2].removeprefix("$PREFIX-")
        pattern = command[command.index("--filter-pattern") + 1]
        for term in shlex.split(pattern.replace("?", " ")):
            assert any(term in message for message in _messages(function)), f"{function} never writes {term}"
            assert not any(term in metric for metric in METRICS), f"{term} finds each line of metrics"


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("aws kinesis describe-streams", "has no"),
        ("aws kinesis describe-stream-summary --name a", "has no"),
        ("aws firehose describe-delivery-stream", "needs"),
        ("aws kinesis update-shard-count --stream-name a --target-shard-count 2 --scaling-type FAST", "one of"),
    ],
)
def test_the_check_of_commands_finds_a_wrong_one(command: str, reason: str) -> None:
    assert reason in (fault(shlex.split(command)) or "")


def _messages(function: str) -> list[str]:
    """Return what a function may write: levels, texts of its log calls and names of its errors."""
    folders = [BACKEND / "aws", BACKEND if function.startswith("$") else BACKEND / function]
    text = "".join(file.read_text("utf-8") for folder in folders for file in folder.rglob("*.py"))
    errors = re.findall(r"^class (\w+Error)\b", text, re.MULTILINE)
    return ["ERROR", *errors, *re.findall(r'_logger\.\w+\(\s*"([^"]+)"', text)]


def _listed(page: str) -> set[str]:
    match = re.search(r"^Alarms: (.+)$", (RUNBOOKS / f"{page}.md").read_text("utf-8"), re.MULTILINE)
    assert match, f"{page} lists no alarms"
    return set(re.findall(r"`([\w-]+)`", match[1]))
