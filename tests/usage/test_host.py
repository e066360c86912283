"""How busy the host is and what it is, from fake /proc trees and from this machine's own."""

from pathlib import Path

import pytest
from doubles.procfs import ProcTree

from exporter.usage.host import Cpus, HostUsage, cpu_identity, cpu_sockets, is_virtual, memory_bytes
from exporter.usage.source import Gauge

GRAVITON = (
    "processor\t: {cpu}\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd\nCPU implementer\t: {maker}\nCPU part\t: {part}"
)


@pytest.fixture
def tree(tmp_path: Path) -> ProcTree:
    """Two CPUs, 64 GiB."""
    return ProcTree(tmp_path / "proc")


def gauges(usage: HostUsage) -> dict[Gauge, float]:
    """One read as a mapping."""
    return {reading.gauge: reading.value for reading in usage.read()}


def test_the_first_read_has_no_cpu_utilization(tree: ProcTree) -> None:
    """Ticks since boot say nothing about now, so the first read has memory only."""
    assert set(gauges(HostUsage(tree.procfs))) == {Gauge.MEMORY_UTILIZATION}


def test_cpu_utilization_is_the_mean_over_cores(tree: ProcTree) -> None:
    """One core busy for all of 100 ticks and one for a quarter of 400 make 62.5 %, whatever their numbers of ticks."""
    usage = HostUsage(tree.procfs)
    gauges(usage)
    tree.spend(0, user=60, system=30, irq=6, softirq=4)
    tree.spend(1, nice=100, idle=300)

    assert gauges(usage)[Gauge.CPU_UTILIZATION] == pytest.approx((1.0 + 0.25) / 2)


def test_waiting_for_disks_and_stolen_time_are_not_busy(tree: ProcTree) -> None:
    """Of 100 ticks, 30 spent waiting for I/O and 20 taken by the hypervisor leave 50 busy."""
    usage = HostUsage(tree.procfs)
    gauges(usage)
    for cpu in (0, 1):
        tree.spend(cpu, user=50, iowait=30, steal=20)

    assert gauges(usage)[Gauge.CPU_UTILIZATION] == pytest.approx(0.5)


def test_guest_time_is_not_counted_twice(tree: ProcTree) -> None:
    """The kernel adds guest ticks to user and nice as well; a host of virtual machines is half busy, not 2/3."""
    usage = HostUsage(tree.procfs)
    gauges(usage)
    for cpu in (0, 1):
        tree.spend(cpu, user=50, guest=50, idle=50)

    assert gauges(usage)[Gauge.CPU_UTILIZATION] == pytest.approx(0.5)


def test_iowait_may_decrease(tree: ProcTree) -> None:
    """The kernel lets iowait go backwards; the share then comes from the other fields and stays in 0..1."""
    usage = HostUsage(tree.procfs)
    gauges(usage)
    for cpu in (0, 1):
        tree.spend(cpu, user=10, iowait=-500)

    assert gauges(usage)[Gauge.CPU_UTILIZATION] == 1.0


def test_a_cpu_that_was_replugged_is_left_out_once(tree: ProcTree) -> None:
    """Counters that went back to zero are no time; the other CPU speaks for the machine until the next read."""
    usage = HostUsage(tree.procfs)
    gauges(usage)
    tree.ticks[1] = dict.fromkeys(tree.ticks[1], 0)
    tree.spend(0, user=25, idle=75)

    assert gauges(usage)[Gauge.CPU_UTILIZATION] == pytest.approx(0.25)

    tree.run(0.75)

    assert gauges(usage)[Gauge.CPU_UTILIZATION] == pytest.approx(0.75)


def test_cpus_may_come_and_go(tree: ProcTree) -> None:
    """A hotplugged CPU joins at its second read, and one that was taken away is simply gone."""
    usage = HostUsage(tree.procfs)
    gauges(usage)
    tree.ticks[2] = dict(tree.ticks[0])
    del tree.ticks[1]
    tree.run(0.5)

    assert gauges(usage)[Gauge.CPU_UTILIZATION] == pytest.approx(0.5)


def test_no_tick_is_no_reading(tree: ProcTree) -> None:
    """Two reads within one tick give no utilisation, rather than 0 %."""
    usage = HostUsage(tree.procfs)
    gauges(usage)

    assert Gauge.CPU_UTILIZATION not in gauges(usage)


def test_memory_utilization_is_what_is_not_available(tree: ProcTree) -> None:
    """Caches that can be dropped count as available, as MemAvailable says."""
    tree.write_meminfo(MemTotal=1000, MemFree=10, MemAvailable=750, Cached=900)

    assert gauges(HostUsage(tree.procfs))[Gauge.MEMORY_UTILIZATION] == pytest.approx(0.25)


