"""Errors of datasets: schemas, values and files that break a rule. The engine maps them to Personalize's errors."""

from __future__ import annotations


class DatasetError(Exception):
    """A schema, a value or a file breaks a rule for datasets; the message states the rule."""


class InvalidSchemaError(DatasetError):
    """The Avro schema of a dataset breaks a rule."""


class InvalidValueError(DatasetError):
    """A column cannot hold the value; the message states the reason and never repeats the value."""


class ImportFailedError(DatasetError):
    """The files cannot be imported; the message becomes the failureReason of the import job."""


class InsufficientDataError(DatasetError):
    """There are too few interactions to train on; the message becomes the failureReason of the solution version."""
