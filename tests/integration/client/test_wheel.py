"""The wheel in an environment that has what it declares and nothing else; the README's example runs in it."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from deployment.package.wheel import build_wheel
from tests.fakes.client.events_api import KEY

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(ROOT, tmp_path_factory.mktemp("wheel"))


def install(environment, wheel):
    venv.create(environment, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--python", str(environment / "bin" / "python"), "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "-qq", "--no-index", "--no-deps", "--no-compile", str(wheel)], check=True)


def link_requirements(environment, extra=""):
    """Link what the wheel requires from this environment, whose versions must be in its ranges."""
    (packages,) = environment.glob("lib/python*/site-packages")
    (information,) = packages.glob("rivulet_producer-*.dist-info")
    waiting = re.findall(r"^Requires-Dist: (.*)$", (information / "METADATA").read_text(), re.MULTILINE)
    while waiting:
        requirement = Requirement(waiting.pop())
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            package = distribution(requirement.name)
            assert requirement.specifier.contains(package.version)
            waiting += package.requires or []
            for name in {file.parts[0] for file in package.files or [] if file.parts[0] not in {"..", "__pycache__"}}:
                if not (packages / name).exists():
                    (packages / name).symlink_to(package.locate_file(name))


def run_python(environment, program):
    python = environment / "bin" / "python"
    run = subprocess.run(
        [python, "-I", "-c", program], cwd=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert run.returncode == 0, run.stderr
    return run


def test_the_readmes_example_runs_in_an_empty_environment(wheel, api, url, tmp_path):
    environment = tmp_path / "environment"
    install(environment, wheel)
    link_requirements(environment)
    readme = (ROOT / "backend" / "client" / "README.md").read_text()
    example, stream_example = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    example = example.replace("https://api.example.com/v1", url).replace("the-key-that-you-were-given", KEY)

    run = run_python(environment, example)
    refusal, counts = run.stdout.splitlines()
    assert "item_id is required, except for a Search" in refusal
    assert counts.startswith("Counts(sent=1, accepted=1, ")
    assert [event["item_id"] for event in api.stored] == ["i-318"]

    # The second transport needs the extra, and AWS, which is not here.
    imports, _, _ = stream_example.partition("with ")
    needs = "try:\n import rivulet_producer.transports.stream\nexcept ImportError as error: print(error)"
    assert (
        run_python(environment, needs).stdout
        == "StreamTransport needs boto3: pip install 'rivulet-producer[kinesis]'\n"
    )
    link_requirements(environment, "kinesis")
    assert run_python(environment, imports + "print(StreamTransport('events').batch_events)").stdout == "5000\n"


def test_two_builds_give_the_same_bytes_and_hold_no_name_of_the_project(wheel, tmp_path):
    again = build_wheel(ROOT, tmp_path)

    assert again.read_bytes() == wheel.read_bytes()
    assert b"backend" not in again.name.encode()


def test_a_module_that_imports_the_whole_contract_is_named(tmp_path):
    for name, text in {
        "client/sending.py": "from backend.contract import read_event\n",
        "client/__init__.py": "",
        "contract/__init__.py": "",
    }.items():
        (tmp_path / "backend" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "backend" / name).write_text(text)
    for name in ("pyproject.toml", "LICENSE"):
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())

    with pytest.raises(ValueError, match=r"sending\.py imports backend\.contract itself"):
        build_wheel(tmp_path, tmp_path)
