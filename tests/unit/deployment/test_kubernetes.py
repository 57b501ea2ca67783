"""The check of the manifests: it passes what is there, and notices each thing that would break."""

from __future__ import annotations

import copy

import pytest

from deployment.check.kubernetes import CONTAINER_FILE, MANIFESTS, complaints
from deployment.check.kustomize import KustomizationError, pod_of, render

DOCKERFILE = CONTAINER_FILE.read_text(encoding="utf-8")


@pytest.fixture
def manifests():
    return copy.deepcopy(render(MANIFESTS / "eks"))


def of_kind(manifests, kind):
    return next(one for one in manifests if one["kind"] == kind)


def container(manifests):
    return pod_of(of_kind(manifests, "StatefulSet"))["containers"][0]


def pod(manifests):
    return pod_of(of_kind(manifests, "StatefulSet"))


@pytest.mark.parametrize("name", ["base", "eks"])
def test_what_is_there_passes(name):
    assert complaints(render(MANIFESTS / name), DOCKERFILE) == []


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
    (lambda all_: of_kind(all_, "Service")["spec"]["ports"][0].update(targetPort="http"), "no port http"),
    (lambda all_: container(all_)["ports"][0].update(containerPort=80), "its image exposes"),
    (lambda all_: of_kind(all_, "NetworkPolicy")["spec"].update(policyTypes=["Ingress"]), "who may come in"),
    (lambda all_: of_kind(all_, "NetworkPolicy")["spec"]["ingress"][0].pop("from"), "who may come in"),
    (lambda all_: container(all_)["livenessProbe"]["httpGet"].update(path="/"), "livenessProbe must ask /health"),
    (lambda all_: container(all_).pop("startupProbe"), "startupProbe must ask /ready"),
    (lambda all_: container(all_)["env"].append({"name": "RIVULET_ENGINE_HOSTS"}), "HOSTS is no setting"),
    (lambda all_: container(all_)["securityContext"].pop("readOnlyRootFilesystem"), "readOnlyRootFilesystem must be"),
    (lambda all_: container(all_)["securityContext"].update(capabilities={}), "capabilities must be"),
    (lambda all_: pod(all_)["securityContext"].update(runAsUser=0), "runs as 0"),
    (lambda all_: pod(all_)["securityContext"].pop("seccompProfile"), "seccompProfile must be"),
    (lambda all_: pod(all_).pop("automountServiceAccountToken"), "automountServiceAccountToken must be False"),
    (lambda all_: container(all_)["resources"]["limits"].pop("memory"), "no limits of memory"),
    (lambda all_: container(all_)["volumeMounts"].pop(), "mounts ['keys', 'state']"),
    (lambda all_: container(all_)["volumeMounts"][0].update(mountPath="/data"), "keeps its state in ['/state']"),
    (lambda all_: pod(all_)["volumes"][0]["secret"].update(defaultMode=0o444), "leaves others out, not 444"),
    (lambda all_: of_kind(all_, "ServiceAccount")["metadata"]["annotations"].clear(), None),
    (
        lambda all_: of_kind(all_, "ServiceAccount")["metadata"]["annotations"].update(
            {"eks.amazonaws.com/role-arn": "engine"}
        ),
        "no ARN",
    ),
    (lambda all_: all_.remove(of_kind(all_, "NetworkPolicy")), "there is no NetworkPolicy"),
    (lambda all_: all_.append(of_kind(all_, "Service")), "stands twice"),
]


@pytest.mark.parametrize(("change", "complaint"), BREAKS)
def test_what_would_break_is_noticed(manifests, change, complaint):
    change(manifests)

    said = complaints(manifests, DOCKERFILE)

    assert bool(said) is (complaint is not None)
    assert complaint is None or any(complaint in one for one in said), said


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("USER 65532:65532", "USER 0:0", "its image as"),
        ("EXPOSE 8400 9400", "EXPOSE 8400", "its image exposes"),
        ("RIVULET_ENGINE_HOST=", "RIVULET_ENGINE_ADDRESS=", "ADDRESS is no setting"),
        ("RIVULET_ENGINE_DIRECTORY=/state", "RIVULET_ENGINE_DIRECTORY=/data", "keeps its state in"),
    ],
)
def test_an_image_that_does_not_fit_is_noticed(manifests, old, new, complaint):
    assert old in DOCKERFILE

    said = complaints(manifests, DOCKERFILE.replace(old, new))

    assert any(complaint in one for one in said), said


def test_patches_are_merged_as_kubernetes_does_and_the_image_is_set(manifests):
    settings = {one["name"]: one["value"] for one in container(manifests)["env"]}

    assert settings["RIVULET_ENGINE_REGION"] == "eu-central-1"
    assert settings["RIVULET_ENGINE_PACE"] == "compressed"
    assert ".dkr.ecr." in container(manifests)["image"]
    assert {one["metadata"].get("namespace") for one in manifests} == {"rivulet", None}


def kustomization(folder, text, **files):
    (folder / "kustomization.yaml").write_text(text)
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(content)


THING = "kind: Thing\nmetadata: {name: a}\n"


@pytest.mark.parametrize(
    ("text", "files", "complaint"),
    [
        ("resources: [thing.yaml]\nnamePrefix: x-\n", {"thing": THING}, "has namePrefix"),
        ("resources: [thing.yaml]\n", {"thing": THING, "other": THING}, "does not name other.yaml"),
        ("resources: [none.yaml]\n", {}, "cannot be read"),
        ("resources: [thing.yaml]\n", {"thing": "kind: ["}, "cannot be read"),
        (
            "resources: [thing.yaml]\npatches: [{path: patch.yaml}]\n",
            {"thing": THING, "patch": THING.replace("a}", "b}")},
            "changes Thing b, which is not there",
        ),
    ],
)
def test_what_cannot_be_rendered_is_told(tmp_path, text, files, complaint):
    kustomization(tmp_path, text, **files)

    with pytest.raises(KustomizationError, match=complaint):
        render(tmp_path)
