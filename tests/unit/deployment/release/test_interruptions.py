"""An interrupted command lets Terraform end, and reports what is to be done."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from deployment.deploy import main as deploy
from deployment.processes import Interruptions
from deployment.release.__main__ import main
from deployment.release.environment import Environment, ReleaseError
from deployment.terraform import INTERRUPTED, run

# Interrupts the command that runs it, and ends as Terraform does, some time after it is interrupted itself.
TERRAFORM = """#!/bin/sh
trap 'echo interrupted >> "$LOG"; is_interrupted=1' INT
if [ "$(ps -o pgid= -p $$)" = "$(ps -o pgid= -p $PPID)" ]; then echo 'in the terminal group' >> "$LOG"; fi
echo "account ${TF_VAR_account_id-unset}, e-mails ${TF_VAR_alarm_emails-unset}"
[ -z "$SIGNAL" ] && exit 0
kill "-$SIGNAL" $PPID
while [ ! "$is_interrupted" ]; do sleep 0.05; done
echo 'state stored' >> "$LOG"
exit 1
"""


@pytest.fixture
def variables(tmp_path: Path) -> dict[str, str]:
    """Return the environment variables with which this Terraform runs, and waits for no signal."""
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.write_text(TERRAFORM, encoding="utf-8")
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    settings = {"TF_VAR_account_id": "123456789012", "TF_DATA_DIR": str(tmp_path / "data"), "SIGNAL": ""}
    return settings | {"PATH": path, "HOME": str(tmp_path), "LOG": str(tmp_path / "log")}


def log(variables: dict[str, str]) -> list[str]:
    with open(variables["LOG"], encoding="utf-8") as file:  # noqa: PTH123 - a path of the variables
        return file.read().splitlines()


@pytest.mark.parametrize("name", ["INT", "TERM", "HUP"])
def test_terraform_is_interrupted_once_and_ends_by_itself(variables: dict[str, str], name: str) -> None:
    before = signal.getsignal(getattr(signal, f"SIG{name}"))

    with pytest.raises(KeyboardInterrupt, match="dev is partly applied: plan again"):
        Environment("dev", variables | {"SIGNAL": name}).terraform("apply", "plan.tfplan")
    assert log(variables) == ["interrupted", "state stored"]
    assert signal.getsignal(getattr(signal, f"SIG{name}")) is before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("destroy", "-var-file=removal.tfvars"), "dev is partly destroyed: run destroy again"),
        (("apply", "-var-file=removal.tfvars"), "dev is partly destroyed: run destroy again"),
        (("plan",), "^interrupted$"),
    ],
)
def test_the_message_has_the_remedy(variables: dict[str, str], arguments: tuple[str, ...], message: str) -> None:
    with pytest.raises(KeyboardInterrupt, match=message):
        Environment("dev", variables | {"SIGNAL": "INT"}).terraform(*arguments)


def test_the_command_exits_as_interrupted(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    environment = Environment("dev", variables | {"SIGNAL": "INT"})
    monkeypatch.setattr("deployment.release.__main__.open_environment", lambda _: environment)

    assert main(["smoke", "dev"]) == INTERRUPTED
    assert "a second Ctrl-C ends it at once" in capfd.readouterr().err


def test_terraform_by_hand_and_a_deployment_without_a_plan_wait_too(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    assert run(["apply"], variables | {"SIGNAL": "INT"}) == INTERRUPTED
    for name, value in (variables | {"SIGNAL": "INT"}).items():
        monkeypatch.setenv(name, value)
    initialized = Path(variables["TF_DATA_DIR"]) / "terraform.tfstate"
    initialized.parent.mkdir()
    initialized.write_text("{}", encoding="utf-8")

    assert deploy(["dev"]) == INTERRUPTED
    assert capsys.readouterr().err == "interrupted: partly applied: run it again\n"
    assert log(variables) == ["interrupted", "state stored"] * 2


class Process:
    def __init__(self) -> None:
        self.signals: list[int] = []

    def send_signal(self, number: int) -> None:
        self.signals.append(number)


def test_a_second_ctrl_c_is_forwarded_but_not_the_termination_that_github_sends_after_its_interrupt() -> None:
    process, interruptions = Process(), Interruptions(b"")
    interruptions.on_signal(signal.SIGINT, None)
    interruptions.forward_to(process)
    assert process.signals == [signal.SIGINT]

    interruptions.on_signal(signal.SIGTERM, None)
    assert process.signals == [signal.SIGINT]

    interruptions.on_signal(signal.SIGINT, None)
    assert process.signals == [signal.SIGINT] * 2


def test_an_empty_variable_is_unset(variables: dict[str, str]) -> None:
    assert Environment("dev", variables | {"TF_VAR_alarm_emails": ""}).terraform("plan") == (
        0,
        "account 123456789012, e-mails unset\n",
    )


def test_a_failure_has_terraforms_message(variables: dict[str, str]) -> None:
    with pytest.raises(ReleaseError, match="account 123456789012"):
        Environment("dev", variables).terraform("plan", accepted=(2,))
