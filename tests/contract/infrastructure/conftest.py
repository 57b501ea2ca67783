"""Bootstrap, initialized and planned once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.infrastructure.account import running_account
from tests.contract.infrastructure.bootstrap import checkout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.infrastructure.account import Account
    from tests.contract.infrastructure.bootstrap import Checkout


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    with running_account() as account:
        yield account


@pytest.fixture(scope="session")
def bootstrap(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    copy = checkout(tmp_path_factory.mktemp("project"), account)
    copy.terraform("init -input=false -lockfile=readonly")
    return copy


@pytest.fixture(scope="session")
def plan(bootstrap: Checkout) -> dict[str, Any]:
    return bootstrap.plan()
