"""The machine in a few facts: what it is, and how busy."""

from collections.abc import Iterator

from exporter.metrics.page.amounts import celsius_text, ratio_text, total_joules_text
from exporter.metrics.page.markup import Child, Markup, element
from exporter.metrics.page.pieces import section
from exporter.metrics.page.tables import note
from exporter.metrics.page.view import View
from exporter.usage.source import Gauge, UsageReading
from joulecast.footprint.rates import Rates

_RATIOS = {Gauge.CPU_UTILIZATION: "CPU busy", Gauge.MEMORY_UTILIZATION: "Memory in use"}


def machine_section(view: View) -> Markup | None:
    """Terms and their values; nothing where nothing is known."""
    facts = [element("div", element("dt", term), element("dd", value), data_key=term) for term, value in _facts(view)]
    return section("machine", "Machine", element("dl", facts, class_="facts")) if facts else None


def _facts(view: View) -> Iterator[tuple[str, Child]]:
    snapshot = view.snapshot
    if snapshot.cpu is not None:
        cpu = snapshot.cpu
        sockets = "1 socket" if cpu.sockets == 1 else f"{cpu.sockets} sockets"
        yield "Processor", f"{cpu.model or 'unnamed'}, {sockets}, {cpu.logical_cpus} threads"
    for reading in snapshot.usage:
        if reading.gauge in _RATIOS:
            yield _RATIOS[reading.gauge], ratio_text(reading.value)
        elif reading.gauge is Gauge.TEMPERATURE and reading.component != "gpu":
            yield _probe(reading), celsius_text(reading.value)
    for (component, device), residual in snapshot.residuals.items():
        yield f"Model against sensor, {component.value} {device}".rstrip(), f"{residual * 100:+.0f} %"
    yield from _rates(view.rates)
    if snapshot.exporter_joules is not None:
        yield "This exporter's own use", total_joules_text(snapshot.exporter_joules)


def _rates(rates: Rates) -> Iterator[tuple[str, Child]]:
    if rates.intensity is not None:
        intensity = rates.intensity
        cited = " ".join(filter(None, (intensity.country or intensity.zone, f"({intensity.cited})")))
        yield "Carbon intensity", (f"{intensity.grams_per_kwh:g} g CO\N{SUBSCRIPT TWO}e/kWh", note(cited))
    if rates.price is not None:
        yield "Electricity", f"{rates.price.per_kwh:g} {rates.price.currency}/kWh"
    if rates.pue is not None:
        yield "PUE", f"{rates.pue:g}"


def _probe(reading: UsageReading) -> str:
    of = " ".join(filter(None, (reading.component.upper(), reading.device)))
    return f"{of} temperature" + (f", {reading.detail}" if reading.detail else "")
