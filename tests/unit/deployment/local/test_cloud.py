"""The cloud reports in one sentence why it cannot start, and ignores the user's AWS settings."""

from __future__ import annotations

import json
import socket

import pytest

from deployment.local import cloud as clouds
from deployment.local.cloud import Cloud, CloudError, free_ports, open_cloud
from deployment.local.provision import is_partly_provisioned


@pytest.fixture
def busy_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_a_busy_port_is_named_with_what_to_do(tmp_path, busy_port):
    with pytest.raises(CloudError, match=rf"Port {busy_port} is in use .* RIVULET_PORT"):
        Cloud(tmp_path, busy_port, next(free_ports(1))).start()


def test_a_full_disk_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(clouds, "_FULL_DISK_BYTES", 1 << 60)

    with pytest.raises(CloudError, match="free some space"):
        Cloud(tmp_path, *free_ports(2)).start()


@pytest.mark.parametrize("text", ["http", "80", "70000", "-1"])
def test_an_invalid_port_is_named(tmp_path, monkeypatch, text):
    monkeypatch.setenv("RIVULET_PORT", text)

    with pytest.raises(CloudError, match=f"RIVULET_PORT={text} is not a port"):
        open_cloud(tmp_path)


def test_a_cloud_keeps_the_ports_it_had(tmp_path):
    (tmp_path / "ports.json").write_text(json.dumps({"port": 5001, "engine_port": 5002, "shop_port": 5003}))

    cloud = open_cloud(tmp_path)

    assert (cloud.port, cloud.engine_port, cloud.shop_url) == (5001, 5002, "http://127.0.0.1:5003/")


def test_the_users_own_aws_settings_are_removed(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://example.com")
    monkeypatch.setenv("TF_VAR_account_id", "123456789012")

    environment = Cloud(tmp_path, 5001, 5002).environment

    assert "AWS_PROFILE" not in environment
    assert "TF_VAR_account_id" not in environment
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5001"


def test_a_cloud_is_locked_by_one_command_at_a_time(tmp_path):
    cloud = Cloud(tmp_path / "shop", *free_ports(2))

    with cloud.locked(), pytest.raises(CloudError, match="Another command uses shop"), cloud.locked():
        pass
    with cloud.locked():
        pass


def test_a_cloud_whose_first_apply_was_interrupted_is_partly_provisioned_until_it_is_removed(tmp_path):
    cloud = Cloud(tmp_path / "shop", *free_ports(2))
    assert not is_partly_provisioned(cloud)

    (cloud.directory / "terraform").mkdir(parents=True)
    assert is_partly_provisioned(cloud)

    cloud.remove()
    assert not is_partly_provisioned(cloud)
