"""Pods as a kubelet lists them, with all that nobody here reads: spec, probes, volumes, conditions."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid5

_SPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


class Container(NamedTuple):
    """One container of a pod; `kind` is the key of its list in the spec."""

    name: str
    requests: Mapping[str, str] = {}
    kind: str = "containers"
    runtime: str = "containerd"
    state: str = "running"
    restarts: int = 0
    started: bool = True


def container_id(pod: str, container: str, run: int = 0) -> str:
    """The 64 hexadecimal digits of one run of a container, always the same for the same names."""
    return "".join(uuid5(_SPACE, f"{pod}/{container}/{run}/{half}").hex for half in ("a", "b"))


def pod_uid(pod: str) -> str:
    """The UID of a pod, always the same for the same name."""
    return str(uuid5(_SPACE, pod))


def pod_list(pods: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What GET /pods answers."""
    return {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": list(pods)}


def a_pod(
    name: str,
    *containers: Container,
    namespace: str = "default",
    phase: str = "Running",
    uid: str | None = None,
    annotations: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """One pod; without containers, one called `main`."""
    containers = containers or (Container("main"),)
    spec: dict[str, Any] = {
        "volumes": [_TOKEN_VOLUME],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "serviceAccountName": "default",
        "nodeName": "node-1",
        "securityContext": {},
        "schedulerName": "default-scheduler",
        "tolerations": [
            {
                "key": f"node.kubernetes.io/{taint}",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            }
            for taint in ("not-ready", "unreachable")
        ],
        "priority": 0,
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
    }
    status: dict[str, Any] = {
        "phase": phase,
        "conditions": [
            {"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": "2026-03-01T08:00:00Z"}
            for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
        ],
        "hostIP": "10.0.0.7",
        "hostIPs": [{"ip": "10.0.0.7"}],
        "podIP": "10.244.1.9",
        "podIPs": [{"ip": "10.244.1.9"}],
        "startTime": "2026-03-01T08:00:00Z",
        "qosClass": "Burstable",
    }
    for each in containers:
        spec.setdefault(each.kind, []).append(_spec(each))
        status.setdefault(_STATUSES[each.kind], []).append(_status(name, each))
    return {
        "metadata": {
            "name": name,
            "generateName": f"{name.rpartition('-')[0]}-",
            "namespace": namespace,
            "uid": uid or pod_uid(name),
            "resourceVersion": "550088",
            "creationTimestamp": "2026-03-01T08:00:00Z",
            "labels": {"app": name, "pod-template-hash": "66558b79", "team": "überkritisch \U0001f50b"},
            "annotations": {"kubernetes.io/config.source": "api", **(annotations or {})},
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": name, "uid": pod_uid(f"{name}-owner")}
            ],
            "managedFields": [_managed(manager, containers) for manager in ("kube-controller-manager", "kubelet")],
        },
        "spec": spec,
        "status": status,
    }


def many_pods(count: int) -> Iterator[dict[str, Any]]:
    """A crowded node: each pod has a main container and a sidecar."""
    for number in range(count):
        yield a_pod(
            f"web-66558b79-{number:05d}",
            Container("main", {"cpu": "250m", "memory": "128Mi"}),
            Container("sidecar", {"cpu": "50m", "memory": "64Mi"}),
            namespace=f"team-{number % 20}",
        )


_STATUSES = {
    "containers": "containerStatuses",
    "initContainers": "initContainerStatuses",
    "ephemeralContainers": "ephemeralContainerStatuses",
}
_TOKEN_VOLUME = {
    "name": "kube-api-access-wcrh6",
    "projected": {
        "sources": [
            {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
            {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        ],
        "defaultMode": 420,
    },
}


def _spec(container: Container) -> dict[str, Any]:
    return {
        "name": container.name,
        "image": f"registry.example/{container.name}:1",
        "args": ["--listen", "0.0.0.0:8080", '--quote="{[}]\\"'],
        "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
        "env": [{"name": "POD_IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}}],
        "resources": {"requests": dict(container.requests)} if container.requests else {},
        "volumeMounts": [
            {"name": "kube-api-access-wcrh6", "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io"}
        ],
        "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10},
        "terminationMessagePath": "/dev/termination-log",
        "imagePullPolicy": "IfNotPresent",
    }


def _status(pod: str, container: Container) -> dict[str, Any]:
    if not container.started:
        waiting = {"waiting": {"reason": "ContainerCreating"}}
        return {"name": container.name, "state": waiting, "lastState": {}, "ready": False, "restartCount": 0}
    runs = [f"{container.runtime}://{container_id(pod, container.name, run)}" for run in range(container.restarts + 1)]
    ended = [_ended(identity) for identity in runs]
    return {
        "name": container.name,
        "state": ended[-1] if container.state == "terminated" else {"running": {"startedAt": "2026-03-01T08:00:02Z"}},
        "lastState": ended[-2] if container.restarts else {},
        "ready": True,
        "restartCount": container.restarts,
        "image": f"registry.example/{container.name}:1",
        "imageID": f"registry.example/{container.name}@sha256:{container_id('image', container.name)}",
        "containerID": runs[-1],
        "started": True,
    }


def _ended(identity: str) -> dict[str, Any]:
    return {"terminated": {"exitCode": 0, "reason": "Completed", "containerID": identity}}


def _managed(manager: str, containers: Sequence[Container]) -> dict[str, Any]:
    fields = {f'k:{{"name":"{each.name}"}}': {".": {}, "f:image": {}, "f:resources": {}} for each in containers}
    bulk = {
        f"f:{name}": {".": {}, "f:lastTransitionTime": {}, "f:status": {}} for name in ("Ready", "Initialized", "x")
    }
    return {
        "manager": manager,
        "operation": "Update",
        "apiVersion": "v1",
        "time": "2026-03-01T08:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:containers": fields}, "f:status": {"f:conditions": bulk}},
    }
