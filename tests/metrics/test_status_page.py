"""The page for people: complete without a script, safe whatever names it shows, and honest about what is not known."""

import dataclasses
import math
from html.parser import HTMLParser

import pytest
from doubles.http_client import request
from doubles.served_node import NOW, Node
from doubles.snapshots import (
    full_snapshot,
    gpu_identity,
    machine_usage,
    sensor_state,
    series_state,
    snapshot_of,
    some_bill,
)

from exporter.intervals.interval import Account, Energy, Interval, Status, Tag, Usage
from exporter.metering.snapshot import EMPTY, IdleState, Snapshot
from exporter.metrics.page.document import page
from exporter.metrics.page.history import STEP_SECONDS, Step
from exporter.metrics.page.view import About, Sight, View
from exporter.metrics.page.workloads import workloads_section
from exporter.usage.source import Gauge, UsageReading
from joulecast.component import Component, SeriesKey
from joulecast.footprint.rates import rates_of
from joulecast.provenance import Provenance

ATTACK = "<script>alert('x')</script>\" onload=\"x"
VOID = {"meta", "link", "input", "img"}


class Reader(HTMLParser):
    """Reads a page as a browser would: its texts, its tags, and every address it mentions."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        """Everything there is to read, in order."""
        return "".join(self.texts)

    def values(self, name: str) -> list[str | None]:
        """All values of one attribute."""
        return [value for each, value in self.attributes if each == name]


def energy(gross: float | None, idle: float | None = None) -> Energy:
    """An energy known to nine joules, and to forty by its sensors."""
    return Energy(gross, idle, 9.0, 40.0, 1.0, Provenance.MEASURED, idle_uncertainty_joules=12.0)


def interval(
    name: str = "train", *, begun: float = NOW - 90, account: Account | None = None, ended: float | None = None
) -> Interval:
    """An interval, open unless it ended so many seconds after its begin."""
    made = Interval(f"id-{name}", Tag("r", name, "resnet", "training"), "boot", 0.0, begun, 3600.0, 0.0)
    made.account = account
    if ended is not None:
        made.status, made.end, made.end_wall = Status.FINISHED, ended, begun + ended
    return made


def account(gross: float | None, idle: float | None = None) -> Account:
    """An account of which the GPUs took most."""
    whole = energy(gross, idle)
    parts = {} if gross is None else {Component.CPU: energy(0.25 * gross), Component.GPU: energy(0.75 * gross)}
    return Account(whole, parts, (), Usage())


def read(view: View) -> Reader:
    """The page of a view."""
    return Reader(page(dataclasses.replace(view, wall=NOW)))


def read_snapshot(snapshot: Snapshot) -> Reader:
    """The page of a node without intervals."""
    return read(View(snapshot))


def read_intervals(*running: Interval, ended: tuple[Interval, ...] = ()) -> Reader:
    """The page of a node with nothing but intervals."""
    return read(View(intervals=Sight(running, len(running), ended)))


def test_page_is_well_formed_and_asks_only_its_own_server() -> None:
    """Every tag closes, nothing is inline that could be made to run, and all that is loaded is relative."""
    steps = [Step(number, {Component.CPU: 100.0, Component.GPU: 500.0}) for number in range(20)]
    view = View(full_snapshot(), history=steps, intervals=Sight([interval()], 1, [interval("old", ended=9.0)]))
    reader = read(view)
    assert reader.open == []
    assert "style" not in reader.tags
    assert not [name for name, _ in reader.attributes if name.startswith("on") or name == "style"]
    loaded = [*reader.values("src"), *(href for href in reader.values("href") if href and "page/" in href)]
    assert len(loaded) >= 5
    assert all(address is not None and address.startswith("page/") for address in loaded)
    elsewhere = [href for href in reader.values("href") if href and href.startswith("http")]
    assert elsewhere == ["https://github.com/joulecast/joulecast/tree/main/docs"]  # a link, not loaded


def test_page_without_script_reloads_itself() -> None:
    """Who runs no script sees current figures too."""
    assert '<noscript><meta http-equiv="refresh"' in page(View())


def test_first_figure_is_node_power_with_error_and_provenance() -> None:
    """Errors of parts may all lean one way, so the node's half-width is their sum."""
    states = [
        series_state(Component.CPU, "0", "package", watts=120.0, uncertainty_watts=6.0),
        series_state(Component.GPU, "GPU-1", watts=300.0, uncertainty_watts=15.0),
    ]
    assert "420 ± 21 W" in read_snapshot(snapshot_of(states)).text


def test_unknown_error_of_a_part_leaves_the_sum_without_one() -> None:
    """A bar that leaves a part out would claim too much."""
    reader = read_snapshot(full_snapshot(gpus=1))
    assert "587 W" in reader.text
    assert "587 ±" not in reader.text


