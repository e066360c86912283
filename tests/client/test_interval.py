"""Bracketing work, as a workload writes it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from doubles.awaiting import until
from doubles.energy_service import WATTS, EnergyServer

import joulecast
from joulecast.client.lease import KEEPER
from joulecast.provenance import Provenance


def test_a_block_gets_its_joules(server: EnergyServer) -> None:
    """Gross, idle, net, their error bar, provenance and coverage are attributes of what the with-block gives."""
    with joulecast.interval("train", address=server.address) as energy:
        pass

    assert energy.joules == energy.gross_joules == WATTS * energy.result().duration_seconds
    assert energy.net_joules == pytest.approx(0.6 * energy.joules)
    assert energy.idle_joules == pytest.approx(0.4 * energy.joules)
    assert energy.uncertainty_joules == 0.5
    assert energy.calibration_uncertainty_joules == pytest.approx(0.05 * energy.joules)
    assert (energy.coverage, energy.provenance) == (1.0, Provenance.MEASURED)
    assert energy.components["cpu"].gross_joules == pytest.approx(0.6 * energy.joules)
    assert energy.devices[0].sensor == "rapl"
    assert (energy.usage.cpu_utilization_ratio, energy.usage.memory_utilization_ratio) == (0.5, None)
    assert energy.interval_id == "iv-000000"


def test_words_reach_the_exporter(server: EnergyServer) -> None:
    """Name, job, phase and GPUs are sent as given; every other keyword is a label, as text, and None is none."""
    with joulecast.interval(
        "train",
        job="nightly",
        phase="training",
        gpus=[0, 1],
        address=server.address,
        model="resnet18",
        epoch=3,
        note=None,
    ):
        pass

    (request,) = server.service.asked("BeginInterval")
    assert (request.name, request.job, request.phase) == ("train", "nightly", "training")
    assert dict(request.labels) == {"model": "resnet18", "epoch": "3"}
    assert list(request.gpus.gpus) == ["0", "1"]
    assert request.lease.seconds == 60


def test_edges_are_the_workloads_own(server: EnergyServer) -> None:
    """However late a message arrives, the interval lies between the moments the workload passed its two edges."""
    passed: list[float] = []

    def note_the_time() -> None:
        import time

        passed.append(time.monotonic())

    server.service.delay = 0.05
    with joulecast.interval("train", sync=note_the_time, address=server.address):
        pass
    note_the_time()

    begin, end = server.service.asked("BeginInterval")[0].at, server.service.asked("EndInterval")[0].at
    before_begin, before_end, after = (round(time * 1e9) for time in passed)
    assert before_begin <= begin.monotonic_ns <= before_end <= end.monotonic_ns
    assert begin.monotonic_ns + 0.05e9 <= before_end, "the begin was not stamped before it was sent"
    assert end.monotonic_ns + 0.05e9 <= after, "the end was not stamped before it was sent"
    assert begin.boot_id == end.boot_id


def test_nested_intervals_each_have_their_energy(server: EnergyServer) -> None:
    """An interval inside another one is measured like any other, and so is the outer one."""
    with joulecast.interval("outer", address=server.address) as outer:
        with joulecast.interval("inner", address=server.address) as inner:
            pass
        assert inner.result().status == "finished"

    assert inner.joules is not None
    assert outer.joules is not None
    assert outer.joules > inner.joules > 0


def test_overlapping_intervals_each_have_their_energy(server: EnergyServer) -> None:
    """Intervals may end in any order when begun and ended by hand."""
    first = joulecast.begin("first", address=server.address)
    second = joulecast.begin("second", address=server.address)
    first.end()
    second.end()

    assert {first.result().status, second.result().status} == {"finished"}
    assert len(server.service.asked("EndInterval")) == 2


def test_one_object_serves_nested_blocks_and_many_threads(server: EnergyServer) -> None:
    """A shared interval object keeps the blocks of each thread apart, so that no end closes another's begin."""
    step = joulecast.interval("step", address=server.address)
    both_inside = threading.Barrier(2)
    durations = []

    def work(first_out: bool) -> None:
        with step as energy:
            both_inside.wait()
            if not first_out:
                until(lambda: len(server.service.asked("EndInterval")) == 1)
        durations.append((energy.interval_id, energy.result().status))

    threads = [threading.Thread(target=work, args=(first,)) for first in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with step as outer, step as inner:
        pass

    assert len({interval_id for interval_id, _ in durations}) == 2
    assert outer.duration_seconds > inner.duration_seconds
    assert len(server.service.asked("EndInterval")) == 4
    assert {row.status for row in map(server.service._now, server.service.intervals.values())} == {3}


def test_an_exception_passes_untouched_and_the_interval_ends(server: EnergyServer) -> None:
    """Work that fails has used its energy: the record is there, and the workload's own exception is what is seen."""
    failure = ValueError("the loss is NaN")
    with pytest.raises(ValueError, match="NaN") as seen, joulecast.interval("train", address=server.address) as energy:
        raise failure

    assert seen.value is failure
    assert energy.result().status == "finished"


def test_counts_are_added_up_and_stored(server: EnergyServer) -> None:
    """Counts given during the work and at its end are summed, sent with the end, and divide the energy."""
    energy = joulecast.begin("train", address=server.address)
    energy.count(sample=100)
    energy.count(sample=28, token=7)
    energy.end({"token": 3})

    assert dict(server.service.asked("EndInterval")[0].counts) == {"sample": 128.0, "token": 10.0}
    assert energy.joules_per("sample") == energy.joules / 128
    assert energy.joules_per("sample", 50_000) == energy.joules / 50_000
    assert energy.joules_per("token", net=True) == energy.net_joules / 10
    assert energy.joules_per("request") is None
    assert energy.joules_per("sample", 0) is None


def test_a_second_end_changes_nothing(server: EnergyServer) -> None:
    """Ending twice is harmless."""
    energy = joulecast.begin("train", address=server.address)
    once = energy.end().result()

    assert energy.end().result() == once
    assert len(server.service.asked("EndInterval")) == 1


def test_sync_errors_are_the_workloads(server: EnergyServer) -> None:
    """A device error that shows at the synchronisation is raised, after the interval was ended."""
    calls = []

    def sync() -> None:
        calls.append(None)
        if len(calls) == 2:
            raise RuntimeError("device-side assert")

    with pytest.raises(RuntimeError, match="assert"), joulecast.interval("train", sync=sync, address=server.address):
        pass

    assert len(server.service.asked("EndInterval")) == 1


def test_a_sync_error_never_hides_the_workloads_exception(server: EnergyServer) -> None:
    """When the work has failed already, a failing synchronisation says nothing new."""
    calls = []

    def sync() -> None:
        calls.append(None)
        if len(calls) == 2:
            raise RuntimeError("device-side assert")

    with pytest.raises(KeyError, match="first"), joulecast.interval("train", sync=sync, address=server.address):
        raise KeyError("first")

    assert len(server.service.asked("EndInterval")) == 1


def test_every_call_of_a_decorated_function_is_an_interval(server: EnergyServer) -> None:
    """A decorated function keeps its name, arguments and value, recursion included."""

    @joulecast.interval("fib", address=server.address)
    def fib(n: int) -> int:
        """Fibonacci."""
        return n if n < 2 else fib(n - 1) + fib(n - 2)

    assert fib(4) == 3
    assert (fib.__name__, fib.__doc__) == ("fib", "Fibonacci.")
    assert len(server.service.asked("BeginInterval")) == len(server.service.asked("EndInterval")) == 9


def test_a_decorated_coroutine_function_stays_one(server: EnergyServer) -> None:
    """The interval of a coroutine spans its awaits, and calls that overlap in one loop keep apart."""

    @joulecast.interval("request", address=server.address)
    async def answer(n: int) -> int:
        await asyncio.sleep(0.01)
        return 2 * n

    async def serve() -> list[int]:
        return await asyncio.gather(*(answer(n) for n in range(5)))

    assert asyncio.run(serve()) == [0, 2, 4, 6, 8]
    assert all(row.duration_seconds >= 0.01 for row in server.service.intervals.values())
    assert len(server.service.asked("EndInterval")) == 5


def test_async_with_leaves_the_loop_free(server: EnergyServer) -> None:
    """While begin and end wait for the exporter, other tasks of the loop run."""
    server.service.delay = 0.1
    ticks = []

    async def tick() -> None:
        while True:
            ticks.append(None)
            await asyncio.sleep(0)

    async def work() -> joulecast.Energy:
        ticking = asyncio.create_task(tick())
        async with joulecast.interval("request", address=server.address) as energy:
            ticks_at_begin = len(ticks)
        assert ticks_at_begin > 1
        assert len(ticks) > ticks_at_begin
        ticking.cancel()
        return await energy.settled()

    assert "finished" in asyncio.run(work())._span.latest.status


def test_a_begin_that_is_cancelled_leaves_no_open_interval(server: EnergyServer) -> None:
    """A task cancelled while its interval is being announced never runs the block; the keeper ends the interval."""

    async def work() -> None:
        async with joulecast.interval("request", lease=1.0, address=server.address):
            raise AssertionError("the body must not run")

    async def cancel_it() -> None:
        server.service.delay = 0.1
        task = asyncio.create_task(work())
        await asyncio.to_thread(until, lambda: server.service.calls)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        server.service.delay = 0.0

    asyncio.run(cancel_it())

    until(lambda: server.service.asked("EndInterval"))


def test_generators_are_rejected_where_they_are_decorated() -> None:
    """A generator's pauses are not its work, so the decorator says where the with-block belongs."""
    bracket = joulecast.interval("load", address="127.0.0.1:1")

    def batches() -> Iterator[int]:
        yield 1

    async def abatches() -> AsyncIterator[int]:
        yield 1

    for generator in (batches, abatches):
        with pytest.raises(TypeError, match=r"generator.*with joulecast\.interval\('load'\)"):
            bracket(generator)


def test_a_decorator_without_a_name_says_how_it_is_written() -> None:
    """Forgetting the parentheses is told at once."""
    with pytest.raises(TypeError, match=r'@joulecast\.interval\("train"\)'):
        joulecast.interval(lambda: None)  # type: ignore[arg-type]


def test_reading_waits_until_the_last_samples_are_in(server: EnergyServer) -> None:
    """The first attribute read waits for the final energy; from then on nothing is asked again."""
    server.service.settle_seconds = 0.05
    with joulecast.interval("train", address=server.address) as energy:
        pass

    assert energy.result().status == "finished"
    asked = len(server.service.calls)
    assert energy.net_joules is not None
    assert len(server.service.calls) == asked


def test_reading_stops_waiting_for_what_never_settles(server: EnergyServer) -> None:
    """An exporter whose sensors hang gives no final energy; reading gives up after the connection's patience, once."""
    server.service.settle_seconds = 3600.0
    connection = joulecast.Connection(server.address, patience=0.1)
    with joulecast.interval("train", address=connection) as energy:
        pass

    assert (energy.joules, energy.result().status) == (None, "settling")
    assert energy._span._wait_left == 0


def test_an_open_interval_tells_its_energy_so_far(server: EnergyServer) -> None:
    """Inside the block each read is a new one, and grows."""
    with joulecast.interval("train", address=server.address) as energy:
        first, second = energy.joules, energy.joules

    assert 0 < first < second < energy.joules


def test_printing_shows_value_and_bar_and_repr_asks_nobody(server: EnergyServer) -> None:
    """`str` is the result in one line; `repr`, which debuggers call at will, only shows what is known already."""
    with joulecast.interval("train", address=server.address) as energy:
        assert repr(energy).startswith("<Energy 'train': open, ")
    asked = len(server.service.calls)

    assert repr(energy).startswith("<Energy 'train'")
    assert len(server.service.calls) == asked
    assert str(energy).split(", ")[0].endswith("± 0.5 J gross (measured)")
    assert str(energy) in repr(energy)


def test_one_thread_keeps_all_intervals_alive(server: EnergyServer) -> None:
    """Leases are renewed with the request that opened the interval, by one thread however many are open."""
    before = [thread.name for thread in threading.enumerate()].count("joulecast-keeper")
    energies = [joulecast.begin("train", lease=1.0, address=server.address) for _ in range(20)]
    until(lambda: len(server.service.asked("BeginInterval")) >= 60)
    for energy in energies:
        energy.end()

    assert [thread.name for thread in threading.enumerate()].count("joulecast-keeper") <= before + 1
    assert len({request.request_id for request in server.service.asked("BeginInterval")}) == 20
    assert len(server.service.intervals) == 20


def test_an_ended_interval_is_let_go(server: EnergyServer) -> None:
    """The keeper forgets an interval once its end was delivered."""
    energy = joulecast.begin("train", lease=1.0, address=server.address).end()

    assert all(watch.tended is not energy._span for _, _, watch in KEEPER._due)
