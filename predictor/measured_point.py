"""A point that was measured on one machine: what a model is asked about, and what it should have answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from joulecast.errors import JoulecastError
from predictor.answers import follow
from predictor.known import figures_of_names
from predictor.points import point_of, truth_of
from predictor.record import ESTIMATED, Record


@dataclass(frozen=True, slots=True)
class MeasuredPoint:
    """Features by name, and the truths by target: power_watts, joules_per_sample, joules_per_output_token.

    `scope` says whose energy was measured; "" is that of the model the point is for.
    """

    name: str
    numbers: Mapping[str, float]
    texts: Mapping[str, str]
    truths: Mapping[str, float]
    scope: str = ""

    @property
    def device(self) -> str:
        """As the catalogue names it; "" where none is named."""
        return figures_of_names(self.numbers, self.texts)[1].get("device", "")


def point_of_record(record: Record, inputs: Iterable[str]) -> MeasuredPoint:
    """A measured record as a point. Raises JoulecastError for modelled and predicted energy."""
    refuse_estimated(record.record_id, record.provenance)
    numbers, texts = point_of(record, inputs)
    return MeasuredPoint(record.record_id, numbers, texts, truth_of(record), record.energy_scope)


def refuse_estimated(name: str, provenance: str) -> None:
    """Raises JoulecastError for energy that is an estimate itself."""
    if provenance in ESTIMATED:
        raise JoulecastError(f"{name} holds {provenance} energy", "calibrate by what was measured")


def truths_of(point: MeasuredPoint, known: Mapping[str, float]) -> dict[str, float]:
    """What was measured, and what follows from it by the rates that are known."""
    found = dict(point.truths)
    follow(found, known, lambda truth, factor: truth * factor)
    return found
