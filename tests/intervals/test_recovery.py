"""An exporter killed with intervals open: what the next one picks up, and how it tells what nobody saw."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from doubles.clock import FakeClock
from doubles.ledger import FailingLedger
from doubles.measured_node import BOOT, MeasuredNode
from doubles.simulated import Load, SimulatedGpu, SimulatedRapl
from doubles.simulated_power import SimulatedPower

from exporter.intervals.checkpoints import METERS, Checkpoints, load_state
from exporter.intervals.interval import Interval, Status, Tag
from exporter.intervals.ledger import LedgerUnavailable
from exporter.sensors.sensor import Sensor

SENSORS: dict[str, Callable[[Load], Sensor]] = {
    "rapl": SimulatedRapl,
    "nvml": lambda load: SimulatedGpu(load, phase=0.037),
    "hwmon": SimulatedPower,
}


class Machine:
    """A machine whose exporter can be killed and started again; its checkpoint is as old as the test makes it."""

    def __init__(self, kind: str, watts: float = 80.0) -> None:
        self.load = Load(watts)
        self.load.set(0.0, watts)
        self.clock = FakeClock()
        self.ledger = FailingLedger()
        self._kind = kind
        self._latency = random.Random(7)
        self._checkpoint: dict[str, Any] | None = None
        self.node = self.start()
        self.node.run_for(10.0)

    def start(self, *, boot_id: str = BOOT) -> MeasuredNode:
        """Start an exporter with what the last one left in the store."""
        self.node = MeasuredNode(
            [SENSORS[self._kind](self.load)],
            clock=self.clock,
            ledger=self.ledger,
            boot_id=boot_id,
            checkpoint=self._checkpoint,
            latency=self._latency,
        )
        return self.node

    def keep_checkpoint(self) -> None:
        """Store the meters' state as it is now."""
        self._checkpoint = self.node.checkpoint()

    def restart_after(self, seconds: float) -> MeasuredNode:
        """Kill the exporter, let time pass without one, and start it again on the same boot."""
        self.clock.advance(seconds)
        return self.start()

    def reboot(self) -> MeasuredNode:
        """Kill everything, and start the exporter on another boot, half a minute after power-on."""
        self.clock = FakeClock(monotonic=30.0, wall=self.clock.wall() + 90.0)
        return self.start(boot_id="boot-2")


def gross(interval: Interval) -> float:
    """The gross energy of a settled interval."""
    assert interval.account is not None
    assert interval.account.node.gross_joules is not None
    return interval.account.node.gross_joules


@pytest.mark.parametrize("kind", ["rapl", "nvml"])
def test_counter_spans_the_absence(kind: str) -> None:
    """Killed in the middle of an interval and back 3 s later, a hardware counter tells all of its energy."""
    machine = Machine(kind)
    machine.node.begin("a")
    begin = machine.node.now
    machine.load.set(begin + 0.03, 400.0)
    machine.node.run_for(5.0)
    machine.keep_checkpoint()
    machine.node.run_for(1.5)
    machine.restart_after(3.0)
    machine.node.run_for(4.0)
    end = machine.node.now
    ended = machine.node.book.end(request_id="a")
    energy = machine.node.settled(ended).node

    assert ended.duration_seconds == pytest.approx(13.5)
    assert energy.gross_joules == pytest.approx(machine.load.between(begin, end), abs=energy.uncertainty_joules)
    assert energy.uncertainty_joules < 0.01 * machine.load.between(begin, end)
    assert energy.coverage == pytest.approx(1.0)


def test_power_sensor_says_what_it_missed() -> None:
    """Killed in the middle of an interval, a power sensor lacks the energy of the absence, and coverage says so."""
    machine = Machine("hwmon")
    machine.node.begin("a")
    machine.node.run_for(5.0)
    machine.keep_checkpoint()
    machine.restart_after(10.0)
    machine.node.run_for(5.0)
    ended = machine.node.book.end(request_id="a")
    account = machine.node.settled(ended)

    assert account.node.gross_joules == pytest.approx(800.0, abs=10.0)
    assert account.node.coverage == pytest.approx(0.5, abs=0.01)
    assert "was not observed for 10" in account.notes[0]


