"""A model simple enough to check by hand: a share of the devices' power, whatever runs on them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from predictor.estimate import (
    Contribution,
    Departure,
    Description,
    Estimate,
    Estimates,
    Input,
    InvalidFeature,
    Quantity,
    QuantityColumn,
    Question,
    RowError,
    Table,
)

TDP = {"H100": 700.0, "A100": 400.0}
FASTEST = 40.0  # requests per second in "training"


@dataclass(frozen=True)
class ShareModel:
    """Power is `share` of the device's TDP; the band is 10 % below and 20 % above."""

    name: str = "share"
    version: str = "1"
    share: float = 0.5
    question: Question = Question.GENERATIVE_KNOWN_RUNTIME

    @property
    def description(self) -> Description:
        """Two numbers and a device."""
        return Description(
            self.name,
            self.version,
            self.question,
            "gpu",
            (
                Input("request_rate", "1/s", "requests completed per second", required=True, highest=FASTEST),
                Input("parameters", "1", "weights of the model", least=1000),
                Input("cache_hit_rate", "ratio", least_is_allowed=True, most=1.0),
                Input("device", meaning="the GPU's name", required=True, is_text=True, values=tuple(TDP)),
            ),
            provenance={"trained_on": "nothing"},
        )

    def estimate(
        self, numbers: Mapping[str, float], texts: Mapping[str, str], *, contributions: bool = True
    ) -> Estimate:
        """By hand: share x TDP / rate."""
        watts, rate = self.share * _tdp(texts["device"]), numbers["request_rate"]
        return Estimate(
            _band(watts),
            _band(watts / rate),
            kilowatt_hours_per_day=_band(watts * 0.024),
            departures=[Departure("request_rate", rate, highest=FASTEST)] if rate > FASTEST else [],
            contributions=[Contribution("device", 0.25)] if contributions else [],
            notes=["half of nothing"],
        )

    def estimate_table(self, table: Table) -> Estimates:
        """The same, in columns."""
        devices, rates = table.texts["device"], table.numbers["request_rate"]
        known = np.array([TDP.get(value, np.nan) for value in devices.values])
        watts = self.share * known[devices.indexes]
        unknown = np.flatnonzero(np.isnan(watts))
        return Estimates(
            in_domain=rates <= FASTEST,
            power_watts=_bands(watts),
            joules_per_sample=_bands(watts / rates),
            errors=[RowError(int(row), "device", "unknown device") for row in unknown],
        )


def load_share_model(path: Path) -> ShareModel:
    """Read one from JSON; a truncated file raises."""
    values: dict[str, Any] = json.loads(path.read_text())
    question = Question(values.pop("question", Question.GENERATIVE_KNOWN_RUNTIME))
    return ShareModel(**values, question=question)


def write_share_model(path: Path, **values: Any) -> None:
    """Put an artifact in place at once, as a careful writer does."""
    half = path.with_suffix(".part")
    half.write_text(json.dumps(values))
    half.replace(path)


def _tdp(device: str) -> float:
    if device not in TDP:
        raise InvalidFeature("device", f"unknown device {device!r}", "did you mean H100?")
    return TDP[device]


def _band(value: float) -> Quantity:
    return Quantity(value, value * 0.9, value * 1.2)


def _bands(values: Any) -> QuantityColumn:
    return QuantityColumn(values, values * 0.9, values * 1.2)
