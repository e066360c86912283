"""The node is the sum of its counted parts, and its counters only rise: over losses, replacements and restarts."""

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from doubles.clock import FakeClock
from doubles.series import GPU, PACKAGE, a_counter, a_gpu, a_power_sensor
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.metering.node import NodeMeter
from exporter.metering.snapshot import SeriesState
from exporter.sensors.sensor import Finding, Reading, Series
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance

BOOT = "boot-1"
SOCKET_1 = SeriesKey(Component.CPU, "1", "package")
CORE = SeriesKey(Component.CPU, "0", "core")
DRAM = SeriesKey(Component.DRAM, "0", "dram")
PSYS = SeriesKey(Component.PLATFORM, "0", "psys")


@pytest.fixture
def clock() -> FakeClock:
    """Stands at 1000 s."""
    return FakeClock(monotonic=1000.0)


def a_node(clock: FakeClock, checkpoint: Mapping[str, Any] | None = None, boot_id: str = BOOT) -> NodeMeter:
    """A node that forgets power after three seconds."""
    return NodeMeter(clock, boot_id, stale_seconds=3.0, checkpoint=checkpoint)


def found(*series: Series) -> Finding:
    """What a sensor found."""
    return Finding(series[0].sensor, "found", series)


def burn(node: NodeMeter, clock: FakeClock, joules: Mapping[Series, float], seconds: float = 1.0) -> None:
    """Let time pass, and each counter show a value."""
    clock.advance(seconds)
    for series, value in joules.items():
        node.feed(clock.monotonic(), Reading(series, joules=value), 0.0)


def saved(node: NodeMeter) -> dict[str, Any]:
    """A checkpoint as a store gives it back."""
    document: dict[str, Any] = json.loads(json.dumps(node.checkpoint()))
    return document


def node_joules(node: NodeMeter) -> float:
    """Node energy now."""
    joules = node.node(node.states()).joules
    assert joules is not None
    return joules


def by_key(states: Sequence[SeriesState]) -> dict[SeriesKey, SeriesState]:
    """States by whose they are."""
    return {state.series.key: state for state in states}


def test_node_is_the_sum_of_packages_dram_and_gpus(clock: FakeClock) -> None:
    """Eq. 3: sub-zones and the platform are shown and not added."""
    parts = [a_counter(key=key) for key in (PACKAGE, SOCKET_1, CORE, DRAM, PSYS)]
    node = a_node(clock)
    node.adopt(found(*parts))
    burn(node, clock, dict.fromkeys(parts, 0.0))
    burn(node, clock, {series: 10.0 * 2**number for number, series in enumerate(parts)})
    states = node.states()
    total = node.node(states)

    assert {key for key, state in by_key(states).items() if state.counted} == {PACKAGE, SOCKET_1, DRAM}
    assert (total.joules, total.watts) == (10.0 + 20.0 + 80.0, 10.0 + 20.0 + 80.0)
    assert by_key(states)[CORE].joules == 40.0
    assert by_key(states)[PSYS].joules == 160.0


def test_empty_node_knows_nothing(clock: FakeClock) -> None:
    """Without sensors node power is None, not zero."""
    node = a_node(clock)
    total = node.node(node.states())

    assert (total.watts, total.joules, total.provenance) == (None, None, None)


def test_sum_carries_the_weakest_provenance(clock: FakeClock) -> None:
    """A node with one modelled part is modelled as a whole."""
    node = a_node(clock)
    node.adopt(found(a_counter()))
    node.adopt(
        found(a_power_sensor(key=SeriesKey(Component.DRAM, "dimms"), sensor="dimm", provenance=Provenance.MODELLED))
    )

    assert node.node(node.states()).provenance is Provenance.MODELLED


def test_silent_part_has_no_power_but_keeps_its_energy(clock: FakeClock) -> None:
    """A sensor that stopped answering shows no power after a while: not its last value, not zero."""
    package, gpu = a_counter(), a_counter(key=GPU, sensor="nvml")
    node = a_node(clock)
    node.adopt(found(package))
    node.adopt(found(gpu))
    burn(node, clock, {package: 0.0, gpu: 0.0})
    burn(node, clock, {package: 100.0, gpu: 300.0})
    for second in range(1, 6):
        burn(node, clock, {package: 100.0 + 100.0 * second})
    states = by_key(node.states())

    assert (states[GPU].watts, states[GPU].joules) == (None, 300.0)
    assert states[GPU].uncertainty_watts is None
    assert node.node(list(states.values())).watts == 100.0


