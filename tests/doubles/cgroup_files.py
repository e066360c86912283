"""Directories that imitate cgroupfs: what the kernel shows in each cgroup, as far as anybody here reads it."""

from pathlib import Path


class CgroupFiles:
    """One hierarchy of cgroups below `root`, cgroup v2 or v1's cpuacct.

    `whole` is the machine's, whose root shows other files than the groups in it; else it is a container's part of it.
    """

    def __init__(self, root: Path, *, version: int = 2, whole: bool = True) -> None:
        """An empty hierarchy whose root has used 100 s."""
        self.root = root
        self.version = version
        self.root.mkdir(parents=True)
        if version == 2:
            (root / "cgroup.controllers").write_text("cpu memory\n")
        if whole and version == 1:
            (root / "cgroup.sane_behavior").write_text("0\n")
        if not whole and version == 2:
            (root / "cgroup.type").write_text("domain\n")
        self.spend("/", 100.0)

    def make(self, path: str, seconds: float = 0.0) -> Path:
        """A cgroup and those around it that are not there yet; it has used some CPU time."""
        directory = self.root
        for name in Path(path.lstrip("/")).parts:
            directory /= name
            if not directory.exists():
                directory.mkdir()
                (directory / "cgroup.procs").write_text("")
                self._write(directory, 0.0)
        self._write(directory, seconds)
        return directory

    def spend(self, path: str, seconds: float) -> None:
        """Let the group have used so much since it was made."""
        self._write(self.root / path.lstrip("/"), seconds)

    def break_counter(self, path: str, content: bytes) -> None:
        """Let the group's counter hold something else."""
        (self.root / path.lstrip("/") / self.counter).write_bytes(content)

    def remove(self, path: str) -> None:
        """The group goes, with all inside it."""
        directory = self.root / path.lstrip("/")
        for entry in directory.iterdir():
            if entry.is_dir():
                self.remove(str(entry.relative_to(self.root)))
            else:
                entry.unlink()
        directory.rmdir()

    @property
    def counter(self) -> str:
        """The name of the file with the CPU time."""
        return "cpu.stat" if self.version == 2 else "cpuacct.usage"

    def _write(self, directory: Path, seconds: float) -> None:
        if self.version == 1:
            text = f"{round(seconds * 1e9)}\n"
        else:
            half = round(seconds * 1e6) // 2
            text = f"usage_usec {2 * half}\nuser_usec {half}\nsystem_usec {half}\nnr_periods 0\nnr_throttled 0\n"
        (directory / self.counter).write_text(text)
