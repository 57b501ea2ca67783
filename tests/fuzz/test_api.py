"""Requests that schemathesis generates from the OpenAPI document, sent to a laptop's cloud with a key of each role."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from backend.contract.access.roles import PAGE_ROLES, ROLES, routes_of
from backend.contract.generators.examples import EVENTS, UPDATE_DATA, VISITOR
from deployment.local.cloud import ENVIRONMENTS, ROOT
from tests.end_to_end.pipeline import fill

if TYPE_CHECKING:
    from backend.contract.access.roles import Credential, Producer, Role
    from tests.end_to_end.pipeline import Pipeline

SETTINGS = Path(__file__).with_name("schemathesis.toml")
DOCUMENT = ROOT / "backend" / "contract" / "generated" / "openapi.json"
SECONDS = 900

CALLERS: list[tuple[Role, Producer, Credential]] = [
    *((role, "server", "header") for role in ROLES),
    *((role, "page", "header") for role in ROLES if role in PAGE_ROLES),
    ("events:write", "page", "query"),
]


@pytest.fixture(scope="module")
def shop(pipeline: Pipeline) -> Pipeline:
    """A shop with a trained model and with the items and the user of the document's examples."""
    item, user = UPDATE_DATA["items"]["records"][0], UPDATE_DATA["users"]
    items = [{**item, "item_id": item_id} for item_id in VISITOR["items"]]
    pipeline.api.post("/update-data", {"kind": "items", "records": items})
    pipeline.api.post("/update-data", user)
    pipeline.api.post("/events", EVENTS)
    fill(pipeline)
    return pipeline


@pytest.mark.parametrize(("role", "producer", "credential"), CALLERS)
def test_every_answer_is_one_that_the_document_has(
    shop: Pipeline, role: Role, producer: Producer, credential: Credential, tmp_path: Path
) -> None:
    key = shop.keys.create(f"fuzz-{role.replace(':', '-')}-{producer}-{credential}", [role], producer)
    run_schemathesis(shop.api.url, routes_of([role], producer, credential), key, tmp_path)


def test_the_health_is_as_the_document_has_it(shop: Pipeline, tmp_path: Path) -> None:
    run_schemathesis(shop.api.url, ["GET /health"], "none", tmp_path)


def run_schemathesis(url: str, routes: list[str], key: str, folder: Path) -> None:
    """Run schemathesis on some routes with a key; the test fails where it has a finding, which it prints."""
    program = ENVIRONMENTS / "fuzz" / "bin" / "schemathesis"
    command = [str(program), "--config-file", str(SETTINGS), "run", str(DOCUMENT), "--url", url]
    for route in routes:
        command += ["--include-name", route]
    environment = {"RIVULET_KEY": key, "PATH": os.defpath, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, check=False, timeout=SECONDS, env=environment, cwd=folder)
    assert done.returncode == 0, f"schemathesis has findings for {', '.join(routes)}: they are printed above"
