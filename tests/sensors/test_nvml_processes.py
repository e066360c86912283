"""Which processes use NVIDIA GPUs, through the real pynvml and a library that samples them as drivers do."""

from collections.abc import Iterator
from pathlib import Path

import pynvml
import pytest
from doubles.awaiting import until
from doubles.fake_nvml import (
    FUNCTION_NOT_FOUND,
    NO_PERMISSION,
    NOT_SUPPORTED,
    TIMEOUT,
    UNKNOWN,
    Call,
    FakeGpu,
    FakeNvml,
)
from doubles.gpu_processes import COMPUTE, GRAPHICS, MPS

from exporter.sensors.nvml.library import NvmlLibrary
from exporter.sensors.nvml.processes import NvmlProcesses
from exporter.sensors.nvml.sampled import HOLD_SECONDS
from exporter.usage.evidence import GpuProcess, GpuUse
from exporter.usage.patience import PatientGpuUse

GIB = 2**30


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeNvml]:
    """A driver without GPUs yet; its clock stands still."""
    with FakeNvml.build(tmp_path) as fake:
        fake.freeze(at=5000.0)
        fake.use_here()
        yield fake


@pytest.fixture
def gpu(fake: FakeNvml) -> FakeGpu:
    """One GPU, on which somebody works."""
    gpu = fake.add()
    gpu.set_usage(utilization=100)
    return gpu


@pytest.fixture
def library(gpu: FakeGpu) -> Iterator[NvmlLibrary]:
    """An open library that lists it."""
    del gpu  # it must be there first
    library = NvmlLibrary()
    library.open()
    yield library
    library.close()


@pytest.fixture
def source(library: NvmlLibrary, fake: FakeNvml) -> NvmlProcesses:
    """Who uses the GPUs, on the library's clock."""
    return NvmlProcesses(library, clock=fake.now)


def _only(source: NvmlProcesses | PatientGpuUse) -> GpuUse:
    (use,) = source.read()
    return use


def _shares(source: NvmlProcesses) -> dict[int, float | None]:
    processes = _only(source).processes
    assert len({process.pid for process in processes}) == len(processes)
    return {process.pid: process.utilization for process in processes}


def _run(fake: FakeNvml, gpu: FakeGpu, turns: list[int | None], seconds: float = 0.1) -> None:
    """Let processes have the GPU in turn, one sample each; None is nobody's."""
    for pid in turns:
        fake.advance(seconds)
        gpu.processes.sample(*(0xFFFFFFFF, 0) if pid is None else (pid, 100))


# How much of the time.


def test_two_processes_have_the_parts_of_the_time_that_they_had(
    fake: FakeNvml, gpu: FakeGpu, source: NvmlProcesses
) -> None:
    """Seven samples of one and three of the other are 70 to 30, with the memory that each holds."""
    gpu.processes.start(101, memory=5 * GIB)
    gpu.processes.start(102, memory=GIB)
    source.read()
    _run(fake, gpu, [101, 101, 102, 101, 101, 102, 101, 101, 102, 101])
    use = _only(source)
    assert use.uuid == gpu.uuid
    assert use.utilization == 1.0
    assert use.processes == [GpuProcess(101, 0.7, 5 * GIB), GpuProcess(102, 0.3, GIB)]


def test_each_look_is_of_the_time_since_the_last_one(fake: FakeNvml, gpu: FakeGpu, source: NvmlProcesses) -> None:
    """What was told once is not told again, and all looks together make the whole."""
    gpu.processes.start(101)
    gpu.processes.start(102)
    source.read()
    _run(fake, gpu, [101, 101, 101, 101])
    assert _shares(source) == {101: 1.0, 102: 0.0}
    _run(fake, gpu, [102, 102, 101, None])
    assert _shares(source) == {101: 0.25, 102: 0.5}


def test_an_idle_process_has_none_of_the_time_and_that_is_known(
    fake: FakeNvml, gpu: FakeGpu, source: NvmlProcesses
) -> None:
    """A context beside a busy process, and a context on an idle GPU, are at 0 and not at None."""
    gpu.processes.start(101)
    gpu.processes.start(102)
    source.read()
    _run(fake, gpu, [101])
    assert _shares(source) == {101: 1.0, 102: 0.0}
    gpu.set_usage(utilization=0)
    fake.advance(1.0)
    assert _shares(source) == {101: 0.0, 102: 0.0}


