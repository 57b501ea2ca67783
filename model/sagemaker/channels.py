"""Reads the input channels: CSV files of the datasets job, validated as the engine validates an import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from model.datasets.avro_schema import read_schema
from model.datasets.csv_import import read_rows, to_columns, to_rows
from model.datasets.training_data import TrainingData, catalogue_of, select_interactions
from model.sagemaker.training_job import TrainingJobError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from model.datasets.avro_schema import Schema
    from model.datasets.catalogue import Catalogue

SCHEMAS = Path(__file__).resolve().parents[1] / "schemas"
INTERACTIONS, ITEMS, USERS = "interactions", "items", "users"


def read_channels(folder: Path, parameters: Mapping[str, str]) -> TrainingData:
    """Read the training data of a job.

    Parameters
    ----------
    folder : Path
        Holds the folder `interactions` and, optionally, `items` and `users`, each with CSV files.

    Raises
    ------
    SurroundingsError
        The channel `interactions` has no file.
    ImportFailedError
        A file does not follow its schema in `model/schemas`; the message names file and line.
    InsufficientDataError
        There are fewer interactions than the documented minimum.
    """
    if not _files(folder, INTERACTIONS):
        raise TrainingJobError(f"the channel {INTERACTIONS} has no CSV file: {folder / INTERACTIONS} holds none")
    schema = _schema(INTERACTIONS)
    columns = to_columns(_rows(folder, INTERACTIONS, schema), schema)
    return TrainingData(
        select_interactions(columns, {}), _catalogue(folder, ITEMS), parameters, _catalogue(folder, USERS)
    )


def _catalogue(folder: Path, channel: str) -> Catalogue:
    schema = _schema(channel)
    return catalogue_of(to_rows(schema, _rows(folder, channel, schema)), _schema_text(channel), ())


def _rows(folder: Path, channel: str, schema: Schema) -> Iterator[dict[str, Any]]:
    for file in _files(folder, channel):
        with file.open(encoding="utf-8-sig", newline="") as lines:
            yield from read_rows(schema, [(file.name, lines)])


def _files(folder: Path, channel: str) -> list[Path]:
    return sorted((folder / channel).glob("*.csv"))


def _schema(channel: str) -> Schema:
    return read_schema(_schema_text(channel))


def _schema_text(channel: str) -> str:
    return (SCHEMAS / f"{channel}.avsc").read_text(encoding="utf-8")
