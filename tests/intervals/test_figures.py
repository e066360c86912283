"""Sums over finished intervals stay bounded whatever workloads send, and lose nothing by it."""

from dataclasses import replace
from typing import Any

import pytest
from doubles.intervals import a_finished_interval, an_account, an_energy
from hypothesis import given
from hypothesis import strategies as st

from exporter.intervals.figures import NET_JOULES_BUCKETS, OTHER, FigureBook
from exporter.intervals.interval import Interval, Status
from joulecast.component import Component
from joulecast.provenance import Provenance


def an_interval(job: str, phase: str = "training", *, status: Status = Status.FINISHED, **energy: Any) -> Interval:
    """A finished interval whose node and only component, a CPU, have this energy."""
    interval = a_finished_interval(job=job, phase=phase)
    told = an_energy(**energy)
    interval.status = status
    interval.account = replace(an_account(), node=told, components={Component.CPU: told})
    return interval


def test_energy_is_summed_by_job_phase_component_and_provenance() -> None:
    """Intervals of one job add up; another provenance is another sum."""
    book = FigureBook()
    book.add(an_interval("a", gross_joules=100.0))
    book.add(an_interval("a", gross_joules=50.0))
    book.add(an_interval("a", gross_joules=7.0, provenance=Provenance.PREDICTED))
    book.add(an_interval("a", "inference", gross_joules=1.0))

    assert book.snapshot(0).energy == {
        ("a", "training", Component.CPU, Provenance.MEASURED): 150.0,
        ("a", "training", Component.CPU, Provenance.PREDICTED): 7.0,
        ("a", "inference", Component.CPU, Provenance.MEASURED): 1.0,
    }


def test_intervals_are_counted_by_how_they_ended() -> None:
    """Finished and truncated are counted apart; open ones are whatever the book says."""
    book = FigureBook()
    for status in (Status.FINISHED, Status.FINISHED, Status.TRUNCATED):
        book.add(an_interval("a", status=status))
    figures = book.snapshot(3)

    assert figures.ended == {("a", "training", "finished"): 2, ("a", "training", "truncated"): 1}
    assert figures.open == 3


def test_unknown_energy_adds_nothing() -> None:
    """An interval nobody observed is counted as ended; its energy is not counted as zero."""
    book = FigureBook()
    book.add(an_interval("a", gross_joules=None, idle_joules=None, provenance=None))
    unaccounted = an_interval("a")
    unaccounted.account = None
    book.add(unaccounted)
    figures = book.snapshot(0)

    assert figures.ended == {("a", "training", "finished"): 2}
    assert (figures.energy, figures.net) == ({}, {})


def test_net_energy_without_an_idle_baseline_is_not_in_the_histogram() -> None:
    """Where idle is unknown gross energy is summed, and nothing is said of net."""
    book = FigureBook()
    book.add(an_interval("a", idle_joules=None))
    figures = book.snapshot(0)

    assert list(figures.energy.values()) == [120.0]
    assert figures.net == {}


@pytest.mark.parametrize(
    ("net", "bucket"),
    [
        (-5.0, 0),
        (0.0, 0),
        (1.0, 0),  # a bucket holds its own bound, as Prometheus has it
        (1.01, 1),
        (1000.0, 9),
        (1e8, 24),
        (1.1e8, 25),
    ],
)
def test_net_energy_falls_into_its_bucket(net: float, bucket: int) -> None:
    """Each net energy is counted in the first bucket that reaches it; the last is for all above."""
    book = FigureBook()
    book.add(an_interval("a", gross_joules=net + 20.0, idle_joules=20.0))
    histogram = book.snapshot(0).net["a", "training"]

    assert [number for number, count in enumerate(histogram.counts) if count] == [bucket]
    assert histogram.sum_joules == pytest.approx(net)


def test_buckets_reach_from_a_joule_to_a_hundred_megajoules() -> None:
    """Three buckets to a decade, from 1 J to 100 MJ, rising."""
    assert (NET_JOULES_BUCKETS[0], NET_JOULES_BUCKETS[-1], len(NET_JOULES_BUCKETS)) == (1.0, 1e8, 25)
    assert sorted(set(NET_JOULES_BUCKETS)) == list(NET_JOULES_BUCKETS)


def test_label_sets_beyond_the_cap_are_other() -> None:
    """After the cap new jobs are summed as `other`, and known ones go on under their names."""
    book = FigureBook(max_label_sets=2)
    for job in ("a", "b", "c", "d", "a"):
        book.add(an_interval(job, gross_joules=10.0))
    figures = book.snapshot(0)

    assert figures.ended == {
        ("a", "training", "finished"): 2,
        ("b", "training", "finished"): 1,
        (OTHER, OTHER, "finished"): 2,
    }
    assert figures.energy[OTHER, OTHER, Component.CPU, Provenance.MEASURED] == 20.0
    assert sum(figures.net[OTHER, OTHER].counts) == 2


@given(
    jobs=st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3), st.floats(0.0, 1e9)), max_size=60),
    cap=st.integers(1, 5),
)
def test_cap_bounds_the_labels_and_keeps_the_sums(jobs: list[tuple[str, str, float]], cap: int) -> None:
    """Whatever workloads send there are at most cap + 1 label sets, and no joule and no interval is lost to them."""
    book = FigureBook(max_label_sets=cap)
    for job, phase, joules in jobs:
        book.add(an_interval(job, phase, gross_joules=joules))
    figures = book.snapshot(0)

    assert len(figures.ended) <= cap + 1
    assert sum(figures.ended.values()) == len(jobs)
    assert sum(figures.energy.values()) == pytest.approx(sum(joules for *_, joules in jobs))
    assert sum(sum(net.counts) for net in figures.net.values()) == len(jobs)


def test_interval_that_ended_after_its_truncation_is_counted_once() -> None:
    """Of an interval counted as truncated only the energy since is added: sums never go back, nor count twice."""
    book = FigureBook()
    truncated = an_interval("a", status=Status.TRUNCATED, gross_joules=100.0, idle_joules=20.0)
    book.add(truncated)
    book.add(an_interval("a", gross_joules=250.0, idle_joules=50.0), earlier=truncated.account)
    figures = book.snapshot(0)

    assert figures.ended == {("a", "training", "truncated"): 1}
    assert list(figures.energy.values()) == [250.0]
    assert figures.net["a", "training"].sum_joules == 200.0
    assert sum(figures.net["a", "training"].counts) == 1


def test_snapshot_does_not_change_afterwards() -> None:
    """A scrape holds what it got, whatever ends meanwhile."""
    book = FigureBook()
    book.add(an_interval("a"))
    before = book.snapshot(0)
    book.add(an_interval("a"))

    assert sum(before.ended.values()) == 1
    assert sum(before.net["a", "training"].counts) == 1