def test_a_process_that_ended_between_two_looks_is_still_told(
    fake: FakeNvml, gpu: FakeGpu, source: NvmlProcesses
) -> None:
    """It ran, so its time is its own and nobody else's; in the next look it is gone."""
    gpu.processes.start(101)
    source.read()
    gpu.processes.start(102)
    _run(fake, gpu, [102, 102, 102, 101])
    gpu.processes.end(102)
    assert _only(source).processes == [GpuProcess(101, 0.25, GIB), GpuProcess(102, 0.75)]
    _run(fake, gpu, [101])
    assert _shares(source) == {101: 1.0}


def test_the_first_look_tells_nothing_of_those_who_are_gone(
    fake: FakeNvml, gpu: FakeGpu, source: NvmlProcesses
) -> None:
    """The driver remembers a minute; whoever ended in it, before anybody looked, is not charged."""
    _run(fake, gpu, [99, 99, 101, 101])
    gpu.processes.start(101)
    assert _shares(source) == {101: 0.5}


def test_a_busy_gpu_between_two_samples_keeps_its_last_shares(
    fake: FakeNvml, gpu: FakeGpu, source: NvmlProcesses
) -> None:
    """Looks may come closer than samples: nobody drops to zero in between, and who ended is not held."""
    for pid in (101, 102):
        gpu.processes.start(pid)
    source.read()
    _run(fake, gpu, [101, 102])
    assert _shares(source) == {101: 0.5, 102: 0.5}
    fake.advance(0.1)
    gpu.processes.end(102)
    assert _shares(source) == {101: 0.5}


def test_a_busy_gpu_on_which_nobody_is_seen_is_one_that_does_not_tell(
    fake: FakeNvml, gpu: FakeGpu, source: NvmlProcesses
) -> None:
    """Zero for everybody would be wrong: somebody works. The core then shares equally, and says so."""
    gpu.processes.start(101)
    assert _shares(source) == {101: None}
    fake.advance(HOLD_SECONDS + 1)
    assert _shares(source) == {101: None}


def test_a_clock_set_back_is_followed(fake: FakeNvml, gpu: FakeGpu, source: NvmlProcesses) -> None:
    """Samples carry the wall clock's time; after it was set back an hour, new ones look old, but not for long."""
    gpu.processes.start(101)
    source.read()
    _run(fake, gpu, [101])
    assert _shares(source) == {101: 1.0}
    gpu.processes.forget_samples()
    hour_ago = fake.now_ns() // 1000 - 3600 * 10**6
    for second in range(4):
        fake.advance(1.0)
        gpu.processes.sample(101, 40, at_us=hour_ago + second * 10**6)
        last = _shares(source)
    assert last == {101: 0.4}


def test_rows_with_several_stamps_are_weighted_with_their_time(
    fake: FakeNvml, gpu: FakeGpu, source: NvmlProcesses
) -> None:
    """0.9 s at 100 % and 0.1 s at 0 % are 90 %, and repeated or older rows count for nothing."""
    gpu.processes.start(101)
    gpu.processes.tell_samples_as_they_are()
    gpu.processes.sample(101, 50)
    source.read()
    fake.advance(0.9)
    gpu.processes.sample(101, 100)
    gpu.processes.sample(101, 100)  # the same row twice
    fake.advance(0.1)
    gpu.processes.sample(101, 0)
    assert _shares(source) == {101: pytest.approx(0.9)}


# What drivers get wrong.


