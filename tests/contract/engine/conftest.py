"""Engines and shops that the contract tests of the engine share."""

from __future__ import annotations

import json
import zlib

import pytest

from tests.contract.engine.running_engine import OURS, THEIRS, RunningEngine
from tests.contract.engine.shops import Shop
from tests.fakes.s3 import FileS3


@pytest.fixture(scope="session")
def s3(tmp_path_factory):
    fake = FileS3(tmp_path_factory.mktemp("s3"))
    yield fake
    fake.close()


@pytest.fixture(scope="session")
def engine(tmp_path_factory, s3):
    running = RunningEngine(tmp_path_factory.mktemp("engine") / "state", s3.url)
    yield running
    running.stop()


@pytest.fixture
def own_engine(tmp_path, s3):
    """An engine for one test, which may kill it."""
    running = RunningEngine(tmp_path / "state", s3.url)
    yield running
    running.stop()


@pytest.fixture
def slow_engine(tmp_path, s3):
    """An engine for one test, whose resources are in each state for a while."""
    running = RunningEngine(tmp_path / "state", s3.url, pace="slow")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def closed(tmp_path_factory):
    """An engine that other machines may reach, with keys of two accounts."""
    folder = tmp_path_factory.mktemp("closed")
    file = folder / "keys.json"
    file.touch(0o600)
    file.write_text(
        json.dumps({key: {"secret": secret, "account": account} for key, secret, account in (OURS, THEIRS)})
    )
    options = ("--host", "0.0.0.0", "--keys-file", str(file), "--metrics-port", "0")
    running = RunningEngine(folder / "state", "http://127.0.0.1:9", options=options)
    yield running
    running.stop()


@pytest.fixture(scope="session")
def trained_shop(engine, s3):
    """A shop with every kind of campaign, for tests that only ask and send events."""
    shop = Shop(engine, s3, account="111111111111")
    shop.fill()
    shop.deploy("for-you", "aws-user-personalization-v2")
    shop.deploy("similar", "aws-similar-items")
    shop.deploy("popular", "aws-popularity-count")
    shop.deploy("ranking", "aws-personalized-ranking-v2")
    shop.track()
    return shop


@pytest.fixture
def new_shop(engine, s3, request):
    """A fresh shop in an account of its own."""
    number = zlib.crc32(request.node.nodeid.encode())
    return Shop(engine, s3, account=f"{number:012d}")
