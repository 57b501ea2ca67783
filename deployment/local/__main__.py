"""Run the laptop's cloud: `python -m deployment.local up|down|status|demo`, and `api|pages` for a part of it."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from data.generator import Settings, generate
from data.replay import ApiAccessError, ApiUnavailableError
from deployment.local.cloud import LISTENER, ROOT, Cloud, CloudError, open_cloud
from deployment.local.demo.errors import DemoError
from deployment.local.demo.run import print_addresses, run, set_up, start_empty
from deployment.local.demo.steps import Steps
from deployment.local.parts import open_shop, wait_until_healthy
from deployment.local.provision import PAGES, provisioned
from deployment.pages.upload import START_PAGE
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
  RIVULET_PORT=5000 python -m deployment.local up                other ports, when 4566, 4567 and 4568 are in use
  python -m deployment.local api                                 a part alone: the API, and then the shop's pages
  python -m deployment.local pages --port 8080

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
            steps = Steps(console)
            made = set_up(cloud, steps)
            open_shop(cloud, made, steps)
            print_addresses(cloud, made, console)
    return True


def _api(options: argparse.Namespace, console: Console) -> bool:
    cloud = _select_cloud(options.name, console, port=options.port)
    with cloud.locked():
        made = set_up(cloud, Steps(console), with_listener=False)
        wait_until_healthy(f"{made.api_url}/health")
        console.print(f"[bold]API[/]            {made.api_url}", highlight=False, soft_wrap=True)
    return True


def _pages(options: argparse.Namespace, console: Console) -> bool:
    cloud = _select_cloud(options.name, console, shop_port=options.port)
    with cloud.locked():
        if not cloud.serves_the_api():
            raise CloudError("The API does not run, which the pages need: python -m deployment.local api")
        if not (PAGES / START_PAGE).is_file():
            raise CloudError(f"{PAGES} has no {START_PAGE}: make build/pages/.ready")
        cloud.start()
        open_shop(cloud, provisioned(cloud), Steps(console))
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
        if cloud.serves_the_api():
            try:
                print_addresses(cloud, provisioned(cloud), console)
            except CloudError as error:
                console.print(f"{cloud.directory.name}: {error}")
    return True


def _select_cloud(name: str, console: Console, *, port: int | None = None, shop_port: int | None = None) -> Cloud:
    """Stop every other cloud, set the environment so that AWS clients use this one alone, and return it.

    Parameters
    ----------
    port, shop_port
        Other ports than those that the cloud has. What runs there is stopped.
    """
    for other in _clouds():
        if other.directory.name == name or not any(other.running().values()):
            continue
        with other.locked():
            names = other.stop()
            console.print(f"stopped {', '.join(names)} of {other.directory.name}, since one cloud runs at a time")
    cloud = open_cloud(CLOUDS / name)
    if port not in {None, cloud.port}:
        cloud.stop()
        cloud = replace(cloud, port=port)
    if shop_port not in {None, cloud.shop_port}:
        cloud.stop_part(LISTENER)
        cloud = replace(cloud, shop_port=shop_port)
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


def _port(text: str) -> int:
    if not text.isdecimal() or not 1024 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port from 1024 to 65535")
    return int(text)


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
    for name, command, text in (
        ("api", _api, "start the API alone, and return once it answers"),
        ("pages", _pages, "upload the built pages, start the shop's address, and return once it answers"),
    ):
        part = commands.add_parser(name, help=text, description=text)
        part.add_argument("--port", type=_port, help="other than the one it had (default: the same)")
        part.add_argument("--name", default=GENERATED, help="which cloud (%(default)s)")
        part.set_defaults(command=command)
    demo = commands.add_parser("demo", help="the whole pipeline, from a click to a recommendation")
    demo.add_argument("--events", help="a real stream to replay: a file or folder (default: a generated shop)")
    demo.add_argument("--mapping", type=Path, help="YAML that maps columns of the file to fields")
    demo.set_defaults(command=_demo)
    commands.add_parser("down", help="stop the cloud; its data is kept").set_defaults(command=_down)
    commands.add_parser("status", help="show which clouds run, and their addresses").set_defaults(command=_status)
    return parser


if __name__ == "__main__":
    sys.exit(main())
