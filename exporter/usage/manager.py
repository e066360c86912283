"""What starts workloads, and so what their names mean."""

from enum import StrEnum


class Manager(StrEnum):
    """The keeper of a workload's cgroup."""

    KUBERNETES = "kubernetes"
    CONTAINERS = "containers"  # Docker, Podman, containerd without Kubernetes
    SYSTEMD = "systemd"
    SLURM = "slurm"
