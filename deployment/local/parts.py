"""The parts that users of the laptop's cloud call: the API, and the shop's pages. Each is ready once it answers."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from http import HTTPStatus
from typing import TYPE_CHECKING

from deployment.local.cloud import CloudError
from deployment.local.provision import PAGES, upload_pages
from deployment.pages.upload import START_PAGE

if TYPE_CHECKING:
    from deployment.local.cloud import Cloud
    from deployment.local.demo.steps import Steps
    from deployment.local.provision import Provisioned

_READY_SECONDS = 60.0
_POLL_SECONDS = 0.1


def open_shop(cloud: Cloud, made: Provisioned, steps: Steps) -> None:
    """Upload the pages, where they are built, and print the shop's address as soon as it answers."""
    if not (PAGES / START_PAGE).is_file():
        steps.console.print("the shop has no pages yet: make build/pages/.ready builds them")
        return
    with steps.step("Open the shop"):
        upload_pages(cloud, made)
        wait_until_healthy(cloud.shop_url)
    steps.console.print(f"[bold]Shop[/]           {cloud.shop_url}", highlight=False)


def wait_until_healthy(url: str, seconds: float = _READY_SECONDS) -> None:
    """Wait until an address answers 200; `CloudError` with its last answer where it does not in time."""
    deadline = time.monotonic() + seconds
    while (answer := _ask(url)) != HTTPStatus.OK:
        if time.monotonic() > deadline:
            raise CloudError(f"{url} did not answer 200 in {seconds:.0f} s, but {answer}")
        time.sleep(_POLL_SECONDS)


def _ask(url: str) -> int | str:
    try:
        with urllib.request.urlopen(url, timeout=_READY_SECONDS) as response:  # noqa: S310 - of this machine
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return str(error)
