"""Against Moto's server both roots are applied, planned again and destroyed, but for Moto's listed gaps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.second_aws.gaps import DIFFERENCES, NOT_APPLIED, NOT_DESTROYED

if TYPE_CHECKING:
    from tests.second_aws.terraform import Outcome

pytestmark = [pytest.mark.timeout(3600), pytest.mark.parametrize("root", ["bootstrap", "root"])]


def test_every_resource_is_applied_but_for_motos_gaps(outcomes: dict[str, Outcome], root: str) -> None:
    assert set(outcomes[root].failed) == NOT_APPLIED[root], outcomes[root].failed


def test_the_second_plan_shows_motos_gaps_only(outcomes: dict[str, Outcome], root: str) -> None:
    assert outcomes[root].changes == DIFFERENCES[root]


def test_every_resource_is_destroyed_but_for_motos_gaps(outcomes: dict[str, Outcome], root: str) -> None:
    assert set(outcomes[root].kept) == NOT_DESTROYED[root], outcomes[root].kept
