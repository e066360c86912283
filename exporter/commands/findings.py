"""What a person sees when the exporter has started: what was found, what is used, and where to look."""

from exporter.assembly import Exporter
from exporter.metering.snapshot import SeriesState


def report(exporter: Exporter) -> str:
    """A few lines, most of them about this machine."""
    lines = [f"Joulecast measures {exporter.config.node or 'this machine'} every {exporter.config.period:g} s."]
    if exporter.replaying:
        lines.append(f"REPLAYING {exporter.replaying}: nothing below is this machine.")
    lines += [f"  {_series(state)}" for state in exporter.node.states() if state.counted]
    now = exporter.clock.monotonic()
    for lane in exporter.lanes:
        state = lane.state(now)
        if state.status in ("denied", "failing"):
            lines.append(f"  {state.sensor}: {state.status}: {state.message}. {state.remedy}".rstrip(". ") + ".")
    base = exporter.http.url
    lines += [
        f"Metrics  {base}/metrics",
        f"Status   {base}/",
        f"Workloads  {', '.join(map(str, exporter.rpc.addresses))}",
        "`joulecast sensors` explains every sensor; `joulecast run -- COMMAND` measures a command.",
    ]
    return "\n".join(lines)


def _series(state: SeriesState) -> str:
    key = state.series.key
    name = " ".join(part for part in (key.component, key.device, key.zone) if part)
    note = f" ({state.series.note})" if state.series.note else ""
    return f"{name:<24} {state.series.provenance:<10} {state.reason}{note}"
