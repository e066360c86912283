"""Whether the sensors of a fleet are well, and the way from a node in a table to the node's own dashboard."""

from grafana.colours import GREEN, RED
from grafana.fields import column
from grafana.panel import Look, Panel, Query
from grafana.panels import stat, table
from grafana.plots import graph

TO_NODE = {
    "title": "This node",
    "url": "/d/joulecast-node?var-datasource=${datasource}&${cluster:queryparam}"
    "&var-node=${__data.fields.Node}&${__url_time_range}",
}


def health() -> list[Panel]:
    """Count what fails, name it, and show what was refused."""
    return [
        stat(
            "Failing sensors",
            "Sensors that are there and fail, or deny access, now. The node's own status page says what to do.",
            Query("count(joulecast_sensor_up{NODES} == 0) or vector(0)"),
            "none",
            look=Look(4, 8, decimals=0, steps=((None, GREEN), (1, RED))),
            trend=False,
        ),
        table(
            "Which, and for how long",
            "Sensors that fail or deny access, and for how long they have given nothing.",
            [
                Query("max by (AXES, sensor) (joulecast_sensor_up{NODES} == 0)"),
                Query(
                    "time() - max by (AXES, sensor) (joulecast_sensor_last_success_timestamp_seconds{NODES} "
                    "and on (AXES, sensor) (joulecast_sensor_up{NODES} == 0))"
                ),
            ],
            columns={"cluster": "Cluster", "instance": "Node", "sensor": "Sensor", "Value #B": "Silent for"},
            look=Look(
                8,
                8,
                fields=[column("Node", "string", links=[TO_NODE]), column("Silent for", "s", decimals=0)],
                no_data="Every sensor answers",
            ),
            sort="Silent for",
        ),
        graph(
            "Readings refused",
            "Per second: physically impossible, garbage, or of a lost device. They are missing from the energy, not "
            "wrong in it.",
            [
                Query(
                    "sum by (sensor, reason)"
                    " (rate(joulecast_sensor_rejected_readings_total{NODES}[$__rate_interval]) > 0)",
                    "{{sensor}}: {{reason}}",
                )
            ],
            "cps",
            look=Look(12, 8, no_data="None refused"),
            stacked=True,
            single=True,
        ),
    ]
