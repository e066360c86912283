"""What containers, services and batch jobs are charged for, and by which evidence GPUs are shared out among them."""

from grafana.colours import COMPONENTS
from grafana.fields import column
from grafana.panel import Look, Panel, Query
from grafana.panels import bars, table
from grafana.plots import graph
from grafana.promql import gained

_NO_CONTAINER = "No container was charged: attribution is off, or nothing runs in one"


def container_power() -> Panel:
    """Draw what namespaces draw now."""
    return graph(
        "Power of containers, by namespace",
        "What the containers of a namespace are charged for now.",
        [
            Query(
                "sum by (namespace) (rate(joulecast_container_energy_joules_total{NODES}[$__rate_interval]))",
                "{{namespace}}",
            )
        ],
        "watt",
        look=Look(14, 9, no_data=_NO_CONTAINER),
        stacked=True,
    )


def units() -> Panel:
    """Compare services and batch jobs."""
    return bars(
        "Services and batch jobs",
        "Energy in the time range of what runs without a container: systemd services, SLURM jobs. The twelve largest.",
        Query(
            f"sort_desc(topk(12, sum by (manager, unit) ({gained('joulecast_unit_energy_joules_total{NODES}')})))",
            "{{unit}}",
            instant=True,
        ),
        "joule",
        look=Look(
            10,
            9,
            least=0,
            steps=((None, COMPONENTS["dram"]),),
            color="thresholds",
            no_data="Nothing outside of containers was charged",
        ),
    )


def containers() -> Panel:
    """List the containers that cost most."""
    name = "cluster, namespace, pod, container"
    energy = f"sum by ({name}) ({gained('joulecast_container_energy_joules_total{NODES}')})"
    held = f"sum by ({name}) ({gained('joulecast_container_gpu_allocated_idle_joules_total{NODES}')})"
    largest = f"topk(50, {energy} or 0 * {held})"
    power = f"sum by ({name}) (rate(joulecast_container_energy_joules_total{{NODES}}[$__rate_interval]))"
    beside = f" and on ({name}) {largest}"
    return table(
        "Containers",
        "The fifty largest of the time range. Held idle: energy of GPUs while a container held them and nothing ran on "
        "them. It is charged as the policy for idle energy says, to this container or to nobody, so it is no part of "
        "the other columns and may exceed them.",
        [
            Query(largest),
            Query(power + beside),
            *(Query(f"sum by ({name}) ({_gained_by(component)}){beside}") for component in ("cpu", "dram", "gpu")),
            Query(held + beside),
        ],
        columns={
            "cluster": "Cluster",
            "namespace": "Namespace",
            "pod": "Pod",
            "container": "Container",
            "Value #A": "Energy",
            "Value #B": "Power now",
            "Value #C": "CPU",
            "Value #D": "DRAM",
            "Value #E": "GPU",
            "Value #F": "Held idle",
        },
        look=Look(
            24,
            10,
            fields=[
                *(column(name, "joule") for name in ("Energy", "CPU", "DRAM", "GPU", "Held idle")),
                column("Power now", "watt"),
            ],
            no_data=_NO_CONTAINER,
        ),
        sort="Energy",
    )


def methods() -> Panel:
    """Say by which evidence GPUs are shared out."""
    return graph(
        "GPUs by how their energy is split",
        "By the utilisation of processes, by slices (MIG), all to the one who holds the GPU, or in equal shares where "
        "nothing better is known.",
        [Query("count by (method) (joulecast_gpu_attribution_info{NODES})", "{{method}}")],
        "short",
        look=Look(12, 8, decimals=0, no_data=_NO_CONTAINER),
        stacked=True,
    )


def bill() -> Panel:
    """Count who is on the bill."""
    return graph(
        "Workloads on the bill",
        "Running and finished ones that are still shown, those without a name, and those charged under `other`.",
        [Query("sum by (state) (joulecast_workloads{NODES})", "{{state}}")],
        "short",
        look=Look(12, 8, decimals=0, no_data=_NO_CONTAINER),
    )


def _gained_by(component: str) -> str:
    return gained(f'joulecast_container_energy_joules_total{{NODES,component="{component}"}}')
