"""The account of an interval by hand-computed numbers (Eqs. 1 to 5): gross, idle, net, and what is known of each."""

import math

import pytest
from doubles.series import GPU, PACKAGE, a_counter, a_gpu
from hypothesis import given
from hypothesis import strategies as st

from exporter.intervals.accounting import NOTHING, account, device_energy, total
from exporter.intervals.interval import Account, Energy, Usage
from exporter.metering.curve import Edge
from exporter.metering.snapshot import IdleState
from exporter.sensors.sensor import Series
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance

CORE = SeriesKey(Component.CPU, "0", "core")
DRAM = SeriesKey(Component.DRAM, "0", "dram")
PSYS = SeriesKey(Component.PLATFORM, "0", "psys")
SOCKET_1 = SeriesKey(Component.CPU, "1", "package")
SECONDS = 10.0


def edge(joules: float, *, observed: float = 0.0, half_width: float = 0.0, variance: float = 0.0) -> Edge:
    """An edge that is exact unless told otherwise."""
    return Edge(0.0, joules, half_width, variance, observed)


def idle_of(watts: float, spread: float = 0.0) -> IdleState:
    """An idle baseline measured for a minute."""
    return IdleState(watts, spread, "experiment", 60.0, 1.8e9)


def an_account(
    joules: dict[Series, float],
    *,
    uncounted: tuple[SeriesKey, ...] = (),
    observed: dict[SeriesKey, float] | None = None,
    idle: dict[SeriesKey, IdleState] | None = None,
    gpus: tuple[str, ...] | None = None,
) -> Account:
    """Ten seconds in which these series rose by these joules, fully observed unless told otherwise."""
    seen = observed or {}
    return account(
        {series: series.key not in uncounted for series in joules},
        {series.key: edge(1000.0) for series in joules},
        {series.key: edge(1000.0 + rise, observed=seen.get(series.key, SECONDS)) for series, rise in joules.items()},
        SECONDS,
        gpus=gpus,
        idle=idle or {},
        usage=Usage(),
    )


def test_gross_idle_and_net_by_hand() -> None:
    """Eqs. 1 to 5: 2500 J in 10 s on a socket that idles at 60 W are 600 J idle and 1900 J net."""
    energy = an_account({a_counter(): 2500.0}, idle={PACKAGE: idle_of(60.0, 1.5)}).node

    assert (energy.gross_joules, energy.idle_joules, energy.net_joules) == (2500.0, 600.0, 1900.0)
    assert energy.idle_uncertainty_joules == 15.0
    assert (energy.coverage, energy.provenance) == (1.0, Provenance.MEASURED)


def test_node_is_the_sum_of_packages_dram_and_gpus() -> None:
    """Eq. 3: two sockets, memory and a GPU add up, by component and in all."""
    told = an_account(
        {a_counter(): 1000.0, a_counter(key=SOCKET_1): 900.0, a_counter(key=DRAM): 150.0, a_gpu(): 3000.0},
        idle={PACKAGE: idle_of(40.0), SOCKET_1: idle_of(38.0), DRAM: idle_of(5.0), GPU: idle_of(60.0)},
    )

    assert told.node.gross_joules == 5050.0
    assert told.node.idle_joules == pytest.approx(1430.0)
    assert {component: energy.net_joules for component, energy in told.components.items()} == {
        Component.CPU: pytest.approx(1120.0),
        Component.DRAM: pytest.approx(100.0),
        Component.GPU: pytest.approx(2400.0),
    }


def test_subzones_and_the_platform_are_listed_and_never_added() -> None:
    """Cores are inside the package and psys holds everything: both are told by device, neither is in a sum."""
    told = an_account(
        {a_counter(): 1000.0, a_counter(key=CORE): 700.0, a_counter(key=PSYS): 1600.0}, uncounted=(CORE, PSYS)
    )

    assert told.node.gross_joules == 1000.0
    assert set(told.components) == {Component.CPU}
    assert told.components[Component.CPU].gross_joules == 1000.0
    assert {device.key: device.energy.gross_joules for device in told.devices} == {
        PACKAGE: 1000.0,
        CORE: 700.0,
        PSYS: 1600.0,
    }


