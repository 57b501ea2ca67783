"""Where Terraform's provider is looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import hcl2
import pytest

from deployment.provider_mirror import cli_config

if TYPE_CHECKING:
    from pathlib import Path


def make_mirror(folder: Path) -> Path:
    (folder / "registry.terraform.io" / "hashicorp" / "aws").mkdir(parents=True)
    return folder


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "home").mkdir()
    return {"HOME": str(tmp_path / "home"), "XDG_DATA_DIRS": str(tmp_path / "none")}


def test_a_mirror_below_the_root_for_optional_software_is_written_into_a_configuration(
    tmp_path: Path, home: dict[str, str]
) -> None:
    # Given a machine whose only mirror is one that Terraform does not search
    mirror = make_mirror(tmp_path / "opt" / "terraform" / "plugins")

    # When the configuration is requested
    file = cli_config(tmp_path / "build", environment=home, root=tmp_path / "opt")

    # Then the mirror has what it holds, and the registry all else
    assert file is not None
    (installation,) = hcl2.loads(file.read_text())["provider_installation"]
    (from_mirror,) = installation["filesystem_mirror"]
    assert from_mirror["path"] == f'"{mirror}"'
    assert from_mirror["include"] == ['"registry.terraform.io/hashicorp/aws"']
    assert installation["direct"][0]["exclude"] == from_mirror["include"]


def test_without_a_mirror_terraform_goes_by_its_own_rules(tmp_path: Path, home: dict[str, str]) -> None:
    assert cli_config(tmp_path / "build", environment=home, root=tmp_path / "opt") is None
    assert not (tmp_path / "build").exists()


def test_a_mirror_that_terraform_searches_itself_needs_no_configuration(tmp_path: Path, home: dict[str, str]) -> None:
    make_mirror(tmp_path / "home" / ".terraform.d" / "plugins")
    make_mirror(tmp_path / "opt" / "plugins")

    assert cli_config(tmp_path / "build", environment=home, root=tmp_path / "opt") is None


def test_the_configuration_that_the_environment_names_is_kept(tmp_path: Path, home: dict[str, str]) -> None:
    named = tmp_path / "named.rc"
    named.touch()
    make_mirror(tmp_path / "opt" / "plugins")

    environment = home | {"TF_CLI_CONFIG_FILE": str(named)}

    assert cli_config(tmp_path / "build", environment=environment, root=tmp_path / "opt") == named


def test_a_named_configuration_that_does_not_exist_is_passed_over(tmp_path: Path, home: dict[str, str]) -> None:
    make_mirror(tmp_path / "opt" / "plugins")
    environment = home | {"TF_CLI_CONFIG_FILE": str(tmp_path / "missing.rc")}

    assert cli_config(tmp_path / "build", environment=environment, root=tmp_path / "opt") is not None


def test_a_configuration_in_the_home_folder_rules(tmp_path: Path, home: dict[str, str]) -> None:
    (tmp_path / "home" / ".terraformrc").touch()
    make_mirror(tmp_path / "opt" / "plugins")

    assert cli_config(tmp_path / "build", environment=home, root=tmp_path / "opt") is None


def test_a_mirror_that_lies_too_deep_is_not_looked_for(tmp_path: Path, home: dict[str, str]) -> None:
    make_mirror(tmp_path / "opt" / "a" / "b" / "c" / "d")

    assert cli_config(tmp_path / "build", environment=home, root=tmp_path / "opt") is None
