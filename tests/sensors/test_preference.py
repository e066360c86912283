"""Which series count on which machine, and that the reason is a sentence a person can use."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.sensors.preference import ORDER, REPLAY, Choice, choose
from exporter.sensors.sensor import Finding, Quantity, Series
from joulecast.component import Component, SeriesKey, is_node_part
from joulecast.provenance import Provenance

CPU0 = SeriesKey(Component.CPU, "0", "package")
CPU1 = SeriesKey(Component.CPU, "1", "package")
CORE0 = SeriesKey(Component.CPU, "0", "core")
DRAM0 = SeriesKey(Component.DRAM, "0", "dram")
DIMMS = SeriesKey(Component.DRAM, "dimms")
PSYS = SeriesKey(Component.PLATFORM, "psys")
NVIDIA = SeriesKey(Component.GPU, "GPU-1")
RADEON = SeriesKey(Component.GPU, "0000:03:00.0")


def found(sensor: str, *keys: SeriesKey) -> Finding:
    """A sensor with one series for each key."""
    series = [
        Series(key, sensor, Provenance.MEASURED, Quantity.COUNTER, f"{sensor} {key}", 100.0, note=f"by {sensor}")
        for key in keys
    ]
    return Finding(sensor, "found", series)


def outcome(*findings: Finding) -> dict[tuple[str, SeriesKey], Choice]:
    """The choice for each sensor and key."""
    return {(series.sensor, series.key): choice for series, choice in choose(findings).items()}


def counted(*findings: Finding) -> set[tuple[str, SeriesKey]]:
    """What enters node power."""
    return {who for who, choice in outcome(*findings).items() if choice.counted}


def test_a_server_with_every_sensor() -> None:
    """RAPL and NVML count; the models are not used, and zones and psys are shown beside."""
    choices = outcome(
        found("rapl", CPU0, CPU1, CORE0, DRAM0, PSYS), found("nvml", NVIDIA), found("dimm", DIMMS), found("tdp", CPU0)
    )

    assert {who for who, choice in choices.items() if choice.counted} == {
        ("rapl", CPU0), ("rapl", CPU1), ("rapl", DRAM0), ("nvml", NVIDIA),
    }  # fmt: skip
    assert choices["rapl", CPU0].reason == "RAPL package counter, the strongest source here"
    assert choices["rapl", CORE0] == Choice(
        counted=False, metered=True, reason="inside the package: shown, never added"
    )
    assert choices["rapl", PSYS].reason == "the whole machine by its own meter: shown, never added"
    assert choices["dimm", DIMMS] == Choice(
        counted=False, metered=False, reason="DIMM model not used: RAPL has a dram zone"
    )
    assert choices["tdp", CPU0].reason == "TDP model not used: RAPL covers the cpu"


def test_a_machine_without_sensors_counts_its_models() -> None:
    """Nothing but models: they are what there is."""
    choices = outcome(found("dimm", DIMMS), found("tdp", CPU0))

    assert all(choice.counted for choice in choices.values())
    assert choices["tdp", CPU0].reason == "TDP x utilisation, crude, the only source here"


def test_memory_is_modelled_beside_a_rapl_without_dram() -> None:
    """AMD has no dram zone: its packages are measured and its memory modelled."""
    assert counted(found("rapl", CPU0), found("dimm", DIMMS), found("tdp", CPU0)) == {("rapl", CPU0), ("dimm", DIMMS)}


@pytest.mark.parametrize("component", [Component.CPU, Component.DRAM, Component.GPU])
def test_the_order_of_preference(component: Component) -> None:
    """Of any two sensors for one component the one earlier in the order is used, in whichever order they are found."""
    key = {Component.CPU: CPU0, Component.DRAM: DIMMS, Component.GPU: NVIDIA}[component]
    for rank, stronger in enumerate(ORDER[component]):
        for weaker in ORDER[component][rank + 1 :]:
            assert counted(found(stronger, key), found(weaker, key)) == {(stronger, key)}
            assert counted(found(weaker, key), found(stronger, key)) == {(stronger, key)}


def test_gpus_of_two_makers_both_count() -> None:
    """A Radeon by hwmon beside an NVIDIA card by NVML: each device has its own winner."""
    assert counted(found("nvml", NVIDIA), found("hwmon", RADEON)) == {("nvml", NVIDIA), ("hwmon", RADEON)}


def test_prediction_fills_only_gpus_without_power() -> None:
    """A predicted GPU counts where no sensor has that device, and not where one has."""
    other = SeriesKey(Component.GPU, "GPU-2")

    assert counted(found("nvml", NVIDIA), found("predicted", NVIDIA, other)) == {
        ("nvml", NVIDIA),
        ("predicted", other),
    }


def test_the_platform_meter_never_counts() -> None:
    """Not even when it is all there is: it holds what others would hold too."""
    assert counted(found("hwmon", PSYS)) == set()


def test_a_denied_stronger_sensor_is_told() -> None:
    """Where a model stands in for a denied counter, the reason says what access would bring."""
    denied = Finding("rapl", "denied", message="root only", remedy="grant it")
    reason = outcome(denied, found("tdp", CPU0))["tdp", CPU0].reason

    assert reason == "TDP x utilisation, crude, the only source here; RAPL may be better, but access is denied"


def test_an_absent_sensor_is_no_excuse() -> None:
    """Nobody can grant what is not there, so it is not mentioned."""
    absent = Finding("rapl", "absent", message="no powercap")

    assert "RAPL" not in outcome(absent, found("tdp", CPU0))["tdp", CPU0].reason


def test_a_replay_replaces_the_machine() -> None:
    """While a capture is played nothing of the real machine is metered; the capture's zones are shown, as ever."""
    choices = outcome(found("rapl", CPU0), found(REPLAY, CPU0, CORE0, PSYS))

    assert {who for who, choice in choices.items() if choice.counted} == {(REPLAY, CPU0)}
    assert not choices["rapl", CPU0].metered
    assert choices[REPLAY, CPU0].reason == "part of the capture that is played"
    assert choices[REPLAY, CORE0].metered


