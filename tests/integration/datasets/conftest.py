"""A small Spark session, shared by all tests of the folder."""

import pytest

from tests.factories.data_sets.small_spark import start_spark


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    session = start_spark(tmp_path_factory.mktemp("warehouse"))
    yield session
    session.stop()


@pytest.fixture(params=["true", "false"], ids=["ansi", "not-ansi"])
def ansi(spark, request):
    spark.conf.set("spark.sql.ansi.enabled", request.param)
    yield request.param
    spark.conf.unset("spark.sql.ansi.enabled")
