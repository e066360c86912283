"""Pods on a machine of files: cgroups whose CPU time grows in a thread, and the kubelet that knows their names."""

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from doubles.cgroup_files import CgroupFiles
from doubles.kubelet import Kubelet
from doubles.kubelet_pods import Container, a_pod, container_id, pod_uid
from doubles.procfs import ProcTree

NAMESPACE = "shop"
_STEP_SECONDS = 0.02


class Crowd:
    """Each pod has one container, `main`, and uses so many CPUs from `start` until it is gone; all of it in real time.

    `kernel` is how many CPUs are in use by nobody who is charged.
    """

    def __init__(self, directory: Path, pods: Mapping[str, float], *, kernel: float = 0.0, cpus: int = 8) -> None:
        self.sysfs, self.proc = directory / "sys", ProcTree(directory / "proc", cpus=cpus)
        self.cgroups = CgroupFiles(self.sysfs / "fs" / "cgroup")
        self.kubelet = Kubelet()
        self.kubelet.token = None
        self._rates = dict(pods)
        self._used = dict.fromkeys(pods, 0.0)
        self._kernel = kernel
        self._busy = 100.0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._spend, daemon=True)
        for pod in pods:
            self.cgroups.make(self._path(pod))
        self._write()
        self._show()

    @property
    def flags(self) -> tuple[str, ...]:
        """For an exporter on this machine."""
        places = ("--sysfs", str(self.sysfs), "--procfs", str(self.proc.procfs))
        return (*places, "--kubelet", str(self.kubelet.endpoint))

    def run(self, pod: str, pid: int) -> None:
        """A process in that pod, as /proc shows it."""
        directory = self.proc.procfs / str(pid)
        directory.mkdir()
        (directory / "stat").write_text(f"{pid} (python3) {' '.join(['S', '1', *['0'] * 17])} 1000 4096 12\n")
        (directory / "cgroup").write_text(f"0::{self._path(pod)}\n")

    def end(self, pod: str) -> None:
        """The pod is over: its cgroup goes, and the kubelet forgets it."""
        with self._lock:
            del self._rates[pod]
            self.cgroups.remove(self._path(pod))
            self._show()

    def __enter__(self) -> Self:
        self.kubelet.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.kubelet.__exit__(None, None, None)

    def _spend(self) -> None:
        before = time.monotonic()
        while not self._stop.wait(_STEP_SECONDS):
            now = time.monotonic()
            with self._lock:
                for pod, cpus in self._rates.items():
                    self._used[pod] += cpus * (now - before)
                self._busy += (sum(self._rates.values()) + self._kernel) * (now - before)
                self._write()
            before = now

    def _write(self) -> None:
        """In place and at once, as the kernel shows it: no reader ever sees half a number."""
        for path, seconds in [("/", self._busy), *((self._path(pod), self._used[pod]) for pod in self._rates)]:
            with (self.cgroups.root / path.lstrip("/") / "cpu.stat").open("r+b", buffering=0) as file:
                file.write(f"usage_usec {round(seconds * 1e6):020d}\n".encode())

    def _show(self) -> None:
        self.kubelet.show([a_pod(pod, Container("main"), namespace=NAMESPACE) for pod in self._rates])

    def _path(self, pod: str) -> str:
        return f"/kubepods/burstable/pod{pod_uid(pod)}/{container_id(pod, 'main')}"