def test_uncertainty_of_power_holds_gain_and_timing(clock: FakeClock) -> None:
    """Power shown says how far it may be off: sensor gain, and when the counter was really read."""
    series = a_counter(relative_error=0.03, update_seconds=0.1)
    node = a_node(clock)
    node.adopt(found(series))
    for second in range(5):
        burn(node, clock, {series: 100.0 * second})
    state = node.states()[0]

    assert state.watts == pytest.approx(100.0)
    assert state.uncertainty_watts == pytest.approx((3.0**2 + (5.0 + 1.0 / 0.9) ** 2) ** 0.5)


def test_weaker_sensor_of_the_same_part_is_not_published(clock: FakeClock) -> None:
    """A TDP estimate beside RAPL is not metered at all, so that what is published adds up."""
    estimate = a_power_sensor(sensor="tdp", provenance=Provenance.MODELLED)
    node = a_node(clock)
    node.adopt(found(estimate))
    node.adopt(found(a_counter()))

    assert [state.series.sensor for state in node.states()] == ["rapl"]
    assert (node.is_used("rapl"), node.is_used("tdp")) == (True, False)
    assert node.feed(1001.0, Reading(estimate, watts=50.0), 0.0) is None


def test_refusal_reaches_whoever_fed(clock: FakeClock) -> None:
    """A reading that is not believed says why."""
    series = a_power_sensor()
    node = a_node(clock)
    node.adopt(found(series))

    assert node.feed(1001.0, Reading(series, watts=-1.0), 0.0) == "impossible"


def test_better_sensor_found_later_goes_on_from_there(clock: FakeClock) -> None:
    """When RAPL becomes readable its curve goes on where the estimate's stopped: the counter never starts anew."""
    estimate = a_power_sensor(sensor="tdp", provenance=Provenance.MODELLED)
    counter = a_counter()
    node = a_node(clock)
    node.adopt(found(estimate))
    for _ in range(4):
        clock.advance(1.0)
        node.feed(clock.monotonic(), Reading(estimate, watts=100.0), 0.0)
    before = node_joules(node)
    node.adopt(found(counter))
    at_change = node_joules(node)
    burn(node, clock, {counter: 77_000.0})
    burn(node, clock, {counter: 77_050.0})

    assert before == at_change == 300.0
    assert node_joules(node) == 350.0
    assert [state.series.sensor for state in node.states()] == ["rapl"]


def test_anchor_of_one_sensor_is_not_used_for_another(clock: FakeClock) -> None:
    """Raw values of another sensor's counter say nothing about this one's."""
    first, second = a_counter(sensor="hwmon"), a_counter()
    node = a_node(clock)
    node.adopt(found(first))
    burn(node, clock, {first: 1000.0})
    burn(node, clock, {first: 1100.0})
    node.adopt(found(second))
    burn(node, clock, {second: 1500.0})
    burn(node, clock, {second: 1510.0})

    assert node_joules(node) == 110.0


def test_lost_gpu_keeps_its_curve(clock: FakeClock) -> None:
    """A GPU that the driver lists no more stays a counted part, without power; back, it counts on."""
    gpus = [a_counter(key=SeriesKey(Component.GPU, f"GPU-{number}"), sensor="nvml") for number in range(2)]
    node = a_node(clock)
    node.adopt(found(*gpus))
    burn(node, clock, dict.fromkeys(gpus, 0.0))
    burn(node, clock, dict.fromkeys(gpus, 100.0))
    node.adopt(found(gpus[0]))
    for second in range(1, 6):
        burn(node, clock, {gpus[0]: 100.0 + 10.0 * second})
    lost = by_key(node.states())[gpus[1].key]
    total = node_joules(node)
    node.adopt(found(*gpus))
    burn(node, clock, {gpus[0]: 160.0, gpus[1]: 400.0})

    assert (lost.joules, lost.watts, lost.counted) == (100.0, None, True)
    assert total == 250.0
    assert by_key(node.states())[gpus[1].key].joules == 400.0
    assert node_joules(node) == 560.0