def test_one_identity_is_shown_once() -> None:
    """Two sensors with the same inner zone: the second would be the same line of /metrics with another value."""
    choices = outcome(found("rapl", CPU0, CORE0), found("hwmon", CORE0))

    assert choices["rapl", CORE0].metered
    assert not choices["hwmon", CORE0].metered
    assert choices["hwmon", CORE0].reason.startswith("not used: rapl")


KEYS = st.sampled_from([CPU0, CPU1, CORE0, DRAM0, DIMMS, PSYS, NVIDIA, RADEON])
SENSORS = st.sampled_from(["rapl", "hwmon", "nvml", "predicted", "dimm", "tdp", "something new"])


@given(machine=st.dictionaries(SENSORS, st.lists(KEYS, unique=True), max_size=7))
def test_on_any_machine_nothing_is_added_twice(machine: dict[str, Sequence[SeriesKey]]) -> None:
    """One sensor for the CPU, one for the memory, one for each GPU; only node parts; every identity shown once."""
    choices = outcome(*[found(sensor, *keys) for sensor, keys in machine.items()])
    parts = [who for who, choice in choices.items() if choice.counted]

    for component in (Component.CPU, Component.DRAM):
        assert len({sensor for sensor, key in parts if key.component is component}) <= 1
    assert len({key for _, key in parts}) == len(parts)
    assert all(is_node_part(key) for _, key in parts)
    shown = [key for (_, key), choice in choices.items() if choice.metered]
    assert len(shown) == len(set(shown))
    found_parts = {key.component for keys in machine.values() for key in keys if is_node_part(key)}
    assert {key.component for _, key in parts} == found_parts
    assert all(choice.reason for choice in choices.values())