def test_net_may_be_negative_and_is_not_clipped() -> None:
    """Work that drew less than the idle baseline has a negative net energy, told as it is."""
    energy = an_account({a_counter(): 500.0}, idle={PACKAGE: idle_of(60.0)}).node

    assert energy.net_joules == -100.0


def test_without_an_idle_baseline_net_is_unknown() -> None:
    """Nobody measured idle power: gross is told, idle and net are None and not zero."""
    energy = an_account({a_counter(): 500.0}).node

    assert energy.gross_joules == 500.0
    assert (energy.idle_joules, energy.net_joules, energy.idle_uncertainty_joules) == (None, None, None)


def test_idle_of_a_sum_needs_the_idle_of_all_its_parts() -> None:
    """A node of which one part's idle power is unknown has no idle energy; the known component keeps its own."""
    told = an_account({a_counter(): 500.0, a_gpu(): 900.0}, idle={GPU: idle_of(30.0)})

    assert (told.node.idle_joules, told.node.net_joules) == (None, None)
    assert told.components[Component.GPU].net_joules == 600.0


def test_unobserved_device_is_none_and_not_zero() -> None:
    """A GPU that nobody saw in the interval has no energy, lowers the coverage of the sum, and is noted."""
    told = an_account({a_counter(): 500.0, a_gpu(): 0.0}, observed={GPU: 0.0}, idle={PACKAGE: idle_of(20.0)})
    gpu = told.components[Component.GPU]

    assert (gpu.gross_joules, gpu.idle_joules, gpu.net_joules) == (None, None, None)
    assert (told.node.gross_joules, told.node.coverage) == (500.0, 0.0)
    assert told.notes == ["gpu GPU-0 was not observed at all; its energy is missing from the sum"]


def test_partly_observed_device_says_how_much() -> None:
    """Of a device seen for 7 of 10 s the energy of those is told, with a coverage of 0.7 and a note."""
    told = an_account({a_counter(): 700.0}, observed={PACKAGE: 7.0}, idle={PACKAGE: idle_of(30.0)})

    assert told.node.coverage == pytest.approx(0.7)
    assert told.node.idle_joules == pytest.approx(210.0)  # of the seconds whose gross is known
    assert told.notes == ["cpu 0 was not observed for 3.0 s of 10.0 s"]


def test_zone_that_is_only_shown_lowers_nothing() -> None:
    """Coverage and notes speak of what is counted."""
    told = an_account({a_counter(): 700.0, a_counter(key=CORE): 0.0}, uncounted=(CORE,), observed={CORE: 0.0})

    assert told.node.coverage == 1.0
    assert told.notes == []


def test_sum_has_the_weakest_provenance() -> None:
    """One modelled part makes the whole modelled; each part keeps its own."""
    dimms = a_counter(key=DRAM, provenance=Provenance.MODELLED)
    told = an_account({a_counter(): 100.0, dimms: 20.0})

    assert told.node.provenance is Provenance.MODELLED
    assert told.components[Component.CPU].provenance is Provenance.MEASURED


def test_unobserved_part_does_not_weaken_the_provenance() -> None:
    """What added nothing to a sum does not stand in its label."""
    dimms = a_counter(key=DRAM, provenance=Provenance.MODELLED)
    told = an_account({a_counter(): 100.0, dimms: 0.0}, observed={DRAM: 0.0})

    assert told.node.provenance is Provenance.MEASURED


def test_gpus_out_of_scope_are_not_there() -> None:
    """A job that named its GPUs does not see the others, not even as a device."""
    gpus = {a_gpu(key=SeriesKey(Component.GPU, f"GPU-{number}")): 100.0 * number for number in (1, 2, 3)}
    told = an_account({a_counter(): 50.0, **gpus}, gpus=("GPU-2",))

    assert told.components[Component.GPU].gross_joules == 200.0
    assert [device.key.device for device in told.devices] == ["0", "GPU-2"]