def test_series_described_anew_counts_on(clock: FakeClock) -> None:
    """A sensor that found the same counter under a new description (a new power limit) misses none of its energy."""
    old, new = a_counter(max_watts=500.0), a_counter(max_watts=700.0)
    node = a_node(clock)
    node.adopt(found(old))
    burn(node, clock, {old: 1000.0})
    burn(node, clock, {old: 1100.0})
    node.adopt(found(new))
    burn(node, clock, {new: 1150.0})

    assert node_joules(node) == 150.0


def test_part_counted_no_more_stays_in_the_nodes_total(clock: FakeClock) -> None:
    """Energy that a part counted while it was one is not taken out of the node when another sensor takes over."""
    dimms = a_power_sensor(key=SeriesKey(Component.DRAM, "dimms"), sensor="dimm", provenance=Provenance.MODELLED)
    zone = a_counter(key=DRAM)
    node = a_node(clock)
    node.adopt(found(dimms))
    for _ in range(3):
        clock.advance(1.0)
        node.feed(clock.monotonic(), Reading(dimms, watts=20.0), 0.0)
    node.adopt(found(zone))
    burn(node, clock, {zone: 0.0})
    burn(node, clock, {zone: 5.0})

    assert set(by_key(node.states())) == {DRAM}
    assert node_joules(node) == 45.0


def test_restart_counts_across_the_absence(clock: FakeClock) -> None:
    """Restored on the same boot, a hardware counter tells what was drawn while nobody looked."""
    series = a_counter()
    first = a_node(clock)
    first.adopt(found(series))
    burn(first, clock, {series: 5000.0})
    burn(first, clock, {series: 5100.0})
    second = a_node(clock, saved(first))
    again = a_counter()  # another process makes another object
    second.adopt(found(again))
    burn(second, clock, {again: 5900.0}, seconds=30.0)
    meter = second.meters()[0]

    assert node_joules(second) == 900.0
    assert meter.curve.at(meter.curve.front).observed == pytest.approx(31.0)


def test_restart_of_a_power_sensor_leaves_a_gap(clock: FakeClock) -> None:
    """What a power sensor would have shown while nobody looked is unknown: no energy, no coverage."""
    series = a_power_sensor()
    first = a_node(clock)
    first.adopt(found(series))
    for _ in range(3):
        clock.advance(1.0)
        first.feed(clock.monotonic(), Reading(series, watts=100.0), 0.0)
    second = a_node(clock, saved(first))
    second.adopt(found(series))
    clock.advance(30.0)
    for _ in range(2):
        clock.advance(1.0)
        second.feed(clock.monotonic(), Reading(series, watts=100.0), 0.0)
    meter = second.meters()[0]

    assert node_joules(second) == 300.0
    assert meter.curve.at(meter.curve.front).observed == 3.0


def test_another_boot_keeps_the_total_and_drops_the_anchor(clock: FakeClock) -> None:
    """After a reboot the exported counter goes on from its last value, and the hardware's from zero."""
    series = a_counter()
    first = a_node(clock)
    first.adopt(found(series))
    burn(first, clock, {series: 5000.0})
    burn(first, clock, {series: 5100.0})
    rebooted = FakeClock(monotonic=20.0)
    second = a_node(rebooted, saved(first), "boot-2")
    second.adopt(found(series))
    burn(second, rebooted, {series: 3.0})
    burn(second, rebooted, {series: 43.0})

    assert by_key(second.states())[PACKAGE].joules == 140.0
    assert node_joules(second) == 140.0


