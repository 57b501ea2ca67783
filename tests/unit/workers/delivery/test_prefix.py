from __future__ import annotations

from datetime import UTC, datetime

import pytest

from deployment.workers.delivery.prefix import (
    expand_error_prefix,
    expand_prefix,
    format_moment,
    unsupported_expressions,
)

MOMENT = datetime(2018, 8, 7, 10, 30, 5, 120_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("yyyy", "2018"),
        ("yy", "18"),
        ("MM", "08"),
        ("M", "8"),
        ("MMM", "Aug"),
        ("MMMM", "August"),
        ("dd", "07"),
        ("D", "219"),
        ("HH-mm-ss", "10-30-05"),
        ("SSS", "120"),
        ("yyyy-MM-dd", "2018-08-07"),
        ("'day='dd", "day=07"),
        ("HH 'o''clock'", "10 o'clock"),
        ("yyyy''MM", "2018'08"),
    ],
)
def test_moments_are_written_in_java_patterns(pattern: str, written: str):
    assert format_moment(pattern, MOMENT) == written


def test_an_unknown_letter_is_named():
    with pytest.raises(ValueError, match="'Q'"):
        format_moment("yyyy-Q", MOMENT)


@pytest.mark.parametrize(
    ("template", "prefix"),
    [
        ("", "2018/08/07/10/"),
        ("lake/", "lake/2018/08/07/10/"),
        ("raw/day=!{timestamp:yyyy-MM-dd}/hour=!{timestamp:HH}/", "raw/day=2018-08-07/hour=10/"),
        ("r=!{firehose:random-string}/!{timestamp:yyyy}/", "r=abcdefghijk/2018/"),
        ("r=!{firehose:random-string}/", "r=abcdefghijk/2018/08/07/10/"),
    ],
)
def test_prefixes_are_evaluated_as_documented(template: str, prefix: str):
    assert expand_prefix(template, MOMENT, "abcdefghijklmnop") == prefix


@pytest.mark.parametrize(
    ("error_template", "template", "prefix"),
    [
        ("bad/!{firehose:error-output-type}/", "", "bad/processing-failed/"),
        ("bad/!{firehose:error-output-type}/!{timestamp:yyyy}/", "", "bad/processing-failed/2018/"),
        ("bad/", "", "bad/processing-failed/2018/08/07/10/"),
        ("", "lake/", "lake/processing-failed/2018/08/07/10/"),
        ("", "", "processing-failed/2018/08/07/10/"),
    ],
)
def test_error_prefixes_have_the_error_type(error_template: str, template: str, prefix: str):
    assert expand_error_prefix(error_template, template, "processing-failed", MOMENT, "x") == prefix


@pytest.mark.parametrize(
    ("template", "wrong"),
    [
        ("a/!{timestamp:yyyy}/!{firehose:error-output-type}/", []),
        ("a/!{partitionKeyFromQuery:user}/", ["!{partitionKeyFromQuery:user}"]),
        ("a/!{timestamp:QQQ}/", ["!{timestamp:QQQ}"]),
        ("a/!{firehose:other}/", ["!{firehose:other}"]),
    ],
)
def test_expressions_that_are_not_evaluated_are_found(template: str, wrong: list[str]):
    assert unsupported_expressions(template) == wrong
