"""REST APIs: limits and errors of requests, Lambda authorisers with usage plans, preflight answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployment.emulator.api_gateway import authorisers, preflights, requests

if TYPE_CHECKING:
    from deployment.emulator.settings import Settings


def install(_settings: Settings) -> None:
    """Override what MiniStack does otherwise than AWS."""
    requests.install()
    authorisers.install()
    preflights.install()
