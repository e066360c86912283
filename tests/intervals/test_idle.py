"""Idle power: measured by an experiment, or learnt from seconds in which nothing ran, with its spread."""

import json
import random
import statistics
from collections.abc import Iterator

import pytest
from doubles.measured_node import MeasuredNode
from doubles.series import GPU, PACKAGE, a_counter
from doubles.simulated import Load, SimulatedRapl

from exporter.intervals.checkpoints import IDLE, IDLE_SECONDS, Checkpoints, load_state
from exporter.intervals.errors import IntervalConflict, InvalidTag
from exporter.intervals.experiment import IdleExperiment
from exporter.intervals.idle import (
    ENOUGH,
    REMEMBERED,
    SETTLE_DOWN_SECONDS,
    IdleBaselines,
    QuietWatch,
    check_experiment,
    evaluate_experiment,
)
from exporter.metering.meters import make_meter
from exporter.metering.snapshot import IdleState
from exporter.sensors.sensor import Reading
from exporter.usage.source import Gauge, UsageReading

MEASURED = IdleState(60.0, 1.5, "experiment", 60.0, 1.8e9)


class Busyness:
    """A usage source that a test sets."""

    name = "usage"

    def __init__(self) -> None:
        self.cpu: float | None = 0.01
        self.gpu: float | None = None

    def read(self) -> Iterator[UsageReading]:
        """What is known."""
        if self.cpu is not None:
            yield UsageReading(Gauge.CPU_UTILIZATION, self.cpu)
        if self.gpu is not None:
            yield UsageReading(Gauge.GPU_UTILIZATION, self.gpu, "gpu", "GPU-0")


class QuietNode:
    """A node of 60 W whose quiet watch looks once a second."""

    def __init__(self) -> None:
        self.usage = Busyness()
        self.load = Load(60.0)
        self.load.set(0.0, 60.0)
        self.measured = MeasuredNode([SimulatedRapl(self.load)], usage=[self.usage])
        self.watch = QuietWatch(self.measured.idle, self.measured.tracks)

    def live(self, seconds: int) -> None:
        """Let seconds pass."""
        for _ in range(seconds):
            self.measured.run_for(1.0)
            self.watch.look(
                self.measured.node.meters(),
                self.measured.now,
                self.measured.clock.wall(),
                open_intervals=len(self.measured.book.open_intervals()),
            )

    @property
    def learnt(self) -> IdleState | None:
        """What is known of the socket's idle power."""
        return self.measured.idle.known().get(PACKAGE)


@pytest.fixture
def quiet() -> QuietNode:
    """A machine on which nothing runs."""
    return QuietNode()


def an_experiment(node: MeasuredNode, keep: object = None) -> IdleExperiment:
    """An experiment that lets the node's time pass while it sleeps."""
    return IdleExperiment(
        node.clock,
        node.node,
        node.attention,
        node.idle,
        open_intervals=lambda: len(node.book.open_intervals()),
        sleep=node.run_for,
        keep=keep if callable(keep) else lambda: None,
    )


def test_experiment_is_the_mean_power_and_the_spread_of_its_seconds() -> None:
    """Idle power is the mean over the experiment; its spread is the deviation of one-second means."""
    source = random.Random(5)
    watts = [source.uniform(50.0, 70.0) for _ in range(30)]
    meter = make_meter(a_counter(), 0.0)
    joules = 0.0
    meter.feed(0.5, Reading(meter.series, joules=joules))
    meter.feed(1.0, Reading(meter.series, joules=joules))
    for second, power in enumerate(watts, start=2):
        joules += power
        meter.feed(float(second), Reading(meter.series, joules=joules))
    idle = evaluate_experiment([meter], 1.0, 31.0, 1.8e9)[PACKAGE]

    assert idle.watts == pytest.approx(statistics.fmean(watts))
    assert idle.spread_watts == pytest.approx(statistics.stdev(watts))
    assert (idle.source, idle.seconds, idle.measured_wall) == ("experiment", 30.0, 1.8e9)


def test_seconds_without_readings_teach_nothing() -> None:
    """A silence inside the experiment is left out: it is neither zero watts nor a spread."""
    meter = make_meter(a_counter(max_watts=100.0, range_joules=400.0), 0.0)
    joules = 0.0
    for second in [*range(1, 11), *range(20, 31)]:  # ten seconds at 100 W could be two wraps: a gap
        joules = second * 50.0
        meter.feed(float(second), Reading(meter.series, joules=joules % 400.0))
    idle = evaluate_experiment([meter], 1.0, 30.0, 1.8e9)[PACKAGE]

    assert (idle.watts, idle.spread_watts) == (pytest.approx(50.0), pytest.approx(0.0, abs=1e-9))


