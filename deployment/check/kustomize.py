"""Render a kustomization with the fields that this project uses, so that `make check` needs no kubectl.

The fields are `resources`, `components`, `patches`, `namespace` and `images`; any other is an error. The
decision record 0012 has the reason; a test compares the result with `kubectl kustomize`.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

Manifest = dict[str, Any]

FILE = "kustomization.yaml"
KNOWN = frozenset({"apiVersion", "kind", "resources", "components", "patches", "namespace", "images"})
# These kinds have no namespace.
CLUSTER_WIDE = frozenset({"Namespace", "StorageClass"})
# Lists whose elements are merged by this key; other lists are replaced (Kubernetes API, "patchMergeKey").
MERGE_KEYS = {"containers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath"}


class KustomizationError(Exception):
    """A kustomization, or a file that it names, cannot be rendered."""


def render(folder: Path) -> list[Manifest]:
    """Return the manifests of a kustomization.

    Parameters
    ----------
    folder : Path
        Holds `kustomization.yaml`.

    Raises
    ------
    KustomizationError
        If a file is missing, is not named by any kustomization, or has an unsupported field.
    """
    kustomization = _documents(folder / FILE)[0]
    unknown = sorted(kustomization.keys() - KNOWN)
    if unknown:
        raise KustomizationError(f"{folder / FILE} has {', '.join(unknown)}, which this check does not support")
    patches = kustomization.get("patches", ())
    named = [patch["path"] for patch in patches if "path" in patch] + kustomization.get("resources", [])
    orphans = sorted({path.name for path in folder.glob("*.yaml") if path.name[0] != "."} - {*named, FILE})
    if orphans:
        raise KustomizationError(f"{folder / FILE} does not name {', '.join(orphans)}")
    manifests: list[Manifest] = []
    for name in [*kustomization.get("resources", ()), *kustomization.get("components", ())]:
        path = folder / name
        manifests += render(path) if path.is_dir() else _documents(path)
    for patch in patches:
        source = patch.get("path", f"a patch in {folder / FILE}")
        documents = _documents(folder / source) if "path" in patch else [yaml.safe_load(patch["patch"])]
        for changes in documents:
            _patch(manifests, changes, source)
    for manifest in manifests:
        _set_image(manifest, kustomization.get("images", ()))
        if "namespace" in kustomization and manifest["kind"] not in CLUSTER_WIDE:
            manifest["metadata"]["namespace"] = kustomization["namespace"]
        if "namespace" in kustomization and manifest["kind"] == "Namespace":
            manifest["metadata"]["name"] = kustomization["namespace"]
    return manifests


def pod_of(manifest: Manifest) -> Manifest:
    """Return the specification of a manifest's pods, empty where it has none."""
    specification: Manifest = manifest.get("spec", {}).get("template", {}).get("spec", {})
    return specification


def _documents(path: Path) -> list[Manifest]:
    try:
        return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]
    except (OSError, yaml.YAMLError) as error:
        raise KustomizationError(f"{path} cannot be read: {error}") from None


def _patch(manifests: list[Manifest], changes: Manifest, source: str) -> None:
    target = (changes["kind"], changes["metadata"]["name"])
    for place, manifest in enumerate(manifests):
        if (manifest["kind"], manifest["metadata"]["name"]) == target:
            manifests[place] = _merge(manifest, changes)
            return
    raise KustomizationError(f"{source} patches {target[0]} {target[1]}, which does not exist")


def _merge(old: Any, new: Any, name: str = "") -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {
            key: _merge(old[key], new[key], key) if key in old and key in new else copy.deepcopy({**old, **new}[key])
            for key in {**old, **new}
        }
    key = MERGE_KEYS.get(name)
    if isinstance(old, list) and isinstance(new, list) and key:
        patches = {element[key]: element for element in new}
        merged = [_merge(element, patches.pop(element[key])) if element[key] in patches else element for element in old]
        return [*copy.deepcopy(list(patches.values())), *merged]
    return copy.deepcopy(new)


def _set_image(manifest: Manifest, images: list[Manifest]) -> None:
    for container in pod_of(manifest).get("containers", ()):
        name, _, tag = container["image"].rpartition(":")
        for image in images:
            if image["name"] == name:
                container["image"] = f"{image.get('newName', name)}:{image.get('newTag', tag)}"
