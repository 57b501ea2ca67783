"""Removes what the training workflow created for an environment: ``python -m deployment.remove dev``."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from deployment.arguments import seconds
from deployment.deploy import print_step
from deployment.remove.environment import (
    published_parameters,
    remove_after_destroy,
    remove_environment,
    state_machine_arn,
    stored_keys,
)
from deployment.remove.executions import running_executions
from deployment.remove.leftovers import OUTLIVES, Owner, log_groups
from deployment.remove.personalize import POLL_SECONDS, Group, RemovalError, existing
from deployment.terraform import INFRASTRUCTURE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deployment.remove.environment import Clients

_EXAMPLES = """examples:
  python -m deployment.remove dev --dry-run           what would be removed
  python -m deployment.remove dev                     campaigns, recommenders, solutions, filters, event tracker,
                                                      datasets, dataset group, schemas, parameters in SSM
  python -m deployment.remove dev --campaigns         the campaigns alone, which are billed while they exist; the next
                                                      training creates those that the environment declares
  python -m deployment.remove dev --after-destroy     log groups after terraform destroy, and a list of what is left

On the laptop set AWS_ENDPOINT_URL, and AWS_ENDPOINT_URL_PERSONALIZE or --endpoint to the engine.
An interrupted command continues when it is run again. infrastructure/README.md has the whole removal."""


def _existing(owner: Owner, region: str, clients: Clients, options: argparse.Namespace) -> dict[str, list[str]]:
    """Return what the command would remove, by kind, and the trainings in progress, which it would stop or wait for."""
    if options.after_destroy:
        found = {"log groups": list(log_groups(clients("logs"), owner))}
    else:
        found = {
            title: [f"{resource.name} ({resource.status})" for resource in resources]
            for title, resources in existing(Group(clients("personalize"), owner.prefix))
            if title == "campaigns" or not options.campaigns
        }
        if not options.campaigns:
            found["parameters"] = published_parameters(clients("ssm"), owner)
            found["keys of the API"] = stored_keys(clients("ssm"), owner)
        machine = state_machine_arn(owner, region, clients)
        found["trainings in progress"] = running_executions(clients("stepfunctions"), machine)
    return {title: lines for title, lines in found.items() if lines}


def _print_all(title: str, lines: Sequence[str]) -> None:
    if lines:
        sys.stdout.write(f"{title}:\n" + "".join(f"    {line}\n" for line in lines))


def _clients(region: str, endpoint: str | None) -> Clients:
    def client(service: str) -> Any:
        return boto3.client(
            service,  # type: ignore[call-overload]  # one of several
            region_name=region,
            endpoint_url=endpoint if service == "personalize" else None,
            config=Config(retries={"mode": "standard", "total_max_attempts": 8}),
        )

    return client


def _region(environment: str) -> str:
    file = INFRASTRUCTURE / "environments" / f"{environment}.tfvars"
    found = re.search(r'^region\s*=\s*"(.+)"', file.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise ValueError(f"{file} sets no region")
    return found[1]


def _check_account(environment: str, account: str) -> None:
    """Refuse an account that is not the environment's, where the environment names one as Terraform reads it."""
    settings = (INFRASTRUCTURE / "environments" / f"{environment}.tfvars").read_text(encoding="utf-8")
    named = re.search(r'^account_id\s*=\s*"(.+)"', settings, re.MULTILINE)
    variable = os.environ.get("TF_VAR_account_id")  # noqa: SIM112 - as Terraform names it
    expected = named[1] if named else variable
    if expected and expected != account:
        raise RemovalError(f"The credentials are of account {account}, but {environment} is in {expected}.")


def _is_confirmed(owner: Owner) -> bool:
    if not sys.stdin.isatty():
        sys.stderr.write("Nothing was removed: there is no terminal to confirm at; use --yes.\n")
        return False
    return input(f"Remove {owner.prefix} for good? Type {owner.environment} to confirm: ") == owner.environment


def main(arguments: Sequence[str]) -> int:
    """Remove an environment's resources; return the exit status: 0 done, 1 failed or not all gone, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    if options.environment == "local" and "AWS_ENDPOINT_URL" not in os.environ:
        sys.stderr.write("AWS_ENDPOINT_URL is not set: for local it must be the address of the laptop's cloud.\n")
        return 2
    owner = Owner(options.project, options.environment)
    try:
        region = _region(options.environment)
        clients = _clients(region, options.endpoint)
        account = clients("sts").get_caller_identity()["Account"]
        _check_account(options.environment, account)
        found = _existing(owner, region, clients, options)
        where = f"{owner.prefix} in account {account}, {region}"
        sys.stdout.write(f"{where}:{'' if found else ' nothing to remove'}\n")
        if options.dry_run or not (found or options.after_destroy):
            for title, lines in found.items():
                _print_all(title, lines)
            return 0
        if not options.yes and not _is_confirmed(owner):
            return 2
        if options.after_destroy:
            return _finish(owner, clients)
        remove_environment(
            owner,
            region,
            clients,
            print_step,
            campaigns_only=options.campaigns,
            stop_training=options.stop_training,
            poll_seconds=options.poll_seconds,
        )
    except (RemovalError, BotoCoreError, ClientError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _finish(owner: Owner, clients: Clients) -> int:
    left = remove_after_destroy(owner, clients, print_step)
    _print_all("outlives the environment", OUTLIVES)
    _print_all("left, although it should not be", left)
    return 1 if left else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deployment.remove",
        description="Removes what the training workflow and AWS's services have created for an environment.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    environments = sorted(file.stem for file in (INFRASTRUCTURE / "environments").glob("*.tfvars"))
    parser.add_argument("environment", choices=environments)
    parser.add_argument("--dry-run", action="store_true", help="print what exists, and remove nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask for a confirmation")
    parser.add_argument("--stop-training", action="store_true", help="stop a training in progress; without it: fail")
    parser.add_argument("--endpoint", help="address of the engine, which serves Personalize's API")
    parser.add_argument("--project", default="rivulet", help="as the Terraform variable (%(default)s)")
    parser.add_argument("--poll-seconds", type=seconds, default=POLL_SECONDS, help="between two looks (%(default)s)")
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument("--campaigns", action="store_true", help="remove the campaigns alone")
    parts.add_argument("--after-destroy", action="store_true", help="delete log groups, and list what is left")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
