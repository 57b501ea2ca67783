"""Judges recipes on a data set, compares experiments, replays logs: `python -m model.evaluation --help`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from model.evaluation.data_sets import UnknownDataError, read_data_set, told
from model.evaluation.evaluate import CUTS
from model.evaluation.experiments import (
    NotComparableError,
    RunNameError,
    UnknownExperimentError,
    compare,
    conduct,
    keep,
    kept,
    new_run,
    recall_experiment,
    shown_slices,
)
from model.evaluation.metrics.ratings import (
    Biases,
    NoRatingsError,
    Scored,
    hold_out_ratings,
    rates_when_told,
    rating_metrics,
)
from model.evaluation.off_policy.impressions import read_impressions
from model.evaluation.off_policy.replay import BadLogError, read_decisions, replay
from model.evaluation.reports.plots import plot
from model.evaluation.reports.tables import (
    differences_table,
    experiments_table,
    ratings_table,
    replay_table,
    slices_table,
)
from model.evaluation.splits import (
    NothingToAskError,
    UnsplittableError,
    by_time,
    hold_out_users,
    leave_last_out,
    next_events,
)
from model.evaluation.training import UnknownRecipeError, check_recipe, train
from model.recipes.recipe import UnsuitableDataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from model.evaluation.data_sets import DataSet
    from model.evaluation.experiments import Experiment
    from model.evaluation.splits import Split

FOLDER = Path("build/experiments")
RECIPES_BY_DEFAULT = "aws-user-personalization-v2,aws-similar-items,aws-popularity-count"
MOST_QUESTIONS = 5000
COLUMNS = 120
CUT = 10  # that tables and plots show
SPLITS: dict[str, Callable[[DataSet, float], Split]] = {
    "time": lambda data, share: by_time(data.interactions, share),
    "next": lambda data, share: next_events(data.interactions, share),
    "last": lambda data, _: leave_last_out(data.interactions),
    "users": lambda data, share: hold_out_users(data.interactions, share),
}
MISTAKES = (
    BadLogError,
    NoRatingsError,
    NotComparableError,
    NothingToAskError,
    RunNameError,
    UnknownDataError,
    UnknownExperimentError,
    UnknownRecipeError,
    UnsplittableError,
    UnsuitableDataError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
    """
    options = _parser().parse_args(arguments)
    try:
        # Where nobody looks on, in a file or a pipe, rich takes 80 columns, which cuts tables.
        options.run(options, Console(width=None if sys.stdout.isatty() else COLUMNS))
    except MISTAKES as error:
        print(f"model.evaluation: {error}", file=sys.stderr)  # noqa: T201 - a command line answers on its streams
        return 2
    return 0


