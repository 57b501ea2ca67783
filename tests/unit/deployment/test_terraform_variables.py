"""The check that every Terraform variable is read finds unread variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deployment.check import terraform_variables

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = 'variable "name" {\n  type = string\n}\n'
VALIDATED = """\
variable "name" {
  type = string

  validation {
    condition     = length(var.name) > 2
    error_message = "name is ${var.name}; it must be longer."
  }
}
"""


@pytest.mark.parametrize(
    ("variables", "main", "unread"),
    [
        (VARIABLE, 'output "name" {\n  value = var.name\n}\n', []),
        (VARIABLE, 'output "name" {\n  value = "a-${var.name}-b"\n}\n', []),
        (VARIABLE, 'locals {\n  names = { for key in ["a"] : key => upper(var.name) }\n}\n', []),
        (VARIABLE, 'output "name" {\n  value = "a" # var.name\n}\n', ["name"]),
        (VARIABLE, 'output "name" {\n  value = var.names\n}\n', ["name"]),
        (VALIDATED, 'output "name" {\n  value = "a"\n}\n', ["name"]),
    ],
)
def test_a_variable_counts_as_read_only_where_an_expression_of_another_block_reads_it(
    tmp_path: Path, variables: str, main: str, unread: list[str]
) -> None:
    (tmp_path / "variables.tf").write_text(variables)
    (tmp_path / "main.tf").write_text(main)

    assert terraform_variables.unread_variables(tmp_path) == unread
