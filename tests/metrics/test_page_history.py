"""The last minutes of power: means over steps, gaps left as gaps, and a bound on memory."""

import dataclasses

from doubles.snapshots import series_state, snapshot_of

from exporter.metering.snapshot import Snapshot
from exporter.metrics.page.history import STEP_SECONDS, STEPS, PowerHistory
from joulecast.component import Component


def at(seconds: float, watts: float | None) -> Snapshot:
    """A snapshot of one CPU, and of a zone inside it that does not count."""
    states = [
        series_state(Component.CPU, "0", "package", watts=watts),
        series_state(Component.CPU, "0", "core", watts=50.0),
    ]
    return dataclasses.replace(snapshot_of(states), monotonic=seconds)


def test_step_is_the_mean_of_what_it_saw() -> None:
    """Two snapshots of 100 and 200 W are one step of 150 W, of the package alone."""
    history = PowerHistory()
    history.add(at(10.0, 100.0))
    history.add(at(11.0, 200.0))
    assert [dict(step.watts) for step in history.steps()] == [{Component.CPU: 150.0}]


def test_time_without_power_is_missing() -> None:
    """A gap is no step, and what came after keeps its place."""
    history = PowerHistory()
    for number, watts in ((0, 100.0), (1, None), (2, None), (3, 300.0)):
        history.add(at(number * STEP_SECONDS, watts))
    assert [(step.number, step.watts[Component.CPU]) for step in history.steps()] == [(0, 100.0), (3, 300.0)]


def test_only_the_last_minutes_are_kept() -> None:
    """A day of snapshots leaves five minutes; a day without any leaves nothing."""
    history = PowerHistory()
    for second in range(3600):
        history.add(at(float(second), 100.0))
    steps = history.steps()
    assert len(steps) == STEPS
    assert steps[-1].number - steps[0].number == STEPS - 1
    history.add(at(90_000.0, None))
    assert history.steps() == []