def test_sum_that_lacks_a_part_says_so() -> None:
    """Node power without its GPUs is not read as that of the whole node."""
    states = [
        series_state(Component.CPU, "0", "package", watts=120.0),
        series_state(Component.GPU, "GPU-1", watts=None),
        series_state(Component.GPU, "GPU-2", watts=None),
    ]
    assert "Without 2 GPU: no reading" in read_snapshot(snapshot_of(states)).text
    assert "Without" not in read_snapshot(snapshot_of(states[:1])).text


def test_page_tells_why_each_series_counts_or_not() -> None:
    """A reader sees the error bar, and the reason beside the decision."""
    reader = read_snapshot(snapshot_of([series_state(Component.CPU, "0", "core", watts=80.0, uncertainty_watts=0.75)]))
    assert "80.0 ± 0.8 W" in reader.text
    assert "not counted: inside the package" in reader.text


def test_series_without_reading_says_so() -> None:
    """No reading is a dash and words, not a zero."""
    text = read_snapshot(snapshot_of([series_state(Component.CPU, "0", "package", watts=None)])).text
    assert "\N{EN DASH} no reading" in text
    assert "Node power is not known" in text


def test_denied_sensor_comes_first_and_with_its_remedy() -> None:
    """The page says what to do about what is missing, before it lists what is well."""
    text = read_snapshot(snapshot_of([], sensors=[sensor_state("nvml"), sensor_state("rapl", "denied")])).text
    assert "rapl is denied" in text
    assert "grant access to rapl" in text
    assert text.index("rapl is denied") < text.index("nvml")


def test_usage_is_in_units_people_read() -> None:
    """Ratios become percentages, temperatures whole degrees."""
    text = read_snapshot(snapshot_of([], usage=machine_usage())).text
    assert "CPU busy43.8 %" in text
    assert "CPU 0 temperature, Package id 062 °C" in text


def test_each_gpu_has_one_row_of_all_that_is_known() -> None:
    """A server of eight GPUs has eight rows, each with its usage, limits and why it is slowed."""
    reader = read_snapshot(full_snapshot(gpus=8))
    text = reader.text
    for index in range(8):
        row = f"{index} · Imaginary H100GPU-0000000{index}{311 + index} Wof 700 W87.5 %40.0 GiBof 80.0 GiB66 °C"
        assert row in text
    assert text.count("1,980 MHzpower cap") == 8


def test_gpu_that_tells_little_has_dashes_and_no_zeros() -> None:
    """What a driver does not give is a dash."""
    text = read_snapshot(snapshot_of([], gpus=[gpu_identity(0)])).text
    assert "Imaginary H100GPU-00000000\N{EN DASH} no readingof 700 W" + "\N{EN DASH} not told" * 5 in text


@pytest.mark.parametrize(
    ("joules", "text"),
    [(0.0, "0.0 J"), (999.9, "999.9 J"), (262_143.0, "262.1 kJ"), (1.16e6, "1.16 MJ"), (7.5e6, "2.08 kWh")],
)
def test_energy_is_in_units_people_read(joules: float, text: str) -> None:
    """Joules at first, kilowatt-hours from one on."""
    assert text in read_snapshot(snapshot_of([series_state(Component.GPU, "GPU-1", joules=joules)])).text


def test_running_interval_shows_its_energy_so_far() -> None:
    """What is being measured now, for how long, and what it took until now."""
    text = read_intervals(interval(account=account(812.34))).text
    assert "Running: 1" in text
    assert "trainresnet · training90 s" in text
    assert "812 ± 9 Jcalibration ± 40.0 J" in text
    assert "CPU\N{NO-BREAK SPACE}25\N{NO-BREAK SPACE}% · GPU\N{NO-BREAK SPACE}75\N{NO-BREAK SPACE}%" in text


def test_ended_interval_shows_gross_idle_net_and_per_count() -> None:
    """Each to its first digit in doubt, with the value in full in the markup."""
    ended = interval(ended=12.5, account=account(812.34, 300.5))
    ended.counts = {"sample": 512}
    reader = read_intervals(ended=(ended,))
    assert "12.5 s" in reader.text
    assert "300 ± 12 J512 ± 15 J" in reader.text
    assert "1.59 J per sample" in reader.text
    assert {"812.34", "300.5", repr(812.34 - 300.5)} <= set(reader.values("value"))


def test_energy_that_is_not_known_is_a_dash_with_its_reason() -> None:
    """Settling, never observed, without a baseline: three reasons, no zero."""
    assert "\N{EN DASH} settling" in read_intervals(ended=(interval(ended=1.0),)).text
    assert "\N{EN DASH} not observed" in read_intervals(ended=(interval(ended=1.0, account=account(None)),)).text
    assert "\N{EN DASH} idle not known" in read_intervals(ended=(interval(ended=1.0, account=account(5.0)),)).text


