"""Run the laptop's cloud: `python -m deployment.local up|down|status|demo`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from data.generator import Settings, generate
from data.replay import ApiAccessError, ApiUnavailableError
from deployment.local.cloud import ROOT, Cloud, CloudError, open_cloud
from deployment.local.demo.errors import DemoError
from deployment.local.demo.run import print_addresses, run, set_up, start_empty
from deployment.local.demo.steps import Steps
from deployment.local.provision import provisioned
from deployment.workflow import WorkflowError

if TYPE_CHECKING:
    from data.stream import Stream

CLOUDS = ROOT / "build" / "local"
GENERATED = "shop"

_EXAMPLES = """
examples:
  python -m deployment.local demo                                the generated shop: 50,000 events of 2,000 users
  python -m deployment.local demo --events ratings.csv           a real stream: MovieLens, YooChoose
  python -m deployment.local demo --events clicks.csv --mapping mapping.yaml
  RIVULET_PORT=5000 python -m deployment.local up                other ports, when 4566 and 4567 are in use

Each source of events has its own cloud below build/local; one cloud runs at a time.
"""


def main() -> int:
    """Run one command; return its exit status: 0 done, 1 failed, 2 wrong usage."""
    options = _parser().parse_args()
    console = Console()
    try:
        done: bool = options.command(options, console)
    except (CloudError, DemoError, WorkflowError, ApiUnavailableError, ApiAccessError, ValueError) as error:
        Console(stderr=True).print(f"[bold red]✗[/] {error}", highlight=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        console.print("stopped; finished steps are kept, and the same command continues from there")
        return 130
    return 0 if done else 1


def _up(options: argparse.Namespace, console: Console) -> bool:
    cloud = _select_cloud(options.name, console)
    with cloud.locked():
        if options.empty:
            start_empty(cloud, Steps(console))
        else:
            print_addresses(cloud, set_up(cloud, Steps(console)), console)
    return True


def _demo(options: argparse.Namespace, console: Console) -> bool:
    stream = _stream(options)
    name = GENERATED if options.events is None else Path(options.events).resolve().name.split(".")[0]
    cloud = _select_cloud(name, console)
    with cloud.locked():
        return run(cloud, stream, console)


def _down(_: argparse.Namespace, console: Console) -> bool:
    stopped = {cloud.directory.name: names for cloud in _clouds() if (names := cloud.stop())}
    for name, names in stopped.items():
        console.print(f"stopped {', '.join(names)} of {name}")
    if not stopped:
        console.print("nothing was running")
    return True


def _status(_: argparse.Namespace, console: Console) -> bool:
    clouds = _clouds()
    table = Table("cloud", "state", "on disk", "processes")
    for cloud in clouds:
        parts = cloud.running()
        missing = [part for part, identifier in parts.items() if identifier is None]
        state = "runs" if not missing else "stopped" if len(missing) == len(parts) else f"no {', '.join(missing)}"
        processes = " ".join(f"{part}={identifier}" for part, identifier in parts.items() if identifier)
        size = sum(file.stat().st_size for file in cloud.directory.rglob("*") if file.is_file())
        table.add_row(cloud.directory.name, state, f"{size / 1024**2:,.0f} MiB", processes)
    console.print(table if clouds else "there is no cloud on this machine yet: `make demo` creates one")
    for cloud in clouds:
        if all(cloud.running().values()):
            try:
                print_addresses(cloud, provisioned(cloud), console)
            except CloudError as error:
                console.print(f"{cloud.directory.name}: {error}")
    return True


def _select_cloud(name: str, console: Console) -> Cloud:
    """Stop every other cloud, set the environment so that AWS clients use this one alone, and return it."""
    for other in _clouds():
        if other.directory.name == name or not any(other.running().values()):
            continue
        with other.locked():
            names = other.stop()
            console.print(f"stopped {', '.join(names)} of {other.directory.name}, since one cloud runs at a time")
    cloud = open_cloud(CLOUDS / name)
    environment = cloud.environment
    os.environ.clear()
    os.environ.update(environment)
    return cloud


def _clouds() -> list[Cloud]:
    return [open_cloud(file.parent) for file in sorted(CLOUDS.glob("*/ports.json"))]


def _stream(options: argparse.Namespace) -> Stream:
    if options.events is None:
        return generate(Settings())
    from data.loaders import open_stream  # noqa: PLC0415 - needed for a real stream only

    return open_stream(Path(options.events), mapping=options.mapping)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deployment.local",
        description="The laptop's cloud: AWS and Personalize on loopback, with Rivulet provisioned in it.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start the cloud and apply Terraform, without any data")
    up.add_argument("--name", default=GENERATED, help="which cloud (%(default)s)")
    up.add_argument("--empty", action="store_true", help="apply nothing: python -m deployment.release deploys to it")
    up.set_defaults(command=_up)
    demo = commands.add_parser("demo", help="the whole pipeline, from a click to a recommendation")
    demo.add_argument("--events", help="a real stream to replay: a file or folder (default: a generated shop)")
    demo.add_argument("--mapping", type=Path, help="YAML that maps columns of the file to fields")
    demo.set_defaults(command=_demo)
    commands.add_parser("down", help="stop the cloud; its data is kept").set_defaults(command=_down)
    commands.add_parser("status", help="show which clouds run, and their addresses").set_defaults(command=_status)
    return parser


if __name__ == "__main__":
    sys.exit(main())
