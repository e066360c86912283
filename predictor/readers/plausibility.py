"""Values of one record that contradict each other: said, not refused, for only their owner knows which is right."""

from collections.abc import Iterator, Sequence

from predictor.record import Record

_TOLERANCE = 0.05
_SIZE_FACTOR = 3.0
_POWER_SHARES = (0.01, 3.0)  # of what the devices' TDPs add up to: beyond, a unit is wrong or devices are miscounted


def contradictions(records: Sequence[Record]) -> list[str]:
    """One line for each kind of contradiction: how often, and where first."""
    found: dict[str, list[str]] = {}
    for record in records:
        for kind, detail in _contradictions_of(record):
            found.setdefault(kind, []).append(f"{record.record_id}: {detail}")
    return [f"{len(all_)} records: {kind} (first {all_[0]})" for kind, all_ in found.items()]


def _contradictions_of(record: Record) -> Iterator[tuple[str, str]]:
    power, rate, energy = record.mean_power_watts, record.samples_per_second, record.energy_joules_per_sample
    if power is not None and rate is not None and energy is not None and _apart(power / rate, energy):
        yield "power / rate is not the energy of a sample", f"{power / rate:.4g} J, not {energy:.4g} J"
    per_token, tokens = record.energy_joules_per_output_token, record.average_output_tokens
    if per_token is not None and tokens is not None and energy is not None and _apart(per_token * tokens, energy):
        yield "energy of a token x tokens is not that of a sample", f"{per_token * tokens:.4g} J, not {energy:.4g} J"
    samples, duration = record.samples, record.duration_seconds
    if samples is not None and duration is not None and rate is not None and _apart(samples / duration, rate):
        yield "samples / duration is not the rate", f"{samples / duration:.4g}/s, not {rate:.4g}/s"
    yield from _of_the_devices(record)


def _of_the_devices(record: Record) -> Iterator[tuple[str, str]]:
    count = record.device_count or 1.0
    tdp, power = record.device_tdp_watts, record.mean_power_watts
    if tdp is not None and power is not None and record.energy_scope == "gpu":
        share = power / (count * tdp)
        if not _POWER_SHARES[0] <= share <= _POWER_SHARES[1]:
            yield "power is not what such devices draw", f"{power:.4g} W of {count:g} x {tdp:g} W"
    size, memory = record.model_size_bytes, record.device_memory_bytes
    if size is not None and memory is not None and record.device_kind == "gpu" and size > memory * count:
        yield "the model is larger than the memory", f"{size:.3g} bytes in {count:g} x {memory:.3g}"
    parameters, each = record.parameters_total, record.bytes_per_parameter
    if (
        size is not None
        and parameters is not None
        and each is not None
        and not 1 / _SIZE_FACTOR <= size / (parameters * each) <= _SIZE_FACTOR
    ):
        yield "parameters x bytes of each is not the size", f"{parameters * each:.3g} bytes, not {size:.3g}"


def _apart(one: float, other: float) -> bool:
    return abs(one - other) > _TOLERANCE * other
