"""The demonstration: all steps in order; it is safe to run again."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from data import replay
from data.analysis import Lake
from deployment.audit.auditing import Resources, audit
from deployment.local.cloud import LISTENER
from deployment.local.demo import accounting, analysis, report, shown_lists, workflow
from deployment.local.demo.api import Api, quoted
from deployment.local.demo.reactions import SHOWN, busiest_users, react
from deployment.local.demo.steps import Steps
from deployment.local.parts import open_shop
from deployment.local.provision import api_key, build_archives, initialize_empty, is_partly_provisioned, provision

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from data.stream import Stream
    from deployment.audit.comparison import Comparison
    from deployment.local.cloud import Cloud
    from deployment.local.demo.steps import Bar
    from deployment.local.provision import Provisioned

_USERS = 3


def run(cloud: Cloud, stream: Stream, console: Console) -> bool:
    """Run the whole pipeline on a cloud and print the results."""
    steps = Steps(console)
    stack = set_up(cloud, steps)
    open_shop(cloud, stack, steps)
    api = Api(stack.api_url, api_key(cloud))
    accounts, titles, users = _replay_and_train(cloud, stream, stack, api, steps)
    with steps.step("Ask, click, and ask again") as bar:
        reactions = []
        for done, user in enumerate(users):
            bar.show(done, len(users), note=user)
            reactions.append(react(api, user, done))
    report.print_answers(console, reactions, titles)
    _show_lists(api, console, reactions[0].clicked[0], titles)
    phase = _show_and_click(cloud, stream, stack, api, steps)
    with steps.step("Curate the lake") as bar:
        analysis.curate(cloud.client("stepfunctions"), stack["curation_state_machine_arn"], bar)
    with steps.step("Query the lake with Athena"):
        answers = analysis.ask(Lake(stack["database"], stack["athena_workgroup"]))
    for answer in answers:
        report.print_rows(console, answer.question, answer.rows)
    console.print("[bold]Where the events are[/]", accounts.table(), sep="\n")
    console.print("[bold]Lists shown, and what followed[/]", phase.table(), sep="\n")
    console.print("[bold]Seconds[/]", report.seconds_table(steps.seconds), sep="\n")
    print_addresses(cloud, stack, console)
    return accounts.unaccounted == 0 and phase.unaccounted == 0


def set_up(cloud: Cloud, steps: Steps, *, with_listener: bool = True) -> Provisioned:
    """Build the archives, start the cloud and deploy to it, each as a step, and return the result.

    A cloud whose first apply was killed holds only resources that Terraform's state does not name, so it is removed.
    """
    if is_partly_provisioned(cloud):
        steps.console.print("an earlier run was interrupted during its first apply, so the cloud is recreated")
        cloud.remove()
    _start(cloud, steps, with_listener=with_listener)
    return provision(cloud, steps.step)


def start_empty(cloud: Cloud, steps: Steps) -> None:
    """Build the archives, start the cloud, and prepare it for the commands of `deployment.release`."""
    _start(cloud, steps, with_listener=True)
    with steps.step("Initialize Terraform"):
        initialize_empty(cloud)


def _start(cloud: Cloud, steps: Steps, *, with_listener: bool) -> None:
    with steps.step("Build the Lambda archives") as bar:
        build_archives(bar)
    with steps.step("Start the laptop's cloud"):
        cloud.start(with_listener=with_listener)


def print_addresses(cloud: Cloud, stack: Provisioned, console: Console) -> None:
    """Print the addresses and keys of the cloud."""
    shop = cloud.shop_url if cloud.running()[LISTENER] else "python -m deployment.local pages opens it"
    console.print(
        f"[bold]Shop[/]           {shop}\n"
        f"[bold]API[/]            {stack.api_url}\n"
        f"[bold]API key[/]        {api_key(cloud)}   (header x-api-key; every role)\n"
        f"[bold]AWS endpoint[/]   {cloud.endpoint}   (key test, any secret, region eu-central-1)\n"
        f"[bold]Personalize[/]    {cloud.engine_url}\n"
        f"[bold]Logs[/]           {cloud.directory}/*.log\n"
        "`make status` shows what runs, `make down` stops it, `make clean` removes it.",
        highlight=False,
        soft_wrap=True,
    )


def _replay_and_train(
    cloud: Cloud, stream: Stream, stack: Provisioned, api: Api, steps: Steps
) -> tuple[report.EventCounts, dict[str, str], list[str]]:
    with steps.step("Read the stream"):
        expected = stream.expected
    with steps.step("Load the catalogue and the users") as bar:
        bar.show(0, sum(1 for _ in stream.items) + sum(1 for _ in stream.users))
        replay.load_catalogue(stream, api.url, api.key, on_progress=bar.advance)
    titles = {str(item["item_id"]): str(item.get("title") or "") for item in stream.items}
    since = datetime.now(UTC)
    ledger = cloud.directory / "ledger.jsonl"
    with steps.step("Replay the clickstream") as bar, ledger.open("wb") as lines:
        bar.show(0, expected.sent)
        sent = replay.replay(stream, api.url, api.key, on_progress=bar.advance, ledger=lines)
    athena = accounting.AthenaClient(stack["database"], stack["athena_workgroup"])
    with steps.step("Wait for the lake") as bar:
        accounting.wait_for_count(lambda: athena.count(since).distinct_in_run, expected.distinct, bar)
        lake, bad_rows = athena.count(since), athena.count_bad_rows(since)
    with steps.step("Wait for the event tracker") as bar:
        accounting.wait_for_count(
            lambda: accounting.count_tracked_events(cloud.engine_url, stack["dataset_group"]), lake.forwarded, bar
        )
    with steps.step("Build the data sets, train, deploy") as bar:
        output = workflow.train(api, cloud.client("stepfunctions"), stack["state_machine_arn"], bar)
    report.print_verdicts(steps.console, output["Deployments"])
    with steps.step("Audit every stage") as bar:
        audited = _audit(cloud, stack, ledger, bar)
    accounts = report.EventCounts(sent, expected, bad_rows, lake, audited, output["Manifest"])
    counts = Counter(event.user for event in stream.events if event.outcome == "accepted")
    users = busiest_users(counts, {str(user["user_id"]) for user in stream.users}, _USERS)
    return accounts, titles, users


def _show_and_click(cloud: Cloud, stream: Stream, stack: Provisioned, api: Api, steps: Steps) -> report.ListCounts:
    tastes = shown_lists.read_tastes(stream)
    users = tastes.users(shown_lists.USERS)
    with steps.step("Ask for lists") as bar:
        bar.show(0, len(users))
        lists = shown_lists.ask(api, users, bar.advance)
    behaviour = shown_lists.behave(lists, tastes)
    since = datetime.now(UTC)
    ledger = cloud.directory / "ledger-lists.jsonl"
    with steps.step("Show the lists, and click") as bar, ledger.open("wb") as lines:
        bar.show(0, len(behaviour.events))
        sent = replay.replay(behaviour.stream, api.url, api.key, on_progress=bar.advance, ledger=lines)
    athena = accounting.AthenaClient(stack["database"], stack["athena_workgroup"])
    with steps.step("Wait for the lake again") as bar:
        accounting.wait_for_count(lambda: athena.count(since).distinct_in_run, len(behaviour.events), bar)
    with steps.step("Audit every stage again") as bar:
        audited = _audit(cloud, stack, ledger, bar)
    return report.ListCounts(len(users), lists, behaviour, sent, audited)


def _audit(cloud: Cloud, stack: Provisioned, ledger: Path, bar: Bar) -> Comparison:
    resources = Resources(cloud.client, stack["athena_workgroup"], cloud.directory / "engine")
    return audit(ledger, resources, show=lambda place, count: bar.show(note=f"{place}: {count:,} events")).comparison


def _show_lists(api: Api, console: Console, item: str, titles: dict[str, str]) -> None:
    for title, path, filters in (
        (f"Similar to {titles.get(item) or item}:", f"/similar-items/{quoted(item)}", {}),
        ("Popular:", "/popular", {}),
        ("Popular and in stock:", "/popular", {"filter": "in-stock"}),
    ):
        answer = api.get(path, num_results=SHOWN, **filters)
        report.print_list(console, title, [entry["item_id"] for entry in answer["items"]], titles)
