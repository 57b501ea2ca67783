"""What the engine may be started with."""

from __future__ import annotations

import json

import pytest

from model.engine.access.authentication import Key
from model.engine.configuration.options import read_settings
from model.engine.configuration.settings import PACES

NEEDED = ["--directory", "d", "--port", "0"]
KEY_ID, SECRET = "AKIDEXAMPLE000000001", "s" * 40
KEYS = json.dumps({KEY_ID: {"secret": SECRET, "account": "123456789012"}})


def refused(capsys, *arguments, **environment):
    with pytest.raises(SystemExit) as ended:
        read_settings([*NEEDED, *arguments], environment)
    assert ended.value.code == 2
    return capsys.readouterr().err


def test_without_more_the_engine_is_on_loopback_and_has_no_further_ports():
    settings = read_settings(NEEDED, {})

    assert (settings.host, settings.keys, settings.metrics_port, settings.faults_port) == ("127.0.0.1", {}, None, None)
    assert settings.pace == PACES["compressed"]


def test_the_environment_sets_what_the_command_line_does_not():
    environment = {
        "RIVULET_ENGINE_DIRECTORY": "e",
        "RIVULET_ENGINE_PORT": "8400",
        "RIVULET_ENGINE_PACE": "real",
        "RIVULET_ENGINE_REGION": "",
        "RIVULET_ENGINE_METRICS_PORT": "9400",
    }

    settings = read_settings(["--port", "1"], environment)

    assert (str(settings.directory), settings.port, settings.metrics_port) == ("e", 1, 9400)
    assert (settings.pace, settings.region) == (PACES["real"], "eu-central-1")


def test_keys_come_from_a_file_or_the_environment(tmp_path):
    file = tmp_path / "keys.json"
    file.write_text(KEYS)
    file.chmod(0o640)

    from_file = read_settings([*NEEDED, "--host", "0.0.0.0", "--keys-file", str(file)], {})
    from_environment = read_settings([*NEEDED, "--host", "::"], {"RIVULET_ENGINE_KEYS": KEYS})

    assert from_file.keys == from_environment.keys == {KEY_ID: Key(SECRET, "123456789012")}


def test_beyond_loopback_keys_are_needed(capsys):
    assert "beyond 127.0.0.1 requests must be signed" in refused(capsys, "--host", "0.0.0.0")
    assert "must be signed" in refused(capsys, RIVULET_ENGINE_HOST="shop.internal")


def test_keys_that_others_may_read_or_that_cannot_be_read_are_refused(capsys, tmp_path):
    file = tmp_path / "keys.json"
    file.write_text(KEYS)
    file.chmod(0o644)

    assert "readable by every user" in refused(capsys, "--keys-file", str(file))
    assert "cannot be read" in refused(capsys, "--keys-file", str(tmp_path / "none"))
    assert "not both" in refused(capsys, "--keys-file", str(file), RIVULET_ENGINE_KEYS=KEYS)
    assert SECRET not in refused(capsys, RIVULET_ENGINE_KEYS=KEYS.replace("}}", "}"))


@pytest.mark.parametrize(
    ("option", "value"), [("--port", "65536"), ("--faults-port", "-1"), ("--metrics-port", "x"), ("--pace", "slow")]
)
def test_a_value_that_cannot_be_is_named(capsys, option, value):
    assert f"not {value}" in refused(capsys, f"{option}={value}")
