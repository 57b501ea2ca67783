"""What the machine lacks is named, each with its remedy."""

from __future__ import annotations

import pytest

from deployment import prerequisites

JAVA_17 = 'openjdk version "17.0.15" 2025-04-15'
TERRAFORM = "Terraform v1.11.4"


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """Let a test choose the tools of the machine by what they print."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def has(**tools: str) -> None:
        for name, prints in tools.items():
            (folder / name).write_text(f"#!/bin/sh\necho '{prints}'\n")
            (folder / name).chmod(0o755)

    return has


def test_a_machine_with_everything_lacks_nothing(machine):
    machine(java=JAVA_17, terraform=TERRAFORM)

    assert prerequisites.missing("java", "terraform") == []


def test_a_missing_tool_is_named_with_how_to_get_it(machine):
    machine(java=JAVA_17)

    (problem,) = prerequisites.missing("java", "terraform")

    assert "Terraform is missing" in problem
    assert "https://" in problem


@pytest.mark.parametrize(
    ("tools", "message"),
    [
        ({"java": 'openjdk version "11.0.2" 2019-01-15', "terraform": TERRAFORM}, "JDK 11.0.2 is found, 17 is needed"),
        ({"java": 'openjdk version "21" 2023-09-19', "terraform": TERRAFORM}, "JDK 21 is found, 17 is needed"),
        ({"java": JAVA_17, "terraform": "Terraform v1.9.8"}, "Terraform 1.9.8 is found, 1.11 or newer is needed"),
    ],
)
def test_a_tool_of_the_wrong_version_is_named(machine, tools, message):
    machine(**tools)

    (problem,) = prerequisites.missing("java", "terraform")

    assert message in problem


def test_a_full_disk_is_named(machine, monkeypatch):
    machine(java=JAVA_17, terraform=TERRAFORM)
    monkeypatch.setattr(prerequisites, "_FREE_BYTES", 1 << 60)

    (problem,) = prerequisites.missing("java", "terraform")

    assert "free some space" in problem
