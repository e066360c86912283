"""What knowing the power of a node costs: the exporter's own process and its sensors."""

from grafana.colours import GREEN, RED, YELLOW
from grafana.fields import Field, column
from grafana.panel import Look, Panel, Query
from grafana.panels import stat, table
from grafana.plots import graph

_YES_OR_NO = {
    "type": "value",
    "options": {"0": {"text": "no", "color": RED, "index": 0}, "1": {"text": "yes", "color": GREEN, "index": 1}},
}


def exporter() -> list[Panel]:
    """Join on the scrape that gave the build, for other processes may go by the same instance."""
    ours = "* on (TARGET) group_left () joulecast_build_info{NODE}"
    return [
        stat(
            "Its power",
            "What the exporter's own process costs, by its CPU time.",
            Query("sum(rate(joulecast_exporter_energy_joules_total{NODE}[$__rate_interval]))"),
            "watt",
            look=Look(4, 8, decimals=2, steps=((None, GREEN), (1, YELLOW), (5, RED))),
            trend=False,
        ),
        graph(
            "Its processor time and memory",
            "Cores used, on the left; resident memory, on the right.",
            [
                Query(f"sum(rate(process_cpu_seconds_total{{NODE}}[$__rate_interval]) {ours})", "cores"),
                Query(f"sum(process_resident_memory_bytes{{NODE}} {ours})", "memory"),
            ],
            "none",
            look=Look(
                10,
                8,
                fields=[
                    Field("cores", properties={"unit": "percentunit", "decimals": 1}),
                    Field("memory", properties={"unit": "bytes", "custom.axisPlacement": "right", "decimals": 0}),
                ],
            ),
        ),
        table(
            "Sensors",
            "Each sensor this machine has: whether it answers, how long a read takes, and when it last gave something.",
            [
                Query("max by (sensor) (joulecast_sensor_up{NODE})"),
                Query("max by (sensor) (joulecast_sensor_read_seconds{NODE})"),
                Query("time() - max by (sensor) (joulecast_sensor_last_success_timestamp_seconds{NODE})"),
                Query("sum by (sensor) (increase(joulecast_sensor_rejected_readings_total{NODE}[$__range]))"),
            ],
            columns={
                "sensor": "Sensor",
                "Value #A": "Answers",
                "Value #B": "Read takes",
                "Value #C": "Last reading",
                "Value #D": "Refused",
            },
            look=Look(
                10,
                8,
                fields=[
                    Field("Answers", properties={"mappings": [_YES_OR_NO]}),
                    column("Read takes", "s", decimals=1),
                    column("Last reading", "s", decimals=0),
                    column("Refused", "short", decimals=0),
                ],
            ),
        ),
        table(
            "What runs here",
            "The exporter's release, the machine's processors, and the capture that is played in their place, if any.",
            [
                Query("max by (AXES, version, python) (joulecast_build_info{NODE})"),
                Query("max by (AXES, model, sockets, logical_cpus) (joulecast_cpu_info{NODE})"),
                Query("max by (AXES, capture) (joulecast_replay_info{NODE})"),
            ],
            columns={
                "version": "Release",
                "python": "Python",
                "model": "CPU",
                "sockets": "Sockets",
                "logical_cpus": "Logical CPUs",
                "capture": "Played",
            },
            look=Look(24, 4),
        ),
    ]
