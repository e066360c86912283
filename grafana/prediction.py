"""*Prediction*: how near the models come where something is measured too, and how much of a fleet hangs on them."""

from grafana.colours import COMPONENT_NAMES, COMPONENTS, GREEN, ORANGE, PURPLE, RED, YELLOW
from grafana.fields import BY_COMPONENT, BY_PROVENANCE, Field, coloured, column, gauge_column
from grafana.layout import Page, Row
from grafana.panel import Look, Panel, Query
from grafana.panels import stat, table
from grafana.plots import graph, scatter
from grafana.prediction_service import service
from grafana.promql import share_known_as
from grafana.variables import cluster, data_source, nodes

_LINES = {f"{component} predicted": COMPONENTS[component] for component in ("cpu", "dram", "gpu")}
_NO_TWIN = "No node is measured and predicted at once"

# The exporter compares the last minute, device by device or, where the devices differ, a component as a whole.
_MEASURED = 'avg_over_time(joulecast_power_watts{NODES,PARTS,provenance=~"measured|integrated"}[1m])'
_DEVICE = 'on (AXES, component, device) joulecast_prediction_residual_ratio{NODES,device!=""}'
_WHOLE = 'on (AXES, component) joulecast_prediction_residual_ratio{NODES,device=""}'
_COMPARED = (
    f"(sum by (AXES, component, device) ({_MEASURED}) and {_DEVICE} "
    f"or sum by (AXES, component) ({_MEASURED}) and {_WHOLE})"
)
_PREDICTED = (
    f"(sum by (AXES, component, device) ({_MEASURED}) * {_DEVICE.replace('joulecast', '(1 + joulecast', 1)}) "
    f"or sum by (AXES, component) ({_MEASURED}) * {_WHOLE.replace('joulecast', '(1 + joulecast', 1)}))"
)


def prediction() -> Page:
    """Residuals first: a prediction is worth what it was worth where one could look."""
    return Page(
        name="prediction",
        title="Prediction",
        description="Predicted against measured power, the share of predicted energy, and the prediction service.",
        variables=[data_source(), cluster(), nodes()],
        rows=[
            Row("How far to trust it", [*_trust(), _over_time(), _scatter(), _residuals()]),
            Row("How much hangs on it", [_shares(), _nodes()]),
            Row("The prediction service", service()),
        ],
    )


def _trust() -> list[Panel]:
    steps = ((None, GREEN), (0.1, YELLOW), (0.25, ORANGE), (0.5, RED))
    return [
        stat(
            "Typical residual",
            "Median over nodes and parts of how far predicted energy is from measured, of the last minute.",
            Query("quantile(0.5, abs(joulecast_prediction_residual_ratio{NODES}))"),
            "percentunit",
            look=Look(6, 4, decimals=1, steps=steps, no_data=_NO_TWIN),
        ),
        stat(
            "Worst residual",
            "The part of a node whose prediction is farthest from its measurement.",
            Query("max(abs(joulecast_prediction_residual_ratio{NODES}))"),
            "percentunit",
            look=Look(6, 4, decimals=1, steps=steps, no_data=_NO_TWIN),
        ),
        stat(
            "Predicted energy",
            "Share of all energy in the time range that a trained model predicted.",
            Query(share_known_as("predicted"), instant=True),
            "percentunit",
            look=Look(6, 4, decimals=1, least=0, most=1, steps=((None, PURPLE),)),
            trend=False,
        ),
        stat(
            "Nodes that need it",
            "Nodes with at least one part that is predicted now.",
            Query('count(count by (AXES) (joulecast_power_watts{NODES,PARTS,provenance="predicted"})) or vector(0)'),
            "none",
            look=Look(6, 4, decimals=0, steps=((None, PURPLE),)),
        ),
    ]


def _over_time() -> Panel:
    return graph(
        "Predicted and measured power",
        "Sum over the parts that are both, by component. Dashed: what the model says.",
        [
            Query(f"sum by (component) ({_COMPARED})", "{{component}}"),
            Query(f"sum by (component) ({_PREDICTED})", "{{component}} predicted"),
        ],
        "watt",
        look=Look(
            10,
            9,
            fields=[
                *BY_COMPONENT,
                Field(
                    like=".* predicted",
                    properties={"custom.lineStyle": {"fill": "dash", "dash": [8, 6]}, "custom.fillOpacity": 0},
                ),
                *coloured(_LINES, {name: f"{COMPONENT_NAMES[name.split()[0]]} predicted" for name in _LINES}),
            ],
            no_data=_NO_TWIN,
        ),
    )


def _scatter() -> Panel:
    return scatter(
        "Predicted against measured",
        "All parts that are both, a point for each moment. On the line both are equal.",
        Query(f"sum({_COMPARED})", "measured"),
        Query(f"sum({_PREDICTED})", "predicted"),
        "watt",
        look=Look(
            6,
            9,
            fields=[Field("predicted", properties={"color": {"mode": "fixed", "fixedColor": PURPLE}})],
            no_data=_NO_TWIN,
        ),
        x_field=Field("measured", properties={"unit": "watt"}),
        diagonal=True,
    )


def _residuals() -> Panel:
    return graph(
        "Residuals",
        "Predicted over measured energy of the last minute, less 1, of each part of each node. Between the dashed "
        "lines it is within 25 %.",
        [Query("joulecast_prediction_residual_ratio{NODES}", "{{instance}} {{component}} {{device}}")],
        "percentunit",
        look=Look(
            8,
            9,
            steps=((None, ORANGE), (-0.25, "transparent"), (0.25, ORANGE)),
            fields=[Field(like=".*", properties={"custom.axisSoftMin": -0.4, "custom.axisSoftMax": 0.4})],
            no_data=_NO_TWIN,
        ),
        limits=True,
    )


def _shares() -> Panel:
    return graph(
        "Share of power by how it is known",
        "Of all chosen nodes. What is predicted is never used to train a model.",
        [
            Query(
                "sum by (provenance) (joulecast_power_watts{NODES,PARTS}) "
                "/ on () group_left () sum(joulecast_power_watts{NODES,PARTS})",
                "{{provenance}}",
            )
        ],
        "percentunit",
        look=Look(12, 9, least=0, most=1, fields=BY_PROVENANCE),
        stacked=True,
    )


def _nodes() -> Panel:
    columns = {
        "cluster": "Cluster",
        "instance": "Node",
        "Value #A": "Predicted",
        "Value #B": "Modelled",
        "Value #C": "Worst residual",
    }
    return table(
        "By node",
        "Share of each node's energy in the time range that is predicted by a trained model or modelled by a "
        "formula, and the worst residual of its parts where they are measured too.",
        [
            *(Query(share_known_as(provenance, by="AXES")) for provenance in ("predicted", "modelled")),
            Query("max by (AXES) (abs(joulecast_prediction_residual_ratio{NODES}))"),
        ],
        columns=columns,
        look=Look(
            12,
            9,
            fields=[
                gauge_column("Predicted", PURPLE),
                gauge_column("Modelled", YELLOW),
                column("Worst residual", "percentunit", decimals=1),
            ],
        ),
        sort="Predicted",
    )