def test_series_never_observed_has_no_baseline() -> None:
    """What the experiment did not see gets no baseline, rather than zero watts."""
    assert evaluate_experiment([make_meter(a_counter(), 0.0)], 1.0, 31.0, 1.8e9) == {}


def test_experiment_becomes_the_baseline_of_intervals(quiet: QuietNode) -> None:
    """After an experiment every interval has idle and net energy, and the result is kept."""
    node = quiet.measured
    node.run_for(5.0)
    kept: list[bool] = []
    experiment = an_experiment(node, keep=lambda: kept.append(True))
    elapsed = list(experiment.measure(20.0))
    quiet.load.set(node.now, 200.0)
    interval = node.begin("a")
    node.run_for(5.0)
    energy = node.end(interval).node

    assert elapsed == sorted(elapsed)
    assert elapsed[0] == 0.0
    assert experiment.result[PACKAGE].watts == pytest.approx(60.0, abs=0.1)
    assert kept == [True]
    assert energy.idle_joules == pytest.approx(300.0, abs=1.0)
    assert energy.net_joules == pytest.approx(700.0, abs=1.0)


@pytest.mark.parametrize("seconds", [0.0, 1.9, 3601.0, float("nan")])
def test_experiment_of_a_length_that_tells_nothing_is_refused(seconds: float) -> None:
    """Too short, too long and not a number are refused with the lengths that make sense."""
    with pytest.raises(InvalidTag, match="60 is usual"):
        check_experiment(seconds, open_intervals=0, force=False)


def test_experiment_is_refused_while_intervals_are_open(quiet: QuietNode) -> None:
    """A machine that runs tagged work is not idle; whoever knows better can force it."""
    quiet.measured.begin("a")
    experiment = an_experiment(quiet.measured)
    with pytest.raises(IntervalConflict, match="1 intervals are open"):
        next(experiment.measure(10.0))

    assert len(list(experiment.measure(10.0, force=True))) > 1


def test_two_experiments_do_not_run_at_once(quiet: QuietNode) -> None:
    """A second experiment is refused while one runs, and not after it was given up."""
    experiment = an_experiment(quiet.measured)
    first = experiment.measure(10.0)
    next(first)
    with pytest.raises(IntervalConflict, match="another idle experiment"):
        next(experiment.measure(10.0))
    first.close()

    assert quiet.measured.idle.known() == {}
    assert list(experiment.measure(10.0))
    assert quiet.learnt is not None


def test_experiment_leaves_the_sensors_as_it_found_them(quiet: QuietNode) -> None:
    """While it runs sensors are read often; after it, given up or not, once a period again."""
    node = quiet.measured
    lane = node.lanes[0]
    experiment = an_experiment(node)
    running = experiment.measure(10.0)
    next(running)
    during = node.attention.next_read(lane.pace, node.now + 5.0) - (node.now + 5.0)
    running.close()
    after = node.attention.next_read(lane.pace, node.now + 5.0) - (node.now + 5.0)

    assert (during, after) == (pytest.approx(0.1), pytest.approx(1.0))


def test_floor_is_learnt_from_quiet_seconds(quiet: QuietNode) -> None:
    """A machine left alone for minutes knows its idle power without an experiment, and says that it was learnt."""
    quiet.live(int(SETTLE_DOWN_SECONDS) + ENOUGH + 10)

    assert quiet.learnt is not None
    assert quiet.learnt.watts == pytest.approx(60.0, abs=0.1)
    assert quiet.learnt.source == "learnt"


