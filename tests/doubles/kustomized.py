"""Manifests as `kubectl kustomize` renders them, and the questions tests ask of them."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pytest
import yaml

KUBERNETES = Path(__file__).parents[2] / "deploy" / "kubernetes"
# Every way of deploying that is shipped: the base, each overlay, and components put together as one's own would.
OVERLAYS = ("base", *sorted(f"overlays/{each.name}" for each in (KUBERNETES / "overlays").iterdir()))
COMPOSED = {
    "everything": (
        "gpu",
        "host-pids",
        "service-monitor",
        "prometheus-rules",
        "old-kubelet",
        "self-signed-kubelet",
        "tls",
    ),
    "service-monitor": ("service-monitor",),
    "non-root with GPUs and TLS": ("gpu", "non-root", "tls"),
}
# What the downward API would put there.
DOWNWARD = {"spec.nodeName": "node-1", "status.hostIP": "192.0.2.7", "status.podIP": "10.1.2.3"}


@dataclass(frozen=True, slots=True)
class Manifests:
    """The objects of one kustomization."""

    objects: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, directory: Path) -> Self:
        """Render a kustomization. Skips without a kubectl that can, fails with what it says."""
        if shutil.which("kubectl") is None:
            pytest.skip("kubectl is not installed")
        command = ["kubectl", "kustomize", str(directory)]
        rendered = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        if 'unknown field "components"' in rendered.stderr:
            pytest.skip("this kubectl is older than 1.21 and knows no components")
        assert rendered.returncode == 0, rendered.stderr
        return cls([each for each in yaml.safe_load_all(rendered.stdout) if each])

    @classmethod
    def composed(cls, scratch: Path, *components: str) -> Self:
        """Render the base with components, as a kustomization of one's own would."""
        where = {name: os.path.relpath(KUBERNETES / name, scratch) for name in ("base", "components")}
        listed = "".join(f"  - {where['components']}/{name}\n" for name in components)
        text = f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - {where['base']}\n"
        (scratch / "kustomization.yaml").write_text(f"{text}components:\n{listed}")
        return cls.of(scratch)

    def all(self, *kinds: str) -> list[Mapping[str, Any]]:
        """The objects of these kinds."""
        return [each for each in self.objects if each["kind"] in kinds]

    def one(self, kind: str, name: str) -> Mapping[str, Any]:
        """The object of that kind and name."""
        return next(each for each in self.all(kind) if each["metadata"]["name"] == name)

    def workloads(self) -> list[Mapping[str, Any]]:
        """What makes pods."""
        return self.all("DaemonSet", "Deployment")

    def pods(self) -> list[Mapping[str, Any]]:
        """The pods they make, as templates; a pod is its own."""
        return [each["spec"]["template"] for each in self.workloads()] + self.all("Pod")

    def containers(self) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
        """Every container with its pod's specification, those that only prepare included."""
        for pod in self.pods():
            spec = pod["spec"]
            for container in [*spec.get("initContainers", ()), *spec["containers"]]:
                yield spec, container


def environment_of(container: Mapping[str, Any]) -> dict[str, str]:
    """A container's variables as its process would see them, `$(NAME)` of an earlier one filled in."""
    environment: dict[str, str] = {}
    for each in container.get("env", ()):
        if "valueFrom" in each:
            value = DOWNWARD[each["valueFrom"]["fieldRef"]["fieldPath"]]
        else:
            value = each["value"]
            for name, known in environment.items():
                value = value.replace(f"$({name})", known)
        environment[each["name"]] = value
    return environment


def selects(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether labels satisfy a selector's `matchLabels`."""
    return wanted.items() <= labels.items()
