"""A shop's load on the laptop's cloud: `python -m tests.load.shop`; see `--help`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, BinaryIO

from rich.console import Console

from backend.contract.limits import MAX_EVENTS_PER_REQUEST
from data import replay
from deployment.audit.auditing import Resources, audit
from deployment.audit.report import print_audit
from deployment.local.cloud import ROOT, Cloud, CloudError, free_ports, open_cloud
from deployment.local.demo import accounting, workflow
from deployment.local.demo.api import Api
from deployment.local.demo.errors import DemoError
from deployment.local.demo.run import set_up
from deployment.local.demo.steps import Steps
from deployment.local.provision import api_key
from deployment.workflow import WorkflowError
from tests.load.shop import ramp, report
from tests.load.shop.measuring import CONNECTIONS, LATEST_SECONDS, measure
from tests.load.shop.requests import RequestBuilder
from tests.load.shop.routes import rounds
from tests.load.shop.users import make_shop
from tests.load.shop.visits import Visits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deployment.audit.auditing import Audit
    from deployment.local.provision import Provisioned
    from tests.load.shop.measuring import Measured
    from tests.load.shop.requests import Request
    from tests.load.shop.users import Shop

DIRECTORY = ROOT / "build" / "local" / "load"
COLUMNS = 170

ROUNDS, ROUND_RATE = 30, 10
STEP_SECONDS = 30
# Kept for the audit, and for stopping the cloud, whose workers finish what they have begun.
AUDIT_SECONDS, STOP_SECONDS = 150, 45

_EPILOG = f"""\
what it does:
  1. starts a cloud of its own on free ports, build/local/load, and deploys to it
  2. sends two or three events of each user, {MAX_EVENTS_PER_REQUEST} a request, and trains
  3. asks every route of the API {ROUNDS} times, at {ROUND_RATE} requests/s
  4. visits the shop: lists, products, searches and events, at 10, 15, 22, … requests/s, {STEP_SECONDS} s each, until an
     answer is wrong or one of a hundred takes more than 2 s, and then at rates between
  5. audits: every accepted event must be in the stream, the lake, the event tracker and the history, once
  6. removes the cloud

The rate does not depend on the answers (open loop): a latency counts from the moment at which a request was due. Only
this machine gets requests. The exit status is 0 where a rate held, no answer was wrong at it or in step 3, and no event
is lost or doubled. The measurements mean something on an otherwise idle machine only.

examples:
  python -m tests.load.shop                            100,000 users, at most 15 minutes
  python -m tests.load.shop --users 5000 --minutes 8   to see how it works
  python -m tests.load.shop --keep                     and look at the cloud: python -m deployment.local status