def test_garbage_rows_count_for_nothing(fake: FakeNvml, gpu: FakeGpu, source: NvmlProcesses) -> None:
    """Of impossible numbers, unfilled rows and nobody's pid the true row is left, and the next look begins there."""
    gpu.processes.start(101)
    gpu.processes.tell_samples_as_they_are()
    gpu.processes.sample(101, 30)
    source.read()
    fake.advance(1.0)
    far = 217_144_956_601_725  # as reported, with such numbers
    gpu.processes.sample(50554, 37100, at_us=far)
    gpu.processes.sample(50017, 0, encoder=3313, at_us=far)
    gpu.processes.sample(101, 2147483632)
    gpu.processes.sample(0, 0, at_us=0)
    gpu.processes.sample(0xFFFFFFFF, 80)
    gpu.processes.sample(101, 60, at_us=fake.now_ns() // 1000 + 1)
    assert _shares(source) == {101: 0.6}
    fake.advance(1.0)
    gpu.processes.sample(101, 20)
    assert _shares(source) == {101: 0.2}


def test_a_process_of_another_namespace_keeps_its_part(fake: FakeNvml, gpu: FakeGpu, source: NvmlProcesses) -> None:
    """The driver calls it 0, or by a pid that is only known to the host: its part is not given to the others."""
    gpu.processes.start(0)
    gpu.processes.start(0)
    gpu.processes.start(101)
    source.read()
    _run(fake, gpu, [101, 645400, 0, 0])
    told = [(process.pid, process.utilization) for process in _only(source).processes]
    assert told == [(101, 0.25), (0, 0.5), (0, 0.0), (645400, 0.25)]


@pytest.mark.parametrize("memory", [2**64 - 1, 0xFFFFFFFF, 0], ids=["all-ones", "32-ones", "zero"])
def test_memory_that_is_not_told_is_none(gpu: FakeGpu, source: NvmlProcesses, memory: int) -> None:
    """A sentinel is no number of bytes, and a context without memory does not exist."""
    gpu.processes.start(101, memory=memory)
    assert _only(source).processes == [GpuProcess(101, None)]


def test_a_process_in_several_lists_is_one(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """Compute, graphics and MPS are three lists of the same processes; nobody's pid is in none."""
    gpu.processes.start(101, GIB, COMPUTE | GRAPHICS)
    gpu.processes.start(102, 2 * GIB, MPS)
    gpu.processes.start(103, 3 * GIB, GRAPHICS)
    gpu.processes.start(0xFFFFFFFF)
    assert {process.pid: process.memory_bytes for process in _only(source).processes} == {
        101: GIB,
        102: 2 * GIB,
        103: 3 * GIB,
    }


# What drivers do not tell.


@pytest.mark.parametrize("code", [NOT_SUPPORTED, FUNCTION_NOT_FOUND, NO_PERMISSION, UNKNOWN])
def test_without_samples_everybody_who_is_there_has_an_unknown_part(
    gpu: FakeGpu, source: NvmlProcesses, code: int
) -> None:
    """Virtual GPUs, old boards, WSL: the processes are known, their parts are None, never 0."""
    gpu.fail(Call.PROCESS_UTILIZATION, code)
    gpu.processes.start(101)
    gpu.processes.start(102)
    assert _shares(source) == {101: None, 102: None}


def test_without_lists_those_who_were_seen_are_known(fake: FakeNvml, gpu: FakeGpu, source: NvmlProcesses) -> None:
    """Samples alone name who was busy, also while the next one is not taken yet."""
    for call in (Call.COMPUTE_PROCESSES, Call.OLD_COMPUTE_PROCESSES, Call.GRAPHICS_PROCESSES, Call.MPS_PROCESSES):
        gpu.fail(call, NOT_SUPPORTED)
    gpu.processes.start(101)
    gpu.processes.start(102)
    source.read()
    _run(fake, gpu, [101, None])
    assert _only(source).processes == [GpuProcess(101, 0.5)]
    fake.advance(0.1)
    assert _only(source).processes == [GpuProcess(101, 0.5)]


def test_a_gpu_that_tells_nothing_is_there_without_processes(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """The core may still know its holder."""
    for call in (*(call for call in Call if "PROCESS" in call.name), Call.UTILIZATION):
        gpu.fail(call, NOT_SUPPORTED)
    gpu.processes.start(101)
    assert _only(source) == GpuUse(gpu.uuid, [])


def test_one_refused_list_does_not_cost_the_others(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """A list that fails this time is missing this time."""
    gpu.processes.start(101, lists=COMPUTE)
    gpu.processes.start(102, lists=GRAPHICS)
    gpu.fail(Call.GRAPHICS_PROCESSES, UNKNOWN)
    assert set(_shares(source)) == {101}
    gpu.fail(Call.GRAPHICS_PROCESSES, 0)
    assert set(_shares(source)) == {101, 102}


def test_what_is_not_supported_is_not_asked_again_until_the_library_is_opened_anew(
    gpu: FakeGpu, source: NvmlProcesses, library: NvmlLibrary
) -> None:
    """One refused call each, the older list in place of the newer, and one more try after a new opening."""
    silent = (Call.PROCESS_UTILIZATION, Call.UTILIZATION, Call.COMPUTE_PROCESSES, Call.MPS_PROCESSES)
    for call in silent:
        gpu.fail(call, NOT_SUPPORTED)
    gpu.processes.start(101)
    for _ in range(3):
        assert _shares(source) == {101: None}
    asked = [gpu.calls(call) for call in silent]
    assert asked == [1, 1, 1, 2]  # each of the two versions of the last
    for call in silent:
        gpu.fail(call, 0)
    assert _shares(source) == {101: None}
    library.open()
    gpu.processes.sample(101, 80)
    assert _shares(source) == {101: 0.8}


# Bad days.


def test_a_lost_gpu_leaves_the_others_alone_and_comes_back(
    fake: FakeNvml, gpu: FakeGpu, library: NvmlLibrary, source: NvmlProcesses
) -> None:
    """It is left out while it is lost; found again, it goes on from where its last look ended."""
    well = fake.add()
    library.open()
    for each in (gpu, well):
        each.processes.start(101)
    source.read()
    _run(fake, gpu, [101])
    assert [use.uuid for use in source.read()] == [gpu.uuid, well.uuid]
    gpu.lose()
    assert [use.uuid for use in source.read()] == [well.uuid]
    gpu.restore(same_handle=False)
    assert [use.uuid for use in source.read()] == [well.uuid]
    library.open()
    _run(fake, gpu, [101, None])
    back, _ = source.read()
    assert back.processes == [GpuProcess(101, 0.5, GIB)]


@pytest.mark.parametrize("code", [pynvml.NVML_ERROR_GPU_IS_LOST, TIMEOUT])
def test_a_gpu_that_does_not_answer_is_asked_one_question(gpu: FakeGpu, source: NvmlProcesses, code: int) -> None:
    """The rest would wait for the same answer."""
    for call in Call:
        gpu.fail(call, code)
    before = sum(gpu.calls(call) for call in Call)
    assert source.read() == []
    assert sum(gpu.calls(call) for call in Call) == before + 1


def test_a_gpu_whose_samples_time_out_is_left_out(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """Half of what is known of a GPU in trouble would be taken for all of it."""
    gpu.processes.start(101)
    gpu.fail(Call.PROCESS_UTILIZATION, TIMEOUT)
    assert source.read() == []
    gpu.fail(Call.PROCESS_UTILIZATION, 0)
    assert set(_shares(source)) == {101}


def test_a_reloaded_driver_and_a_closed_library_give_nothing(
    fake: FakeNvml, gpu: FakeGpu, library: NvmlLibrary, source: NvmlProcesses
) -> None:
    """Neither is an error here: the sensor says so, and opens the library again."""
    gpu.processes.start(101)
    fake.reload_driver()
    assert source.read() == []
    library.close()
    assert source.read() == []
    library.open()
    assert set(_shares(source)) == {101}


def test_a_hung_driver_does_not_hold_its_reader(gpu: FakeGpu, source: NvmlProcesses) -> None:
    """With patience in front, a call that blocks gives nothing, and processes return when the driver does."""
    gpu.processes.start(101)
    patient = PatientGpuUse(source, patience=0.05)
    gpu.hang(120)
    assert patient.read() == ()
    assert patient.read() == ()
    gpu.hang(0)
    until(patient.read)
    assert [process.pid for process in _only(patient).processes] == [101]
