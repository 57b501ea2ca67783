"""The cloud says in one sentence why it cannot start, and listens to its own settings only."""

from __future__ import annotations

import json
import socket

import pytest

from deployment.local import cloud as clouds
from deployment.local.cloud import Cloud, CloudError, free_ports, open_cloud
from deployment.local.provision import is_half_made


@pytest.fixture
def busy_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_busy_port_is_named_with_what_to_do(tmp_path, busy_port):
    with pytest.raises(CloudError, match=rf"Port {busy_port} is in use .* RIVULET_PORT"):
        Cloud(tmp_path, busy_port, next(free_ports(1))).start()


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(clouds, "_FULL_DISK_BYTES", 1 << 60)

    with pytest.raises(CloudError, match="make room"):
        Cloud(tmp_path, *free_ports(2)).start()


@pytest.mark.parametrize("text", ["http", "80", "70000", "-1"])
def test_a_port_that_is_none_is_named(tmp_path, monkeypatch, text):
    monkeypatch.setenv("RIVULET_PORT", text)

    with pytest.raises(CloudError, match=f"RIVULET_PORT={text} is no port"):
        open_cloud(tmp_path)


def test_a_cloud_keeps_the_ports_it_had(tmp_path):
    (tmp_path / "ports.json").write_text(json.dumps({"port": 5001, "engine_port": 5002}))

    found = open_cloud(tmp_path)

    assert (found.port, found.engine_port) == (5001, 5002)


def test_what_a_user_has_set_for_aws_reaches_nothing_here(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://example.com")
    monkeypatch.setenv("TF_VAR_account_id", "123456789012")

    environment = Cloud(tmp_path, 5001, 5002).environment

    assert "AWS_PROFILE" not in environment
    assert "TF_VAR_account_id" not in environment
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5001"


def test_one_command_at_a_time_has_a_cloud(tmp_path):
    cloud = Cloud(tmp_path / "shop", *free_ports(2))

    with cloud.taken(), pytest.raises(CloudError, match="Another command is at work on shop"), cloud.taken():
        pass
    with cloud.taken():
        pass


def test_a_cloud_whose_first_apply_broke_off_is_half_made_until_it_is_removed(tmp_path):
    cloud = Cloud(tmp_path / "shop", *free_ports(2))
    assert not is_half_made(cloud)

    (cloud.directory / "terraform").mkdir(parents=True)
    assert is_half_made(cloud)

    cloud.remove()
    assert not is_half_made(cloud)
