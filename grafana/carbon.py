"""*Carbon and cost*: grams and money, from energy, the grid's intensity, a price and what the site adds to both.

Intensity changes by the hour, so grams are added up step by step: power times intensity, every five minutes.
"""

from grafana.colours import BLUE, GREEN, GREY, ORANGE, RED, YELLOW
from grafana.fields import Field, column
from grafana.layout import Page, Row
from grafana.panel import Look, Panel, Query
from grafana.panels import bars, stat, table
from grafana.plots import graph
from grafana.promql import JOULES_PER_KILOWATT_HOUR, JOULES_PER_WATT_HOUR, by_job, gained, node_joules
from grafana.variables import cluster, data_source, job_label, jobs, nodes

_NO_INTENSITY = "No carbon intensity is configured"
_NO_PRICE = "No price is configured"

STEP_SECONDS = 300

# joulecast_build_info is 1 for every node: the site's factor where none is configured.
_SITE = "(max by (AXES) (joulecast_pue_ratio{NODES}) or max by (AXES) (joulecast_build_info{NODES}))"
# The same for a node that fell silent in the range, whose energy counts as that of any other.
_SITE_OF_RANGE = (
    "(max by (AXES) (last_over_time(joulecast_pue_ratio{NODES}[$__range]))"
    " or max by (AXES) (last_over_time(joulecast_build_info{NODES}[$__range])))"
)
_INTENSITY = "max by (AXES) (joulecast_carbon_intensity_grams_per_kwh{NODES})"
_PRICE = "max by (AXES, currency) (joulecast_electricity_price_per_kwh{NODES})"


def _kilowatts(window: str) -> str:
    """Power of each node with what the site adds, in kilowatts."""
    watts = f"sum by (AXES) (rate(joulecast_node_energy_joules_total{{NODES}}[{window}]))"
    return f"{watts} / 1000 * on (AXES) {_SITE}"


def _grams_an_hour(window: str) -> str:
    return f"{_kilowatts(window)} * on (AXES) {_INTENSITY}"


def _money_an_hour(window: str) -> str:
    return f"{_PRICE} * on (AXES) group_left () ({_kilowatts(window)})"


def _over_range(an_hour: str) -> str:
    """What an hourly flow adds up to in the range, in steps; a step without observation adds nothing.

    Prometheus 2 counts a step at the very begin of a range, Prometheus 3 does not: so the steps are counted too.
    """
    steps = f"[$__range:{STEP_SECONDS}s]"
    hours_of_a_step = f"$__range_s / 3600 / scalar(count_over_time(vector(1){steps}))"
    return f"sum_over_time(({an_hour}){steps}) * {hours_of_a_step}"


_GRAMS = _over_range(_grams_an_hour(f"{STEP_SECONDS}s"))
_MONEY = _over_range(_money_an_hour(f"{STEP_SECONDS}s"))
# Of jobs and containers: their energy at the mean intensity of the range, on their own node.
_MEAN = (
    f"on (AXES) group_left () (avg_over_time(({_INTENSITY})[$__range:{STEP_SECONDS}s]) * on (AXES) {_SITE_OF_RANGE}"
    f" / {JOULES_PER_KILOWATT_HOUR})"
)


def carbon() -> Page:
    """Nothing is assumed: without an intensity there are no grams, without a price no money."""
    return Page(
        name="carbon",
        title="Carbon and cost",
        description="Grams of CO₂ equivalent and money, with what the site adds to the energy of its machines.",
        variables=[data_source(), cluster(), nodes(), job_label(), jobs()],
        rows=[
            Row("In this range", _totals()),
            Row("Over time", _over_time()),
            Row("Whose", _whose()),
            Row("Node by node", [_nodes()]),
        ],
        since="now-24h",
    )


