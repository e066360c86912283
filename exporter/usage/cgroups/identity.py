"""What the path of a cgroup tells of the workload inside it."""

import os
import re
from dataclasses import dataclass

from exporter.usage.evidence import CgroupIdentity
from exporter.usage.manager import Manager

# A pod's directory with the kubelet's systemd driver, which writes "-" as "_" and may hang below another slice
# (kind: kubelet-kubepods-...), and with its cgroupfs driver. The UID of a static pod may be a hash of its manifest.
_POD_SLICE = re.compile(r"(?:.+-)?kubepods(?:-[a-z]+)?-pod([^-]+)\.slice")
_POD_DIRECTORY = re.compile(r"pod(.+)")
# What runc makes of systemd's slice:prefix:name where it manages cgroups without systemd.
_COLONS = re.compile(r"(?P<slice>[^:]*):(?P<prefix>[^:]*):(?P<id>[0-9a-zA-Z_.-]+)")
# docker-, libpod-, libpod-payload-, nerdctl-, cri-containerd-, crio-<id>.scope, kata_<id>, or the bare id.
_CONTAINER = re.compile(r"(?:[a-z][a-z_-]*[-_])?([0-9a-f]{64})(?:\.scope)?")
_FARGATE = re.compile(r"[0-9a-f]{32}-\d+")
_BUILDKIT = re.compile(r"[0-9a-z]{25}")
_RUNTIME_PREFIX = re.compile(r"(?:cri-containerd|containerd|crio|docker)-")
_MONITOR = re.compile(
    r"(?:crio|libpod)-conmon-.+|lxc\.monitor.*"
)  # a runtime's keeper of a container, not the container
_LXC = re.compile(r"lxc\.payload\.(.+)")
_SLURM = re.compile(r"slurm(?:_.+)?|(?:.+_)?slurmstepd\.scope")  # `_name` where several slurmd share a machine
_SLURM_JOB = re.compile(r"job_\w+")
_LIBVIRT = re.compile(r".+\.libvirt-(?:qemu|lxc)")  # libvirt without systemd
_DELETED = " (deleted)"  # what the kernel adds to the path of a process that outlived its cgroup


@dataclass(frozen=True, slots=True)
class Place:
    """Where on a path a workload's own cgroup is: `depth` names from the root.

    A `solid` one is charged with all that is below it. Others may hold workloads that are charged by themselves:
    a service that starts containers, a container that is a node of a Kubernetes cluster.
    """

    identity: CgroupIdentity
    depth: int
    solid: bool


def identity_of(path: str) -> CgroupIdentity | None:
    """The workload that runs in a cgroup, by its path from the root of the hierarchy; None where it names none."""
    place = place_of(names_in(path))
    return place.identity if place else None


def names_in(path: str) -> tuple[str, ...]:
    """The directories of a path, without what the kernel adds to one that is gone."""
    return tuple(name for name in path.removesuffix(_DELETED).split("/") if name)


def printable(name: str) -> str:
    """A file name as text that can be encoded: bytes that are no UTF-8 are written as a backslash, x and two digits."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def place_of(names: tuple[str, ...]) -> Place | None:
    """Which of the directories on a path is the workload's.

    The outermost container of a pod or SLURM job owns all below it. Else the outermost container wins over the
    service it is in, as over the services inside it; and the outermost service or scope over those inside.
    """
    container: Place | None = None
    unit: Place | None = None
    in_slurm = in_kubernetes = False
    for index, name in enumerate(names):
        below = names[index + 1 :]
        pod = _pod(name, in_kubernetes=in_kubernetes)
        if pod:
            return _pod_container(pod, below[0], index + 2) if below else None
        colons = _COLONS.fullmatch(name)
        pod = _pod(colons["slice"], in_kubernetes=in_kubernetes) if colons else ""
        if colons and pod:
            return Place(CgroupIdentity(Manager.KUBERNETES, pod, colons["id"]), index + 1, solid=True)
        if in_slurm and _SLURM_JOB.fullmatch(name):
            return Place(CgroupIdentity(Manager.SLURM, unit=printable(name)), index + 1, solid=True)
        in_slurm = in_slurm or bool(_SLURM.fullmatch(name))
        in_kubernetes = in_kubernetes or "kubepods" in name
        if _MONITOR.fullmatch(name):
            break
        if container is None:
            container = _container(names[: index + 1])
        if unit is None and (name.endswith((".service", ".scope")) or _is_libvirt(names[: index + 1])):
            unit = Place(CgroupIdentity(Manager.SYSTEMD, unit=printable(name)), index + 1, solid=False)
    return container or unit


def _pod(name: str, *, in_kubernetes: bool) -> str:
    """The UID of the pod whose directory this is, "" for another directory."""
    if match := _POD_SLICE.fullmatch(name):
        return printable(match[1].replace("_", "-"))
    if in_kubernetes and not name.endswith(".slice") and (match := _POD_DIRECTORY.fullmatch(name)):
        return printable(match[1])
    return ""


def _pod_container(pod: str, name: str, depth: int) -> Place | None:
    if _MONITOR.fullmatch(name):
        return None
    match = _CONTAINER.fullmatch(name)
    container = match[1] if match else _RUNTIME_PREFIX.sub("", name.removesuffix(".scope"), count=1)
    return Place(CgroupIdentity(Manager.KUBERNETES, pod, printable(container)), depth, solid=True)


def _container(names: tuple[str, ...]) -> Place | None:
    """A container without Kubernetes whose directory ends these names."""
    name, above = names[-1], names[-2] if len(names) > 1 else ""
    found = ""
    if match := _CONTAINER.fullmatch(name):
        # Podman without systemd puts the containers of a pod below a directory that is named by the pod.
        found = "" if above == "libpod_parent" and match[1] == name else match[1]
    elif colons := _COLONS.fullmatch(name):
        found = colons["id"]
    elif match := _LXC.fullmatch(name):
        found = match[1]
    elif (
        above in {"lxc", "lxc.payload"}
        or _FARGATE.fullmatch(name)
        or (above == "buildkit" and _BUILDKIT.fullmatch(name))
    ):
        found = name
    if not found:
        return None
    return Place(CgroupIdentity(Manager.CONTAINERS, container_id=printable(found)), len(names), solid=False)


def _is_libvirt(names: tuple[str, ...]) -> bool:
    return len(names) > 1 and names[-2] == "machine" and bool(_LIBVIRT.fullmatch(names[-1]))
