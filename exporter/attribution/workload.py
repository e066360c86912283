"""Who is charged: a container of a pod, a container without Kubernetes, a systemd service, a SLURM job."""

import re
from dataclasses import dataclass

from exporter.usage.evidence import CgroupIdentity, ContainerName
from exporter.usage.manager import Manager

# As container runtimes themselves shorten an id, which is random from its first digit. What else stands for one, as the
# name of an LXC container or a Fargate task with a number, tells containers apart by its end alone.
SHORT_ID_LENGTH = 12
_RANDOM_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, order=True)
class Workload:
    """One line of the bill, by the names people know it under.

    A container has `namespace`, `pod` and `container` (only the last without Kubernetes), a service or job has `unit`.
    A container whose pod is not known yet carries the pod's UID and its own short id in place of names.
    """

    manager: Manager
    namespace: str = ""
    pod: str = ""
    container: str = ""
    unit: str = ""


OTHER = Workload(Manager.CONTAINERS, container="other")
"""The line under which workloads are summed that have none of their own, any more or at all."""


def needs_name(identity: CgroupIdentity) -> bool:
    """Whether only a kubelet can tell what people call this workload."""
    return identity.manager is Manager.KUBERNETES


def workload_of(identity: CgroupIdentity, name: ContainerName | None = None) -> Workload:
    """The line a cgroup is charged on, by its name where it is known."""
    if name is not None:
        return Workload(Manager.KUBERNETES, name.namespace, name.pod, name.container)
    container = identity.container_id
    short = container[:SHORT_ID_LENGTH] if _RANDOM_ID.fullmatch(container) else container
    return Workload(identity.manager, pod=identity.pod_uid, container=short, unit=identity.unit)
