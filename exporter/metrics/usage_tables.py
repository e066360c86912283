"""How busy the machine and its GPUs are, as tables: one row per GPU, one per other thing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from exporter.metering.snapshot import Snapshot
from exporter.metrics.amounts import celsius_text, gibibytes_text, megahertz_text, ratio_text, watts_text
from exporter.metrics.tables import Row, table
from exporter.sensors.nvml.gpu import Gpu
from exporter.usage.source import Gauge, UsageReading

_GPU_HEADS = ("#", "GPU", "model", "#busy", "#memory", "#temperature", "#clock", "#power limit", "slowed by")


def usage_tables(snapshot: Snapshot) -> Iterator[str]:
    """Yield the machine's table, and the GPUs' where there are any."""
    by_gpu: dict[str, list[UsageReading]] = defaultdict(list)
    others = []
    for reading in snapshot.usage:
        if reading.component == "gpu":
            by_gpu[reading.device].append(reading)
        else:
            others.append(reading)
    yield table("Usage", ("of", "device", "detail", "#value"), map(_row, others), "Nothing is known yet.")
    if by_gpu or snapshot.gpus:
        identities = {gpu.uuid: gpu for gpu in snapshot.gpus}
        uuids = dict.fromkeys((*identities, *by_gpu))
        yield table("GPUs", _GPU_HEADS, (_gpu_row(uuid, identities.get(uuid), by_gpu[uuid]) for uuid in uuids), "")


def _row(reading: UsageReading) -> Row:
    if reading.gauge is Gauge.TEMPERATURE:
        return Row((f"{reading.component} temperature", reading.device, reading.detail, celsius_text(reading.value)))
    subject = reading.gauge.value.removesuffix("_ratio").replace("_", " ")
    return Row((subject, reading.device, reading.detail, ratio_text(reading.value)))


def _gpu_row(uuid: str, identity: Gpu | None, readings: Iterable[UsageReading]) -> Row:
    known = list(readings)
    first: dict[Gauge, float] = {}
    for reading in known:
        first.setdefault(reading.gauge, reading.value)
    slowed = [reading.detail for reading in known if reading.gauge is Gauge.GPU_THROTTLED and reading.value]
    return Row(
        (
            str(identity.index) if identity else "",
            uuid,
            identity.model if identity else "",
            _text(first, Gauge.GPU_UTILIZATION),
            " of ".join(filter(None, (_text(first, Gauge.GPU_MEMORY_USED), _text(first, Gauge.GPU_MEMORY_TOTAL)))),
            _text(first, Gauge.TEMPERATURE),
            _text(first, Gauge.GPU_SM_CLOCK),
            _text(first, Gauge.GPU_POWER_LIMIT),
            ", ".join(slowed),
        )
    )


_TEXTS = {
    Gauge.GPU_UTILIZATION: ratio_text,
    Gauge.GPU_MEMORY_USED: gibibytes_text,
    Gauge.GPU_MEMORY_TOTAL: gibibytes_text,
    Gauge.TEMPERATURE: celsius_text,
    Gauge.GPU_SM_CLOCK: megahertz_text,
    Gauge.GPU_POWER_LIMIT: watts_text,
}


def _text(values: Mapping[Gauge, float], gauge: Gauge) -> str:
    """What is known of one gauge, as text; nothing where nothing is known."""
    return _TEXTS[gauge](values[gauge]) if gauge in values else ""
