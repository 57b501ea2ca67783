"""The check of the manifests: it passes the project's own, and finds each change that would break them."""

from __future__ import annotations

import copy

import pytest

from deployment.check.kubernetes import CONTAINER_FILE, MANIFESTS, problems
from deployment.check.kustomize import KustomizationError, pod_of, render

DOCKERFILE = CONTAINER_FILE.read_text(encoding="utf-8")


@pytest.fixture
def manifests():
    return copy.deepcopy(render(MANIFESTS / "example"))


def of_kind(manifests, kind):
    return next(manifest for manifest in manifests if manifest["kind"] == kind)


def container(manifests):
    return pod_of(of_kind(manifests, "StatefulSet"))["containers"][0]


def pod(manifests):
    return pod_of(of_kind(manifests, "StatefulSet"))


@pytest.mark.parametrize("name", ["base", "example"])
def test_the_manifests_have_no_problem(name):
    assert problems(render(MANIFESTS / name), DOCKERFILE) == []


BREAKS = [
    (lambda all_: of_kind(all_, "StatefulSet")["spec"].update(replicas=2), "2 replicas"),
    (
        lambda all_: of_kind(all_, "StatefulSet")["spec"]["volumeClaimTemplates"][0]["spec"].update(
            accessModes=["ReadWriteMany"]
        ),
        "ReadWriteOncePod",
    ),
    (lambda all_: of_kind(all_, "Service")["spec"].update(selector={"app": "x"}), "the Service selects"),
    (lambda all_: of_kind(all_, "PodDisruptionBudget")["spec"]["selector"].update(matchLabels={}), "Budget selects"),
    (lambda all_: of_kind(all_, "StatefulSet")["spec"].update(serviceName="x"), "names Service x"),
    (lambda all_: of_kind(all_, "VerticalPodAutoscaler")["spec"]["targetRef"].update(name="x"), "for StatefulSet x"),
    (lambda all_: of_kind(all_, "StorageClass")["metadata"].update(name="x"), "names StorageClass rivulet-engine"),
    (lambda all_: of_kind(all_, "Service")["spec"]["ports"][0].update(targetPort="http"), "has no port http"),
    (lambda all_: container(all_)["ports"][0].update(containerPort=80), "its image exposes"),
    (lambda all_: of_kind(all_, "NetworkPolicy")["spec"].update(policyTypes=["Ingress"]), "must limit ingress"),
    (lambda all_: of_kind(all_, "NetworkPolicy")["spec"]["ingress"][0].pop("from"), "must limit ingress"),
    (lambda all_: container(all_)["livenessProbe"]["httpGet"].update(path="/"), "livenessProbe must request /health"),
    (lambda all_: container(all_).pop("startupProbe"), "startupProbe must request /ready"),
    (lambda all_: container(all_)["env"].append({"name": "RIVULET_ENGINE_HOSTS"}), "HOSTS is not a setting"),
    (lambda all_: container(all_)["securityContext"].pop("readOnlyRootFilesystem"), "readOnlyRootFilesystem must be"),
    (lambda all_: container(all_)["securityContext"].update(capabilities={}), "capabilities must be"),
    (lambda all_: pod(all_)["securityContext"].update(runAsUser=0), "runs as 0"),
    (lambda all_: pod(all_)["securityContext"].pop("seccompProfile"), "seccompProfile must be"),
    (lambda all_: pod(all_).pop("automountServiceAccountToken"), "automountServiceAccountToken must be False"),
    (lambda all_: container(all_)["resources"]["limits"].pop("memory"), "no limits of memory"),
    (lambda all_: container(all_)["volumeMounts"].pop(), "mounts ['keys', 'state']"),
    (lambda all_: container(all_)["volumeMounts"][0].update(mountPath="/data"), "state is in ['/state']"),
    (
        lambda all_: pod(all_)["volumes"][0]["secret"].update(defaultMode=0o444),
        "readable by others, as with mode 444",
    ),
    (lambda all_: all_.remove(of_kind(all_, "NetworkPolicy")), "lack NetworkPolicy"),
    (lambda all_: all_.append(of_kind(all_, "Service")), "have the same kind"),
]


@pytest.mark.parametrize(("change", "expected"), BREAKS)
def test_a_change_that_would_break_is_found(manifests, change, expected):
    change(manifests)

    found = problems(manifests, DOCKERFILE)

    assert any(expected in problem for problem in found), found


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("USER 65532:65532", "USER 0:0", "its image as"),
        ("EXPOSE 8400 9400", "EXPOSE 8400", "its image exposes"),
        ("RIVULET_ENGINE_HOST=", "RIVULET_ENGINE_ADDRESS=", "ADDRESS is not a setting"),
        ("RIVULET_ENGINE_DIRECTORY=/state", "RIVULET_ENGINE_DIRECTORY=/data", "state is in"),
    ],
)
def test_an_image_that_does_not_match_is_found(manifests, old, new, expected):
    assert old in DOCKERFILE

    found = problems(manifests, DOCKERFILE.replace(old, new))

    assert any(expected in problem for problem in found), found


def test_patches_are_merged_as_kubernetes_does_and_the_image_is_set(manifests):
    settings = {variable["name"]: variable["value"] for variable in container(manifests)["env"]}

    assert settings["RIVULET_ENGINE_REGION"] == "eu-central-1"
    assert settings["RIVULET_ENGINE_PACE"] == "compressed"
    assert ".dkr.ecr." in container(manifests)["image"]
    assert {manifest["metadata"].get("namespace") for manifest in manifests} == {"rivulet", None}


def kustomization(folder, text, **files):
    (folder / "kustomization.yaml").write_text(text)
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(content)


THING = "kind: Thing\nmetadata: {name: a}\n"


@pytest.mark.parametrize(
    ("text", "files", "expected"),
    [
        ("resources: [thing.yaml]\nnamePrefix: x-\n", {"thing": THING}, "has namePrefix"),
        ("resources: [thing.yaml]\n", {"thing": THING, "other": THING}, "does not name other.yaml"),
        ("resources: [none.yaml]\n", {}, "cannot be read"),
        ("resources: [thing.yaml]\n", {"thing": "kind: ["}, "cannot be read"),
        (
            "resources: [thing.yaml]\npatches: [{path: patch.yaml}]\n",
            {"thing": THING, "patch": THING.replace("a}", "b}")},
            "patches Thing b, which does not exist",
        ),
    ],
)
def test_an_error_names_the_problem(tmp_path, text, files, expected):
    kustomization(tmp_path, text, **files)

    with pytest.raises(KustomizationError, match=expected):
        render(tmp_path)
