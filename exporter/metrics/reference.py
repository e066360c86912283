"""Writes the metric reference from the declared families: `python -m exporter.metrics.reference > docs/metrics.md`."""

import sys

from exporter.metrics.families import BUCKETS, SECTIONS, Family

_PREFACE = """\
# Metrics

<!-- `python -m exporter.metrics.reference > docs/metrics.md` writes this from exporter/metrics/families.py. -->

What `GET /metrics` says, on port 9877 unless told otherwise. Names and labels are stable; new ones may be added.

- Units are base units: joules, watts, seconds, bytes, degrees Celsius, hertz, and ratios from 0 to 1.
- What is not known has no sample. A gap in a graph is a gap in the observation, never a zero.
- `provenance` says how a value was obtained: `measured` (a hardware energy counter), `integrated` (a power sensor over
  time), `modelled` (a formula) or `predicted` (a trained model). A sum carries that of its weakest part.
- Node power is `sum(joulecast_power_watts{component=~"cpu|dram|gpu",zone=~"package|dram|"})`, which is
  `joulecast_node_power_watts`. Other zones (`core`, `uncore`, `psys`) and `component="platform"` overlap these parts.
- A scrape shows the last snapshot. It reads no sensor and consumes nothing, so any number of servers see the same.
- `job` and `phase` are kept apart for a bounded number of pairs; the rest is counted under `other`.
- Prometheus has a label `job` of its own. With `honor_labels: true` in its scrape configuration a workload's `job`
  stays `job`; without, Prometheus stores it as `exported_job`.
- The exporter's own process is under the usual `process_*` names.
"""


def reference() -> str:
    """Write the whole page, as Markdown."""
    sections = [
        f"## {title}\n\n| metric | type | labels | meaning |\n|---|---|---|---|\n" + "".join(map(_row, section))
        for title, section in SECTIONS.items()
    ]
    return "\n".join([_PREFACE, *sections])


def _row(family: Family) -> str:
    labels = ", ".join(f"`{label}`" for label in family.labels)
    meaning = family.help.replace("|", "\\|")
    if family in BUCKETS:
        bounds = BUCKETS[family]
        meaning += f" {len(bounds)} buckets, evenly spaced on a logarithmic axis from {bounds[0]:g} to {bounds[-1]:g}."
    return f"| `{family.name}` | {family.kind} | {labels} | {meaning} |\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
