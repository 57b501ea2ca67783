"""Check the manifests of the engine without a cluster: `python -m deployment.check.kubernetes FOLDER`.

The rendered manifests are written into the folder, for the scanner, and compared with one another, the Dockerfile and
the options of the engine.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from deployment.check.kustomize import KustomizationError, Manifest, pod_of, render
from model.engine.configuration.options import PREFIX, variables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = ROOT / "deployment" / "kubernetes"
CONTAINER_FILE = ROOT / "deployment" / "container" / "Dockerfile"
PROBES = {"startupProbe": "/ready", "readinessProbe": "/ready", "livenessProbe": "/health"}


def problems(manifests: list[Manifest], container_file: str) -> list[str]:
    """Return the problems of rendered manifests."""
    by_kind = {manifest["kind"]: manifest for manifest in manifests}
    if len(by_kind) < len(manifests):
        return ["two manifests have the same kind: each kind may occur once"]
    missing = sorted(NEEDED - by_kind.keys())
    if missing:
        return [f"the manifests lack {', '.join(missing)}"]
    return [problem for rule in RULES for problem in rule(by_kind, container_file)]


def _one_writer(by_kind: dict[str, Manifest], _: str) -> Iterator[str]:
    spec = by_kind["StatefulSet"]["spec"]
    if spec["replicas"] != 1:
        yield f"the StatefulSet has {spec['replicas']} replicas: a directory of state has one writer"
    [claim] = spec["volumeClaimTemplates"]
    if claim["spec"]["accessModes"] != ["ReadWriteOncePod"]:
        yield "the claim must be ReadWriteOncePod, so that no second pod gets the directory"


def _labels(by_kind: dict[str, Manifest], _: str) -> Iterator[str]:
    labels = by_kind["StatefulSet"]["spec"]["template"]["metadata"]["labels"]
    selectors = {
        "StatefulSet": by_kind["StatefulSet"]["spec"]["selector"]["matchLabels"],
        "Service": by_kind["Service"]["spec"]["selector"],
        "NetworkPolicy": by_kind["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        "PodDisruptionBudget": by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    }
    for kind, selector in selectors.items():
        if not selector or not selector.items() <= labels.items():
            yield f"the {kind} selects {selector}, but the pods have {labels}"


def _names(by_kind: dict[str, Manifest], _: str) -> Iterator[str]:
    workload = by_kind["StatefulSet"]
    pairs = [
        ("Service", workload["spec"]["serviceName"]),
        ("ServiceAccount", pod_of(workload)["serviceAccountName"]),
    ]
    if "VerticalPodAutoscaler" in by_kind:
        target = by_kind["VerticalPodAutoscaler"]["spec"]["targetRef"]
        if (target["kind"], target["name"]) != ("StatefulSet", workload["metadata"]["name"]):
            yield f"the VerticalPodAutoscaler is for {target['kind']} {target['name']}"
    if "StorageClass" in by_kind:
        pairs.append(("StorageClass", workload["spec"]["volumeClaimTemplates"][0]["spec"].get("storageClassName", "")))
    for kind, name in pairs:
        if by_kind[kind]["metadata"]["name"] != name:
            yield f"the StatefulSet names {kind} {name}, but the manifest is {by_kind[kind]['metadata']['name']}"


def _ports(by_kind: dict[str, Manifest], container_file: str) -> Iterator[str]:
    container = _container(by_kind)
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    exposed = {int(port) for port in re.findall(r"^EXPOSE (.*)$", container_file, re.MULTILINE)[0].split()}
    if set(ports.values()) != exposed:
        yield f"the container has ports {sorted(ports.values())}, but its image exposes {sorted(exposed)}"
    policy = by_kind["NetworkPolicy"]["spec"]
    used = [port["targetPort"] for port in by_kind["Service"]["spec"]["ports"]]
    used += [port["port"] for rule in policy["ingress"] for port in rule["ports"]]
    used += [container[probe]["httpGet"]["port"] for probe in PROBES if probe in container]
    for name in used:
        if name not in ports:
            yield f"the container has no port {name}, but {', '.join(ports)}"
    if set(policy["policyTypes"]) != {"Ingress", "Egress"} or not all("from" in rule for rule in policy["ingress"]):
        yield "the NetworkPolicy must limit ingress to named sources, and limit egress"


def _probes(by_kind: dict[str, Manifest], _: str) -> Iterator[str]:
    container = _container(by_kind)
    for probe, path in PROBES.items():
        actual = container.get(probe, {}).get("httpGet", {}).get("path")
        if actual != path:
            yield f"the {probe} must request {path}, not {actual}"


def _settings(by_kind: dict[str, Manifest], container_file: str) -> Iterator[str]:
    names = {variable["name"] for variable in _container(by_kind)["env"]}
    names |= set(re.findall(rf"\b({PREFIX}\w+)=", container_file))
    for name in sorted(names - variables()):
        yield f"{name} is not a setting of the engine"


def _privileges(by_kind: dict[str, Manifest], container_file: str) -> Iterator[str]:
    pod, container = pod_of(by_kind["StatefulSet"]), _container(by_kind)
    settings: dict[str, tuple[Any, Any]] = {
        "runAsNonRoot": (pod["securityContext"].get("runAsNonRoot"), True),
        "seccompProfile": (pod["securityContext"].get("seccompProfile"), {"type": "RuntimeDefault"}),
        "automountServiceAccountToken": (pod.get("automountServiceAccountToken"), False),
        "readOnlyRootFilesystem": (container["securityContext"].get("readOnlyRootFilesystem"), True),
        "allowPrivilegeEscalation": (container["securityContext"].get("allowPrivilegeEscalation"), False),
        "capabilities": (container["securityContext"].get("capabilities"), {"drop": ["ALL"]}),
    }
    for name, (actual, required) in settings.items():
        if actual != required:
            yield f"{name} must be {required}, not {actual}"
    user = re.findall(r"^USER (\d+):(\d+)$", container_file, re.MULTILINE)
    context = pod["securityContext"]
    if user != [(str(context.get("runAsUser")), str(context.get("fsGroup")))] or "0" in user[0]:
        yield f"the pod runs as {context.get('runAsUser')}:{context.get('fsGroup')}, but its image as {user}"


def _resources(by_kind: dict[str, Manifest], _: str) -> Iterator[str]:
    resources = _container(by_kind)["resources"]
    for kind in ("requests", "limits"):
        for name in ("cpu", "memory", "ephemeral-storage"):
            if name not in resources.get(kind, {}):
                yield f"the container has no {kind} of {name}"


def _volumes(by_kind: dict[str, Manifest], container_file: str) -> Iterator[str]:
    workload, container = by_kind["StatefulSet"], _container(by_kind)
    mounted = {mount["name"]: mount for mount in container["volumeMounts"]}
    claims = {claim["metadata"]["name"] for claim in workload["spec"]["volumeClaimTemplates"]}
    available = claims | {volume["name"] for volume in pod_of(workload)["volumes"]}
    if mounted.keys() != available:
        yield f"the pod has volumes {sorted(available)}, but mounts {sorted(mounted)}"
    paths = {mount["mountPath"] for mount in mounted.values() if mount["name"] in claims}
    state = re.findall(rf"{PREFIX}DIRECTORY=(\S+)", container_file)
    if paths != set(state):
        yield f"the claim is mounted at {sorted(paths)}, but the engine's state is in {state}"
    for volume in pod_of(workload)["volumes"]:
        mode = volume.get("secret", {}).get("defaultMode", 0)
        if "secret" in volume and (mode == 0 or mode & 0o007):
            yield f"the volume {volume['name']} must not be readable by others, as with mode {mode:o}"


def _container(by_kind: dict[str, Manifest]) -> Manifest:
    container: Manifest = pod_of(by_kind["StatefulSet"])["containers"][0]
    return container


NEEDED = frozenset({"StatefulSet", "Service", "ServiceAccount", "NetworkPolicy", "PodDisruptionBudget"})
RULES: tuple[Callable[[dict[str, Manifest], str], Iterator[str]], ...] = (
    _one_writer,
    _labels,
    _names,
    _ports,
    _probes,
    _settings,
    _privileges,
    _resources,
    _volumes,
)


def main() -> int:
    """Render and check the base and the example for EKS."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for name in ("base", "example"):
        try:
            manifests = render(MANIFESTS / name)
        except KustomizationError as error:
            found.append(str(error))
            continue
        found += [f"{name}: {problem}" for problem in problems(manifests, CONTAINER_FILE.read_text(encoding="utf-8"))]
        if name == "example":
            (folder / f"{name}.yaml").write_text(yaml.safe_dump_all(manifests), encoding="utf-8")
    sys.stdout.write("".join(f"{problem}\n" for problem in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