def test_begin_after_the_last_checkpoint_is_known() -> None:
    """The begin edge is stored by itself once it is settled, so it need not lie before a checkpoint."""
    machine = Machine("rapl")
    machine.keep_checkpoint()
    machine.node.run_for(20.0)
    machine.node.begin("a")
    begin = machine.node.now
    machine.load.set(begin, 400.0)
    machine.node.run_for(2.0)
    machine.restart_after(30.0)
    machine.node.run_for(2.0)
    ended = machine.node.book.end(request_id="a")
    energy = machine.node.settled(ended).node

    assert energy.gross_joules == pytest.approx(400.0 * 34.0, abs=energy.uncertainty_joules)
    assert energy.uncertainty_joules < 5.0


@pytest.mark.parametrize("kind", ["rapl", "nvml"])
@pytest.mark.parametrize("absence", [1.0, 30.0])
def test_killed_between_begin_and_first_sample(kind: str, absence: float) -> None:
    """If nobody saw the begin, it lies somewhere in the absence: the bar is as wide as that, and holds the truth."""
    machine = Machine(kind)
    machine.keep_checkpoint()
    machine.node.run_for(1.0)
    machine.node.begin("a")
    begin = machine.node.now
    machine.load.set(begin, 400.0)
    machine.restart_after(absence)
    machine.node.run_for(5.0)
    end = machine.node.now
    ended = machine.node.book.end(request_id="a")
    energy = machine.node.settled(ended).node

    assert ended.begin == begin
    assert energy.gross_joules is not None
    assert abs(energy.gross_joules - machine.load.between(begin, end)) <= energy.uncertainty_joules


def test_end_that_was_stored_is_settled_by_the_next_run() -> None:
    """Killed between the end and its samples, the interval is finished by the next exporter with its true energy."""
    machine = Machine("rapl")
    machine.keep_checkpoint()
    machine.node.begin("a")
    machine.node.run_for(5.0)
    interval = machine.node.book.end(request_id="a", counts={"sample": 9.0})
    machine.restart_after(3.0)
    machine.node.run_for(3.0)
    found = machine.node.book.get(interval_id=interval.interval_id)

    assert (found.status, found.duration_seconds, found.counts) == (Status.FINISHED, 5.0, {"sample": 9.0})
    # The end lies in the absence: between one read of the counter and the next it is interpolated.
    assert found.account is not None
    assert abs(gross(found) - 400.0) <= found.account.node.uncertainty_joules


def test_our_absence_is_not_their_silence() -> None:
    """A workload that could not reach the exporter for longer than its lease is not truncated for that."""
    machine = Machine("rapl")
    machine.node.book.begin(Tag("a"), lease_seconds=5.0)
    machine.node.run_for(1.0)
    machine.keep_checkpoint()
    machine.restart_after(60.0)
    machine.node.run_for(4.0)

    assert machine.node.book.get(request_id="a").status is Status.OPEN
    machine.node.run_for(3.0)
    assert machine.node.book.get(request_id="a").status is Status.TRUNCATED


def test_sensors_are_attentive_again_after_a_restart() -> None:
    """An interval picked up open keeps the sensors at their attentive step."""
    machine = Machine("rapl")
    machine.node.begin("a")
    machine.node.run_for(1.0)
    machine.restart_after(1.0)
    lane = machine.node.lanes[0]

    assert machine.node.attention.next_read(lane.pace, machine.node.now + 9.0) == pytest.approx(machine.node.now + 9.1)


def test_reboot_truncates_at_the_last_checkpoint() -> None:
    """After a reboot nothing more can be known: the interval ends where the last checkpoint saw it, and says so."""
    machine = Machine("rapl")
    interval = machine.node.begin("a", job="resnet")
    machine.node.run_for(6.0)
    machine.keep_checkpoint()
    checkpoint = machine.node.node.meters()[0].curve.front
    machine.node.run_for(3.0)
    machine.reboot()
    found = machine.node.book.get(interval_id=interval.interval_id)

    assert found.status is Status.TRUNCATED
    assert found.duration_seconds == pytest.approx(checkpoint - interval.begin)
    assert gross(found) == pytest.approx(80.0 * (checkpoint - interval.begin), abs=0.5)
    assert "the machine restarted" in found.notes[0]
    assert machine.node.book.open_intervals() == []
    assert sum(machine.node.figures.snapshot(0).energy.values()) == pytest.approx(gross(found))


