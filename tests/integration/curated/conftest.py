"""A small Spark session, shared by all tests of the folder."""

import pytest

from tests.factories.data_sets.small_spark import start_spark


@pytest.fixture(scope="session")
def spark(tmp_path_factory):
    session = start_spark(tmp_path_factory.mktemp("warehouse"))
    yield session
    session.stop()