"""


class OutOfTimeError(Exception):
    """The run took longer than it may."""


def main() -> int:
    """Run the load; return the exit status: 0 all is well, 1 not."""
    options = _parser().parse_args()
    # In a file or a pipe rich uses 80 columns, which would cut the tables.
    console = Console(width=None if sys.stdout.isatty() else COLUMNS)
    until = time.monotonic() + options.minutes * 60 - STOP_SECONDS
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with _own_cloud(until, keep=options.keep) as cloud:
            return 0 if _Run(cloud, until, console).run(options.users) else 1
    except OutOfTimeError:
        console.print(f"[bold red]✗[/] {options.minutes:g} minutes were too short: an idle machine, or fewer --users")
    except (CloudError, DemoError, WorkflowError, replay.ApiUnavailableError) as error:
        console.print(f"[bold red]✗[/] {error}", highlight=False, soft_wrap=True)
    except KeyboardInterrupt:
        console.print("stopped")
    return 1


@contextmanager
def _own_cloud(until: float, *, keep: bool) -> Iterator[Cloud]:
    """Give a new cloud, which the clients of this process use and no other; remove it in the end."""

    def end(*_: object) -> None:
        raise OutOfTimeError

    cloud = Cloud(DIRECTORY, *free_ports(3))
    with cloud.locked():
        open_cloud(DIRECTORY).remove()  # of a run that was killed
        environment = cloud.environment
        os.environ.clear()
        os.environ.update(environment)
        signal.signal(signal.SIGALRM, end)
        signal.setitimer(signal.ITIMER_REAL, max(0.1, until - time.monotonic()))
        try:
            yield cloud
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            if not keep:
                cloud.remove()


@dataclass
class _Run:
    """A run on a cloud that must end at a time of the monotonic clock."""

    cloud: Cloud
    until: float
    console: Console
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def run(self, users: int) -> bool:
        """Run all steps, and return whether nothing was wrong."""
        self._print(report.machine())
        steps = Steps(self.console)
        stack = set_up(self.cloud, steps, with_listener=False)
        build = RequestBuilder(stack.api_url, api_key(self.cloud))
        with steps.step(f"Generate {users:,} users"):
            shop = make_shop(users)
        ledger = self.cloud.directory / "ledger.jsonl"
        with ledger.open("wb") as lines:
            accepted = self._send_events(shop, build, steps, lines)
            self._wait_for_lake(stack, accepted, steps)
            training = self._train(stack, build, steps)
            self._print(report.machine())
            # Each connection starts environments of the functions; what that takes is not counted.
            warm_up = self._measure(rounds(shop, build, training, CONNECTIONS, seed=1), None, build, lines)
            routes = self._measure(rounds(shop, build, training, ROUNDS), ROUND_RATE, build, lines)
            rates = self._climb(Visits(shop, build), build, lines)
        self._print_results(routes, rates)
        accepted += sum(each.events for each in (warm_up, routes, *rates.values()))
        self._wait_for_lake(stack, accepted, steps)
        with steps.step("Audit every stage"):
            audited = self._audit(stack)
        print_audit(audited, self.console)
        return not routes.errors and ramp.limit(rates) > 0 and not audited.comparison.unaccounted

    def _send_events(self, shop: Shop, build: RequestBuilder, steps: Steps, ledger: BinaryIO) -> int:
        """Load the catalogue and send the events of all users; return how many were accepted."""
        with steps.step("Load the catalogue and users") as bar:
            replay.load_catalogue(shop.stream, build.url, build.key, on_progress=bar.advance)
        with steps.step(f"Send events of {len(shop.users):,} users") as bar:
            sent = replay.replay(
                shop.stream,
                build.url,
                build.key,
                batch_size=MAX_EVENTS_PER_REQUEST,
                on_progress=bar.advance,
                ledger=ledger,
            )
        self._print(
            f"  {sent.accepted:,} of {sent.sent:,} events accepted in {sent.requests:,} requests, {sent.retries:,} of "
            f"them sent again: {sent.accepted / sent.seconds:,.0f} events/s"
        )
        if sent.accepted != sent.sent:
            raise DemoError(f"not all events were accepted: {sent.as_dict()}")
        return sent.accepted

    def _wait_for_lake(self, stack: Provisioned, accepted: int, steps: Steps) -> None:
        athena = accounting.AthenaClient(stack["database"], stack["athena_workgroup"])
        with steps.step("Wait for the lake") as bar:
            accounting.wait_for_count(lambda: athena.count(self.started_at).distinct_in_run, accepted, bar)

    def _train(self, stack: Provisioned, build: RequestBuilder, steps: Steps) -> str:
        """Build the data sets, train and deploy; return the id of the training."""
        stepfunctions, machine = self.cloud.client("stepfunctions"), stack["state_machine_arn"]
        with steps.step("Build the data sets, train, deploy") as bar:
            workflow.train(Api(build.url, build.key), stepfunctions, machine, bar)
        latest = stepfunctions.list_executions(stateMachineArn=machine, maxResults=1)["executions"][0]
        return str(latest["name"])

    def _climb(self, visits: Visits, build: RequestBuilder, ledger: BinaryIO) -> dict[int, Measured]:
        def measure_rate(rate: int) -> Measured:
            return self._measure(visits.next(rate * STEP_SECONDS), rate, build, ledger)

        def has_time() -> bool:
            return self.until - time.monotonic() > STEP_SECONDS + 2 * LATEST_SECONDS + AUDIT_SECONDS

        return ramp.climb(measure_rate, has_time)

    def _measure(
        self, requests: Sequence[Request], rate: float | None, build: RequestBuilder, ledger: BinaryIO
    ) -> Measured:
        measured = measure(
            build.port,
            requests,
            rate,
            ledger,
            lambda so_far, seconds: self._print(f"  {report.progress(so_far, seconds)}", style="dim"),
        )
        self._print(report.summary(measured))
        return measured

    def _audit(self, stack: Provisioned) -> Audit:
        """Audit, again where an event may be on its way and there is time."""
        resources = Resources(self.cloud.client, stack["athena_workgroup"], self.cloud.directory / "engine")
        while True:
            begun = time.monotonic()
            audited = audit(self.cloud.directory / "ledger.jsonl", resources)
            ended = time.monotonic()
            if not audited.comparison.unaccounted or 2 * ended - begun > self.until:
                return audited

    def _print_results(self, routes: Measured, rates: dict[int, Measured]) -> None:
        held = ramp.limit(rates)
        self._print(f"\nEvery route at {ROUND_RATE} requests/s", style="bold")
        self.console.print(report.route_table(routes))
        self._print("The shop's visits by rate", style="bold")
        self.console.print(report.rate_table(rates))
        if held:
            self._print(f"The highest rate that held, {held} requests/s", style="bold")
            self.console.print(report.route_table(rates[held]))
        self._print(report.machine())

    def _print(self, text: str, style: str | None = None) -> None:
        self.console.print(text, style=style, highlight=False, soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.load.shop",
        description="The load of a shop on the laptop's cloud: how many requests a second it takes, and how long each.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--users", type=int, default=100_000, help="whose events are sent, at least 100 (%(default)s)")
    parser.add_argument("--minutes", type=float, default=15, help="after which the run ends by itself (%(default)s)")
    parser.add_argument("--keep", action="store_true", help="do not remove the cloud: deployment.local down stops it")
    return parser


if __name__ == "__main__":
    sys.exit(main())
