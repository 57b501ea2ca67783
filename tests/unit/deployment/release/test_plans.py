"""Exactly the plan that was shown is applied, with the archives that it was made of."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from deployment.package.archive import write_archive
from deployment.package.sources import function_files
from deployment.release.applying import apply, check_forwarding, destroy
from deployment.release.environment import ReleaseError
from deployment.release.plans import fetch, plan, plan_key
from deployment.release.promotion import promote
from deployment.terraform import PROJECT
from tests.end_to_end.pipeline import SilentProgress
from tests.unit.deployment.release.account import change, make_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.deployment.release.account import FakeEnvironment

STATE = "rivulet-123456789012-terraform"
OUTPUTS = {
    "api_id": "a1",
    "is_prepared": True,
    "state_machine_arn": "arn:aws:states:eu-central-1:123456789012:stateMachine:rivulet-dev-train",
    "functions": {"collect": "rivulet-dev-collect"},
    "buckets": {"artifacts": "rivulet-dev-123456789012-artifacts"},
}
CHANGED = {
    "resource_changes": [change("aws_lambda_function.this", before={"timeout": 1}, after={"timeout": 2})],
    "planned_values": {"root_module": {}},
}


@pytest.fixture
def environment(tmp_path: Path) -> FakeEnvironment:
    return make_environment(tmp_path / "archives", shown=CHANGED, returned=OUTPUTS)


def store(environment: FakeEnvironment, folder: Path, commit: str = "c1") -> str:
    sha256 = plan(environment, commit, folder, is_stored=True).sha256
    assert sha256 is not None
    return sha256


def run(environment: FakeEnvironment, sha256: str, folder: Path) -> dict[str, Any]:
    return apply(environment, sha256, "c1", folder, lambda _title: nullcontext(SilentProgress()), 0)


def test_a_plan_is_stored_encrypted_below_its_environment_and_only_its_text_leaves(
    environment: FakeEnvironment, tmp_path: Path
) -> None:
    made = plan(environment, "c1", tmp_path / "plan", is_stored=True)

    (write,) = environment.buckets.writes
    assert write["Bucket"] == STATE
    assert write["Key"] == f"rivulet/dev/plans/{made.sha256}.zip"
    assert (write["ServerSideEncryption"], write["SSEKMSKeyId"]) == ("aws:kms", "alias/rivulet-terraform")
    assert made.is_changed
    assert "timeout: 1 → 2" in made.text
    assert "| USD a month, traffic idle | before | after | change |\n| --- |" in made.text
    assert "hunter2" not in made.text


@pytest.mark.parametrize("fault", ["changed", "missing", "removed", "script"])
def test_archives_that_differ_from_the_sources_are_not_planned(
    environment: FakeEnvironment, tmp_path: Path, fault: str
) -> None:
    archive, name = environment.folder / "lambda" / "collect.zip", "backend/collect/handler.py"
    files: dict[str, Path | bytes] = dict(function_files(PROJECT, "collect"))
    if fault == "changed":
        files[name] = b"older"
    elif fault == "missing":
        del files[name]
    elif fault == "removed":
        files[name := "backend/collect/gone.py"] = b"removed since"
    else:
        archive, name = environment.folder / "glue" / "datasets.py", "scripts/datasets.py"
        archive.write_bytes(b"older")
    if fault != "script":
        write_archive(archive, files)

    with pytest.raises(ReleaseError, match=rf"{archive.name} \({name}\)\. Build them again: .*--target aws"):
        plan(environment, "c1", tmp_path / "plan", is_stored=True)
    assert environment.calls == []


def test_the_plan_of_a_pull_request_is_not_stored(environment: FakeEnvironment, tmp_path: Path) -> None:
    assert plan(environment, "c1", tmp_path / "plan", is_stored=False).sha256 is None
    assert environment.buckets.writes == []


def test_a_shortened_hash_is_refused_before_the_bucket_is_read(environment: FakeEnvironment, tmp_path: Path) -> None:
    sha256 = store(environment, tmp_path / "plan")

    with pytest.raises(ReleaseError, match=f"{sha256[:8]} is no SHA-256 of a plan: give all 64 digits"):
        fetch(environment, sha256[:8], "c1", tmp_path / "fetched")


def test_the_stored_plan_is_applied_and_recorded(environment: FakeEnvironment, tmp_path: Path) -> None:
    sha256 = store(environment, tmp_path / "plan")
    environment.calls.clear()

    assert run(environment, sha256, tmp_path / "apply") == OUTPUTS
    assert environment.calls == ["init", "apply", "output"]
    assert (STATE, "rivulet/dev/releases/c1.json") in environment.buckets.objects


def test_a_failed_apply_ends_with_the_advice_to_plan_again(environment: FakeEnvironment, tmp_path: Path) -> None:
    sha256 = store(environment, tmp_path / "plan")

    with pytest.raises(ReleaseError, match=r"(?s)Saved plan is stale.*plan again.*workflow deploy anew"):
        run(replace(environment, failure="Error: Saved plan is stale"), sha256, tmp_path / "apply")


def test_an_apply_shows_how_many_resources_are_done(environment: FakeEnvironment, tmp_path: Path) -> None:
    sha256 = store(environment, tmp_path / "plan")
    printed = [f"aws_x.y[{each}]: Creation complete after 1s\n" for each in range(25)]
    shown: list[str | None] = []

    class Bar:
        def show(self, done: Any = None, total: Any = None, note: str | None = None) -> None:
            shown.append(note)

    apply(replace(environment, printed=printed), sha256, "c1", tmp_path, lambda _title: nullcontext(Bar()), 0)
    assert [note for note in shown if note and "resources" in note] == ["10 resources", "20 resources"]


@pytest.mark.parametrize("fault", ["changed", "missing", "commit", "environment", "archive", "no archive"])
def test_another_plan_is_refused(environment: FakeEnvironment, tmp_path: Path, fault: str) -> None:
    sha256 = store(environment, tmp_path / "plan", "c2" if fault == "commit" else "c1")
    key = (STATE, plan_key(environment, sha256))
    expected = {"missing": "is not stored", "archive": "collect.zip", "no archive": "collect.zip"}.get(fault, fault)
    if fault == "changed":
        environment.buckets.objects[key] += b" "
    elif fault == "missing":
        del environment.buckets.objects[key]
    elif fault == "environment":
        content = environment.buckets.objects[key]
        environment = make_environment(tmp_path / "archives", "production", buckets=environment.buckets)
        environment.buckets.objects[STATE, plan_key(environment, sha256)] = content
    elif fault == "archive":
        (environment.folder / "lambda" / "collect.zip").write_bytes(b"other code")
    elif fault == "no archive":
        (environment.folder / "lambda" / "collect.zip").unlink()

    with pytest.raises(ReleaseError, match=expected):
        fetch(environment, sha256, "c1", tmp_path / "apply")


def test_starting_to_forward_may_change_the_mapping_only() -> None:
    mapping = change("module.function.aws_lambda_event_source_mapping.this")
    check_forwarding({"resource_changes": [mapping, change("aws_s3_bucket.this", ["no-op"])]})

    with pytest.raises(ReleaseError, match="aws_s3_bucket"):
        check_forwarding({"resource_changes": [mapping, change("aws_s3_bucket.this")]})


def show_nothing(_title: str) -> Any:
    return nullcontext(SilentProgress())


def test_nothing_is_destroyed_without_the_typed_name(environment: FakeEnvironment) -> None:
    with pytest.raises(ReleaseError, match="type dev"):
        destroy(environment, "production", show_nothing, 0)
    assert environment.calls == []


def test_personalize_is_removed_before_the_destroy_and_log_groups_after_it(tmp_path: Path) -> None:
    bucket = "arn:aws:s3:::rivulet-dev-lake"
    address = 'module.storage.aws_s3_bucket.this["lake"]'
    resources = [{"address": address, "type": "aws_s3_bucket"}, {"address": "x.this", "type": "aws_kms_key"}]
    state = {"values": {"root_module": {"child_modules": [{"resources": resources}]}}}
    environment = make_environment(tmp_path, tagged=[bucket], shown=state)

    assert destroy(environment, "dev", show_nothing, 0) == [bucket]
    assert environment.targets == [address]
    released = environment.calls.index("apply removal.tfvars")
    assert {"list_executions", "list_dataset_groups", "list_schemas"} <= set(environment.calls[:released])
    assert environment.calls[released + 1] == "destroy removal.tfvars"
    assert set(environment.calls[released + 2 :]) == {"describe_log_groups", "get_resources"}


def test_nothing_is_created_again_where_all_is_destroyed(tmp_path: Path) -> None:
    environment = make_environment(tmp_path, tagged=[], shown={"format_version": "1.0"})

    assert destroy(environment, "dev", show_nothing, 0) == []
    assert not any(call.startswith("apply") for call in environment.calls)
    assert "destroy removal.tfvars" in environment.calls


class TestPromotion:
    @pytest.fixture
    def released(self, environment: FakeEnvironment, tmp_path: Path) -> FakeEnvironment:
        self.release(environment, tmp_path)
        return environment

    def release(self, environment: FakeEnvironment, tmp_path: Path) -> None:
        run(environment, store(environment, tmp_path / "plan"), tmp_path / "apply")
        for name in ("lambda/collect.zip", "glue/datasets.py"):
            self.upload(environment, name, environment.archives()[name].read_bytes())

    def upload(self, environment: FakeEnvironment, name: str, content: bytes) -> None:
        digits = hashlib.sha256(environment.archives()[name].read_bytes()).hexdigest()[:12]  # of what was applied
        key = {
            "lambda/collect.zip": f"lambda/rivulet-dev-collect/{digits}.zip",
            "glue/datasets.py": f"glue/{digits}/datasets.py",
        }[name]
        environment.buckets.objects[OUTPUTS["buckets"]["artifacts"], key] = content  # type: ignore[index]

    def test_the_archives_are_those_of_the_source(self, released: FakeEnvironment, tmp_path: Path) -> None:
        promote(released, "c1", tmp_path / "build")

        archives = released.archives()
        assert (tmp_path / "build/lambda/aws/collect.zip").read_bytes() == archives["lambda/collect.zip"].read_bytes()
        assert (tmp_path / "build/glue/datasets.py").read_bytes() == archives["glue/datasets.py"].read_bytes()

    def test_an_archive_that_the_source_does_not_deploy_is_promoted_too(
        self, environment: FakeEnvironment, tmp_path: Path
    ) -> None:
        canary = environment.folder / "lambda" / "canary.zip"
        write_archive(canary, function_files(PROJECT, "canary"))
        self.release(environment, tmp_path)

        promote(environment, "c1", tmp_path / "build")
        assert (tmp_path / "build/lambda/aws/canary.zip").read_bytes() == canary.read_bytes()

    def test_a_changed_archive_is_refused(self, released: FakeEnvironment, tmp_path: Path) -> None:
        self.upload(released, "lambda/collect.zip", b"other code")

        with pytest.raises(ReleaseError, match=r"collect\.zip"):
            promote(released, "c1", tmp_path / "build")
        assert not (tmp_path / "build").exists()

    def test_a_commit_that_was_not_applied_is_refused(self, released: FakeEnvironment, tmp_path: Path) -> None:
        with pytest.raises(ReleaseError, match="c2 is not applied to dev"):
            promote(released, "c2", tmp_path / "build")
