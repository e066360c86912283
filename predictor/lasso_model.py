"""An artifact that answers: completes what it is asked about, evaluates its forms, and says how far to trust them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from predictor.answerable import Answerable
from predictor.answers import CACHE_NOTE, KWH_PER_DAY, cache_factor, follow
from predictor.artifact import read_artifact
from predictor.domain import departures
from predictor.estimate import Contribution, Estimate, Estimates, Quantity, Table
from predictor.form import Band, Form
from predictor.known import figures_of_names

if TYPE_CHECKING:
    from predictor.lasso_table import TableModel


def load_model(path: Path) -> LassoModel:
    """Read an artifact and make it answer. Raises JoulecastError."""
    return LassoModel(read_artifact(path))


class LassoModel(Answerable):
    """A trained Lasso. Immutable: many threads may ask at once."""

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
            found["joules_per_output_token"] = found["joules_per_output_token"].times(cached)
            notes = (*notes, CACHE_NOTE)
        follow(found, known, Quantity.times)
        return Estimate(
            power_watts=found.get("power_watts"),
            joules_per_sample=found.get("joules_per_sample"),
            joules_per_output_token=found.get("joules_per_output_token"),
            kilowatt_hours_per_day=found["power_watts"].times(KWH_PER_DAY) if "power_watts" in found else None,
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


def _quantity(value: float, band: Band) -> Quantity:
    return Quantity(value, value * math.exp(band.p10), value * math.exp(band.p90))


def _contributions(form: Form, z: Sequence[float], y: float, reference: float) -> list[Contribution]:
    """Largest first; the sum is ln(estimate / mean of training)."""
    shares = form.contributions(z)
    shares[form.reference] = shares.get(form.reference, 0.0) + math.log(reference) - form.reference_mean
    over = y - form.linear(z)
    if over:
        shares["bounds of training"] = over
    ordered = sorted(shares.items(), key=lambda each: (-abs(each[1]), each[0]))
    return [Contribution(name, share) for name, share in ordered if share]