def test_nothing_is_learnt_before_there_is_enough(quiet: QuietNode) -> None:
    """Some quiet seconds are no baseline."""
    quiet.live(int(SETTLE_DOWN_SECONDS) + ENOUGH // 2)

    assert quiet.learnt is None


def test_busy_cpu_teaches_nothing(quiet: QuietNode) -> None:
    """Seconds in which the CPU worked are not idle."""
    quiet.usage.cpu = 0.2
    quiet.live(200)

    assert quiet.learnt is None


def test_busy_gpu_teaches_nothing(quiet: QuietNode) -> None:
    """A GPU at work makes the machine not idle, although the CPU is."""
    quiet.usage.gpu = 0.5
    quiet.live(200)

    assert quiet.learnt is None


def test_unknown_usage_is_not_quiet(quiet: QuietNode) -> None:
    """Where nobody knows how busy the machine is nothing is learnt."""
    quiet.usage.cpu = None
    quiet.live(200)

    assert quiet.learnt is None


def test_open_interval_is_not_quiet(quiet: QuietNode) -> None:
    """While work is tagged nothing is learnt, however little it does; afterwards the machine must settle down."""
    interval = quiet.measured.begin("a")
    quiet.live(200)
    during = quiet.learnt
    quiet.measured.end(interval)
    quiet.live(ENOUGH)
    just_after = quiet.learnt
    quiet.live(int(SETTLE_DOWN_SECONDS) + 10)

    assert during is None
    assert just_after is None
    assert quiet.learnt is not None


def test_floor_is_the_lower_quarter() -> None:
    """Seconds in which something stirred unnoticed do not lift the floor; they widen its spread."""
    baselines = IdleBaselines()
    watts = [50.0 + (30.0 if number % 4 == 0 else 0.0) for number in range(ENOUGH)]
    for value in watts:
        baselines.learn(PACKAGE, value, 1.8e9)
    idle = baselines.known()[PACKAGE]

    assert idle.watts == 50.0
    assert idle.spread_watts == pytest.approx(statistics.pstdev(watts))
    assert idle.seconds == ENOUGH


def test_floor_follows_the_machine_within_bounded_memory() -> None:
    """Old seconds are forgotten: after an hour at another idle power the floor is that one."""
    baselines = IdleBaselines()
    for _ in range(REMEMBERED):
        baselines.learn(PACKAGE, 50.0, 1.8e9)
    for _ in range(REMEMBERED):
        baselines.learn(PACKAGE, 70.0, 1.8e9)

    assert baselines.known()[PACKAGE].watts == 70.0
    assert len(baselines._quiet[PACKAGE]) == REMEMBERED


def test_floor_is_worked_out_once_a_minute_however_long_it_was_quiet() -> None:
    """Sorting an hour of seconds is not done every second: the floor changes with every sixtieth of them only."""
    baselines = IdleBaselines()
    states = set()
    for number in range(REMEMBERED + 10 * ENOUGH):
        baselines.learn(PACKAGE, 50.0 + number * 1e-3, 1.8e9)
        states.add(baselines.known().get(PACKAGE))

    assert len(states - {None}) == REMEMBERED // ENOUGH + 10


def test_experiment_wins_over_what_was_learnt() -> None:
    """What was measured on purpose is believed more than what was noticed by the way."""
    baselines = IdleBaselines()
    baselines.set_measured({PACKAGE: MEASURED})
    for _ in range(2 * ENOUGH):
        baselines.learn(PACKAGE, 50.0, 1.8e9)
        baselines.learn(GPU, 30.0, 1.8e9)

    assert baselines.known()[PACKAGE] == MEASURED
    assert baselines.known()[GPU].source == "learnt"


def test_baselines_outlive_a_restart(quiet: QuietNode) -> None:
    """What was measured and what was learnt is known to the next run, through the store."""
    baselines, ledger = quiet.measured.idle, quiet.measured.ledger
    baselines.set_measured({PACKAGE: MEASURED})
    for _ in range(ENOUGH):
        baselines.learn(GPU, 30.0, 1.8e9)
    checkpoints = Checkpoints(ledger, quiet.measured.node, baselines)
    checkpoints.tick(quiet.measured.now)
    for _ in range(ENOUGH):
        baselines.learn(GPU, 20.0, 1.8e9)
    checkpoints.tick(quiet.measured.now + IDLE_SECONDS - 1)
    early = IdleBaselines(json.loads(json.dumps(load_state(ledger, IDLE)))).known()
    checkpoints.tick(quiet.measured.now + IDLE_SECONDS)
    late = IdleBaselines(json.loads(json.dumps(load_state(ledger, IDLE)))).known()

    assert early[PACKAGE] == late[PACKAGE] == MEASURED
    assert (early[GPU].watts, late[GPU].watts) == (30.0, 20.0)


def test_both_kinds_are_kept_apart_in_the_store() -> None:
    """A series that was learnt and measured is both again after a restart: a new experiment replaces the right one."""
    baselines = IdleBaselines()
    for _ in range(ENOUGH):
        baselines.learn(PACKAGE, 50.0, 1.8e9)
    baselines.set_measured({PACKAGE: MEASURED})
    restored = IdleBaselines(json.loads(json.dumps(baselines.pack())))

    assert restored.known() == {PACKAGE: MEASURED}
    assert restored.pack() == baselines.pack()


def test_nothing_known_is_nothing() -> None:
    """A machine that was never idle and never measured has no baseline."""
    assert IdleBaselines().known() == {}
    assert IdleBaselines(None).pack() == {"rows": []}
