"""*Workloads*: what jobs, phases, pods and batch jobs cost, and how that compares with what others published."""

from grafana.colours import BLUE, COMPONENTS, GREY, ORANGE, PHASES
from grafana.containers import bill, container_power, containers, methods, units
from grafana.fields import coloured, column, gauge_column
from grafana.layout import Page, Row
from grafana.panel import Look, Panel, Query
from grafana.panels import bars, stat, table
from grafana.plots import graph, heatmap
from grafana.promql import by_job, gained, gained_or_none
from grafana.variables import cluster, data_source, job_label, jobs, nodes

_NO_INTERVAL = "No interval ended in this range"
_GROSS = gained("joulecast_interval_energy_joules_total{NODES,JOBS}")
_ENDED = gained("joulecast_intervals_total{NODES,JOBS}")

PUBLISHED_SPLIT = {"experimentation": 0.10, "training": 0.20, "inference": 0.70}
"""Energy of experimentation, training and inference over a model's life, as quoted for large recommendation models."""


def workloads() -> Page:
    """Jobs by the intervals they opened, containers by attribution: two views that need not add up to each other."""
    return Page(
        name="workloads",
        title="Workloads",
        description="Joules of jobs, phases, containers and batch jobs.",
        variables=[data_source(), cluster(), nodes(), job_label(), jobs()],
        rows=[
            Row("Intervals that ended in this range", [*_totals(), _by_job(), _by_phase(), _split()]),
            Row("Job by job", [_table()]),
            Row("Net energy of an interval", [_net_heatmap(), _running_totals()]),
            Row("Containers and batch jobs", [container_power(), units(), containers()]),
            Row("How GPUs are shared out", [methods(), bill()], collapsed=True),
        ],
    )


def _totals() -> list[Panel]:
    return [
        stat(
            "Energy",
            "Gross energy of intervals that ended in the time range. Intervals that overlap each count what they saw.",
            Query(f"sum({_GROSS})", instant=True),
            "joule",
            look=Look(4, 4, no_data=_NO_INTERVAL),
            trend=False,
        ),
        stat(
            "Ended",
            "Intervals that ended in the time range.",
            Query(f"sum({_ENDED})", instant=True),
            "short",
            look=Look(4, 4, decimals=0, no_data=_NO_INTERVAL),
            trend=False,
        ),
        stat(
            "Open",
            "Intervals that are open now.",
            Query("sum(joulecast_intervals_open{NODES})"),
            "short",
            look=Look(4, 4, decimals=0),
        ),
        stat(
            "Joules an interval",
            "Mean gross energy of an interval that ended in the time range.",
            Query(f"sum({_GROSS}) / sum({_ENDED})", instant=True),
            "joule",
            look=Look(4, 4, no_data=_NO_INTERVAL),
            trend=False,
        ),
        stat(
            "Not finished",
            "Share of the intervals that did not end by their own word: truncated, or given up.",
            Query(
                f"(sum({gained(_of_status('!~', 'finished'))}) or 0 * sum({_ENDED})) / sum({_ENDED})",
                instant=True,
            ),
            "percentunit",
            look=Look(
                4, 4, decimals=1, steps=((None, "#73BF69"), (0.05, "#FADE2A"), (0.2, ORANGE)), no_data=_NO_INTERVAL
            ),
            trend=False,
        ),
        stat(
            "GPU share",
            "Share of the energy of these intervals that GPUs took.",
            Query(
                f"(sum({gained(_of_component('gpu'))}) or 0 * sum({_GROSS})) / sum({_GROSS})",
                instant=True,
            ),
            "percentunit",
            look=Look(4, 4, decimals=0, least=0, most=1, steps=((None, COMPONENTS["gpu"]),), no_data=_NO_INTERVAL),
            trend=False,
        ),
    ]


def _of_status(operator: str, status: str) -> str:
    return f'joulecast_intervals_total{{NODES,JOBS,status{operator}"{status}"}}'


def _of_component(component: str) -> str:
    return f'joulecast_interval_energy_joules_total{{NODES,JOBS,component="{component}"}}'


def _by_job() -> Panel:
    return bars(
        "Energy by job",
        "Gross energy of the intervals of each job that ended in the time range; the fifteen largest.",
        Query(f"sort_desc(topk(15, {by_job('sum', 'job', _GROSS)}))", "{{job}}", instant=True),
        "joule",
        look=Look(9, 9, least=0, steps=((None, BLUE),), color="thresholds", no_data=_NO_INTERVAL),
    )


