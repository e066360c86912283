"""The page for people: complete, self-contained, and safe whatever names it shows."""

import dataclasses
from html.parser import HTMLParser

import pytest
from doubles.http_client import request
from doubles.served_node import NOW, Node
from doubles.snapshots import full_snapshot, gpu_identity, machine_usage, sensor_state, series_state, snapshot_of

from exporter.intervals.interval import Interval, Tag
from exporter.metering.snapshot import EMPTY, IdleState, Snapshot
from exporter.metrics.status_page import About, status_page
from exporter.usage.source import Gauge, UsageReading
from joulecast.component import Component, SeriesKey

ATTACK = "<script>alert('x')</script>\" onload=\"x"


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
        if tag not in {"meta", "link"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def interval(name: str, begun: float = NOW - 90) -> Interval:
    """An open interval."""
    return Interval(f"id-{name}", Tag("r", name, "resnet", "training"), "boot", 0.0, begun, 3600.0, 0.0)


def page_of(snapshot: Snapshot, *intervals: Interval, about: About | None = None, trouble: str | None = None) -> str:
    """The page two seconds after its snapshot."""
    return status_page(snapshot, intervals, about or About(), trouble, NOW)


def test_page_is_well_formed_and_needs_nothing_else(node: Node) -> None:
    """Every tag closes, there is no script, and all addresses are its own."""
    reader = Reader(page_of(node.snapshot, interval("train")))
    assert reader.open == []
    assert "script" not in reader.tags
    addresses = [value for name, value in reader.attributes if name in {"href", "src"}]
    assert addresses == ["data:,", "/metrics", "/-/healthy", "/-/ready"]
    assert "url(" not in page_of(node.snapshot)


def test_page_shows_node_power_with_its_provenance(node: Node) -> None:
    """The first number on the page says what it is."""
    page = page_of(node.snapshot)
    assert "2,792.0 W</strong> node power, measured" in page


def test_page_tells_why_each_series_counts_or_not() -> None:
    """A reader sees the error bar, and the reason beside the decision."""
    page = page_of(snapshot_of([series_state(Component.CPU, "0", "core", watts=80.0, uncertainty_watts=0.75)]))
    assert "80.0 W ± 0.75 W" in page
    assert "no: inside the package" in page


def test_series_without_reading_says_so() -> None:
    """No reading is words, not a zero."""
    page = page_of(snapshot_of([series_state(Component.CPU, "0", "package", watts=None)]))
    assert "no reading" in page


def test_denied_sensor_comes_with_its_remedy() -> None:
    """The page says what to do about what is missing."""
    page = page_of(snapshot_of([], sensors=[sensor_state("rapl", "denied")]))
    assert "rapl is denied" in page
    assert "grant access to rapl" in page


def test_usage_is_in_units_people_read() -> None:
    """Ratios become percentages, temperatures whole degrees."""
    page = page_of(snapshot_of([], usage=machine_usage()))
    assert "<td>cpu utilization</td><td></td><td></td>" in page
    assert ">43.8%<" in page
    assert ">62 °C<" in page


def test_each_gpu_has_one_row_of_all_that_is_known() -> None:
    """A server of eight GPUs has eight rows, each with its usage, limits and why it is slowed."""
    reader = Reader(page_of(full_snapshot(gpus=8)))
    row = reader.texts.index("GPU-00000003", reader.texts.index("slowed by"))
    assert reader.texts[row - 1 : row + 8] == [
        "3",
        "GPU-00000003",
        "Imaginary H100",
        "87.5%",
        "40.0 GiB of 80.0 GiB",
        "66 °C",
        "1980 MHz",
        "700.0 W",
        "power_cap",
    ]


def test_gpu_that_tells_little_has_gaps_and_no_zeros() -> None:
    """What a driver does not give is left blank."""
    page = page_of(snapshot_of([], gpus=[gpu_identity(0)]))
    blank = '<td class="number"></td>'
    assert f"<td>Imaginary H100</td>{blank * 5}<td></td></tr>" in page


@pytest.mark.parametrize(
    ("joules", "text"), [(0.0, "0.0 J"), (999.9, "999.9 J"), (262_143.0, "262.1 kJ"), (7.5e6, "2.08 kWh")]
)
def test_energy_is_in_units_people_read(joules: float, text: str) -> None:
    """Joules at first, kilowatt-hours from one on."""
    assert f">{text}<" in page_of(snapshot_of([series_state(Component.GPU, "GPU-1", joules=joules)]))


def test_open_intervals_are_listed_with_their_age() -> None:
    """What is being measured now, and for how long."""
    page = page_of(EMPTY, interval("train"))
    assert "Open intervals: 1" in page
    assert "<td>train</td><td>resnet</td><td>training</td>" in page
    assert ">90 s<" in page


def test_many_open_intervals_do_not_make_the_page_endless() -> None:
    """Ten thousand open intervals are counted, and some of them shown."""
    page = page_of(EMPTY, *(interval(f"step {number}") for number in range(10_000)))
    assert "Open intervals: 10000 (50 shown)" in page
    assert page.count("<td>resnet</td>") == 50


def test_interval_from_the_future_has_no_negative_age() -> None:
    """A wall clock stepped back does not make an interval younger than nothing."""
    assert ">0 s<" in page_of(EMPTY, interval("train", begun=NOW + 3600))


def test_replay_is_announced_loudly() -> None:
    """Nobody takes played numbers for those of this machine."""
    page = page_of(EMPTY, about=About(replaying="dgx-h100.json"))
    assert 'role="alert">Not this machine: all numbers come from dgx-h100.json.' in page
    assert "Not this machine" not in page_of(EMPTY)


def test_trouble_is_announced() -> None:
    """What the health probe says is on the page too."""
    assert "Not healthy: no sensor was read for 30 s." in page_of(EMPTY, trouble="no sensor was read for 30 s")


def test_empty_node_says_what_to_do_next() -> None:
    """Without sensors, readings or intervals the page explains itself."""
    page = page_of(EMPTY)
    assert "Node power is not known" in page
    assert "joulecast idle" in page
    assert "joulecast run" in page
    assert "no reading yet" in page


def test_no_name_can_become_markup() -> None:
    """Whatever workloads, drivers and capture files call themselves, it is shown as text."""
    state = series_state(Component.PLATFORM, ATTACK, ATTACK, sensor=ATTACK)
    state = dataclasses.replace(state, reason=ATTACK, series=dataclasses.replace(state.series, note=ATTACK))
    hostile = dataclasses.replace(
        snapshot_of(
            [state],
            sensors=[dataclasses.replace(sensor_state(ATTACK), status=ATTACK, message=ATTACK, rejected={ATTACK: 1})],
            usage=[UsageReading(Gauge.TEMPERATURE, 1.0, ATTACK, ATTACK, ATTACK)],
        ),
        idle={SeriesKey(Component.CPU, ATTACK): IdleState(1.0, 1.0, ATTACK, 1.0, 0.0)},
    )
    reader = Reader(page_of(hostile, interval(ATTACK), about=About(ATTACK, ATTACK, ATTACK), trouble=ATTACK))
    assert "script" not in reader.tags
    assert not any(name == "onload" for name, _ in reader.attributes)
    assert sum(ATTACK in text for text in reader.texts) >= 15


def test_page_may_load_nothing(node: Node, serve) -> None:  # noqa: ANN001 - the fixture's own type is long
    """The browser is told to fetch nothing for this page, whatever it holds."""
    policy = request(serve().address, "/").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert node.snapshot is not EMPTY
