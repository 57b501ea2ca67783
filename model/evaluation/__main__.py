"""Evaluates recipes on a data set, compares experiments, replays logs: `python -m model.evaluation --help`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from model.datasets.data_set import UnknownDataError, describe_left_out, read_data_set
from model.evaluation.evaluate import CUTS
from model.evaluation.experiments import (
    NotComparableError,
    RunNameError,
    UnknownExperimentError,
    compare,
    conduct,
    list_experiments,
    load_experiment,
    new_run,
    save_experiment,
)
from model.evaluation.metrics.ratings import (
    Biases,
    NoRatingsError,
    RecipeRatings,
    hold_out_ratings,
    rating_metrics,
    rating_parameters,
)
from model.evaluation.off_policy.impressions import read_impressions
from model.evaluation.off_policy.replay import BadLogError, read_decisions, replay
from model.evaluation.reports.plots import plot
from model.evaluation.reports.tables import (
    differences_table,
    experiments_table,
    ratings_table,
    replay_table,
    shown_difference,
    slices_table,
)
from model.evaluation.splits import (
    NoQuestionsError,
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

    from model.datasets.data_set import DataSet
    from model.evaluation.experiments import Experiment
    from model.evaluation.splits import Split

FOLDER = Path("build/experiments")
RECIPES_BY_DEFAULT = "aws-user-personalization-v2,aws-similar-items,aws-popularity-count"
MAX_QUESTIONS = 5000
COLUMNS = 120
CUT = 10  # that tables and plots show
SPLITS: dict[str, Callable[[DataSet, float], Split]] = {
    "time": lambda data, share: by_time(data.interactions, share),
    "next": lambda data, share: next_events(data.interactions, share),
    "last": lambda data, _: leave_last_out(data.interactions),
    "users": lambda data, share: hold_out_users(data.interactions, share),
}
INPUT_ERRORS = (
    BadLogError,
    NoRatingsError,
    NotComparableError,
    NoQuestionsError,
    RunNameError,
    UnknownDataError,
    UnknownExperimentError,
    UnknownRecipeError,
    UnsplittableError,
    UnsuitableDataError,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        # In a file or a pipe rich takes 80 columns, which cuts tables.
        options.run(options, Console(width=None if sys.stdout.isatty() else COLUMNS))
    except INPUT_ERRORS as error:
        print(f"model.evaluation: {error}", file=sys.stderr)  # noqa: T201 - a command line answers on its streams
        return 2
    return 0


def _run(options: argparse.Namespace, console: Console) -> None:
    parameters = dict(options.set)
    for name in options.recipes:
        check_recipe(name, parameters)
    folder = new_run(options.folder, options.name or datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ"))
    data = read_data_set(options.data)
    console.print(_describe(data))
    split = SPLITS[options.split](data, options.share).sample(options.questions).with_users(data.users)
    experiments, failures = [], []
    for name in options.recipes:
        with console.status(f"training and evaluating {name}"):
            try:
                experiment = conduct(
                    name, data, split, parameters, CUTS, options.protocol, hide_seen=not options.seen_counts
                )
            except UnsuitableDataError as error:
                failures.append(str(error))
                continue
        save_experiment(experiment, folder)
        experiments.append(experiment)
    if experiments:
        _show(experiments, folder, console)
    if failures:
        raise UnsuitableDataError("; ".join(failures))


def _show(experiments: list[Experiment], folder: Path, console: Console) -> None:
    """Print tables and write plots of experiments on the same questions."""
    console.print(experiments_table(experiments, CUT))
    if experiments[0].result.slices:
        console.print(slices_table(experiments, f"ndcg@{CUT}"))
    first = experiments[0]
    for other in experiments[1:]:
        whole = compare(first.result, other.result, [f"ndcg@{CUT}"])[0]
        difference = f"ndcg@{CUT} of {first.recipe} minus {other.recipe}: {shown_difference(whole.interval)}"
        console.print(f"{difference}: {whole.verdict}", soft_wrap=True)
    files = plot(experiments, CUT, folder)
    console.print(f"saved in {folder}, with {', '.join(path.name for path in files)}", soft_wrap=True)


def _list(options: argparse.Namespace, console: Console) -> None:
    names = list_experiments(options.folder)
    for name in names:
        experiment = load_experiment(name, options.folder)
        result = experiment.result
        basis = f"({experiment.data}, {result.split}, {result.protocol} ranking)"
        console.print(f"{name}: ndcg@{CUT} {result.mean(f'ndcg@{CUT}'):.4f} {basis}", soft_wrap=True)
    if not names:
        console.print(f"there are no experiments in {options.folder}; `run` saves some")


def _compare(options: argparse.Namespace, console: Console) -> None:
    first, second = (load_experiment(name, options.folder) for name in (options.first, options.second))
    metrics = [f"{name}@{CUT}" for name in ("ndcg", "recall", "mrr")]
    differences = compare(first.result, second.result, metrics)
    for metric in metrics:
        console.print(differences_table(options.first, options.second, metric, differences))


def _replay(options: argparse.Namespace, console: Console) -> None:
    for name in options.recipes:
        check_recipe(name, {})
    log = options.log
    decisions = read_impressions(log / "events.jsonl") if log.is_dir() else read_decisions(log)
    data = read_data_set(options.data)
    replays = {}
    for name in options.recipes:
        replays[name] = replay(train(name, data.interactions, data, {}).recipe, decisions, options.depth)
    console.print(replay_table(replays))


def _ratings(options: argparse.Namespace, console: Console) -> None:
    parameters_of = {name: {**rating_parameters(name), **dict(options.set)} for name in options.recipes}
    for name, parameters in parameters_of.items():
        check_recipe(name, parameters)
    data = read_data_set(options.data)
    training, held_out = hold_out_ratings(data)
    metrics = {"mean and biases": rating_metrics(Biases.fit(training), held_out)}
    for name, parameters in parameters_of.items():
        model = RecipeRatings(train(name, training, data, parameters).recipe, float(training.weights.mean()))
        metrics[name] = rating_metrics(model, held_out)
    console.print(ratings_table(data.name, sum(len(user.item_ids) for user in held_out), metrics))


def _describe(data: DataSet) -> str:
    interactions = data.interactions
    counts = f"{len(interactions):,} interactions of {len(interactions.user_ids):,} users"
    line = f"{data.name}: {counts} with {len(interactions.item_ids):,} items"
    return f"{line}; left out: {describe_left_out(data.left_out)}" if data.left_out else line


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _folder(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("name the folder of a data set, such as build/shop")
    return Path(text)


def _names(text: str) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise argparse.ArgumentTypeError("name at least one recipe; separate names with commas")
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
        help="a hyper-parameter of the recipes; repeat it for several",
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model.evaluation", description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER, help="folder of the experiments (%(default)s)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="train recipes on a part of a data set and evaluate them on the rest")
    run.set_defaults(run=_run)
    run.add_argument("data", type=_folder, help="folder with events.jsonl, or as the datasets job writes it")
    run.add_argument(
        "--recipes", type=_names, default=RECIPES_BY_DEFAULT, help="names, separated by commas (%(default)s)"
    )
    _add_set(run)
    run.add_argument("--name", help="name of the run, for later comparisons (the start time)")
    run.add_argument(
        "--split", choices=sorted(SPLITS), default="time", help="which events become questions (%(default)s)"
    )
    run.add_argument("--share", type=float, default=0.1, help="share that is held out (%(default)s)")
    run.add_argument(
        "--protocol", choices=("full", "sampled"), default="full", help="which items are ranked (%(default)s)"
    )
    run.add_argument(
        "--questions", type=_positive, default=MAX_QUESTIONS, help="how many questions at most (%(default)s)"
    )
    run.add_argument(
        "--seen-counts", action="store_true", help="for repeated interactions: seen items are wanted and listed too"
    )
    listed = commands.add_parser("list", help="list the saved experiments")
    listed.set_defaults(run=_list)
    compared = commands.add_parser("compare", help="test whether one experiment is better than another")
    compared.set_defaults(run=_compare)
    compared.add_argument("first", help="run and recipe, such as before/aws-popularity-count")
    compared.add_argument("second")
    replayed = commands.add_parser("replay", help="estimate from a log the reward of recipes (off-policy)")
    replayed.set_defaults(run=_replay)
    replayed.add_argument("log", type=Path, help="JSON lines of decisions, or a folder with events.jsonl")
    replayed.add_argument("data", type=_folder, help="the data set that the recipes are trained on")
    replayed.add_argument(
        "--recipes", type=_names, default=RECIPES_BY_DEFAULT, help="names, separated by commas (%(default)s)"
    )
    replayed.add_argument(
        "--depth", type=_positive, default=1, help="the policy shows one of the first DEPTH items (%(default)s)"
    )
    rated = commands.add_parser("ratings", help="measure the error of predicted ratings")
    rated.set_defaults(run=_ratings)
    rated.add_argument("data", type=_folder, help="a data set whose event values are ratings")
    _add_set(rated)
    rated.add_argument(
        "--recipes", type=_names, default=[], help="recipes that predict ratings; the baseline is always shown"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