def test_series_not_seen_in_this_run_are_carried_along(clock: FakeClock) -> None:
    """A GPU missing for one run of the exporter still counts on in the next."""
    package, gpu = a_counter(), a_counter(key=GPU, sensor="nvml")
    first = a_node(clock)
    first.adopt(found(package))
    first.adopt(found(gpu))
    burn(first, clock, {package: 0.0, gpu: 0.0})
    burn(first, clock, {package: 10.0, gpu: 100.0})
    second = a_node(clock, saved(first))
    second.adopt(found(package))
    third = a_node(clock, saved(second))
    third.adopt(found(package))
    third.adopt(found(gpu))

    assert node_joules(second) == node_joules(third) == 110.0
    assert by_key(third.states())[GPU].joules == 100.0


def test_last_known_is_what_the_checkpoint_knew(clock: FakeClock) -> None:
    """Intervals that outlived their boot are read where the last checkpoint saw each curve."""
    series = a_counter()
    first = a_node(clock)
    first.adopt(found(series))
    burn(first, clock, {series: 5000.0})
    burn(first, clock, {series: 5100.0})
    second = a_node(FakeClock(monotonic=5.0), saved(first), "boot-2")
    second.adopt(found(series))
    edge = second.last_known()[PACKAGE]

    assert (edge.time, edge.joules, edge.observed) == (1002.0, 100.0, 1.0)


def test_gain_is_told_for_gpus_that_have_both(clock: FakeClock) -> None:
    """The ratio of counter to power is exported once it is known, by GPU."""
    gpu = a_gpu()
    node = a_node(clock)
    node.adopt(found(gpu))
    unknown = node.gains()
    for number in range(300):
        clock.advance(0.13)
        node.feed(clock.monotonic(), Reading(gpu, joules=number * 0.13 * 210.0, watts=200.0), 0.0)

    assert unknown == {}
    assert node.gains() == {"GPU-0": pytest.approx(1.05, abs=0.015)}


@given(seed=st.integers(0, 1_000_000))
@settings(max_examples=60)
def test_counters_never_decrease_and_parts_add_up(seed: int) -> None:
    """Over random loads, wraps, resets, glitches, losses, better sensors and restarts every counter only rises.

    And the node's rises exactly as much as the sum of its parts, while their number stays the same.
    """
    source = random.Random(seed)
    clock = FakeClock(monotonic=1000.0)
    rapl = [a_counter(key=key, range_joules=60_000.0) for key in (PACKAGE, SOCKET_1, DRAM)]
    nvml = [a_gpu(key=SeriesKey(Component.GPU, f"GPU-{number}")) for number in range(2)]
    tdp = [a_power_sensor(key=PACKAGE, sensor="tdp", provenance=Provenance.MODELLED)]
    raw = dict.fromkeys([*rapl, *nvml], 50_000.0)
    node = a_node(clock)
    highest: dict[SeriesKey, float] = {}
    parts_before: dict[SeriesKey, float] = {}
    node_before = 0.0
    node.adopt(found(*source.choice([rapl, nvml, tdp])))

    for _ in range(120):
        clock.advance(source.choice([0.02, 0.13, 1.0, 1.0, source.uniform(0, 40)]))
        match source.randrange(30):
            case 0 | 1:
                node.adopt(found(*source.choice([rapl, nvml, tdp])))
            case 2:
                node.adopt(found(source.choice(nvml)))
            case 3:
                node = a_node(clock, saved(node))
                node.adopt(found(*source.choice([rapl, nvml, tdp])))
            case 4:
                raw[source.choice(rapl + nvml)] = 0.0
            case _:
                pass
        for series in source.sample(list(raw), 4):
            raw[series] += source.uniform(0, 100)
            shown = raw[series] % (series.range_joules or float("inf"))
            garbage = source.random() < 0.03
            node.feed(clock.monotonic(), Reading(series, 9e8 if garbage else shown, 100.0), 0.0)
        node.feed(clock.monotonic(), Reading(tdp[0], watts=source.uniform(0, 900)), 0.0)
        states = node.states()
        total, counted = node_joules(node), {state.series.key: state.joules for state in states if state.counted}
        for state in states:
            assert state.joules >= highest.get(state.series.key, 0.0)
            highest[state.series.key] = state.joules
        assert total >= node_before - 1e-6
        if counted.keys() == parts_before.keys():
            risen = sum(counted.values()) - sum(parts_before.values())
            assert total - node_before == pytest.approx(risen, abs=1e-6)
        node_before, parts_before = total, counted
