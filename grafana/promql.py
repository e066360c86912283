"""The vocabulary of the queries: who is asked about, what may be summed, and what was gained in a range.

Queries are written as PromQL, with words in capitals for what they all share: `joulecast_power_watts{NODES,PARTS}`.
"""

import re

JOULES_PER_WATT_HOUR = 3600
JOULES_PER_KILOWATT_HOUR = 3_600_000

WORDS = {
    # The nodes chosen at the top of the dashboard. Without a label `cluster`, All is ".*" and matches its absence.
    "NODES": 'cluster=~"$cluster",instance=~"$node"',
    # The one node of the node dashboard, literally: a dot in its name is a dot.
    "NODE": 'cluster=~"$cluster",instance="$node"',
    "CLUSTER": 'cluster=~"$cluster"',
    # What adds up to node power, each joule once: core and uncore are inside the package, psys and platform around it.
    "PARTS": 'component=~"cpu|dram|gpu",zone=~"package|dram|"',
    # The workload's job, whichever label Prometheus keeps it under.
    "JOBS": '$job_label=~"$job"',
    # What identifies a node in joins and tables.
    "AXES": "cluster, instance",
    # Of what a node sent, series the scrape itself adds labels to need no more than these to be told apart.
    "TARGET": "cluster, instance, job",
}
_WORD = re.compile(rf"\b({'|'.join(WORDS)})\b")


def written_out(query: str) -> str:
    """Replace the words in capitals, and put the query on one line."""
    return " ".join(_WORD.sub(lambda found: WORDS[found[0]], query).split())


def gained(series: str) -> str:
    """What counters gained in the dashboard's range, those born in it in full; nothing for those that gained nothing.

    `increase()` sees nothing in a counter that appears with its first value, and a job of one interval is just that. So
    an hour before the range is looked through for the value it had. One that had none there was born in the range only
    if its node was watched in that hour. A node that was off then brings along counters which go on over restarts,
    except those of intervals, which begin anew with their exporter. For what is known of neither, and for what was
    reset in the range, `increase()` is right.
    """
    return f"({gained_or_none(series)} > 0)"


def gained_or_none(series: str) -> str:
    """The same, with a 0 for what gained nothing: the buckets of a histogram need it."""
    last, before = f"last_over_time({series}[$__range])", f"last_over_time({series}[1h] offset $__range)"
    watched = "last_over_time(joulecast_build_info{NODES}[1h] offset $__range)"
    if series.startswith("joulecast_interval"):
        started = "max_over_time(process_start_time_seconds{NODES}[$__range]) >= time() - $__range_s"
        ours = "last_over_time(joulecast_build_info{NODES}[$__range])"
        watched = f"({watched} or {started} and on (TARGET) {ours})"
    exact = f"(({last} - {before}) >= 0 or {last} and on (AXES) {watched})"
    return f"({exact} unless resets({series}[$__range]) > 0 or increase({series}[$__range]))"


def node_joules(nodes: str = "NODES") -> str:
    """Energy of each node in the dashboard's range.

    When its provenance changes the same counter goes on under another label. Were each label's increase added up, one
    that comes back would count what the other saw meanwhile once more.
    """
    return f"increase(max by (AXES) (joulecast_node_energy_joules_total{{{nodes}}})[$__range:1m])"


def share_known_as(provenances: str, by: str = "") -> str:
    """Share of the energy in the dashboard's range that is known in these ways, of all or by labels.

    Counters of parts go on under another provenance too, so rates of short stretches are added up.
    """
    grouped = f"sum by ({by})" if by else "sum"
    parts = "joulecast_energy_joules_total{NODES,PARTS"
    part = f'sum_over_time({grouped} (rate({parts},provenance=~"{provenances}"}}[5m]))[$__range:5m])'
    whole = f"sum_over_time({grouped} (rate({parts}}}[5m]))[$__range:5m])"
    return share(part, whole)


def by_job(aggregate: str, labels: str, vector: str) -> str:
    """Aggregate by the workload's job and more labels, with the job under `job` whatever Prometheus calls it."""
    return f'{aggregate} by ({labels}) (label_replace({vector}, "job", "$1", "$job_label", "(.*)"))'


def named_gpu(vector: str, nodes: str = "NODE") -> str:
    """Series by `uuid`, with the index and model of their GPU joined on."""
    return f"{vector} * on (AXES, uuid) group_left (index, model) joulecast_gpu_info{{{nodes}}}"


def uuid_of_device(vector: str) -> str:
    """Series by `device`, where that is a GPU's UUID, as series by `uuid`."""
    return f'label_replace({vector}, "uuid", "$1", "device", "(.*)")'


def share(part: str, whole: str) -> str:
    """A ratio that is 0, not nothing, while there is a whole and none of it is the part."""
    return f"(({part}) or 0 * ({whole})) / ({whole})"