@pytest.mark.parametrize(
    "content", ["", "garbage\x00\n", "MemTotal: many kB\n", "MemTotal: 0 kB\nMemAvailable: 0 kB\n"]
)
def test_unusable_files_yield_nothing(tree: ProcTree, content: str) -> None:
    """Garbage, zeros and nonsense in /proc give no reading and no error."""
    (tree.procfs / "meminfo").write_text(content)
    (tree.procfs / "stat").write_text(content.replace("MemTotal:", "cpu0"))
    usage = HostUsage(tree.procfs)

    assert [*usage.read(), *usage.read()] == []


def test_missing_files_yield_nothing(tmp_path: Path) -> None:
    """An empty /proc gives no reading and no error."""
    assert list(HostUsage(tmp_path).read()) == []
    assert memory_bytes(tmp_path) is None


def test_identity_of_a_server(tmp_path: Path) -> None:
    """Model, sockets and logical CPUs come from /proc/cpuinfo."""
    tree = ProcTree(tmp_path / "proc", cpus=8, sockets=2, model="AMD EPYC 7763 64-Core Processor")

    assert cpu_identity(tree.procfs, tmp_path) == Cpus("AMD EPYC 7763 64-Core Processor", 2, 8)
    assert cpu_sockets(tree.procfs, tmp_path) == {0: 0, 1: 0, 2: 0, 3: 0, 4: 1, 5: 1, 6: 1, 7: 1}


def test_arm64_has_no_model_name(tmp_path: Path) -> None:
    """On arm64 the implementer and part numbers name the core, and sysfs the socket."""
    tree = ProcTree(tmp_path / "proc")
    tree.write_cpuinfo([GRAVITON.format(cpu=cpu, maker="0x41", part="0xd40") for cpu in range(2)])
    for cpu in range(2):
        topology = tmp_path / f"sys/devices/system/cpu/cpu{cpu}/topology"
        topology.mkdir(parents=True)
        (topology / "physical_package_id").write_text(f"{cpu}\n")

    assert cpu_identity(tree.procfs, tmp_path / "sys") == Cpus("Arm Neoverse-V1", 2, 2)


def test_an_unknown_arm_core_is_named_by_its_numbers(tmp_path: Path) -> None:
    """A core younger than this release is still told apart from others."""
    tree = ProcTree(tmp_path / "proc")
    tree.write_cpuinfo([GRAVITON.format(cpu=0, maker="0x7f", part="0x123")])

    assert cpu_identity(tree.procfs, tmp_path).model == "Arm implementer 0x7f part 0x123"


def test_a_machine_that_tells_nothing_has_no_model(tmp_path: Path) -> None:
    """Without /proc/cpuinfo there is one socket, no known CPU, and no error."""
    assert cpu_identity(tmp_path, tmp_path) == Cpus("", 1, 0)


@pytest.mark.parametrize(
    ("vendor", "product", "virtual"),
    [
        ("QEMU", "KVM Virtual Machine", True),
        ("Amazon EC2", "m7g.large", True),
        ("Amazon EC2", "m7g.metal", False),
        ("Google", "Google Compute Engine", True),
        ("Microsoft Corporation", "Virtual Machine", True),
        ("Dell Inc.", "PowerEdge R750", False),
        ("NVIDIA", "P3880", False),
    ],
)
def test_virtual_machines_are_known_by_their_vendor(
    tmp_path: Path, vendor: str, product: str, *, virtual: bool
) -> None:
    """Where no CPU flag tells, as on arm64, the vendor's name does."""
    tree = ProcTree(tmp_path / "proc")
    names = tmp_path / "sys/class/dmi/id"
    names.mkdir(parents=True)
    (names / "sys_vendor").write_text(vendor + "\n")
    (names / "product_name").write_text(product + "\n")

    assert is_virtual(tree.procfs, tmp_path / "sys") is virtual


def test_virtual_machines_are_known_by_their_cpu_flag(tmp_path: Path) -> None:
    """The hypervisor bit of CPUID is enough."""
    assert is_virtual(ProcTree(tmp_path / "proc", virtual=True).procfs, tmp_path)


def test_this_machine() -> None:
    """The real /proc of this machine gives its CPUs and a sensible share of memory."""
    procfs, sysfs = Path("/proc"), Path("/sys")
    share = gauges(HostUsage(procfs))[Gauge.MEMORY_UTILIZATION]

    assert cpu_identity(procfs, sysfs).logical_cpus >= 1
    assert 0 < share < 1
