"""A fake /proc: CPUs whose ticks a test spends, memory, and the names that kernels give their CPUs."""

from collections.abc import Sequence
from pathlib import Path

FIELDS = ("user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "guest", "guest_nice")


class ProcTree:
    """`spend` lets time pass for one CPU; every change is written at once."""

    def __init__(
        self,
        procfs: Path,
        *,
        cpus: int = 2,
        model: str = "Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz",
        memory_kib: int = 64 * 2**20,
        virtual: bool = False,
        sockets: int = 1,
    ) -> None:
        """A machine with its CPUs spread evenly over the sockets, all of its memory available."""
        procfs.mkdir(parents=True)
        self.procfs = procfs
        self.ticks = {cpu: dict.fromkeys(FIELDS, 1000) for cpu in range(cpus)}
        self.write_stat()
        flags = "fpu sse2 hypervisor" if virtual else "fpu sse2"
        self.write_cpuinfo(
            [
                f"processor\t: {cpu}\nmodel name\t: {model}\nphysical id\t: {cpu * sockets // cpus}\nflags\t\t: {flags}"
                for cpu in range(cpus)
            ]
        )
        self.write_meminfo(MemTotal=memory_kib, MemFree=memory_kib // 2, MemAvailable=memory_kib)

    def spend(self, cpu: int, **ticks: int) -> None:
        """Add ticks to some fields of one CPU, as `spend(0, user=50, idle=50)`."""
        for field, count in ticks.items():
            self.ticks[cpu][field] += count
        self.write_stat()

    def run(self, busy_share: float, *, ticks: int = 100) -> None:
        """Let every CPU be busy for this share of some ticks."""
        busy = round(busy_share * ticks)
        for cpu in self.ticks:
            self.spend(cpu, user=busy, idle=ticks - busy)

    def write_stat(self) -> None:
        """Write /proc/stat as the kernel does: the sum, each CPU, and what no reader here needs."""
        rows = [[f"cpu{cpu}", *map(str, ticks.values())] for cpu, ticks in sorted(self.ticks.items())]
        total = ["cpu ", *(str(sum(ticks[field] for ticks in self.ticks.values())) for field in FIELDS)]
        lines = [" ".join(row) for row in [total, *rows]]
        (self.procfs / "stat").write_text("\n".join([*lines, "intr 123 0 0", "ctxt 42", "btime 1800000000", ""]))

    def write_cpuinfo(self, paragraphs: Sequence[str]) -> None:
        """Replace /proc/cpuinfo."""
        (self.procfs / "cpuinfo").write_text("\n\n".join(paragraphs) + "\n\n")

    def write_meminfo(self, **kibibytes: int) -> None:
        """Replace /proc/meminfo."""
        (self.procfs / "meminfo").write_text("".join(f"{key}:  {value} kB\n" for key, value in kibibytes.items()))
