"""Thousands of short tags, stamped locally and sent later."""

import threading

import grpc
import pytest
from doubles.awaiting import until
from doubles.energy_service import EnergyServer

import joulecast


def test_tags_of_a_batch_get_their_joules(server: EnergyServer) -> None:
    """Every tag becomes an interval with the batch's job, phase and labels, its own on top, in the order of its end."""
    with joulecast.batch("serve", job="chat", phase="inference", address=server.address, model="7b") as tags:
        with tags.interval("prefill", step=1) as step:
            step.count(token=100)
        decode = tags.begin("decode", model="7b-int8")
        decode.end(token=12)

    prefill, decoded = tags.results
    assert (prefill.name, prefill.job, prefill.phase) == ("prefill", "chat", "inference")
    assert prefill.labels == {"model": "7b", "step": "1"}
    assert decoded.labels == {"model": "7b-int8"}
    assert prefill.joules_per("token") == prefill.energy.gross_joules / 100
    assert decoded.counts == {"token": 12.0}
    assert {prefill.status, decoded.status} == {"finished"}


def test_ten_thousand_tags_in_one_batch(server: EnergyServer) -> None:
    """There is no number of tags at which anything is lost, nested or recursed into."""
    with joulecast.batch("serve", job="chat", address=server.address) as tags:
        for number in range(10_000):
            with tags.interval("step", step=number):
                pass

    steps = [result.labels["step"] for result in tags.results]
    assert steps == [str(number) for number in range(10_000)]
    assert all(result.final for result in tags.results)
    assert len(server.service.asked("RecordIntervals")) == 20


def test_the_interval_around_the_tags_is_not_summed_with_them(server: EnergyServer) -> None:
    """The exporter samples finely meanwhile; the joules around the tags carry no job, which would count them twice."""
    with joulecast.batch("serve", job="chat", phase="inference", address=server.address) as tags:
        assert [(row.name, row.job, row.phase) for row in server.service.intervals.values()] == [("serve", "", "")]

    assert tags.energy.result().status == "finished"


def test_timestamps_are_those_of_the_work(server: EnergyServer) -> None:
    """Edges on the wire are the local ones, and the wall clock agrees with the monotonic one."""
    with joulecast.batch("serve", address=server.address) as tags:
        step = tags.begin("step")
        step.end()

    (request,) = server.service.asked("RecordIntervals")
    (row,) = request.intervals
    assert row.begin.monotonic_ns == pytest.approx(step.begin_ns, abs=1000)
    assert row.end.monotonic_ns == pytest.approx(step.end_ns, abs=1000)
    wall_between = row.begin.wall.ToNanoseconds() - request.sent.wall.ToNanoseconds()
    assert wall_between == pytest.approx(row.begin.monotonic_ns - request.sent.monotonic_ns, abs=10_000)


def test_results_wait_until_all_are_final(server: EnergyServer) -> None:
    """Tags that ended a moment ago have settled when their results are read."""
    server.service.settle_seconds = 0.1
    with joulecast.batch("serve", address=server.address) as tags:
        for _ in range(3):
            tags.begin("step").end()

    assert [result.status for result in tags.results] == ["finished"] * 3


def test_a_refused_tag_is_told_apart(server: EnergyServer) -> None:
    """One bad row costs nothing but itself, and is told with the exporter's reason."""
    server.service.refused_names = {"early": "the interval ended before the first reading"}
    tags = joulecast.batch("serve", address=server.address, run=7)
    for name in ("good", "early", "good"):
        tags.begin(name).end()
    with pytest.warns(RuntimeWarning, match="before the first reading"):
        tags.flush()

    assert [result.name for result in tags.results] == ["good", "good"]
    (failed,) = tags.failed
    assert failed == ("early", {"run": "7"}, "the interval ended before the first reading")


def test_a_batch_that_is_refused_as_a_whole_is_told_too(server: EnergyServer) -> None:
    """Refused tags are not tried for ever."""
    server.service.refusals = {"RecordIntervals": (grpc.StatusCode.UNAUTHENTICATED, "who are you")}
    with pytest.warns(RuntimeWarning, match="who are you"), joulecast.batch("serve", address=server.address) as tags:
        tags.begin("step").end()

    assert (tags.waiting, len(tags.failed), list(tags.results)) == (0, 1, [])


@pytest.mark.filterwarnings("ignore:joulecast")
def test_tags_wait_for_an_exporter_that_is_away(server: EnergyServer) -> None:
    """What cannot be sent is kept, and sent in order with the same ids when the exporter is back."""
    connection = joulecast.Connection(server.address)
    with joulecast.batch("serve", address=connection) as tags:
        tags.begin("first").end()
        server.stop()
        tags.flush()
        tags.begin("second").end()
        assert tags.waiting == 2
        server.start()
        connection._outage.over()
        until(lambda: connection._outage.over() or tags.flush() or not tags.waiting)

    assert [result.name for result in tags.results] == ["first", "second"]


@pytest.mark.filterwarnings("ignore:joulecast")
def test_a_batch_without_an_exporter_keeps_the_work_going() -> None:
    """No exporter, no results, one warning, and strict says it."""
    with joulecast.batch("serve", address="unix:///nonexistent/s") as tags, tags.interval("step"):
        pass

    assert (list(tags.results), tags.waiting) == ([], 1)
    with (
        pytest.raises(joulecast.Unreachable),
        joulecast.batch("serve", strict=True, address="unix:///nonexistent/s"),
    ):
        raise AssertionError("the body must not run")


def test_an_exception_passes_untouched_and_the_tags_are_sent(server: EnergyServer) -> None:
    """The tag that failed and those before it are recorded."""
    with (
        pytest.raises(ZeroDivisionError),
        joulecast.batch("serve", address=server.address) as tags,
        tags.interval("step"),
    ):
        _ = 1 / 0

    assert [result.name for result in tags.results] == ["step"]


def test_threads_may_share_a_batch(server: EnergyServer) -> None:
    """Tags of many threads, flushed while they work, all arrive once."""
    with joulecast.batch("serve", address=server.address) as tags:

        def work(thread: int) -> None:
            for number in range(500):
                with tags.interval("step", thread=thread, number=number):
                    pass
                if number % 100 == 0:
                    tags.flush()

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    seen = {(result.labels["thread"], result.labels["number"]) for result in tags.results}
    assert len(seen) == len(tags.results) == 2000


def test_the_keeper_sends_tags_while_the_work_goes_on(server: EnergyServer) -> None:
    """A batch that stays open for hours does not hold its tags back until it closes."""
    with joulecast.batch("serve", address=server.address) as tags:
        tags.begin("step").end()
        until(lambda: server.service.asked("RecordIntervals"))
