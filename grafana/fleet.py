"""*Fleet*: what all nodes draw, how that is known, where it goes, what is wasted, and whether sensors are well."""

from grafana.colours import BLUE, DESTINATIONS, GREEN, ORANGE, RED, YELLOW
from grafana.fields import BY_COMPONENT, BY_PROVENANCE, coloured, column, gauge_column
from grafana.fleet_health import TO_NODE, health
from grafana.layout import Page, Row
from grafana.panel import Look, Panel, Query
from grafana.panels import bars, stat, table
from grafana.plots import graph
from grafana.promql import JOULES_PER_WATT_HOUR, gained, node_joules, share_known_as
from grafana.variables import cluster, data_source, nodes

_NODE_RATE = "sum(rate(joulecast_node_energy_joules_total{NODES}[$__rate_interval]))"
_BY_SENSORS = "measured|integrated"
_ATTRIBUTION_OFF = "Attribution is off"


def fleet() -> Page:
    """Lay out nothing yet: say what is shown."""
    return Page(
        name="fleet",
        title="Fleet",
        description="Power and energy of all nodes: how much, how it is known, where it goes and what is wasted.",
        variables=[data_source(), cluster(), nodes()],
        rows=[
            Row("Now", [*_now()]),
            Row("Power over time", _over_time()),
            Row("Nodes", [_top_nodes(), _nodes()]),
            Row("Where it goes", [_destinations(), _waste()]),
            Row("Health of the sensors", health()),
        ],
    )


def _now() -> list[Panel]:
    return [
        stat(
            "Power",
            "Power of all chosen nodes now: CPU packages, DRAM and GPUs, each counted once.",
            Query("sum(joulecast_node_power_watts{NODES})"),
            "watt",
        ),
        stat(
            "Energy",
            "Energy of these nodes in the time range.",
            Query(f"sum({node_joules()}) / {JOULES_PER_WATT_HOUR}", instant=True),
            "watth",
            trend=False,
        ),
        stat(
            "From hardware sensors",
            "Share of the energy in the time range that a sensor counted or measured. The rest comes from a formula "
            "or a trained model, see Prediction.",
            Query(share_known_as(_BY_SENSORS), instant=True),
            "percentunit",
            look=Look(4, 4, decimals=0, least=0, most=1, steps=((None, ORANGE), (0.5, YELLOW), (0.9, GREEN))),
            trend=False,
        ),
        stat(
            "Held GPUs, idle",
            "Power of GPUs that containers hold while nothing runs on them: the cheapest energy to save.",
            Query("sum(rate(joulecast_container_gpu_allocated_idle_joules_total{NODES}[$__rate_interval]))"),
            "watt",
            look=Look(4, 4, steps=((None, GREEN), (200, YELLOW), (1000, ORANGE)), no_data=_ATTRIBUTION_OFF),
        ),
        stat(
            "Unattributed",
            "Share of node power above idle that no workload could be charged for. High shares mean workloads that the "
            "exporter cannot see.",
            Query(
                f"sum(rate(joulecast_unattributed_energy_joules_total{{NODES}}[$__rate_interval])) / {_NODE_RATE}",
            ),
            "percentunit",
            look=Look(
                4,
                4,
                decimals=1,
                least=0,
                most=1,
                steps=((None, GREEN), (0.1, YELLOW), (0.25, ORANGE)),
                no_data=_ATTRIBUTION_OFF,
            ),
        ),
        stat(
            "Nodes",
            "Nodes that report now.",
            Query("count(count by (AXES) (joulecast_build_info{NODES}))"),
            "none",
            look=Look(2, 4, decimals=0, no_data="None"),
            trend=False,
        ),
        stat(
            "Silent",
            "Nodes that reported in the last hour and do not now.",
            Query(
                "count(count by (AXES) (last_over_time(joulecast_build_info{NODES}[1h])) "
                "unless count by (AXES) (joulecast_build_info{NODES})) or vector(0)"
            ),
            "none",
            look=Look(2, 4, decimals=0, steps=((None, GREEN), (1, RED))),
            trend=False,
        ),
    ]


