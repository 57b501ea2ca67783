"""The queries that Terraform saves for analysts, each run as it is over a lake with the contract's columns."""

from __future__ import annotations

import pytest

from tests.fakes.emulator import lake
from tests.fakes.emulator.lake import DAYS
from tests.fakes.emulator.process import ROOT

QUERIES = {file.stem: file.read_text() for file in (ROOT / "infrastructure/modules/lake/queries").glob("*.sql")}


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_saved_query_succeeds(lake_cloud, name):
    status = lake.Athena(lake_cloud).run(QUERIES[name])["Status"]

    assert (status["State"], status.get("StateChangeReason")) == ("SUCCEEDED", None)


def test_saved_queries_count_what_is_there(lake_cloud):
    athena = lake.Athena(lake_cloud)

    assert athena.rows(QUERIES["events-per-day-and-type"])[0] == [DAYS[0], "View", "2", "2"]
    assert athena.rows(QUERIES["late-events"]) == [["2: under an hour", "6", "100.0"]]
    assert athena.rows(QUERIES["top-items"])[0] == ["i0", "3", "0", "0"]
