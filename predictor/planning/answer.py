"""What was asked and what was answered, with all that a reader must know to trust it no further than it goes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from predictor.estimate import Contribution, Estimate, Input, Quantity
from predictor.planning.source import Source


@dataclass(frozen=True, slots=True)
class Serving:
    """The operating point at which a served rate is met. Rates are those of all replicas together."""

    replicas: int
    concurrency: float  # requests in flight, mean, in each replica
    seconds_per_token: float
    output_tokens_per_second: float
    most_output_tokens_per_second: float  # of one replica, at the most it can have in flight
    busy: float = 1.0  # share of time with anything in flight


@dataclass(frozen=True, slots=True)
class Answer:
    """One answered point. `numbers` and `texts` are what was asked, before the model's inputs were picked from them."""

    numbers: Mapping[str, float]
    texts: Mapping[str, str]
    estimate: Estimate
    serving: Serving | None = None
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Asked:
    """A point, and who is asked about it. What a model does not take is left out, and noted unless it was `derived`."""

    source: Source
    numbers: Mapping[str, float]
    texts: Mapping[str, str]
    derived: frozenset[str] = frozenset()

    def answer(self) -> Answer:
        """The model's answer. Raises InvalidFeature."""
        return Answer(self.numbers, self.texts, self.estimate(), notes=self._not_taken())

    def estimate(self) -> Estimate:
        """The model's estimate alone. Raises InvalidFeature."""
        takes = self.takes
        return self.source.ask(
            {name: value for name, value in self.numbers.items() if name in takes},
            {name: value for name, value in self.texts.items() if name in takes},
        )

    @property
    def takes(self) -> Mapping[str, Input]:
        """The inputs of the model that is asked."""
        return {each.name: each for each in self.source.description.inputs}

    def _not_taken(self) -> tuple[str, ...]:
        left = [name for name in (*self.numbers, *self.texts) if name not in self.takes and name not in self.derived]
        return (f"{self.source.description.name} does not look at {', '.join(left)}",) if left else ()


def scaled(estimate: Estimate, power: float, energy: float) -> Estimate:
    """The same estimate with watts and joules multiplied."""
    return replace(
        estimate,
        power_watts=_times(estimate.power_watts, power),
        kilowatt_hours_per_day=_times(estimate.kilowatt_hours_per_day, power),
        joules_per_sample=_times(estimate.joules_per_sample, energy),
        joules_per_output_token=_times(estimate.joules_per_output_token, energy),
    )


def largest(contributions: Collection[Contribution], most: int) -> tuple[list[Contribution], float]:
    """The largest few, and the logarithm of what all others do together."""
    ordered = sorted(contributions, key=lambda each: -abs(each.log_ratio))
    return ordered[:most], sum(each.log_ratio for each in ordered[most:])


def _times(quantity: Quantity | None, factor: float) -> Quantity | None:
    return None if quantity is None else quantity.times(factor)