def _over_time() -> list[Panel]:
    return [
        graph(
            "Power by component",
            "Sum over the nodes. Zones inside a package and meters around the whole platform are not added.",
            [Query("sum by (component) (joulecast_power_watts{NODES,PARTS})", "{{component}}")],
            "watt",
            look=Look(12, 9, fields=BY_COMPONENT),
            stacked=True,
        ),
        graph(
            "Power by how it is known",
            "Measured: a hardware energy counter. Integrated: a power sensor over time. Modelled: a formula. "
            "Predicted: a trained model.",
            [Query("sum by (provenance) (joulecast_power_watts{NODES,PARTS})", "{{provenance}}")],
            "watt",
            look=Look(12, 9, fields=BY_PROVENANCE),
            stacked=True,
        ),
    ]


def _top_nodes() -> Panel:
    return bars(
        "Largest nodes",
        "The ten nodes that draw most now.",
        Query("sort_desc(topk(10, sum by (AXES) (joulecast_node_power_watts{NODES})))", "{{instance}}", instant=True),
        "watt",
        look=Look(7, 10, least=0, color="thresholds"),
    )


def _nodes() -> Panel:
    power = 'sum by (AXES) (joulecast_power_watts{{NODES,PARTS,component="{}"}})'
    return table(
        "All nodes",
        "Each node now, and its energy in the time range. A cell is empty where a node lacks the part. Click a node "
        "for its own dashboard. Where a capture is played in place of a machine, nothing was measured on it.",
        [
            Query("sum by (AXES) (joulecast_node_power_watts{NODES})"),
            *(Query(power.format(component)) for component in ("cpu", "dram", "gpu")),
            Query("avg by (AXES) (joulecast_gpu_utilization_ratio{NODES})"),
            Query(f"{node_joules()} / {JOULES_PER_WATT_HOUR}"),
            Query(share_known_as(_BY_SENSORS, by="AXES")),
            Query("max by (AXES, capture) (joulecast_replay_info{NODES})"),
        ],
        columns={
            "cluster": "Cluster",
            "instance": "Node",
            "Value #A": "Power",
            "Value #B": "CPU",
            "Value #C": "DRAM",
            "Value #D": "GPU",
            "Value #E": "GPU busy",
            "Value #F": "Energy",
            "Value #G": "From sensors",
            "capture": "Played",
        },
        look=Look(
            17,
            10,
            fields=[
                column("Node", "string", links=[TO_NODE]),
                *(column(name, "watt") for name in ("Power", "CPU", "DRAM", "GPU")),
                gauge_column("GPU busy", BLUE),
                column("Energy", "watth"),
                gauge_column("From sensors", GREEN),
            ],
        ),
        sort="Power",
    )


def _destinations() -> Panel:
    rate = "sum(rate(joulecast_{}_energy_joules_total{{NODES}}[$__rate_interval]))"
    return graph(
        "Power by who is charged",
        "What containers, services and batch jobs are charged for, what the idle baseline takes that the policy "
        "gives to nobody, and what no workload could be charged for. Together they are node power.",
        [
            Query(rate.format(family), name)
            for family, name in zip(("container", "unit", "idle", "unattributed"), DESTINATIONS, strict=True)
        ],
        "watt",
        look=Look(14, 9, fields=coloured(DESTINATIONS), no_data=_ATTRIBUTION_OFF),
        stacked=True,
    )


def _waste() -> Panel:
    return bars(
        "Energy of held, idle GPUs",
        "By namespace, in the time range: GPUs held by a container while nothing ran on them.",
        Query(
            "sort_desc(topk(12, sum by (namespace) ("
            + gained("joulecast_container_gpu_allocated_idle_joules_total{NODES}")
            + f"))) / {JOULES_PER_WATT_HOUR}",
            "{{namespace}}",
            instant=True,
        ),
        "watth",
        look=Look(10, 9, least=0, steps=((None, ORANGE),), color="thresholds", no_data=_ATTRIBUTION_OFF),
    )
