"""The energy of one interval as a short table for people."""

from collections.abc import Iterator

from joulecast.cli.table import Column, printable, rendered
from joulecast.client.readable import NOT_KNOWN, band_text, cost_text, grams_text, joules_text, watts_text
from joulecast.client.result import ContainerJoules, Joules, Result, WorkloadEstimate
from joulecast.footprint.footprint import Footprint

_COLUMNS = (
    Column(""),
    Column("gross", right=True),
    Column("idle", right=True),
    Column("net", right=True),
    Column("mean power", right=True, expendable=1),
    Column("coverage", right=True),
    Column("source"),
)


def account_lines(result: Result, width: int | None = None) -> list[str]:
    """Node and components, line by line, then what their reader should know."""
    rows = [_row("node", result.energy), *(_row(name, part) for name, part in result.components.items())]
    return [*rendered(_COLUMNS, rows, width), *_remarks(result)]


def _row(name: str, energy: Joules) -> list[str]:
    return [
        name,
        joules_text(energy.gross_joules, energy.uncertainty_joules),
        joules_text(energy.idle_joules, energy.uncertainty_joules, bar=False),
        joules_text(energy.net_joules, energy.uncertainty_joules, bar=False),
        watts_text(energy.mean_watts),
        coverage_text(energy.coverage),
        energy.provenance or NOT_KNOWN,
    ]


def coverage_text(coverage: float | None) -> str:
    """A share in percent; never rounded up to all of it."""
    if coverage is None:
        return NOT_KNOWN
    return "100 %" if coverage >= 1 else f"{min(coverage * 100, 99.9):.1f} %"


def _remarks(result: Result) -> Iterator[str]:
    calibration = result.energy.calibration_uncertainty_joules
    if calibration:
        yield f"calibration of the sensors: another ± {joules_text(calibration)}, the same in every interval"
    for what in result.counts:
        per, net = result.joules_per(what), result.joules_per(what, net=True)
        if per is not None:
            yield f"per {what}: {joules_text(per)} gross, {joules_text(net)} net"
    yield from _footprint_lines(result.footprint)
    if result.container is not None:
        yield from _container_lines(result.container)
    if result.estimate is not None:
        yield _estimate_text(result.estimate)
    if result.energy.below_resolution:
        yield "note: shorter than two updates of the sensor"
    if result.energy.idle_joules is None and result.energy.gross_joules is not None:
        yield "note: net is unknown until this machine's idle power is: joulecast idle"
    yield from (f"note: {note}" for note in result.notes)


def _footprint_lines(footprint: Footprint) -> Iterator[str]:
    parts = []
    if footprint.grams_co2e is not None:
        parts.append(f"{grams_text(footprint.grams_co2e, footprint.uncertainty_grams_co2e)} CO2e")
    if footprint.cost is not None:
        parts.append(cost_text(footprint.cost, footprint.currency, footprint.uncertainty_cost))
    if parts:
        yield f"footprint: {', '.join(parts)}"
    yield from (f"  {note}" for note in footprint.notes)


def _container_lines(share: ContainerJoules) -> Iterator[str]:
    who = f"{share.manager} {printable(share.name)}" if share.name else "unknown"
    joules = joules_text(share.gross_joules, share.uncertainty_joules)
    yield f"container {who}: {joules} gross, coverage {coverage_text(share.coverage)}"
    for component, part in share.components.items():
        how = f" by {', '.join(part.methods)}" if part.methods and part.gross_joules is not None else ""
        yield f"  {component} {joules_text(part.gross_joules, part.uncertainty_joules)}{how}"
    yield from (f"  {note}" for note in share.notes)


def _estimate_text(estimate: WorkloadEstimate) -> str:
    band = band_text(estimate.joules, estimate.p10_joules, estimate.p90_joules)
    domain = "in domain" if estimate.in_domain else f"outside of its training by {', '.join(estimate.departures)}"
    return f"model estimate: {band}, {estimate.model}, {estimate.scope}, {domain}"
