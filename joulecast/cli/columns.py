"""The columns of an exported file: names, kinds, and where each is found in a result."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from statistics import fmean
from typing import Any, Literal, NamedTuple

from joulecast.client.result import UNKNOWN, Result
from joulecast.component import Component

# `json` is for what has an open set of keys.
Kind = Literal["text", "number", "flag", "time", "json"]


class Field(NamedTuple):
    """One column; `of` gives None for what is not known."""

    name: str
    kind: Kind
    of: Callable[[Result], Any]


def _component_field(component: Component, what: str, kind: Kind) -> Field:
    def value(result: Result) -> Any:
        return getattr(result.components.get(component.value, UNKNOWN), what)

    return Field(f"{component}_{what}", kind, value)


def _mean_over_gpus(ratio: str) -> Callable[[Result], float | None]:
    def mean(result: Result) -> float | None:
        known = [value for gpu in result.usage.gpus if (value := getattr(gpu, ratio)) is not None]
        return fmean(known) if known else None

    return mean


def _plain(kind: Kind, *names: str, inside: str = "") -> list[Field]:
    return [Field(name, kind, attrgetter(f"{inside}{name}")) for name in names]


def _container_field(name: str, kind: Kind, what: str) -> Field:
    def value(result: Result) -> Any:
        found = None if result.container is None else getattr(result.container, what)
        return None if found == "" else found

    return Field(name, kind, value)


def _container_part(component: Component) -> Field:
    def value(result: Result) -> float | None:
        part = None if result.container is None else result.container.components.get(component.value)
        return None if part is None else part.gross_joules

    return Field(f"container_{component}_gross_joules", "number", value)


def _footprint_text(name: str) -> Field:
    return Field(name, "text", lambda result: getattr(result.footprint, name) or None)


FIELDS: Sequence[Field] = (
    *_plain("text", "interval_id", "request_id", "name", "job", "phase", "status"),
    *_plain("json", "labels", "counts", "gpus"),
    *_plain("time", "begin_time", "end_time"),
    *_plain("number", "duration_seconds"),
    *_plain("number", "gross_joules", "idle_joules", "net_joules", "uncertainty_joules", inside="energy."),
    *_plain("number", "calibration_uncertainty_joules", "idle_uncertainty_joules", inside="energy."),
    *_plain("number", "coverage", "mean_watts", inside="energy."),
    *_plain("text", "provenance", inside="energy."),
    *_plain("flag", "below_resolution", inside="energy."),
    *(
        _component_field(component, what, "text" if what == "provenance" else "number")
        for component in Component
        for what in ("gross_joules", "idle_joules", "net_joules", "uncertainty_joules", "coverage", "provenance")
    ),
    *_plain("number", "cpu_utilization_ratio", "memory_utilization_ratio", inside="usage."),
    Field("gpu_utilization_ratio", "number", _mean_over_gpus("utilization_ratio")),
    Field("gpu_memory_utilization_ratio", "number", _mean_over_gpus("memory_utilization_ratio")),
    *_plain("json", "notes"),
    *_plain(
        "number", "grams_co2e", "uncertainty_grams_co2e", "calibration_uncertainty_grams_co2e", inside="footprint."
    ),
    *_plain("number", "cost", "uncertainty_cost", "calibration_uncertainty_cost", inside="footprint."),
    _footprint_text("currency"),
    *_plain("number", "carbon_intensity_grams_per_kwh", inside="footprint."),
    _footprint_text("carbon_zone"),
    _footprint_text("carbon_source"),
    *_plain("number", "carbon_year", "price_per_kwh", "pue_ratio", inside="footprint."),
    *(
        _container_field(f"container_{what}", "text", what)
        for what in ("name", "manager", "namespace", "pod", "container", "unit")
    ),
    *(
        _container_field(f"container_{what}", "number", what)
        for what in ("gross_joules", "uncertainty_joules", "calibration_uncertainty_joules", "coverage")
    ),
    *(_container_part(component) for component in Component if component is not Component.PLATFORM),
)
