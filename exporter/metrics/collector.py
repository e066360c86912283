"""From the last snapshot to metric families. Collecting never reads a sensor and consumes nothing."""

import platform
from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from exporter.intervals.figures import IntervalFigures
from exporter.metering.snapshot import SensorState, SeriesState, Snapshot
from exporter.metrics import families
from exporter.metrics.bill_sheet import BillSheet
from exporter.metrics.families import FAMILIES, Family
from exporter.metrics.sheet import Sheet, blanks, is_known
from exporter.usage.source import Gauge, UsageReading
from joulecast.component import is_node_part
from joulecast.footprint.rates import NO_RATES, Rates
from joulecast.version import __version__


class NodeCollector(Collector):
    """Everything this node says about itself, for a `CollectorRegistry`. Safe to collect from any thread.

    Families are built once per snapshot, so that any number of scrapers between two periods cost only the writing.
    """

    def __init__(
        self,
        latest: Callable[[], Snapshot],
        figures: Callable[[], IntervalFigures],
        rates: Rates = NO_RATES,
        *,
        replaying: str = "",
    ) -> None:
        """`replaying` names the capture that is played in place of this machine."""
        self._latest = latest
        self._figures = figures
        self._fixed = list(_fixed_sheet(rates, replaying).metrics())
        self._bill = BillSheet()
        # Each is replaced as a whole; two threads may at worst build the same twice.
        self._node: tuple[Snapshot, list[Metric]] | None = None
        self._intervals: tuple[IntervalFigures, list[Metric]] | None = None

    def describe(self) -> list[Metric]:
        """Every family that may ever appear, without samples."""
        return blanks(FAMILIES)

    def collect(self) -> Iterator[Metric]:
        """Yield the families as of the last snapshot."""
        yield from self._node_metrics(self._latest())
        yield from self._interval_metrics(self._figures())
        yield from self._fixed

    def _node_metrics(self, snapshot: Snapshot) -> list[Metric]:
        built = self._node
        if built is None or built[0] is not snapshot:
            metrics = list(_node_sheet(snapshot).metrics())
            if snapshot.bill is not None:
                metrics += self._bill.metrics(snapshot.bill)
            built = self._node = (snapshot, metrics)
        return built[1]

    def _interval_metrics(self, figures: IntervalFigures) -> list[Metric]:
        built = self._intervals
        if built is None or built[0] != figures:
            built = self._intervals = (figures, list(_interval_sheet(figures).metrics()))
        return built[1]


def _fixed_sheet(rates: Rates, replaying: str) -> Sheet:
    """What stays as it is while the exporter runs."""
    sheet = Sheet()
    if replaying:
        sheet.add(families.REPLAY_INFO, 1, (replaying,))
    if rates.intensity is not None:
        intensity = rates.intensity
        sheet.add(families.CARBON_INTENSITY, intensity.grams_per_kwh, (intensity.zone, intensity.cited))
    if rates.price is not None:
        sheet.add(families.ELECTRICITY_PRICE, rates.price.per_kwh, (rates.price.currency,))
    sheet.add(families.PUE, rates.pue)
    return sheet


def _node_sheet(snapshot: Snapshot) -> Sheet:
    sheet = Sheet()
    sheet.add(families.BUILD_INFO, 1, (__version__, platform.python_version()))
    _add_identities(sheet, snapshot)
    for state in snapshot.series:
        if is_summed_once(state):
            _add_series(sheet, state)
    _add_node(sheet, snapshot)
    for reading in snapshot.usage:
        _add_usage(sheet, reading)
    for uuid, ratio in snapshot.counter_to_power.items():
        sheet.add(families.GPU_ENERGY_TO_POWER, ratio, (uuid,))
    for (component, device), residual in snapshot.residuals.items():
        sheet.add(families.PREDICTION_RESIDUAL, residual, (component.value, device))
    for sensor in snapshot.sensors:
        _add_sensor(sheet, sensor)
    return sheet


def is_summed_once(state: SeriesState) -> bool:
    """Whether a series can be published without being added twice by the query for node power.

    A second way of knowing a part that is already counted has labels like a part; only the status page shows it.
    """
    return state.counted or not is_node_part(state.series.key)


