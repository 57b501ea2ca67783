"""Bootstrap, initialized and planned once, and the policies of the root's roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.infrastructure.account import running_account
from tests.contract.infrastructure.bootstrap import checkout
from tests.contract.infrastructure.root import ENVIRONMENT, key_policy_of, planned_root, role_policies_of

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


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory, account: Account) -> dict[str, Any]:
    return planned_root(tmp_path_factory.mktemp("root"), account)


@pytest.fixture(scope="session")
def roles(root: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    return role_policies_of(root)


@pytest.fixture(scope="session")
def key_policy(root: dict[str, Any]) -> dict[str, Any]:
    return key_policy_of(root)


@pytest.fixture(scope="session")
def role_policies(roles: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    return {address: policy for address, (_, policy) in roles.items()}


@pytest.fixture(scope="session")
def policies_by_role(roles: dict[str, tuple[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """Return the policies by the role's name without the environment's prefix; a role has one."""
    return {role.removeprefix(f"rivulet-{ENVIRONMENT}-"): policy for role, policy in roles.values()}