def _by_phase() -> Panel:
    return bars(
        "Energy by phase",
        "The same energy by phase of the pipeline.",
        Query(f"sort_desc(sum by (phase) ({_GROSS}))", "{{phase}}", instant=True),
        "joule",
        look=Look(7, 9, least=0, fields=coloured(PHASES), no_data=_NO_INTERVAL),
    )


def _split() -> Panel:
    # Fine-tuning is training; phases outside of the published three do not enter the comparison.
    three = gained(
        'joulecast_interval_energy_joules_total{NODES,JOBS,phase=~"experimentation|training|fine-tuning|inference"}'
    )
    named = f'label_replace({three}, "phase", "training", "phase", "fine-tuning")'
    published = " or ".join(
        f'label_replace(vector({share}), "phase", "{phase}", "", "")' for phase, share in PUBLISHED_SPLIT.items()
    )
    return table(
        "Beside the published split",
        "Experimentation, training (with fine-tuning) and inference: their share of the energy here, beside 10 : 20 "
        ": 70 as published for models at a large operator.",
        [
            Query(f"sum by (phase) ({named})"),
            Query(f"sum by (phase) ({named}) / on () group_left () sum({three})"),
            Query(published),
        ],
        columns={"phase": "Phase", "Value #A": "Energy", "Value #B": "Here", "Value #C": "Published"},
        look=Look(
            8,
            9,
            fields=[
                column("Energy", "joule", width=110),
                gauge_column("Here", BLUE),
                gauge_column("Published", GREY),
            ],
        ),
        sort="Published",
    )


def _table() -> Panel:
    net = gained_or_none("joulecast_interval_net_joules_bucket{NODES,JOBS}")
    buckets = by_job("sum", "job, phase, le", net)
    gross, ended = by_job("sum", "job, phase", _GROSS), by_job("sum", "job, phase", _ENDED)
    parts = [by_job("sum", "job, phase", gained(_of_component(component))) for component in ("cpu", "dram", "gpu")]
    return table(
        "Jobs and phases",
        "Intervals that ended in the time range. Net is gross less the idle baseline; its quantiles are read from a "
        "histogram of buckets about a factor of two wide.",
        [
            Query(ended),
            Query(gross),
            Query(f"{gross} / {ended}"),
            Query(f"histogram_quantile(0.5, {buckets})"),
            Query(f"histogram_quantile(0.95, {buckets})"),
            *(Query(part) for part in parts),
            Query(by_job("sum", "job, phase", gained(_of_status("!~", "finished")))),
        ],
        columns={
            "job": "Job",
            "phase": "Phase",
            "Value #A": "Intervals",
            "Value #B": "Energy",
            "Value #C": "Mean",
            "Value #D": "Median net",
            "Value #E": "95 % net",
            "Value #F": "CPU",
            "Value #G": "DRAM",
            "Value #H": "GPU",
            "Value #I": "Not finished",
        },
        look=Look(
            24,
            9,
            fields=[
                column("Job", "string", width=200),
                column("Intervals", "short", decimals=0),
                *(column(name, "joule") for name in ("Energy", "Mean", "Median net", "95 % net", "CPU", "DRAM", "GPU")),
                column("Not finished", "short", decimals=0),
            ],
            no_data=_NO_INTERVAL,
        ),
        sort="Energy",
    )


def _net_heatmap() -> Panel:
    return heatmap(
        "Net energy of ended intervals",
        "How many intervals ended with how much net energy, gross less idle. The first interval of a job and phase "
        "on a node is not drawn: its counter was born with it.",
        Query("sum by (le) (increase(joulecast_interval_net_joules_bucket{NODES,JOBS}[$__rate_interval]))"),
        "joule",
        look=Look(12, 9, interval="5m", no_data=_NO_INTERVAL),
    )


def _running_totals() -> Panel:
    return graph(
        "Energy of ended intervals, as it adds up",
        "The running total of each job since its node's exporter was started. A step is an interval that ended.",
        [Query(by_job("sum", "job", "joulecast_interval_energy_joules_total{NODES,JOBS}"), "{{job}}")],
        "joule",
        look=Look(12, 9, no_data=_NO_INTERVAL),
        stepped=True,
    )
