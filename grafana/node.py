"""*Node*: every part of one machine with its error bar, what it does for its watts, and what knowing that costs."""

from grafana.colours import BLUE, COMPONENT_NAMES, COMPONENTS, GREY, ORANGE, RED, YELLOW
from grafana.exporter_cost import exporter
from grafana.fields import Field, bands, column, dashed
from grafana.layout import Page, Row
from grafana.node_gpus import NO_GPU, gpus
from grafana.panel import Look, Panel, Query
from grafana.panels import stat, table
from grafana.plots import graph, scatter
from grafana.promql import JOULES_PER_WATT_HOUR, named_gpu, node_joules, uuid_of_device
from grafana.variables import cluster, data_source, one_node

_NODE_POWER = "sum(joulecast_node_power_watts{NODE})"


def node() -> Page:
    """One node at a time, so that nothing is an average of machines."""
    return Page(
        name="node",
        title="Node",
        description="One machine: every part with its uncertainty, utilisation against power, limits, temperatures.",
        variables=[data_source(), cluster(), one_node()],
        rows=[
            Row("Now", _now()),
            Row("Power, with the band of its uncertainty", _bands()),
            Row("What the watts are for", _uses()),
            Row("GPUs", gpus()),
            Row("Heat", [_temperatures(), _devices()]),
            Row("Meters that overlap", [_overlapping()], collapsed=True),
            Row("What the exporter costs, and how its sensors are", exporter(), collapsed=True),
        ],
        since="now-1h",
    )


def _now() -> list[Panel]:
    return [
        stat("Power", "CPU packages, DRAM and GPUs of this node now.", Query(_NODE_POWER), "watt"),
        stat(
            "Above idle",
            "Node power less the idle baseline of its parts. Absent until a baseline was learnt or measured.",
            Query(f"{_NODE_POWER} - sum(joulecast_idle_power_watts{{NODE}})"),
            "watt",
            look=Look(4, 4, steps=((None, ORANGE),), no_data="No baseline yet"),
        ),
        stat(
            "Energy",
            "Energy of this node in the time range.",
            Query(f"sum({node_joules('NODE')}) / {JOULES_PER_WATT_HOUR}", instant=True),
            "watth",
            trend=False,
        ),
        stat(
            "CPU busy",
            "Share of CPU time used, mean over cores.",
            Query("avg(joulecast_cpu_utilization_ratio{NODE})"),
            "percentunit",
            look=Look(4, 4, decimals=0, least=0, most=1),
        ),
        stat(
            "Memory used",
            "Share of main memory in use.",
            Query("avg(joulecast_memory_utilization_ratio{NODE})"),
            "percentunit",
            look=Look(4, 4, decimals=0, least=0, most=1),
        ),
        stat(
            "GPUs busy",
            "Share of time in which a kernel ran, mean over GPUs.",
            Query("avg(joulecast_gpu_utilization_ratio{NODE})"),
            "percentunit",
            look=Look(4, 4, decimals=0, least=0, most=1, no_data=NO_GPU),
        ),
    ]


def _bands() -> list[Panel]:
    return [_band(component) for component in ("cpu", "dram", "gpu")]


def _band(component: str) -> Panel:
    parts = f'{{NODE,component="{component}",zone=~"package|dram|"}}'
    power, spread = f"sum(joulecast_power_watts{parts})", f"sum(joulecast_power_uncertainty_watts{parts})"
    name = COMPONENT_NAMES[component]
    return graph(
        name,
        "All devices of the kind together. The band is the sum of their error bars: sensors of one kind are wrong in "
        "the same direction.",
        [Query(power, name), Query(f"{power} - {spread}", "lower"), Query(f"{power} + {spread}", "upper")],
        "watt",
        look=Look(8, 8, fields=[*bands(name, COMPONENTS[component])], no_data=f"No {name} meter on this node"),
    )


