"""GPUs: one row of everything a driver tells about a board, beside the power it draws."""

from collections.abc import Iterable, Mapping, Sequence

from exporter.metering.snapshot import SeriesState, Snapshot
from exporter.metrics.page.amounts import celsius_text, gibibytes_text, megahertz_text, ratio_text, watts
from exporter.metrics.page.drawings import level_bar, power_bar
from exporter.metrics.page.markup import Child, Markup, element
from exporter.metrics.page.pieces import quantity, section
from exporter.metrics.page.tables import Column, Row, absent, note, table
from exporter.metrics.page.view import View
from exporter.sensors.nvml.gpu import Gpu
from exporter.usage.source import Gauge, UsageReading
from joulecast.component import Component

_COLUMNS = (
    Column("GPU"),
    Column("Power", number=True),
    Column("Busy", number=True),
    Column("Memory", number=True),
    Column("Temperature", number=True),
    Column("Clock", number=True),
    Column("Slowed by"),
)
_UNTOLD = "not told"


def gpus_section(view: View) -> Markup | None:
    """The boards, or nothing where there are none."""
    snapshot = view.snapshot
    identities = {gpu.uuid: gpu for gpu in snapshot.gpus}
    told = {reading.device for reading in snapshot.usage if reading.component == "gpu" and reading.device}
    uuids = dict.fromkeys((*identities, *sorted(told)))
    if not uuids:
        return None
    rows = (_row(uuid, identities.get(uuid), snapshot) for uuid in uuids)
    return section("gpus", "GPUs", table("GPUs: power, usage and limits", _COLUMNS, rows, kind="gpus"))


def _row(uuid: str, identity: Gpu | None, snapshot: Snapshot) -> Row:
    readings = [reading for reading in snapshot.usage if reading.component == "gpu" and reading.device == uuid]
    first: dict[Gauge, float] = {}
    for reading in readings:
        first.setdefault(reading.gauge, reading.value)
    limit = first.get(Gauge.GPU_POWER_LIMIT, identity.power_limit_watts if identity else None)
    cells = (
        _name(uuid, identity),
        _power(_series_of(uuid, snapshot.series), limit),
        _busy(first),
        _memory(first),
        celsius_text(first[Gauge.TEMPERATURE]) if Gauge.TEMPERATURE in first else absent(_UNTOLD),
        megahertz_text(first[Gauge.GPU_SM_CLOCK]) if Gauge.GPU_SM_CLOCK in first else absent(_UNTOLD),
        _slowed(readings),
    )
    return Row(uuid, cells)


def _name(uuid: str, identity: Gpu | None) -> Child:
    if identity is None:
        return element("span", uuid, class_="break")
    return (f"{identity.index} · {identity.model}", note(element("span", uuid, class_="break")))


def _series_of(uuid: str, series: Iterable[SeriesState]) -> SeriesState | None:
    return next((s for s in series if s.series.key.component is Component.GPU and s.series.key.device == uuid), None)


def _power(state: SeriesState | None, limit: float | None) -> Child:
    of = None if limit is None else note(f"of {watts(limit)}")
    if state is None or state.watts is None:
        return (absent("no reading"), of)
    bar = None
    if limit:
        bar = power_bar(Component.GPU, state.watts, state.uncertainty_watts, limit, state.series.provenance)
    return (quantity(state.watts, watts(state.watts, state.uncertainty_watts)), bar, of)


def _busy(values: Mapping[Gauge, float]) -> Child:
    busy = values.get(Gauge.GPU_UTILIZATION)
    if busy is None:
        return absent(_UNTOLD)
    return (ratio_text(busy), level_bar(Component.GPU, busy, 1.0))


def _memory(values: Mapping[Gauge, float]) -> Child:
    used, whole = values.get(Gauge.GPU_MEMORY_USED), values.get(Gauge.GPU_MEMORY_TOTAL)
    of = None if whole is None else note(f"of {gibibytes_text(whole)}")
    if used is None:
        return (absent(_UNTOLD), of)
    return (gibibytes_text(used), level_bar(Component.GPU, used, whole) if whole else None, of)


def _slowed(readings: Sequence[UsageReading]) -> Child:
    told = [reading for reading in readings if reading.gauge is Gauge.GPU_THROTTLED]
    reasons = [reading.detail.replace("_", " ") for reading in told if reading.value]
    if reasons:
        return element("span", ", ".join(reasons), class_="warn")
    return "nothing" if told else absent(_UNTOLD)
