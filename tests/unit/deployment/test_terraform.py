"""The call of Terraform, and the tables of its READMEs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from deployment.terraform import INFRASTRUCTURE, AnotherEnvironmentError, TerraformMissingError, invocation
from deployment.terraform_docs import BEGIN, END, tables, with_tables

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    program = tmp_path / "bin" / "terraform"
    program.parent.mkdir()
    program.touch(mode=0o755)
    (tmp_path / ".terraformrc").touch()
    return {"PATH": str(program.parent), "HOME": str(tmp_path)}


def test_terraform_runs_in_the_root_with_its_data_below_build(tmp_path: Path, environment: dict[str, str]) -> None:
    call = invocation(["plan", "-input=false"], environment, tmp_path / "build")

    assert call.command[1:] == ["plan", "-input=false"]
    assert call.directory == INFRASTRUCTURE
    assert call.environment["TF_DATA_DIR"] == str(tmp_path / "build" / "data" / "root")


def test_chdir_names_a_folder_of_the_infrastructure_with_data_of_its_own(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    call = invocation(["-chdir=modules/stream", "test"], environment, tmp_path / "build")

    assert call.command[1:] == ["test"]
    assert call.directory == INFRASTRUCTURE / "modules" / "stream"
    assert call.environment["TF_DATA_DIR"].endswith("modules-stream")


def test_a_data_folder_that_is_set_is_kept(tmp_path: Path, environment: dict[str, str]) -> None:
    call = invocation(["plan"], environment | {"TF_DATA_DIR": "elsewhere"}, tmp_path)

    assert call.environment["TF_DATA_DIR"] == "elsewhere"


def test_a_missing_configuration_is_not_passed_to_terraform(tmp_path: Path, environment: dict[str, str]) -> None:
    named = environment | {"TF_CLI_CONFIG_FILE": str(tmp_path / "missing.rc")}

    assert "TF_CLI_CONFIG_FILE" not in invocation(["plan"], named, tmp_path).environment


def test_without_terraform_the_error_has_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(TerraformMissingError, match="install"):
        invocation(["plan"], {"PATH": str(tmp_path)}, tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, environment: dict[str, str]) -> None:
    with pytest.raises(FileNotFoundError, match="nothing"):
        invocation(["-chdir=nothing", "plan"], environment, tmp_path)


@pytest.mark.parametrize("arguments", [["-var-file=environments/dev.tfvars"], ["-var-file", "environments/dev.tfvars"]])
def test_the_variables_of_one_environment_are_refused_with_the_state_of_another(
    tmp_path: Path, environment: dict[str, str], arguments: list[str]
) -> None:
    initialized = tmp_path / "build" / "data" / "root" / "terraform.tfstate"
    initialized.parent.mkdir(parents=True)
    for key in ("rivulet/dev.tfstate", "rivulet/production.tfstate"):
        initialized.write_text(json.dumps({"backend": {"type": "s3", "config": {"key": key}}}), encoding="utf-8")
        if "dev" in key:
            invocation(["destroy", *arguments], environment, tmp_path / "build")

    with pytest.raises(AnotherEnvironmentError, match=r"of dev, but .* rivulet/production\.tfstate: .* init -reconf"):
        invocation(["destroy", *arguments], environment, tmp_path / "build")


def test_a_table_has_name_description_type_and_default(tmp_path: Path) -> None:
    (tmp_path / "variables.tf").write_text(
        'variable "shards" {\n  description = "Shards, or null."\n  type = number\n  default = null\n}\n'
        'variable "name" {\n  description = "Name | title."\n  type = map(string)\n}\n'
    )
    (tmp_path / "main.tf").write_text('resource "aws_kinesis_stream" "this" {\n  name = var.name\n}\n')

    written = tables(tmp_path)

    assert "| `aws_kinesis_stream.this` |" in written
    assert "| `name` | Name \\| title. | `map(string)` | required |" in written
    assert "| `shards` | Shards, or null. | `number` | `null` |" in written
    assert "Outputs" not in written


def test_tables_are_put_between_the_markers_and_nowhere_else() -> None:
    assert with_tables(f"before\n{BEGIN}\nold\n{END}\nafter\n", "new\n") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    with pytest.raises(ValueError, match=BEGIN):
        with_tables("no markers", "new\n")
