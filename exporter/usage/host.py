"""What the host is, and how busy its CPUs and its memory are."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from exporter.usage.cpu_time import CpuTimeReader
from exporter.usage.source import Gauge, UsageReading
from joulecast.quantities import bytes_from_kibibytes

# MIDR implementer and part, for arm64 kernels, which print no model name (Arm and Ampere reference manuals).
_ARM_CORES = {
    ("0x41", "0xd08"): "Arm Cortex-A72",
    ("0x41", "0xd0b"): "Arm Cortex-A76",
    ("0x41", "0xd0c"): "Arm Neoverse-N1",
    ("0x41", "0xd40"): "Arm Neoverse-V1",
    ("0x41", "0xd42"): "Arm Cortex-A78AE",
    ("0x41", "0xd49"): "Arm Neoverse-N2",
    ("0x41", "0xd4f"): "Arm Neoverse-V2",
    ("0x41", "0xd84"): "Arm Neoverse-V3",
    ("0x41", "0xd8e"): "Arm Neoverse-N3",
    ("0x46", "0x001"): "Fujitsu A64FX",
    ("0x48", "0xd01"): "HiSilicon Kunpeng-920",
    ("0x4e", "0x004"): "NVIDIA Carmel",
    ("0xc0", "0xac3"): "Ampere-1",
    ("0xc0", "0xac4"): "Ampere-1a",
}
_MODEL_KEYS = ("model name", "cpu model", "cpu")  # x86 and some arm64; MIPS and LoongArch; POWER
# Parts of the vendor and product names that hypervisors give their machines. Needed on arm64, where no CPU flag tells.
_HYPERVISORS = (
    "qemu",
    "kvm",
    "vmware",
    "xen",
    "bhyve",
    "virtualbox",
    "virtual machine",
    "openstack",
    "google compute engine",
    "amazon ec2",
)


class Cpus(NamedTuple):
    """The CPUs of this host: model name ("" if the kernel tells none), sockets, and logical CPUs."""

    model: str
    sockets: int
    logical_cpus: int


class HostUsage:
    """CPU utilisation, as the mean over cores since the last read, and memory utilisation."""

    name = "host"

    def __init__(self, procfs: Path) -> None:
        self._procfs = procfs
        self._cpu_time = CpuTimeReader(procfs)

    def read(self) -> Iterator[UsageReading]:
        """Both gauges, as far as known: the first read has no CPU utilisation, for it spans no time yet."""
        try:
            shares = self._cpu_time.shares()
        except OSError:
            shares = {}
        if shares:
            yield UsageReading(Gauge.CPU_UTILIZATION, sum(shares.values()) / len(shares), component="cpu")
        memory = _meminfo(self._procfs)
        total, available = memory.get("MemTotal", 0), memory.get("MemAvailable")
        if total > 0 and available is not None:
            yield UsageReading(Gauge.MEMORY_UTILIZATION, min(1.0, max(0.0, 1 - available / total)), component="dram")


def memory_bytes(procfs: Path) -> int | None:
    """The main memory this host can use, or None where /proc/meminfo does not tell."""
    return _meminfo(procfs).get("MemTotal")


def cpu_identity(procfs: Path, sysfs: Path) -> Cpus:
    """What the CPUs are. Never raises: what cannot be read is "" or counted as 1 socket, 0 CPUs."""
    entries = _cpuinfo(procfs)
    sockets = set(cpu_sockets(procfs, sysfs).values())
    return Cpus(_model(entries), max(1, len(sockets)), sum("processor" in entry for entry in entries))


def cpu_signature(procfs: Path) -> tuple[str, int | None, int | None]:
    """Vendor, family and model as x86 CPUs tell them by CPUID, also where a hypervisor hides the name; "" and None."""
    for entry in _cpuinfo(procfs):
        family, number = entry.get("cpu family", ""), entry.get("model", "")
        if entry.get("vendor_id") and family.isdecimal() and number.isdecimal():
            return entry["vendor_id"], int(family), int(number)
    return "", None, None


def cpu_sockets(procfs: Path, sysfs: Path) -> dict[int, int]:
    """The socket number of every logical CPU; 0 where the kernel names none."""
    sockets = {}
    for entry in _cpuinfo(procfs):
        if not entry.get("processor", "").isdecimal():
            continue
        cpu = int(entry["processor"])
        package = entry.get("physical id") or _text(sysfs / f"devices/system/cpu/cpu{cpu}/topology/physical_package_id")
        sockets[cpu] = int(package) if package.isdecimal() else 0  # arm64 firmware without topology says -1
    return sockets


def is_virtual(procfs: Path, sysfs: Path) -> bool:
    """Whether this is a virtual machine, as far as CPUID and the system's vendor name tell."""
    for entry in _cpuinfo(procfs):
        if "hypervisor" in entry.get("flags", "").split():
            return True
    vendor, product = (_text(sysfs / "class/dmi/id" / name).lower() for name in ("sys_vendor", "product_name"))
    if product.endswith(".metal"):  # Amazon's bare machines carry the vendor name of its virtual ones
        return False
    return any(name in f"{vendor} {product}" for name in _HYPERVISORS) or bool(_text(sysfs / "hypervisor/type"))


def _model(entries: list[dict[str, str]]) -> str:
    for key in _MODEL_KEYS:
        for entry in entries:
            if entry.get(key):
                return " ".join(entry[key].split())
    for entry in entries:
        implementer, part = entry.get("CPU implementer", "").lower(), entry.get("CPU part", "").lower()
        if implementer:
            return _ARM_CORES.get((implementer, part), f"Arm implementer {implementer} part {part}")
    return ""


def _cpuinfo(procfs: Path) -> list[dict[str, str]]:
    """The paragraphs of /proc/cpuinfo, one for each logical CPU, and on some machines one for the board."""
    entries = []
    for paragraph in _text(procfs / "cpuinfo").split("\n\n"):
        pairs = (line.partition(":") for line in paragraph.splitlines())
        entry = {key.strip(): value.strip() for key, colon, value in pairs if colon}
        if entry:
            entries.append(entry)
    return entries


def _meminfo(procfs: Path) -> dict[str, int]:
    """/proc/meminfo in bytes."""
    sizes = {}
    for line in _text(procfs / "meminfo").splitlines():
        key, _, value = line.partition(":")
        number = value.split()[:1]
        if number and number[0].isdecimal():
            sizes[key] = bytes_from_kibibytes(int(number[0]))
    return sizes


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