def _run(options: argparse.Namespace, console: Console) -> None:
    stated = dict(options.set)
    for name in options.recipes:
        check_recipe(name, stated)
    folder = new_run(options.folder, options.name or datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"))
    data = read_data_set(options.data)
    console.print(_told(data))
    split = SPLITS[options.split](data, options.share).at_most(options.questions).with_users(data.users)
    experiments, refused = [], []
    for name in options.recipes:
        with console.status(f"training and judging {name}"):
            try:
                found = conduct(name, data, split, stated, CUTS, options.protocol, hide_seen=not options.seen_counts)
            except UnsuitableDataError as error:
                refused.append(str(error))
                continue
        keep(found, folder)
        experiments.append(found)
    if experiments:
        _show(experiments, folder, console)
    if refused:
        raise UnsuitableDataError("; ".join(refused))


def _show(experiments: list[Experiment], folder: Path, console: Console) -> None:
    """Print and draw what experiments on the same questions tell."""
    console.print(experiments_table(experiments, CUT))
    if shown_slices(experiments[0].result):
        console.print(slices_table(experiments, f"ndcg@{CUT}"))
    first = experiments[0]
    for other in experiments[1:]:
        whole = compare(first.result, other.result, [f"ndcg@{CUT}"])[0]
        mean, low, high = whole.interval
        difference = f"ndcg@{CUT} of {first.recipe} less {other.recipe}: {mean:+.4f} [{low:+.4f}, {high:+.4f}]"
        console.print(f"{difference}: {whole.verdict}", soft_wrap=True)
    files = plot(experiments, CUT, folder)
    console.print(f"kept in {folder}, with {', '.join(path.name for path in files)}", soft_wrap=True)


def _list(options: argparse.Namespace, console: Console) -> None:
    names = kept(options.folder)
    for name in names:
        one = recall_experiment(name, options.folder)
        mean = one.result.mean(f"ndcg@{CUT}")
        of_what = f"({one.data}, {one.result.split}, {one.result.protocol} ranking)"
        console.print(f"{name}: ndcg@{CUT} {mean:.4f} {of_what}", soft_wrap=True)
    if not names:
        console.print(f"there are no experiments in {options.folder}; `run` keeps some")


def _compare(options: argparse.Namespace, console: Console) -> None:
    first, second = (recall_experiment(name, options.folder) for name in (options.first, options.second))
    metrics = [f"{name}@{CUT}" for name in ("ndcg", "recall", "mrr")]
    found = compare(first.result, second.result, metrics)
    for metric in metrics:
        console.print(differences_table(options.first, options.second, metric, found))


def _replay(options: argparse.Namespace, console: Console) -> None:
    for name in options.recipes:
        check_recipe(name, {})
    log = options.log
    decisions = read_impressions(log / "events.jsonl") if log.is_dir() else read_decisions(log)
    data = read_data_set(options.data)
    found = {}
    for name in options.recipes:
        found[name] = replay(train(name, data.interactions, data, {}).recipe, decisions, options.depth)
    console.print(replay_table(found))


def _ratings(options: argparse.Namespace, console: Console) -> None:
    stated_of = {name: {**rates_when_told(name), **dict(options.set)} for name in options.recipes}
    for name, stated in stated_of.items():
        check_recipe(name, stated)
    data = read_data_set(options.data)
    learnt, asked = hold_out_ratings(data)
    found = {"mean and biases": rating_metrics(Biases.fit(learnt), asked)}
    for name, stated in stated_of.items():
        model = Scored(train(name, learnt, data, stated).recipe, float(learnt.weights.mean()))
        found[name] = rating_metrics(model, asked)
    console.print(ratings_table(data.name, sum(len(one.item_ids) for one in asked), found))


def _told(data: DataSet) -> str:
    known = data.interactions
    kept_of_it = f"{data.name}: {len(known):,} interactions of {len(known.user_ids):,} people "
    kept_of_it += f"with {len(known.item_ids):,} items"
    return f"{kept_of_it}; left out: {told(data.left_out)}" if data.left_out else kept_of_it


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the folder of a data set is wanted, such as build/shop")
    return Path(text)


def _names(text: str) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise argparse.ArgumentTypeError("names of recipes are wanted, with commas between them")
    return names


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value


def _add_set(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--set",
        type=_setting,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a hyper-parameter of the recipes; may be given again",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model.evaluation", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where experiments are kept (%(default)s)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="train recipes on a part of a data set and judge them on the rest")
    run.set_defaults(run=_run)
    run.add_argument("data", type=_folder, help="folder with events.jsonl, or as the datasets job writes it")
    run.add_argument("--recipes", type=_names, default=RECIPES_BY_DEFAULT, help="names, with commas (%(default)s)")
    _add_set(run)
    run.add_argument("--name", help="of the run, to compare it by (the moment)")
    run.add_argument("--split", choices=sorted(SPLITS), default="time", help="what is asked for (%(default)s)")
    run.add_argument("--share", type=float, default=0.1, help="that is held out (%(default)s)")
    run.add_argument("--protocol", choices=("full", "sampled"), default="full", help="what is ranked (%(default)s)")
    run.add_argument("--questions", type=_positive, default=MOST_QUESTIONS, help="at most (%(default)s)")
    run.add_argument("--seen-counts", action="store_true", help="people come back: ask for and list seen items too")
    listed = commands.add_parser("list", help="name the experiments that were kept")
    listed.set_defaults(run=_list)
    compared = commands.add_parser("compare", help="tell whether one experiment is better than another")
    compared.set_defaults(run=_compare)
    compared.add_argument("first", help="run and recipe, such as before/aws-popularity-count")
    compared.add_argument("second")
    replayed = commands.add_parser("replay", help="tell from a log what recipes would have earned")
    replayed.set_defaults(run=_replay)
    replayed.add_argument("log", type=Path, help="JSON lines of decisions, or a folder with events.jsonl")
    replayed.add_argument("data", type=_folder, help="what the recipes learn from")
    replayed.add_argument("--recipes", type=_names, default=RECIPES_BY_DEFAULT, help="names, with commas (%(default)s)")
    replayed.add_argument(
        "--depth", type=_positive, default=1, help="one of so many first items is shown (%(default)s)"
    )
    rated = commands.add_parser("ratings", help="tell how far predicted ratings are from given ones")
    rated.set_defaults(run=_ratings)
    rated.add_argument("data", type=_folder, help="whose event values are ratings")
    _add_set(rated)
    rated.add_argument("--recipes", type=_names, default=[], help="that predict ratings; the baseline is always shown")
    return parser


if __name__ == "__main__":
    sys.exit(main())
