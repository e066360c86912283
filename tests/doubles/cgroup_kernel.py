"""Real cgroups of this machine, made for one test and removed with all processes in them."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from doubles.awaiting import until

MOUNT = Path("/sys/fs/cgroup")
V2_ROOTS = (MOUNT, MOUNT / "unified")
V1_ROOTS = (MOUNT / "cpuacct", MOUNT / "cpu,cpuacct")

# Burns CPU time for the given share of each 20 ms, on the CPU it is told.
_BURNER = """
import os, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
share = float(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
print("burning", flush=True)
while True:
    begin, used = time.monotonic(), time.process_time()
    while time.process_time() - used < 0.02 * share:
        pass
    time.sleep(max(0.0, 0.02 - (time.monotonic() - begin)))
"""


def root_of(version: int) -> Path | None:
    """Where this machine has such a hierarchy that counts CPU time; None if it has none."""
    roots, sign = (V2_ROOTS, "cgroup.controllers") if version == 2 else (V1_ROOTS, "cpuacct.usage")
    return next((root for root in roots if (root / sign).exists()), None)


class KernelCgroups:
    """Groups below a parent of their own. `parent` is its path from the root of the hierarchy."""

    def __init__(self, root: Path, name: str) -> None:
        """Makes the parent. Raises OSError where this process may not."""
        self.root = root
        self.parent = f"/{name}"
        self.directory = root / name
        self.directory.mkdir()
        self._processes: list[subprocess.Popen[str]] = []

    def make(self, path: str) -> Path:
        """A group below the parent, with those around it."""
        directory = self.directory / path.lstrip("/")
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def remove(self, path: str) -> None:
        """One group goes, which is empty but for other empty groups."""
        self._remove(self.directory / path.lstrip("/"))

    def start(self, path: str, *, cpu: int = 0, share: float = 1.0) -> subprocess.Popen[str]:
        """A process in a group that waits for a line before it burns."""
        process = subprocess.Popen(
            [sys.executable, "-c", _BURNER, str(cpu), str(share)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        (self.make(path) / "cgroup.procs").write_text(str(process.pid))
        return process

    @staticmethod
    def burn(*processes: subprocess.Popen[str]) -> None:
        """Let them burn; returns once all do."""
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "burning\n"

    @staticmethod
    def hold(*processes: subprocess.Popen[str]) -> None:
        """Stop them where they are; returns once all stand still."""
        for process in processes:
            process.send_signal(signal.SIGSTOP)
        until(lambda: all(_state(process.pid) == "T" for process in processes))

    def end(self, process: subprocess.Popen[str]) -> None:
        """Kill a process; returns once it is gone."""
        process.kill()
        process.communicate()
        self._processes.remove(process)

    def clean(self) -> None:
        """Kill the processes and remove the groups."""
        for process in tuple(self._processes):
            self.end(process)
        self._remove(self.directory)

    def _remove(self, directory: Path) -> None:
        for below in [entry for entry in directory.iterdir() if entry.is_dir()]:
            self._remove(below)
        until(lambda: _rmdir(directory))  # a group is busy for a moment after its last process


@contextmanager
def kernel_cgroups(root: Path, name: str) -> Iterator[KernelCgroups]:
    """Groups for the length of a block. Raises OSError where they cannot be made."""
    groups = KernelCgroups(root, f"joulecast-{name}-{os.getpid()}")
    try:
        yield groups
    finally:
        groups.clean()


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]


def _rmdir(directory: Path) -> bool:
    with suppress(FileNotFoundError):
        try:
            directory.rmdir()
        except OSError:
            return False
    return True
