"""The job of curated tables parses its arguments among those that Glue adds, and names invalid ones."""

from datetime import UTC, date, datetime

import pytest

from scripts.arguments import Window
from scripts.curated.options import CurateOptions, read_options

NEEDED = ["--lake", "s3://lake/raw", "--curated", "s3://lake/curated", "--run_id", "run-1"]


def test_all_arguments_are_read_beside_those_that_glue_adds():
    window = ["--from", "2026-11-01T00:00:00Z", "--to", "2026-11-02T01:00:00+01:00"]
    more = ["--start", "2026-01-01", "--currency", "EUR", "--JOB_NAME", "curate", "--enable-metrics", "true"]

    options = read_options([*NEEDED, *window, *more])

    assert options == CurateOptions(
        job_name="curate",
        lake="s3://lake/raw/",
        curated="s3://lake/curated/",
        run_id="run-1",
        window=Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)),
        first_day=date(2026, 1, 1),
        currency="EUR",
    )


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("--from", "2026-11-01", "has no offset"),
        ("--start", "yesterday", "is not a day; write 2026-11-01"),
        ("--currency", "euro", "write three capital letters"),
        ("--run_id", "a/b", "is not a folder name"),
    ],
)
def test_an_invalid_argument_is_named_with_its_value(name, value, message, capsys):
    with pytest.raises(SystemExit):
        read_options([*NEEDED, name, value])

    error = capsys.readouterr().err
    assert name in error
    assert repr(value)[1:-1] in error
    assert message in error


def test_a_window_must_not_be_empty(capsys):
    with pytest.raises(SystemExit):
        read_options([*NEEDED, "--from", "2026-11-02T00:00:00Z", "--to", "2026-11-02T00:00:00Z"])

    assert "is not before --to" in capsys.readouterr().err
