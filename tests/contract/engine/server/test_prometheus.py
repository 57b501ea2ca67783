"""The rules and the dashboard of deployment/monitoring, with a real Prometheus beside an engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parents[4]
MONITORING = PROJECT / "deployment" / "monitoring"
RULES = yaml.safe_load((MONITORING / "rules.yml").read_text("utf-8"))
DASHBOARD = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))
ALERTS = [rule for group in RULES["groups"] for rule in group["rules"] if "alert" in rule]
START_SECONDS = 30


def program(name: str) -> str:
    """Return the path of a program of Prometheus; skips the test without it."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:{PROJECT / 'build' / 'prometheus' / 'usr' / 'bin'}")
    if path is None:
        message = f"{name} is missing: install the package prometheus, or run make build/prometheus/.ready"
        pytest.skip(message)
    return path


def expressions() -> dict[str, str]:
    """Return the expressions of the rules and the panels, by their titles."""
    rules = {rule.get("alert") or rule["record"]: rule["expr"] for group in RULES["groups"] for rule in group["rules"]}
    panels = {
        f"{panel['title']} {target['refId']}": target["expr"].replace("$job", "rivulet-engine")
        for panel in DASHBOARD["panels"]
        for target in panel["targets"]
    }
    return rules | panels


@pytest.fixture(scope="module")
def prometheus(trained_shop: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Prometheus, which has scraped the engine thrice; its address."""
    folder = tmp_path_factory.mktemp("prometheus")
    configuration = yaml.safe_load((MONITORING / "prometheus.yml").read_text("utf-8"))
    configuration["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    configuration["rule_files"] = [str(MONITORING / "rules.yml")]
    configuration["scrape_configs"][0]["static_configs"][0]["targets"] = [f"127.0.0.1:{trained_shop.engine.port}"]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration), "utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        program("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={address}",
    ]
    with (folder / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            deadline = time.monotonic() + START_SECONDS
            scrapes: list[Any] = []
            while not (scrapes and float(scrapes[0]["value"][1]) >= 3):
                assert time.monotonic() < deadline, (folder / "log").read_text("utf-8")[-2000:]
                _use(trained_shop)
                time.sleep(0.5)
                scrapes = _query(address, 'count_over_time(up{job="rivulet-engine"}[1m])')
            yield address
        finally:
            process.terminate()


def _use(shop: Any) -> None:
    """Ask for recommendations, once in vain, so that every counter has moved."""
    shop.runtime.get_recommendations(campaignArn=shop.campaigns["popular"])
    with pytest.raises(ClientError):
        shop.runtime.get_recommendations(campaignArn=shop.campaigns["popular"] + "-unknown")


def _query(address: str, expression: str) -> list[Any]:
    query = urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(f"http://{address}/api/v1/query?{query}", timeout=10) as answer:
            result: list[Any] = json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        pytest.fail(f"{expression}: {error.read().decode()}")
    except OSError:
        return []
    return result


def test_every_panel_shows_something(prometheus: str) -> None:
    empty = {title for title, expression in expressions().items() if not _query(prometheus, expression)}
    # Failures are counted from the first one, and an alert has no series while it does not fire.
    assert empty == {"engine:failed:ratio5m", "engine:failed:ratio1h"} | {rule["alert"] for rule in ALERTS} - {
        "EngineReceivesNoEvents"
    }


def test_the_rules_read_metrics_that_the_engine_has(trained_shop: Any) -> None:
    page = trained_shop.engine.get("/metrics")
    named = {
        name for expression in expressions().values() for name in re.findall(r"(?:personalize|process)_\w+", expression)
    }
    assert {name for name in named if f"\n{name}" not in page} == set()


def test_every_alert_fires_on_its_failure_only() -> None:
    done = subprocess.run(
        [program("promtool"), "test", "rules", str(MONITORING / "rules_test.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    cases = yaml.safe_load((MONITORING / "rules_test.yml").read_text("utf-8"))["tests"]
    tried = {(test["alertname"], bool(test["exp_alerts"])) for case in cases for test in case["alert_rule_test"]}
    assert tried == {(rule["alert"], fires) for rule in ALERTS for fires in (True, False)}


def test_an_alert_with_another_threshold_fails_its_test(tmp_path: Path) -> None:
    rules = (MONITORING / "rules.yml").read_text("utf-8").replace("> 14 * 86400", "> 400 * 86400")
    (tmp_path / "rules.yml").write_text(rules, "utf-8")
    shutil.copy(MONITORING / "rules_test.yml", tmp_path)
    done = subprocess.run(
        [program("promtool"), "test", "rules", str(tmp_path / "rules_test.yml")], capture_output=True, check=False
    )
    assert done.returncode == 1


def test_every_alert_links_its_runbook() -> None:
    text = (PROJECT / "deployment" / "runbooks" / "engine.md").read_text("utf-8")
    assert {rule["annotations"]["runbook"] for rule in ALERTS} == {"deployment/runbooks/engine.md"}
    listed = re.search(r"^Alerts: (.+)$", text, re.MULTILINE)
    assert listed
    assert set(re.findall(r"`(\w+)`", listed[1])) == {rule["alert"] for rule in ALERTS}


def test_every_panel_has_a_unit_a_description_and_the_chosen_data_source() -> None:
    for panel in DASHBOARD["panels"]:
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert {target["datasource"]["uid"] for target in panel["targets"]} == {"${datasource}"}
