"""GPUs split by MIG: their instances, how large a part of the board each is, and who runs in it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.fake_nvml import FUNCTION_NOT_FOUND, NO_PERMISSION, NOT_SUPPORTED, UNKNOWN, Call, FakeGpu, FakeNvml, Slice

from exporter.sensors.nvml.library import NvmlLibrary
from exporter.sensors.nvml.processes import NvmlProcesses
from exporter.usage.evidence import GpuProcess, MigSlice

GIB = 2**30
SEVEN = [f"MIG-{place}1b35c55-9d2a-5e8b-9c3f-3e9d7d2f6a10" for place in range(7)]


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeNvml]:
    """A driver without GPUs yet; its clock stands still."""
    with FakeNvml.build(tmp_path) as fake:
        fake.freeze(at=5000.0)
        fake.use_here()
        yield fake


@pytest.fixture
def gpu(fake: FakeNvml) -> FakeGpu:
    """One GPU, still whole."""
    return fake.add(name="NVIDIA A100-SXM4-40GB")


@pytest.fixture
def source(gpu: FakeGpu, fake: FakeNvml) -> Iterator[NvmlProcesses]:
    """Who uses it."""
    del gpu  # it must be there first
    library = NvmlLibrary()
    library.open()
    yield NvmlProcesses(library, clock=fake.now)
    library.close()


def _slices(source: NvmlProcesses) -> dict[str, MigSlice]:
    (use,) = source.read()
    assert not use.processes
    assert use.utilization is None
    return {each.uuid: each for each in use.slices}


def test_seven_instances_are_the_whole_board(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """Each is a seventh, they add up to 1, and each tells its own processes, whose parts nobody knows."""
    gpu.split(*SEVEN)
    for place in range(7):
        gpu.processes.start(100 + place, memory=GIB, place=place)
    gpu.processes.start(200, memory=2 * GIB, place=3)
    slices = _slices(source)
    assert list(slices) == SEVEN
    assert [each.share for each in slices.values()] == [pytest.approx(1 / 7)] * 7
    assert sum(each.share for each in slices.values()) == pytest.approx(1.0)
    assert slices[SEVEN[0]].processes == [GpuProcess(100, None, GIB)]
    assert slices[SEVEN[3]].processes == [GpuProcess(103, None, GIB), GpuProcess(200, None, 2 * GIB)]


def test_shares_are_by_compute_slices_not_by_multiprocessors(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """3g and 4g of an H100 have 60 and 64 of its 132 multiprocessors, and are the whole of it."""
    gpu.split(
        Slice("MIG-3g", compute_slices=3, multiprocessors=60, gpu_slices=3),
        Slice("MIG-4g", compute_slices=4, multiprocessors=64, gpu_slices=4),
    )
    assert {uuid: each.share for uuid, each in _slices(source).items()} == {
        "MIG-3g": pytest.approx(3 / 7),
        "MIG-4g": pytest.approx(4 / 7),
    }


def test_compute_instances_share_their_gpu_instance(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """Two devices 1c.3g and 2c.3g in one 3g instance are one and two sevenths, not three each."""
    gpu.split(Slice("MIG-1c", 1, 14, gpu_slices=3), Slice("MIG-2c", 2, 28, gpu_slices=3))
    assert [each.share for each in _slices(source).values()] == [pytest.approx(1 / 7), pytest.approx(2 / 7)]


def test_a_board_of_four_slices_has_quarters(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """An A30 has four; what is not given out is in no slice."""
    gpu.set_usage(max_slices=4)
    gpu.split("MIG-a", "MIG-b", "MIG-c")
    assert [each.share for each in _slices(source).values()] == [0.25] * 3


def test_instances_come_and_go_while_others_work(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """Made, destroyed, made larger in the same place, and the board whole again: each look tells what is."""
    gpu.split("MIG-a", "", "MIG-c")
    gpu.processes.start(101, place=0)
    gpu.processes.start(103, place=2)
    assert list(_slices(source)) == ["MIG-a", "MIG-c"]
    gpu.split("", "", "MIG-c", "MIG-d")
    slices = _slices(source)
    assert {uuid: [process.pid for process in each.processes] for uuid, each in slices.items()} == {
        "MIG-c": [103],
        "MIG-d": [],
    }
    gpu.split("", "", Slice("MIG-c", compute_slices=4))
    assert {uuid: each.share for uuid, each in _slices(source).items()} == {"MIG-c": pytest.approx(4 / 7)}
    gpu.split()
    gpu.set_usage(utilization=50)
    gpu.processes.sample(101, 50)
    (use,) = source.read()
    assert (use.slices, use.utilization) == ((), 0.5)
    assert [process.utilization for process in use.processes if process.pid == 101] == [0.5]


def test_a_board_split_into_nothing_has_no_processes(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """MIG is on and nothing is made yet: nobody can run, and the board is still told."""
    gpu.split("MIG-a")
    gpu.split(Slice(""))
    assert _slices(source) == {}


@pytest.mark.parametrize("code", [NOT_SUPPORTED, NO_PERMISSION, UNKNOWN])
def test_an_instance_whose_size_is_unknown_is_left_out(gpu: FakeGpu, source: NvmlProcesses, code: int) -> None:
    """Nobody guesses it; it is there again as soon as it is told."""
    gpu.split("MIG-a", "MIG-b")
    gpu.fail(Call.ATTRIBUTES, code)
    assert _slices(source) == {}
    gpu.fail(Call.ATTRIBUTES, 0)
    assert list(_slices(source)) == ["MIG-a", "MIG-b"]


def test_a_size_that_cannot_be_is_not_believed(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """None of zero or of more than any board has; and shares together are never more than the board."""
    gpu.split(Slice("MIG-a", 0), Slice("MIG-b", 0xFFFFFFFF), Slice("MIG-c", 7), Slice("MIG-d", 7))
    assert {uuid: each.share for uuid, each in _slices(source).items()} == {"MIG-c": 0.5, "MIG-d": 0.5}


def test_an_instance_of_the_whole_board_is_all_of_it(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """Also where it counts the eighth slice, which no other instance can have."""
    gpu.split(Slice("MIG-8g", 8, 132, gpu_slices=8))
    assert _slices(source)["MIG-8g"].share == 1.0


def test_an_instance_that_does_not_tell_its_processes_is_there(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """The kubelet may know who holds it."""
    gpu.split("MIG-a")
    gpu.processes.start(101)
    gpu.fail(Call.SLICE_PROCESSES, NOT_SUPPORTED)
    assert _slices(source) == {"MIG-a": MigSlice("MIG-a", 1 / 7)}


def test_an_instance_that_goes_while_it_is_asked_costs_only_itself(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """The handle of a destroyed instance answers with an error; the board is not lost for that."""
    gpu.split("MIG-a")
    gpu.fail(Call.SLICE_UUID, UNKNOWN)
    assert _slices(source) == {}


def test_a_lost_board_is_left_out_with_its_instances(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """Nothing of it is told until it is back."""
    gpu.split("MIG-a")
    gpu.lose()
    assert source.read() == []
    gpu.restore()
    assert list(_slices(source)) == ["MIG-a"]


@pytest.mark.parametrize("code", [NOT_SUPPORTED, FUNCTION_NOT_FOUND])
def test_a_board_that_cannot_be_split_is_asked_once(gpu: FakeGpu, source: NvmlProcesses, code: int) -> None:
    """A consumer board, or a driver from before MIG: it is whole, and not asked about instances again."""
    gpu.fail(Call.MIG, code)
    gpu.processes.start(101)
    before = gpu.calls(Call.MIG)
    for _ in range(3):
        (use,) = source.read()
        assert [process.pid for process in use.processes] == [101]
    assert gpu.calls(Call.MIG) == before + 1