def _totals() -> list[Panel]:
    return [
        stat(
            "Carbon",
            "CO₂ equivalent of the energy of these nodes and of what their site adds, at the intensity of each moment.",
            Query(f"sum({_GRAMS})", instant=True),
            "massg",
            look=Look(4, 4, steps=((None, ORANGE),), no_data=_NO_INTENSITY),
            trend=False,
        ),
        stat(
            "Cost",
            "Price of the same energy, by currency.",
            Query(f"sum by (currency) ({_MONEY})", "{{currency}}", instant=True),
            "none",
            look=Look(4, 4, decimals=2, steps=((None, GREEN),), no_data=_NO_PRICE),
            trend=False,
            text="value_and_name",
        ),
        stat(
            "Energy with the site's share",
            "Energy of these nodes times the power usage effectiveness of their site, where it is configured.",
            Query(f"sum({node_joules()} * on (AXES) {_SITE_OF_RANGE}) / {JOULES_PER_WATT_HOUR}", instant=True),
            "watth",
            trend=False,
        ),
        stat(
            "Intensity now",
            "Grams of CO₂ equivalent for a kilowatt-hour, mean over the nodes.",
            Query(f"avg({_INTENSITY})"),
            "suffix: g/kWh",
            look=Look(
                4, 4, decimals=0, steps=((None, GREEN), (200, YELLOW), (400, ORANGE), (600, RED)), no_data=_NO_INTENSITY
            ),
        ),
        stat(
            "Price now",
            "Price of a kilowatt-hour, by currency, mean over the nodes.",
            Query(f"avg by (currency) ({_PRICE})", "{{currency}}"),
            "none",
            look=Look(4, 4, decimals=3, steps=((None, BLUE),), no_data=_NO_PRICE),
            text="value_and_name",
        ),
        stat(
            "Site factor",
            "Power usage effectiveness: energy of the whole facility over that of its machines, mean over the nodes. "
            "It counts as 1 where none is configured.",
            Query("avg(joulecast_pue_ratio{NODES})"),
            "none",
            look=Look(4, 4, decimals=2, steps=((None, GREY),), no_data="Counted as 1"),
        ),
    ]


def _over_time() -> list[Panel]:
    return [
        graph(
            "Carbon an hour",
            "Flow of CO₂ equivalent in grams an hour, by node.",
            [Query(f"sum by (instance) ({_grams_an_hour('$__rate_interval')})", "{{instance}}")],
            "massg",
            look=Look(8, 9, no_data=_NO_INTENSITY),
            stacked=True,
        ),
        graph(
            "Cost an hour",
            "Money an hour, by currency.",
            [Query(f"sum by (currency) ({_money_an_hour('$__rate_interval')})", "{{currency}}")],
            "none",
            look=Look(
                8,
                9,
                decimals=2,
                no_data=_NO_PRICE,
                fields=[Field(like=".*", properties={"color": {"mode": "fixed", "fixedColor": GREEN}})],
            ),
        ),
        graph(
            "Intensity of the grid",
            "Grams of CO₂ equivalent for a kilowatt-hour, by zone and where the figure is from. Low hours are the "
            "ones to move flexible work to.",
            [Query("avg by (zone, source) (joulecast_carbon_intensity_grams_per_kwh{NODES})", "{{zone}} ({{source}})")],
            "suffix: g/kWh",
            look=Look(8, 9, decimals=0, least=0, no_data=_NO_INTENSITY),
        ),
    ]


def _whose() -> list[Panel]:
    jobs_grams = f"{gained('joulecast_interval_energy_joules_total{NODES,JOBS}')} * {_MEAN}"
    pods_grams = f"{gained('joulecast_container_energy_joules_total{NODES}')} * {_MEAN}"
    look = Look(12, 9, least=0, steps=((None, ORANGE),), color="thresholds", no_data=_NO_INTENSITY)
    return [
        bars(
            "Carbon by job",
            "Of intervals that ended in the time range, at the mean intensity of the range; the twelve largest.",
            Query(f"sort_desc(topk(12, {by_job('sum', 'job', jobs_grams)}))", "{{job}}", instant=True),
            "massg",
            look=look,
        ),
        bars(
            "Carbon by namespace",
            "Of what the containers of a namespace are charged for, at the mean intensity of the range; the twelve "
            "largest.",
            Query(f"sort_desc(topk(12, sum by (namespace) ({pods_grams})))", "{{namespace}}", instant=True),
            "massg",
            look=look,
        ),
    ]


def _nodes() -> Panel:
    return table(
        "Nodes",
        "Energy of the machine alone; carbon and cost with what the site adds.",
        [
            Query(f"{node_joules()} / {JOULES_PER_WATT_HOUR}"),
            Query(f"sum by (AXES) ({_GRAMS})"),
            Query(f"sum by (AXES) ({_MONEY})"),
            Query(_INTENSITY),
            Query(_SITE),
        ],
        columns={
            "cluster": "Cluster",
            "instance": "Node",
            "Value #A": "Energy",
            "Value #B": "Carbon",
            "Value #C": "Cost",
            "Value #D": "g/kWh now",
            "Value #E": "Site factor",
        },
        look=Look(
            24,
            8,
            fields=[
                column("Energy", "watth"),
                column("Carbon", "massg"),
                column("Cost", "none", decimals=2),
                column("g/kWh now", "none", decimals=0),
                column("Site factor", "none", decimals=2),
            ],
        ),
        sort="Carbon",
    )
