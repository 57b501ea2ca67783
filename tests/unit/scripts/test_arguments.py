"""The job parses its arguments among those that Glue adds, and names invalid ones."""

from datetime import UTC, datetime

import pytest

from scripts.arguments import Window, read_arguments

NEEDED = ["--lake", "s3://lake/raw/", "--datasets", "s3://datasets/", "--run_id", "run-1"]


def test_arguments_that_glue_adds_are_ignored():
    glue = [
        "--JOB_NAME",
        "rivulet-dev-datasets",
        "--JOB_ID",
        "j_1",
        "--enable-metrics",
        "true",
        "--enable-continuous-cloudwatch-log",
        "true",
        "--TempDir",
        "s3://artifacts/glue/temporary/",
        "--job-bookmark-option",
        "job-bookmark-disable",
        "--extra-py-files",
        "s3://artifacts/rivulet.zip",
    ]

    options = read_arguments([*glue, *NEEDED])

    assert options.job_name == "rivulet-dev-datasets"
    assert options.lake == "s3://lake/raw/"
    assert options.target == "s3://datasets/run-1/"
    assert options.window == Window()


def test_the_types_of_event_are_separated_by_commas():
    assert read_arguments([*NEEDED, "--interaction_types", "View, Wish"]).interaction_types == ("View", "Wish")


def test_folders_are_accepted_with_and_without_a_trailing_slash():
    options = read_arguments(["--lake", "lake/raw", "--datasets", "out", "--run_id", "r"])

    assert (options.lake, options.target) == ("lake/raw/", "out/r/")


def test_the_window_is_converted_to_utc():
    options = read_arguments([*NEEDED, "--from", "2026-11-01T01:00:00+01:00", "--to", "2026-11-02T00:00:00Z"])

    assert options.window == Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
    assert options.window.as_dict() == {"from": "2026-11-01T00:00:00+00:00", "to": "2026-11-02T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (["--from", "2026-11-01T00:00:00"], "no offset"),
        (["--from", "yesterday"], "'yesterday' is not a time"),
        (["--from", ""], "'' is not a time"),
        (["--from", "2026-11-02T00:00:00Z", "--to", "2026-11-01T00:00:00Z"], "not before"),
        (["--run_id", "../elsewhere"], "not a folder name"),
        (["--run_id", ".."], "not a folder name"),
        (["--interaction_types", "View,Search"], "must name types of event that have an item"),
        (["--interaction_types", " ,"], "must name types of event that have an item"),
        (
            ["--interaction_types", "a,b,c,d,e,f,g,h"],
            "names 8 types of event; with Search and the columns DEVICE and HOUR",
        ),
    ],
)
def test_an_invalid_argument_is_named(changed, message, capsys):
    with pytest.raises(SystemExit):
        read_arguments([*NEEDED, *changed])

    assert message in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["--lake", "--datasets", "--run_id"])
def test_a_missing_argument_is_named(missing, capsys):
    index = NEEDED.index(missing)
    with pytest.raises(SystemExit):
        read_arguments(NEEDED[:index] + NEEDED[index + 2 :])

    assert missing in capsys.readouterr().err
