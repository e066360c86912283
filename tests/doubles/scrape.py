"""One scrape of /metrics, parsed by Prometheus's own client library."""

from collections.abc import Mapping
from typing import NamedTuple

from prometheus_client.parser import text_string_to_metric_families


class Sample(NamedTuple):
    """One line."""

    name: str
    labels: Mapping[str, str]
    value: float


class Scrape:
    """Every sample of one exposition."""

    def __init__(self, text: str) -> None:
        self.lines = [
            Sample(sample.name, dict(sample.labels), sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        ]

    def samples(self, name: str, **labels: str) -> list[Sample]:
        """All samples of that name whose labels include these."""
        return [line for line in self.lines if line.name == name and labels.items() <= line.labels.items()]

    def value(self, name: str, **labels: str) -> float | None:
        """The one value of that name and these labels; None if there is no such series."""
        found = self.samples(name, **labels)
        assert len(found) <= 1, f"{len(found)} series of {name} have {labels}"
        return found[0].value if found else None

    def joules(self) -> dict[str, float]:
        """Every energy total, by "component/device/zone"; node energy is called "node"."""
        totals = {
            "/".join(line.labels[label] for label in ("component", "device", "zone")): line.value
            for line in self.samples("joulecast_energy_joules_total")
        }
        node = self.value("joulecast_node_energy_joules_total")
        return totals if node is None else {**totals, "node": node}
