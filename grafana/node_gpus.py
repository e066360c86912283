"""The GPUs of one node: power under its limit, what slows them, clocks, memory, and whether sensors agree."""

from grafana.colours import GREEN, ORANGE, RED
from grafana.fields import Field, dashed
from grafana.panel import Look, Panel, Query
from grafana.plots import graph, timeline
from grafana.promql import named_gpu, uuid_of_device

NO_GPU = "No GPU that says so"


def gpus() -> list[Panel]:
    """Give each GPU its line, called by its index on the node."""
    power = uuid_of_device('joulecast_power_watts{NODE,component="gpu",zone=""}')
    return [
        graph(
            "Power and limit of each GPU",
            "Solid: power. Dashed: the limit the driver enforces. A GPU at its limit is slowed down.",
            [
                Query(f"sum by (index) ({named_gpu(power)})", "GPU {{index}}"),
                Query(
                    f"max by (index) ({named_gpu('joulecast_gpu_power_limit_watts{NODE}')})", "limit of GPU {{index}}"
                ),
            ],
            "watt",
            look=Look(12, 9, no_data=NO_GPU, fields=[_limits()]),
        ),
        timeline(
            "Slowed down",
            "While a GPU is slowed down for a reason: a power cap, heat, an idle clock.",
            Query(
                f"max by (index, reason) ({named_gpu('joulecast_gpu_throttled{NODE}')})", "GPU {{index}}: {{reason}}"
            ),
            {"0": ("at full speed", GREEN), "1": ("slowed down", RED)},
            look=Look(12, 9, no_data="No GPU says why it is slowed down"),
        ),
        graph(
            "Clocks",
            "Clock of the processors of each GPU.",
            [Query(f"max by (index) ({named_gpu(_SM_CLOCK)})", "GPU {{index}}")],
            "hertz",
            look=Look(8, 8, no_data=NO_GPU),
        ),
        graph(
            "Memory in use",
            "GPU memory in use, as a share of what is installed.",
            [Query(f"max by (index) ({named_gpu(_MEMORY)})", "GPU {{index}}")],
            "percentunit",
            look=Look(8, 8, least=0, most=1, no_data=NO_GPU),
        ),
        graph(
            "Do the sensors of a GPU agree?",
            "Energy counter over integrated power. Beyond the dashed lines, 10 % apart, one of the two is wrong.",
            [Query(f"max by (index) ({named_gpu('joulecast_gpu_energy_to_power_ratio{NODE}')})", "GPU {{index}}")],
            "none",
            look=Look(
                8,
                8,
                decimals=2,
                no_data="No GPU with both sensors",
                steps=((None, ORANGE), (0.9, "transparent"), (1.1, ORANGE)),
                fields=[Field(like=".*", properties={"custom.axisSoftMin": 0.8, "custom.axisSoftMax": 1.2})],
            ),
            limits=True,
        ),
    ]


_SM_CLOCK = 'joulecast_gpu_clock_hertz{NODE,domain="sm"}'
_MEMORY = "joulecast_gpu_memory_used_bytes{NODE} / on (AXES, uuid) joulecast_gpu_memory_total_bytes{NODE}"


def _limits() -> Field:
    return Field(
        like="limit.*",
        properties={**dashed("", RED).properties, "custom.hideFrom": {"legend": True, "tooltip": False, "viz": False}},
    )
