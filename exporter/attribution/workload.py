"""Who is charged: a container of a pod, a container without Kubernetes, a systemd service, a SLURM job."""

from dataclasses import dataclass

from exporter.usage.manager import Manager


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