def test_interval_begun_after_the_last_checkpoint_of_a_boot_is_unknown() -> None:
    """What began after the last checkpoint before a reboot has no known energy: neither zero nor less than that."""
    machine = Machine("rapl")
    machine.keep_checkpoint()
    machine.node.run_for(1.5)
    interval = machine.node.begin("a")
    machine.node.run_for(5.0)
    machine.reboot()
    found = machine.node.book.get(interval_id=interval.interval_id)

    assert found.status is Status.TRUNCATED
    assert found.duration_seconds == 0.0
    assert found.account is None or found.account.node.gross_joules is None


def test_reboot_of_an_ended_interval_keeps_its_end() -> None:
    """An interval that had ended before the reboot keeps its end; what the checkpoint did not see is not covered."""
    machine = Machine("rapl")
    interval = machine.node.begin("a")
    machine.node.run_for(4.0)
    machine.keep_checkpoint()
    machine.node.run_for(4.0)
    machine.node.book.end(request_id="a", counts={"sample": 5.0})
    machine.reboot()
    found = machine.node.book.get(interval_id=interval.interval_id)

    assert (found.duration_seconds, found.counts) == (8.0, {"sample": 5.0})
    assert found.account is not None
    assert gross(found) == pytest.approx(80.0 * 4.0, abs=40.0)
    assert found.account.node.coverage == pytest.approx(0.5, abs=0.07)


def test_end_after_a_reboot_changes_nothing() -> None:
    """A workload cannot have lived over a reboot: an end for its interval finds it truncated."""
    machine = Machine("rapl")
    machine.node.begin("a")
    machine.node.run_for(6.0)
    machine.keep_checkpoint()
    machine.reboot()
    ended = machine.node.book.end(request_id="a", counts={"sample": 1.0})

    assert (ended.status, ended.counts) == (Status.TRUNCATED, {})


def test_restart_without_a_checkpoint_keeps_the_interval() -> None:
    """If even the checkpoint is lost the interval is still open, and coverage tells what is not known of it."""
    machine = Machine("rapl")
    machine.node.begin("a")
    machine.node.run_for(5.0)
    machine.restart_after(5.0)
    machine.node.run_for(10.0)
    ended = machine.node.book.end(request_id="a")
    account = machine.node.settled(ended)

    assert ended.duration_seconds == pytest.approx(20.0)
    assert account.node.coverage < 0.6
    assert account.node.gross_joules is None or account.node.gross_joules <= 80.0 * 11.0


def test_many_intervals_survive_a_kill() -> None:
    """Hundreds of open intervals are all picked up, each with its own begin."""
    machine = Machine("rapl")
    for number in range(300):
        machine.node.begin(f"request-{number}")
        machine.node.run_for(0.01)
    machine.node.run_for(1.0)
    machine.keep_checkpoint()
    machine.restart_after(3.0)
    machine.node.run_for(1.0)
    intervals = [machine.node.book.end(request_id=f"request-{number}") for number in range(300)]
    machine.node.run_for(2.0)

    for number, interval in enumerate(intervals):
        assert gross(interval) == pytest.approx(80.0 * (8.0 - 0.01 * number), abs=0.5)


def test_checkpoint_is_written_at_every_tick() -> None:
    """A kill costs a power sensor no more than what it saw since the last tick."""
    machine = Machine("hwmon")
    checkpoints = Checkpoints(machine.ledger, machine.node.node, machine.node.idle)
    kept = []
    for _ in range(5):
        machine.node.run_for(1.0)
        checkpoints.tick(machine.node.now)
        state = load_state(machine.ledger, METERS)
        assert state is not None
        kept.append(state["node_joules"])

    assert kept == [pytest.approx(80.0 * seconds, rel=0.01) for seconds in range(10, 15)]


def test_start_with_the_store_away_forgets_only_what_it_must() -> None:
    """An exporter that cannot read its store starts all the same, without what an earlier run knew."""
    ledger = FailingLedger()
    ledger.save_state(METERS, {"node_joules": 5.0, "series": []})
    ledger.is_full = True

    assert load_state(ledger, METERS) is None
    with pytest.raises(LedgerUnavailable):
        MeasuredNode([], ledger=ledger)
    ledger.is_full = False
    assert load_state(ledger, METERS) == {"node_joules": 5.0, "series": []}
