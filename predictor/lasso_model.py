"""An artifact that answers: completes what it is asked about, evaluates its forms, and says how far to trust them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.answers import CACHE_NOTE, KWH_PER_DAY, RATES, cache_factor, follow
from predictor.artifact import Artifact, Variant, read_artifact
from predictor.domain import departures
from predictor.estimate import (
    Contribution,
    Departure,
    Description,
    Estimate,
    Estimates,
    InvalidFeature,
    Quantity,
    Table,
)
from predictor.form import Band, Form
from predictor.known import figures_of_names
from predictor.ways import Plan, plan

if TYPE_CHECKING:
    from predictor.lasso_table import TableModel


def plain(name: str) -> str:
    """A name without what people write differently: case, dashes, underscores.

    >>> plain("vLLM-0.11.1")
    'vllm 0.11.1'
    """
    return name.strip().lower().replace("-", " ").replace("_", " ")


def load_model(path: Path) -> LassoModel:
    """Read an artifact and make it answer. Raises JoulecastError."""
    return LassoModel(read_artifact(path))


class LassoModel:
    """A trained Lasso. Immutable: many threads may ask at once."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self._stands_for = {
            name: {plain(alias): trained for alias, trained in table.items()}
            for name, table in artifact.stands_for.items()
        }
        self._trained_names = {
            each.name: {plain(value): value for value in each.values} for each in artifact.inputs if each.is_text
        }
        # A variant and the way to what it needs, by what is given; the kinds of request are few.
        self._plans: dict[frozenset[str], tuple[Variant, Plan]] = {}

    @cached_property
    def description(self) -> Description:
        """What it takes, and how good it is."""
        it = self.artifact
        return Description(it.name, it.version, it.question, it.scope, it.inputs, it.evaluations, it.provenance)

    def estimate(
        self, numbers: Mapping[str, float], texts: Mapping[str, str], *, contributions: bool = True
    ) -> Estimate:
        """Answer one point whose features were checked against `description.inputs`. Raises InvalidFeature."""
        known, names = figures_of_names(numbers, texts)
        variant, way = self.way(frozenset(known))
        way.complete(known)
        left = departures(variant.forms, known) + self.foreign(names)
        names = {kind: self.trained_name(kind, name) for kind, name in names.items()}
        outside = bool(left)
        found: dict[str, Quantity] = {}
        shares: list[Contribution] = []
        for form in variant.forms:
            z = form.standardised(known, names)
            y = form.bounded(form.linear(z))
            found[form.target] = _quantity(
                known[form.reference] * math.exp(y), form.outer_band if outside else form.band
            )
            if contributions and not shares:
                shares = _contributions(form, z, y, known[form.reference])
        notes = (*self.artifact.notes, *(f"assumed: {each}" for each in way.assumptions))
        cached = cache_factor(known)
        if cached is not None and "joules_per_output_token" in found:
            found["joules_per_output_token"] = _times(found["joules_per_output_token"], cached)
            notes = (*notes, CACHE_NOTE)
        follow(found, known, _times)
        return Estimate(
            power_watts=found.get("power_watts"),
            joules_per_sample=found.get("joules_per_sample"),
            joules_per_output_token=found.get("joules_per_output_token"),
            kilowatt_hours_per_day=_times(found["power_watts"], KWH_PER_DAY) if "power_watts" in found else None,
            departures=left,
            contributions=shares,
            notes=notes,
            scope=names.get("energy_scope", ""),
        )

    def estimate_table(self, table: Table) -> Estimates:
        """Answer many: the same numbers as one by one, to rounding. Loads numpy."""
        return self._table_model.estimate(table)

    @cached_property
    def _table_model(self) -> TableModel:
        from predictor.lasso_table import TableModel

        return TableModel(self)

    def trained_name(self, kind: str, name: str) -> str:
        """The name in training that a name means or, where there was no such thing, stands for; else itself.

        `vllm 0.6.3` stands for what the longest listed beginning of it does: `vllm 0.6`, else `vllm`.
        """
        simple = plain(name)
        trained = self._trained_names.get(kind, {}).get(simple)
        if trained is not None:
            return trained
        table = self._stands_for.get(kind, {})
        starts = [alias for alias in table if simple.startswith(alias)]
        return table[max(starts, key=len)] if starts else name

    def foreign(self, names: Mapping[str, str]) -> list[Departure]:
        """The names that were not in training, and a device that has none."""
        left = []
        for kind, trained in self._trained_names.items():
            name = names.get(kind)
            if not trained or (name is None and kind != "device"):
                continue
            if name is None or plain(name) not in trained:
                left.append(Departure(kind, text=name or "not named"))
        return left

    def way(self, given: frozenset[str]) -> tuple[Variant, Plan]:
        """The first variant that can answer from these quantities, and how. Raises InvalidFeature."""
        found = self._plans.get(given)
        if found is None:
            found = self._way(given)
            if len(self._plans) < 4096:
                self._plans[given] = found
        return found

    def _way(self, given: frozenset[str]) -> tuple[Variant, Plan]:
        fewest: tuple[str, ...] | None = None
        for variant in self.artifact.variants:
            wanted = tuple(dict.fromkeys(name for form in variant.forms for name in form.wanted))
            needed = plan(given, wanted)
            if not needed.missing:
                welcome = tuple(name for form in variant.forms for name in form.welcome)
                full = plan(given, tuple(dict.fromkeys([*wanted, *welcome, *RATES])))
                return variant, full
            if fewest is None or len(needed.missing) < len(fewest):
                fewest = needed.missing
        missing = fewest or ()
        raise InvalidFeature(
            missing[0] if missing else "",
            f"{self.artifact.name} needs {' and '.join(missing)}, which does not follow from what is given",
            "give it, or what it follows from; DescribeModel lists all features",
        )


def _quantity(value: float, band: Band) -> Quantity:
    return Quantity(value, value * math.exp(band.p10), value * math.exp(band.p90))


def _times(quantity: Quantity, factor: float) -> Quantity:
    return Quantity(quantity.value * factor, quantity.p10 * factor, quantity.p90 * factor)


def _contributions(form: Form, z: Sequence[float], y: float, reference: float) -> list[Contribution]:
    """Largest first; the sum is ln(estimate / mean of training)."""
    shares = form.contributions(z)
    shares[form.reference] = shares.get(form.reference, 0.0) + math.log(reference) - form.reference_mean
    over = y - form.linear(z)
    if over:
        shares["bounds of training"] = over
    ordered = sorted(shares.items(), key=lambda each: (-abs(each[1]), each[0]))
    return [Contribution(name, share) for name, share in ordered if share]
