"""What is asked of a model and what it answers: the port between artifacts and those who serve or print them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from joulecast.errors import JoulecastError

if TYPE_CHECKING:  # whoever asks about one point at a time needs no numpy
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


class Question(StrEnum):
    """What a model answers; the values are the lower-case names of the wire's `Question`."""

    GENERATIVE_KNOWN_RUNTIME = "generative_known_runtime"
    GENERATIVE_A_PRIORI = "generative_a_priori"
    DISCRIMINATIVE = "discriminative"
    DIFFUSION = "diffusion"
    NODE_POWER = "node_power"


class InvalidFeature(JoulecastError):
    """A feature that cannot be: its name, what is wrong, and what to give instead."""

    def __init__(self, feature: str, problem: str, remedy: str) -> None:
        super().__init__(problem, remedy)
        self.feature = feature


@dataclass(frozen=True, slots=True)
class Input:
    """A feature a model takes. What is not required may be left out, and is then filled in or done without.

    `least` and `most` bound what can be at all (an error beyond); `lowest` and `highest` what was in training (a
    departure beyond). Numbers are finite, and positive unless `least_is_allowed` lets them be `least` itself.
    """

    name: str
    unit: str = ""
    meaning: str = ""
    required: bool = False
    is_text: bool = False
    least: float = 0.0
    least_is_allowed: bool = False
    most: float | None = None
    lowest: float | None = None
    highest: float | None = None
    values: tuple[str, ...] = ()  # of a text: those in training


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How far off a model was under one split. Errors are ratios of the truth; see the field names of the wire."""

    split: str
    records: int
    mape: float
    median_ape: float
    r2_log: float | None = None
    within_factor_two: float | None = None
    band_coverage: float | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """A model as DescribeModel shows it. `scope` says whose energy: "gpu", "cpu+dram", "wall", ..."""

    name: str
    version: str
    question: Question
    scope: str
    inputs: tuple[Input, ...]
    evaluations: tuple[Evaluation, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)


class Quantity(NamedTuple):
    """A value and the band that holds 80 % of truths."""

    value: float
    p10: float
    p90: float

    def times(self, factor: float) -> Quantity:
        """The same, so many times."""
        return Quantity(self.value * factor, self.p10 * factor, self.p90 * factor)


@dataclass(frozen=True, slots=True)
class Departure:
    """A feature outside what the model was trained on: `value` of a number, `text` of a name."""

    feature: str
    value: float | None = None
    text: str = ""
    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True, slots=True)
class Contribution:
    """How far one feature moves the estimate from that of the mean training record, as a natural logarithm."""

    feature: str
    log_ratio: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """The answer to one point. What cannot be said is None."""

    power_watts: Quantity | None = None
    joules_per_sample: Quantity | None = None
    joules_per_output_token: Quantity | None = None
    kilowatt_hours_per_day: Quantity | None = None
    departures: Sequence[Departure] = ()
    contributions: Sequence[Contribution] = ()
    notes: Sequence[str] = ()
    scope: str = ""  # where it differs from the model's

    @property
    def in_domain(self) -> bool:
        """Everything lies within what the model was trained on."""
        return not self.departures


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of names as a dictionary: row i is `values[indexes[i]]`."""

    values: Sequence[str]
    indexes: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Table:
    """Operating points in columns, each of `rows` values, already checked against the model's inputs."""

    rows: int
    numbers: Mapping[str, Numbers]
    texts: Mapping[str, Texts]


@dataclass(frozen=True, slots=True)
class QuantityColumn:
    """One quantity of every row; NaN where a row could not be answered."""

    value: Numbers
    p10: Numbers
    p90: Numbers

    def times(self, factor: Numbers | float) -> QuantityColumn:
        """The same, so many times."""
        return QuantityColumn(self.value * factor, self.p10 * factor, self.p90 * factor)


@dataclass(frozen=True, slots=True)
class RowError:
    """Why one row could not be answered."""

    row: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Estimates:
    """The answers to a table, row by row."""

    in_domain: NDArray[np.bool_]
    power_watts: QuantityColumn | None = None
    joules_per_sample: QuantityColumn | None = None
    joules_per_output_token: QuantityColumn | None = None
    kilowatt_hours_per_day: QuantityColumn | None = None
    errors: Sequence[RowError] = ()
    notes: Sequence[str] = ()


class Model(Protocol):
    """A loaded artifact. Immutable, so that many threads may ask at once."""

    @property
    def description(self) -> Description:
        """What it takes, and how good it is."""

    def estimate(
        self, numbers: Mapping[str, float], texts: Mapping[str, str], *, contributions: bool = True
    ) -> Estimate:
        """Answer one point whose features were checked against `description.inputs`. Raises InvalidFeature."""

    def estimate_table(self, table: Table) -> Estimates:
        """Answer many: the same numbers as one by one, to rounding."""