def test_sampling_errors_add_in_square_and_calibration_errors_add_up() -> None:
    """Edges of two devices err independently; a gain error may lean the same way in all, so it is told apart."""
    package, gpu = a_counter(relative_error=0.02), a_gpu(relative_error=0.05)
    told = account(
        {package: True, gpu: True},
        {PACKAGE: edge(0.0, half_width=3.0), GPU: edge(0.0, half_width=4.0)},
        {PACKAGE: edge(100.0, observed=SECONDS), GPU: edge(1000.0, observed=SECONDS)},
        SECONDS,
        gpus=None,
        idle={},
        usage=Usage(),
    )

    assert told.node.uncertainty_joules == pytest.approx(5.0)
    assert told.node.calibration_uncertainty_joules == pytest.approx(2.0 + 50.0)


def test_sampling_uncertainty_holds_both_edges_and_what_is_between() -> None:
    """Two edges of 3 J and 4 J^2 of variance in between: 1.1 sqrt(2) 3 J and 1.96 x 2 J, added in square."""
    series = a_counter()
    energy = device_energy(
        series,
        {PACKAGE: edge(0.0, half_width=3.0, variance=1.0)},
        {PACKAGE: edge(100.0, half_width=3.0, variance=5.0, observed=SECONDS)},
        SECONDS,
        None,
    )

    assert energy.uncertainty_joules == pytest.approx(math.hypot(1.1 * math.sqrt(2) * 3.0, 1.96 * 2.0))


@pytest.mark.parametrize(("seconds", "short"), [(0.19, True), (0.21, False)])
def test_too_short_is_below_two_refreshes(seconds: float, short: bool) -> None:
    """An interval shorter than two ticks of a 100 ms counter is marked, with its value and not without."""
    gpu = a_gpu()
    told = account(
        {gpu: True},
        {GPU: edge(0.0)},
        {GPU: edge(40.0, observed=seconds)},
        seconds,
        gpus=None,
        idle={},
        usage=Usage(),
    )

    assert told.node.gross_joules == 40.0
    assert told.node.below_resolution is short
    assert any("two refreshes" in note for note in told.notes) is short


def test_series_without_both_edges_is_not_in_the_account() -> None:
    """What has no begin, or no end, has no energy between them."""
    package, gpu = a_counter(), a_gpu()
    told = account(
        {package: True, gpu: True},
        {PACKAGE: edge(0.0)},
        {PACKAGE: edge(10.0, observed=1.0), GPU: edge(5.0, observed=1.0)},
        1.0,
        gpus=None,
        idle={},
        usage=Usage(),
    )

    assert [device.key for device in told.devices] == [PACKAGE]


def test_empty_sum_is_nothing() -> None:
    """A sum without parts, or of parts nobody knows, has no value, no provenance and no coverage."""
    assert total([]) == NOTHING
    assert total([NOTHING, NOTHING]) == NOTHING
    assert (NOTHING.gross_joules, NOTHING.net_joules, NOTHING.provenance) == (None, None, None)


@given(
    parts=st.lists(
        st.tuples(st.floats(0.0, 1e9), st.floats(0.0, 1e6), st.floats(0.0, 1e6), st.floats(0.01, 1.0)), min_size=1
    )
)
def test_sum_is_the_sum_of_its_parts(parts: list[tuple[float, float, float, float]]) -> None:
    """Of any parts gross, idle and net add up, and the sum is at least as uncertain and at most as covered as each."""
    energies = [
        Energy(gross, idle, width, 0.0, coverage, Provenance.MEASURED) for gross, idle, width, coverage in parts
    ]
    whole = total(energies)

    assert whole.gross_joules == pytest.approx(math.fsum(gross for gross, *_ in parts))
    assert whole.idle_joules == pytest.approx(math.fsum(idle for _, idle, *_ in parts))
    assert whole.net_joules == pytest.approx(math.fsum(gross - idle for gross, idle, *_ in parts), abs=1e-5)
    assert whole.uncertainty_joules >= max(width for _, _, width, _ in parts) * (1 - 1e-12)
    assert whole.coverage == min(coverage for *_, coverage in parts)