def _add_identities(sheet: Sheet, snapshot: Snapshot) -> None:
    if snapshot.cpu is not None:
        cpu = snapshot.cpu
        sheet.add(families.CPU_INFO, 1, (cpu.model, str(cpu.sockets), str(cpu.logical_cpus)))
    for gpu in snapshot.gpus:
        sheet.add(families.GPU_INFO, 1, (gpu.uuid, str(gpu.index), gpu.model, gpu.driver, gpu.pci_bus_id))


def _add_series(sheet: Sheet, state: SeriesState) -> None:
    key = state.series.key
    labels = (key.component.value, key.device, key.zone, state.series.provenance.value)
    sheet.add(families.POWER, state.watts, labels)
    # An error bar without its value would say that something is known.
    sheet.add(families.POWER_UNCERTAINTY, state.uncertainty_watts if is_known(state.watts) else None, labels)
    sheet.add(families.ENERGY, state.joules, labels)


def _add_node(sheet: Sheet, snapshot: Snapshot) -> None:
    if snapshot.node_provenance is not None:
        labels = (snapshot.node_provenance.value,)
        sheet.add(families.NODE_POWER, snapshot.node_watts, labels)
        sheet.add(families.NODE_ENERGY, snapshot.node_joules, labels)
    for key, idle in snapshot.idle.items():
        # A zone inside a package would collide with it: the baseline has no zone label.
        if is_node_part(key):
            sheet.add(families.IDLE_POWER, idle.watts, (key.component.value, key.device))
    sheet.add(families.EXPORTER_ENERGY, snapshot.exporter_joules)


def _device(reading: UsageReading) -> Sequence[str]:
    return (reading.device,)


# Where each gauge goes, and which of its parts are the labels.
_USAGE: dict[Gauge, tuple[Family, Callable[[UsageReading], Sequence[str]]]] = {
    Gauge.CPU_UTILIZATION: (families.CPU_UTILIZATION, lambda _: ()),
    Gauge.MEMORY_UTILIZATION: (families.MEMORY_UTILIZATION, lambda _: ()),
    Gauge.GPU_UTILIZATION: (families.GPU_UTILIZATION, _device),
    Gauge.GPU_MEMORY_USED: (families.GPU_MEMORY_USED, _device),
    Gauge.GPU_MEMORY_TOTAL: (families.GPU_MEMORY_TOTAL, _device),
    Gauge.GPU_POWER_LIMIT: (families.GPU_POWER_LIMIT, _device),
    Gauge.GPU_SM_CLOCK: (families.GPU_CLOCK, lambda reading: (reading.device, "sm")),
    Gauge.GPU_MEMORY_CLOCK: (families.GPU_CLOCK, lambda reading: (reading.device, "memory")),
    Gauge.GPU_THROTTLED: (families.GPU_THROTTLED, lambda reading: (reading.device, reading.detail)),
    Gauge.TEMPERATURE: (
        families.TEMPERATURE,
        lambda reading: (reading.component, reading.device, reading.detail),
    ),
}


def _add_usage(sheet: Sheet, reading: UsageReading) -> None:
    family, labels_of = _USAGE[reading.gauge]
    sheet.add(family, reading.value, labels_of(reading))


def _add_sensor(sheet: Sheet, sensor: SensorState) -> None:
    if sensor.status == "absent":
        return
    labels = (sensor.sensor,)
    sheet.add(families.SENSOR_UP, 1 if sensor.status == "up" else 0, labels)
    sheet.add(families.SENSOR_READ, sensor.read_seconds, labels)
    sheet.add(families.SENSOR_LAST_SUCCESS, sensor.last_success_wall, labels)
    for reason, count in sensor.rejected.items():
        sheet.add(families.SENSOR_REJECTED, count, (sensor.sensor, reason))


def _interval_sheet(figures: IntervalFigures) -> Sheet:
    sheet = Sheet()
    sheet.add(families.INTERVALS_OPEN, figures.open)
    for (job, phase, component, provenance), joules in figures.energy.items():
        sheet.add(families.INTERVAL_ENERGY, joules, (job, phase, component.value, provenance.value))
    for labels, count in figures.ended.items():
        sheet.add(families.INTERVALS, count, labels)
    for pair, net in figures.net.items():
        sheet.add_histogram(families.INTERVAL_NET, net.counts, net.sum_joules, pair)
    return sheet