def test_truncated_interval_is_marked_with_its_notes() -> None:
    """A reader sees that such an energy is not that of the whole work, and why."""
    cut = interval(ended=30.0, account=account(5.0))
    cut.status, cut.notes = Status.TRUNCATED, ["its workload fell silent"]
    text = read_intervals(ended=(cut,)).text
    assert "traintruncated" in text
    assert "1 noteits workload fell silent" in text


def test_more_intervals_than_shown_are_counted() -> None:
    """The page says how many run, also when it shows the newest only."""
    view = View(intervals=Sight([interval()], 10_000, ()))
    assert "Running: 10,000 (1 newest shown)" in read(view).text


def test_interval_from_the_future_has_no_negative_age() -> None:
    """A wall clock stepped back does not make an interval younger than nothing."""
    assert "training0 s" in read_intervals(interval(begun=NOW + 3600)).text


def test_unreadable_store_is_told() -> None:
    """Missing intervals are not passed over in silence."""
    text = read(View(intervals=Sight(problem="the disk is full: make room"))).text
    assert "Earlier intervals cannot be shown: the disk is full: make room" in text


def test_replay_is_announced_loudly() -> None:
    """Nobody takes played numbers for those of this machine."""
    assert (
        "Replay, not this machine. All power and usage come from dgx.json"
        in read(View(about=About(replaying="dgx.json"))).text
    )
    assert "Replay" not in read(View()).text


def test_trouble_is_announced_and_old_figures_look_old() -> None:
    """What the health probe says is on the page too."""
    troubled = page(View(trouble="nothing was sampled for 30 s"))
    assert "nothing was sampled for 30 s" in troubled
    assert '<body class="stale"' in troubled
    assert '<body class="stale"' not in page(View())


def test_empty_node_says_what_to_do_next() -> None:
    """Without sensors, readings or intervals the page explains itself."""
    text = read_snapshot(EMPTY).text
    assert "Node power is not known" in text
    assert "joulecast run" in text
    assert "no reading yet" in text


def test_unknown_idle_power_comes_with_its_command() -> None:
    """As long as net energy cannot be known the page says how to change that."""
    state = series_state(Component.CPU, "0", "package")
    assert "joulecast idle" in read_snapshot(snapshot_of([state])).text
    known = dataclasses.replace(
        snapshot_of([state]), idle={state.series.key: IdleState(48.5, 0.5, "experiment", 60.0, NOW - 60)}
    )
    text = read_snapshot(known).text
    assert "joulecast idle" not in text
    assert "48.5 ± 0.5 Wexperiment, 60 s" in text


def test_estimates_are_drawn_otherwise_than_measurements() -> None:
    """A predicted watt is hatched and marked in words; a measured one is neither."""
    predicted = page(View(snapshot_of([series_state(Component.CPU, "0", "package", provenance=Provenance.PREDICTED)])))
    measured = page(View(snapshot_of([series_state(Component.CPU, "0", "package")])))
    assert 'class="hatch"' in predicted
    assert 'class="mark predicted"' in predicted
    assert 'class="hatch"' not in measured


def test_chart_has_gaps_where_nothing_was_known() -> None:
    """Two stretches of power are two lines, not one across the gap."""
    steps = [Step(number, {Component.CPU: 100.0}) for number in (*range(5), *range(10, 15))]
    reader = read(View(history=steps))
    assert reader.values("class").count("ridge") == 2
    seconds = round(14 * STEP_SECONDS)
    assert f"Node power over the last {seconds} s, between 100 W and 100 W" in reader.values("aria-label")


def test_every_table_and_section_can_be_named_by_a_screen_reader() -> None:
    """Tables have captions, sections headings, and there is one of each landmark."""
    view = View(full_snapshot(), intervals=Sight([interval()], 1, [interval("old", ended=9.0)]))
    reader = read(view)
    assert reader.tags.count("table") == reader.tags.count("caption") == 6
    assert reader.tags.count("section") == reader.tags.count("h2")
    assert [reader.tags.count(landmark) for landmark in ("header", "main", "footer", "nav", "h1")] == [1] * 5


