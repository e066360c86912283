"""What is kept of the pods a kubelet lists: names, requests and IDs; everything else is dropped as it is read."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from exporter.kubernetes.json_items import items
from exporter.kubernetes.quantity import amount
from exporter.usage.evidence import ContainerName

# Names and UIDs are at most this long (RFC 1123 subdomains); what is longer is none.
_LONGEST = 253

# A static pod's cgroup is named by the hash of its manifest, which the kubelet's own list has as its UID and a copy of
# it from the API server as annotations.
_HASHES = ("kubernetes.io/config.hash", "kubernetes.io/config.mirror")
_KINDS = (
    ("containers", "containerStatuses"),
    ("initContainers", "initContainerStatuses"),
    ("ephemeralContainers", "ephemeralContainerStatuses"),
)


@dataclass(frozen=True, slots=True)
class PodName:
    """One pod, by the names people know it under."""

    namespace: str
    pod: str
    started: bool  # some container of it has an ID


@dataclass(slots=True)
class PodList:
    """One answer of a kubelet, as far as it was read."""

    pods: dict[str, PodName] = field(default_factory=dict)  # by UID, also by manifest hash
    containers: dict[str, ContainerName] = field(default_factory=dict)  # by container ID
    finished: set[tuple[str, str]] = field(default_factory=set)  # namespace and name of pods that hold nothing any more
    count: int = 0

    def read(self, chunks: Iterator[bytes]) -> None:
        """Take in a PodList as JSON. Raises ValueError where it is none; what was read before stays."""
        running: set[tuple[str, str]] = set()
        for item in items(chunks):
            pod, finished = self._take(_object(item))
            self.count += 1
            if pod is not None:
                (self.finished if finished else running).add((pod.namespace, pod.pod))
        self.finished -= running  # a pod that a new one of the same name has followed

    def _take(self, item: dict[str, Any]) -> tuple[PodName | None, bool]:
        metadata, spec, status = (_object(item.get(key)) for key in ("metadata", "spec", "status"))
        namespace, name = _text(metadata.get("namespace")), _text(metadata.get("name"))
        annotations = _object(metadata.get("annotations"))
        uids = {_text(metadata.get("uid")), *(_text(annotations.get(key)) for key in _HASHES)} - {""}
        if not namespace or not name or not uids:
            return None, False
        started = False
        for listed, statuses in _KINDS:
            specs = {_text(each.get("name")): each for each in _objects(spec.get(listed))}
            for each in _objects(status.get(statuses)):
                container = _container(namespace, name, each, specs)
                for identity in _ids(each):
                    self.containers[identity] = container
                    started = True
        pod = PodName(namespace, name, started)
        self.pods.update(dict.fromkeys(uids, pod))
        return pod, status.get("phase") in ("Succeeded", "Failed")


def _container(namespace: str, pod: str, status: dict[str, Any], specs: dict[str, dict[str, Any]]) -> ContainerName:
    """The status tells what was granted, which a resize in place makes another than what the pod asks for."""
    name = _text(status.get("name"))
    requests = _requests(status) or _requests(specs.get(name, {}))
    return ContainerName(namespace, pod, name, amount(requests.get("cpu")), amount(requests.get("memory")))


def _requests(holder: dict[str, Any]) -> dict[str, Any]:
    return _object(_object(holder.get("resources")).get("requests"))


def _ids(status: dict[str, Any]) -> Iterator[str]:
    """The ID of a container and those of its runs that ended, without the runtime before each."""
    ends = (_object(_object(status.get(state)).get("terminated")) for state in ("state", "lastState"))
    for holder in (status, *ends):
        identity = _text(holder.get("containerID")).rpartition("://")[2]
        if identity:
            yield identity


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= _LONGEST and value.isprintable() else ""
