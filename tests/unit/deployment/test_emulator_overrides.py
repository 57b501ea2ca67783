"""Every override of the emulator has a contract test of its name."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
EMULATOR = ROOT / "deployment" / "emulator"
INSTALL = re.compile(r"^def install\(_?settings: Settings\) -> None:", re.MULTILINE)


def listed_overrides() -> list[str]:
    """Return the names in the emulator's list, which the environment of these tests cannot import."""
    specification = importlib.util.spec_from_file_location("overrides", EMULATOR / "overrides.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return list(module.OVERRIDES)


def contract_tests(folder: Path, name: str) -> list[Path]:
    """Return the contract tests of an override: ``test_<name>.py`` and ``test_<name>_<part>.py``."""
    return [*folder.rglob(f"test_{name}.py"), *folder.rglob(f"test_{name}_*.py")]


@pytest.mark.parametrize("override", listed_overrides())
def test_an_override_has_a_contract_test(override: str) -> None:
    name = override.rpartition(".")[2]

    assert contract_tests(ROOT / "tests" / "contract", name), f"no tests/contract/**/test_{name}.py"


def test_every_module_that_installs_with_the_settings_is_listed() -> None:
    installed_by_others = {"glue.jobs", "athena.api", "overrides"}
    modules = {
        ".".join(path.relative_to(EMULATOR).with_suffix("").parts).removesuffix(".__init__")
        for path in EMULATOR.rglob("*.py")
        if INSTALL.search(path.read_text(encoding="utf-8"))
    }

    assert modules - installed_by_others == set(listed_overrides())


def test_the_rule_finds_an_override_without_a_test(tmp_path: Path) -> None:
    (tmp_path / "orchestration").mkdir()
    (tmp_path / "orchestration" / "test_glue_jobs.py").touch()

    assert contract_tests(tmp_path, "glue")
    assert not contract_tests(tmp_path, "sqs")