def test_workloads_are_charged_openly() -> None:
    """The largest come first, and what is idle or nobody's stands with them, so that the shares add up."""
    reader = read_snapshot(full_snapshot())
    text = reader.text
    names = ["train-0/trainer", "job_42", "shop-7d9f-x2/nginx", "Other workloads", "Idle", "Unattributed"]
    assert sorted(names, key=text.index) == names
    assert "ml · Kubernetes1.2 kJ of GPUs that it held and did not use" in text
    assert "5 running, 1 finished, 1 unmapped, 1 not shown" in text
    shown = Reader(workloads_section(View(full_snapshot())) or "").values("value")
    charged = sum(sum(filter(None, line[1:4])) for line in some_bill([]).lines)
    assert math.fsum(float(value or 0) for value in shown) == pytest.approx(charged + 159_000 + 1_102_000.5 + 1_234.5)


def test_idle_energy_without_a_baseline_is_not_zero() -> None:
    """Where idle power is not known, nothing was told to be idle, which is not to say that nothing was."""
    bill = dataclasses.replace(some_bill([]), idle={Component.CPU: 0.0})
    bare = dataclasses.replace(snapshot_of([]), bill=bill)
    assert "nobody works\N{EN DASH} not known" in read_snapshot(bare).text
    known = dataclasses.replace(
        bare, idle={SeriesKey(Component.CPU, "0", "package"): IdleState(1.0, 0.1, "learnt", 60.0, NOW)}
    )
    assert "nobody works0.0 J0.0 %CPU\N{NO-BREAK SPACE}0.0\N{NO-BREAK SPACE}J" in read_snapshot(known).text


def test_node_without_charged_workloads_says_so() -> None:
    """A replay, or a machine that nobody works on, has a sentence in place of an empty table."""
    bill = dataclasses.replace(some_bill([]), lines=[])
    assert "No workload was charged yet" in read_snapshot(dataclasses.replace(snapshot_of([]), bill=bill)).text


def test_older_intervals_are_folded() -> None:
    """Ten ended ones are a glance; the other forty are one step away."""
    ended = [interval(f"step {number}", ended=9.0) for number in range(50)]
    reader = read(View(intervals=Sight(ended=ended)))
    assert "40 earlier" in reader.text
    assert reader.text.count("resnet · training") == 50


def test_carbon_and_cost_stand_beside_the_joules_where_rates_are_known() -> None:
    """One kilowatt-hour at 400 g and 0.25 EUR; without rates not a word of either."""
    ended = interval(ended=3600.0, account=account(3.6e6))
    rates = rates_of(intensity=400.0, price=0.25, currency="EUR")
    view = View(snapshot_of([series_state(Component.GPU, "GPU-1", watts=500.0)]), intervals=Sight(ended=[ended]))
    text = read(dataclasses.replace(view, rates=rates)).text
    assert "400.000 ± 0.001 g CO₂e0.250 EUR" in text
    assert "200 g CO₂e · 0.125 EUR per hour" in text
    assert "Carbon intensity400 g CO₂e/kWh(configured)" in text
    without = read(view).text
    assert "CO₂e" not in without
    assert "EUR" not in without


def test_no_name_can_become_markup() -> None:
    """Whatever workloads, drivers and capture files call themselves, it is shown as text."""
    state = series_state(Component.PLATFORM, ATTACK, ATTACK, sensor=ATTACK)
    state = dataclasses.replace(state, reason=ATTACK, series=dataclasses.replace(state.series, note=ATTACK))
    hostile = dataclasses.replace(
        snapshot_of(
            [state],
            sensors=[
                dataclasses.replace(
                    sensor_state(ATTACK), status=ATTACK, message=ATTACK, remedy=ATTACK, rejected={ATTACK: 1}
                )
            ],
            usage=[UsageReading(Gauge.TEMPERATURE, 1.0, ATTACK, ATTACK, ATTACK)],
            gpus=[dataclasses.replace(gpu_identity(0), uuid=ATTACK, model=ATTACK)],
        ),
        idle={SeriesKey(Component.PLATFORM, ATTACK, ATTACK): IdleState(1.0, 1.0, ATTACK, 1.0, 0.0)},
    )
    ended = interval(ATTACK, ended=1.0, account=account(5.0))
    ended.counts, ended.notes = {ATTACK: 2}, [ATTACK]
    ended.tag = ended.tag._replace(job=ATTACK, phase=ATTACK)
    view = View(hostile, About(ATTACK, ATTACK, ATTACK), Sight([interval(ATTACK)], 1, [ended], ATTACK), trouble=ATTACK)
    reader = read(view)
    assert reader.tags.count("script") == 2
    assert not any(name == "onload" for name, _ in reader.attributes)
    assert sum(ATTACK in text for text in reader.texts) >= 20


def test_browser_may_load_nothing_from_elsewhere(node: Node, serve) -> None:  # noqa: ANN001 - the fixture's own type is long
    """The browser is told so for this page, whatever it holds; nothing inline may run."""
    policy = request(serve().address, "/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert node.snapshot is not EMPTY
