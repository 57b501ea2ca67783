"""Train a network alone: `python -m model.networks train NETWORK DATA --out FOLDER`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from model.datasets.data_set import read_data_set
from model.datasets.training_data import TrainingData
from model.networks.errors import InvalidSettingError, NetworksError
from model.networks.problem import problem_of
from model.networks.serving.lightgcn import LightGCNRecipe
from model.networks.serving.neumf import NeuMFRecipe
from model.networks.settings import EXPLICIT, LightGCNSettings, NeuMFSettings
from model.networks.torch_process import learn

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.networks.serving.network_recipe import NetworkRecipe

RECIPES: dict[str, type[NetworkRecipe]] = {"neumf": NeuMFRecipe, "lightgcn": LightGCNRecipe}
SETTINGS: dict[str, type[NeuMFSettings | LightGCNSettings]] = {"neumf": NeuMFSettings, "lightgcn": LightGCNSettings}

_EXAMPLES = """\
examples:
  python -m data.generate --out build/shop
  python -m model.networks train lightgcn build/shop --out build/lightgcn
  python -m model.networks train lightgcn build/shop --out build/reference --set loss=bpr --set start=random \\
      --set hidden_dimension=64 --set epochs=1000 --set patience=50 --set batch_size=2048 --set negatives=1
  python -m model.networks train neumf build/shop --out build/neumf --set pretrain=true --checkpoints build/cut-off
  python -m model.networks train neumf build/shop --out build/ratings --set feedback=explicit

The folder of --out then holds model.npz and model.json, which `LightGCNRecipe.load` and `NeuMFRecipe.load` read
without PyTorch, and which the engine serves as rivulet-lightgcn and rivulet-neumf. The same command with the same
--checkpoints resumes an interrupted training, and ends with the same model.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _parser().parse_args(arguments)
    try:
        report = _train(options.network, options.data, options.out, options.set, options.checkpoints)
    except (
        ValueError,
        OSError,
    ) as error:  # of the data, the settings, the interpreter or a folder; each message states which
        print(f"model.networks: {error}", file=sys.stderr)  # noqa: T201 - a command line answers on its streams
        return 2
    print(json.dumps(report, indent=2))  # noqa: T201
    return 0


def _train(name: str, data: Path, out: Path, stated: list[str], checkpoints: Path | None) -> dict[str, object]:
    pairs = [setting.partition("=") for setting in stated]
    parameters = {key: value for key, _, value in pairs}
    settings = SETTINGS[name].of(parameters)  # checked before the data are read
    if out.exists() and any(out.iterdir()):
        raise InvalidSettingError(f"{out} is not empty; name an empty folder, or remove it")
    training_data = _read(data, explicit=getattr(settings, "feedback", "") == EXPLICIT)
    learnt, report = learn(name, problem_of(training_data.interactions), parameters, checkpoints, is_shown=True)
    out.mkdir(parents=True, exist_ok=True)
    RECIPES[name].from_trained(training_data, learnt, report).save(out)
    return report


def _read(path: Path, *, explicit: bool) -> TrainingData:
    data_set = read_data_set(path)
    known = data_set.interactions
    if explicit:
        if np.isnan(data_set.values).all():
            raise NetworksError(f"{path}: no event has a value (EVENT_VALUE), so there are no ratings to learn")
        rated = ~np.isnan(data_set.values)
        known = replace(known, weights=data_set.values).where(rated).without_unused()
    return TrainingData(known, data_set.items, users=data_set.users)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model.networks",
        description="Train NeuMF or LightGCN on a data set, and write a model that serves without PyTorch.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    train = commands.add_parser(
        "train",
        help="train a network",
        description="Train a network; each epoch prints its loss and its metric on held-out items.",
        epilog=f"hyper-parameters and their defaults:\n{_defaults()}\n\n{_EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    train.add_argument("network", choices=sorted(SETTINGS), help="which network")
    train.add_argument(
        "data", type=Path, help="folder with events.jsonl, or with interactions/*.csv (and items, users)"
    )
    train.add_argument("--out", type=Path, required=True, help="folder for the model; empty or new")
    train.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a hyper-parameter; see below")
    train.add_argument(
        "--checkpoints", type=Path, help="folder in which each epoch is saved, and from which training resumes"
    )
    return parser


def _defaults() -> str:
    lines = []
    for name, settings in SETTINGS.items():
        stated = " ".join(f"{setting.name}={str(setting.default).lower()}" for setting in fields(settings))
        lines.append(f"  {name}: {stated}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
