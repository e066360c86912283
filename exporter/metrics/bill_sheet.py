"""The bill as metric families, on a path lean enough for thousands of lines at every snapshot."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import Metric
from prometheus_client.samples import Sample

from exporter.metering.snapshot import BillState
from exporter.metrics import families
from exporter.metrics.sheet import Sheet, blank, printable

_COMPONENTS = ("cpu", "dram", "gpu")
_CONTAINER, _UNIT = families.CONTAINER_ENERGY.name, families.UNIT_ENERGY.name
_ALLOCATED_IDLE = families.ALLOCATED_IDLE_ENERGY.name


class _LineLabels:
    """The labels of one line, made once: they never change while its totals do."""

    __slots__ = ("by_component", "is_unit", "plain")

    def __init__(self, name: tuple[str, str, str, str, str]) -> None:
        manager, namespace, pod, container, unit = map(printable, name)
        self.is_unit = bool(unit)
        if unit:
            self.plain = {"manager": manager, "unit": unit}
        else:
            self.plain = {"namespace": namespace, "pod": pod, "container": container}
        self.by_component = [{**self.plain, "component": component} for component in _COMPONENTS]


class BillSheet:
    """Makes the families of one bill after the other; samples of a line share their labels with those before."""

    def __init__(self) -> None:
        self._labels: Mapping[tuple[str, str, str, str, str], _LineLabels] = {}

    def metrics(self, bill: BillState) -> Iterator[Metric]:
        """Return the families that hold something."""
        yield from self._lines(bill)
        sheet = Sheet()
        for component, joules in bill.idle.items():
            sheet.add(families.IDLE_ENERGY, joules, (component.value,))
        for component, joules in bill.unattributed.items():
            sheet.add(families.UNATTRIBUTED_ENERGY, joules, (component.value,))
        for component, joules in bill.retired.items():
            sheet.add(families.RETIRED_ENERGY, joules, (component.value,))
        for uuid, method in bill.gpu_methods.items():
            sheet.add(families.GPU_ATTRIBUTION, 1, (uuid, method))
        for state, count in bill.counts.items():
            sheet.add(families.WORKLOADS, count, (state,))
        yield from sheet.metrics()

    def _lines(self, bill: BillState) -> Iterator[Metric]:
        containers, units = blank(families.CONTAINER_ENERGY), blank(families.UNIT_ENERGY)
        allocated_idle = blank(families.ALLOCATED_IDLE_ENERGY)
        known = self._labels
        self._labels = {line.name: known.get(line.name) or _LineLabels(line.name) for line in bill.lines}
        for line, labels in zip(bill.lines, self._labels.values(), strict=True):
            metric, name = (units, _UNIT) if labels.is_unit else (containers, _CONTAINER)
            for component, joules in zip(labels.by_component, (line.cpu, line.dram, line.gpu), strict=True):
                if joules is not None:
                    metric.samples.append(Sample(name, component, joules))
            if line.allocated_idle is not None and not labels.is_unit:
                allocated_idle.samples.append(Sample(_ALLOCATED_IDLE, labels.plain, line.allocated_idle))
        return (metric for metric in (containers, units, allocated_idle) if metric.samples)
