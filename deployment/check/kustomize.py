"""Render a kustomization, as far as those of this project go: so that what is applied can be checked without a cluster.

Known are `resources`, `components`, `patches` with a path, `namespace` and `images`; anything else is an error rather
than left out.
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
# They belong to the cluster, not to a namespace.
CLUSTER_WIDE = frozenset({"Namespace", "StorageClass"})
# Lists whose members are merged by this member of theirs; others are replaced (Kubernetes API, "patchMergeKey").
MERGE_KEYS = {"containers": "name", "env": "name", "volumes": "name", "volumeMounts": "mountPath"}


class KustomizationError(Exception):
    """A kustomization, or what it names, cannot be rendered."""


def render(folder: Path) -> list[Manifest]:
    """Return the manifests of a kustomization.

    Parameters
    ----------
    folder : Path
        Holds `kustomization.yaml`.

    Raises
    ------
    KustomizationError
        A file is missing, is not named by any kustomization, or says what is not known here.
    """
    asked = _documents(folder / FILE)[0]
    unknown = sorted(asked.keys() - KNOWN)
    if unknown:
        raise KustomizationError(f"{folder / FILE} has {', '.join(unknown)}, which this check does not know")
    named = [patch["path"] for patch in asked.get("patches", ())] + asked.get("resources", [])
    orphans = sorted({path.name for path in folder.glob("*.yaml") if path.name[0] != "."} - {*named, FILE})
    if orphans:
        raise KustomizationError(f"{folder / FILE} does not name {', '.join(orphans)}")
    manifests: list[Manifest] = []
    for name in [*asked.get("resources", ()), *asked.get("components", ())]:
        path = folder / name
        manifests += render(path) if path.is_dir() else _documents(path)
    for patch in asked.get("patches", ()):
        for changes in _documents(folder / patch["path"]):
            _patched(manifests, changes, patch["path"])
    for manifest in manifests:
        _set_image(manifest, asked.get("images", ()))
        if "namespace" in asked and manifest["kind"] not in CLUSTER_WIDE:
            manifest["metadata"]["namespace"] = asked["namespace"]
    return manifests


def pod_of(manifest: Manifest) -> Manifest:
    """Return the specification of the pods that a manifest makes, empty where it makes none."""
    found: Manifest = manifest.get("spec", {}).get("template", {}).get("spec", {})
    return found


def _documents(path: Path) -> list[Manifest]:
    try:
        return [one for one in yaml.safe_load_all(path.read_text(encoding="utf-8")) if one]
    except (OSError, yaml.YAMLError) as error:
        raise KustomizationError(f"{path} cannot be read: {error}") from None


def _patched(manifests: list[Manifest], changes: Manifest, source: str) -> None:
    meant = (changes["kind"], changes["metadata"]["name"])
    for place, manifest in enumerate(manifests):
        if (manifest["kind"], manifest["metadata"]["name"]) == meant:
            manifests[place] = _merged(manifest, changes)
            return
    raise KustomizationError(f"{source} changes {meant[0]} {meant[1]}, which is not there")


def _merged(old: Any, new: Any, name: str = "") -> Any:
    if isinstance(old, dict) and isinstance(new, dict):
        return {
            key: _merged(old[key], new[key], key) if key in old and key in new else copy.deepcopy({**old, **new}[key])
            for key in {**old, **new}
        }
    key = MERGE_KEYS.get(name)
    if isinstance(old, list) and isinstance(new, list) and key:
        changed = {one[key]: one for one in new}
        kept = [_merged(one, changed.pop(one[key])) if one[key] in changed else one for one in old]
        return [*copy.deepcopy(list(changed.values())), *kept]
    return copy.deepcopy(new)


def _set_image(manifest: Manifest, images: list[Manifest]) -> None:
    for container in pod_of(manifest).get("containers", ()):
        name, _, tag = container["image"].rpartition(":")
        for one in images:
            if one["name"] == name:
                container["image"] = f"{one.get('newName', name)}:{one.get('newTag', tag)}"