def _uses() -> list[Panel]:
    return [
        graph(
            "Utilisation",
            "How busy the machine says it is.",
            [
                Query("avg(joulecast_cpu_utilization_ratio{NODE})", "CPU"),
                Query("avg(joulecast_memory_utilization_ratio{NODE})", "Memory"),
                Query("avg(joulecast_gpu_utilization_ratio{NODE})", "GPU"),
                Query(
                    "sum(joulecast_gpu_memory_used_bytes{NODE}) / sum(joulecast_gpu_memory_total_bytes{NODE})",
                    "GPU memory",
                ),
            ],
            "percentunit",
            look=Look(8, 9, least=0, most=1, fields=_coloured_uses()),
        ),
        scatter(
            "CPU: power against utilisation",
            "Each point is a moment of the time range. A line through them meets the axis at idle power.",
            Query("avg(joulecast_cpu_utilization_ratio{NODE})", "CPU utilisation"),
            Query('sum(joulecast_power_watts{NODE,component="cpu",zone="package"})', "CPU power"),
            "watt",
            look=Look(8, 9, fields=[Field("CPU power", properties={"color": {"mode": "fixed", "fixedColor": BLUE}})]),
            x_field=_ratio_axis("CPU utilisation"),
        ),
        scatter(
            "GPU: power against utilisation",
            "Each point is a moment, mean over the GPUs. Where the cloud turns flat, utilisation no longer says what "
            "a GPU draws.",
            Query("avg(joulecast_gpu_utilization_ratio{NODE})", "GPU utilisation"),
            Query('avg(joulecast_power_watts{NODE,component="gpu",zone=""})', "Power per GPU"),
            "watt",
            look=Look(
                8,
                9,
                fields=[Field("Power per GPU", properties={"color": {"mode": "fixed", "fixedColor": ORANGE}})],
                no_data=NO_GPU,
            ),
            x_field=_ratio_axis("GPU utilisation"),
        ),
    ]


def _coloured_uses() -> list[Field]:
    colours = {"CPU": BLUE, "Memory": COMPONENTS["dram"], "GPU": ORANGE, "GPU memory": YELLOW}
    return [
        Field(name, properties={"color": {"mode": "fixed", "fixedColor": colour}}) for name, colour in colours.items()
    ]


def _ratio_axis(name: str) -> Field:
    return Field(name, properties={"unit": "percentunit", "min": 0, "max": 1, "decimals": 0})


def _temperatures() -> Panel:
    gpus = uuid_of_device('joulecast_temperature_celsius{NODE,component="gpu"}')
    return graph(
        "Temperatures",
        "Every probe of every device.",
        [
            Query(
                'max by (component, device, sensor) (joulecast_temperature_celsius{NODE,component!="gpu"})',
                "{{component}} {{device}} {{sensor}}",
            ),
            Query(f"max by (index, sensor) ({named_gpu(gpus)})", "gpu {{index}} {{sensor}}"),
        ],
        "celsius",
        look=Look(10, 9, decimals=0, steps=((None, "transparent"), (85, RED)), no_data="No probe answers"),
        legend="table",
        limits=True,
    )


def _devices() -> Panel:
    return table(
        "Every series",
        "What each device draws, how that is known, and how far off it may be.",
        [
            Query("sum by (component, device, zone, provenance) (joulecast_power_watts{NODE})"),
            Query("sum by (component, device, zone, provenance) (joulecast_power_uncertainty_watts{NODE})"),
            Query(
                "sum by (component, device, zone, provenance) (increase(joulecast_energy_joules_total{NODE}[$__range]))"
                f" / {JOULES_PER_WATT_HOUR}"
            ),
        ],
        columns={
            "component": "Part",
            "device": "Device",
            "zone": "Zone",
            "provenance": "Known as",
            "Value #A": "Power",
            "Value #B": "± of it",
            "Value #C": "Energy",
        },
        look=Look(
            14,
            9,
            fields=[
                column("Device", "string", width=330),
                column("Power", "watt", decimals=1),
                column("± of it", "watt", decimals=1),
                column("Energy", "watth", decimals=1),
            ],
        ),
        sort="Power",
    )


def _overlapping() -> Panel:
    return graph(
        "Zones inside the package, and meters around the platform",
        "Shown beside node power, never added to it: core and uncore are inside a package; psys and the platform's own "
        "meter contain everything, fans and losses too.",
        [
            Query(
                "sum by (component, zone) (joulecast_power_watts{NODE} unless joulecast_power_watts{NODE,PARTS})",
                "{{component}} {{zone}}",
            ),
            Query(_NODE_POWER, "node power"),
        ],
        "watt",
        look=Look(24, 8, fields=[dashed("node power", GREY)], no_data="No such meter on this node"),
    )
