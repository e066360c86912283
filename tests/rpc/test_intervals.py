"""A workload begins, ends, records, gets and lists its intervals over real gRPC."""

import grpc
import pytest
from doubles.energy_server import LOAD_WATTS, EnergyServer
from doubles.ledger import FailingLedger
from doubles.measured_node import BOOT
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from exporter.rpc.energy_service import MAX_ROWS
from joulecast.v1 import energy_pb2 as pb
from joulecast.v1.energy_pb2_grpc import EnergyServiceStub


def instant(server: EnergyServer, seconds_ago: float = 0.0, boot_id: str = BOOT) -> pb.Instant:
    """A moment in the past, as a process on the same machine sees it."""
    clock = server.node.clock
    wall = clock.wall() - seconds_ago
    return pb.Instant(
        wall=Timestamp(seconds=int(wall), nanos=round(wall % 1 * 1e9)),
        monotonic_ns=round((clock.monotonic() - seconds_ago) * 1e9),
        boot_id=boot_id,
    )


def code_of(caught: pytest.ExceptionInfo[grpc.RpcError]) -> grpc.StatusCode:
    """The status of a failed call."""
    code: grpc.StatusCode = caught.value.code()
    return code


def test_interval_gets_its_joules(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """Begin, work, end: 100 W for five seconds are 500 J, with the tag, the counts and the provenance."""
    begun = stub.BeginInterval(
        pb.BeginIntervalRequest(
            request_id="r1", name="train", job="vision", phase="training", labels={"epoch": "3"}, at=instant(server)
        )
    )
    server.node.run_for(5.0)
    ended = stub.EndInterval(pb.EndIntervalRequest(interval_id=begun.interval_id, counts={"sample": 512}))
    server.node.run_for(2.0)
    final = stub.GetInterval(pb.GetIntervalRequest(interval_id=begun.interval_id)).interval

    assert begun.durable
    assert begun.warning == ""
    assert ended.interval.status == pb.INTERVAL_STATUS_SETTLING
    assert 0 < ended.interval.settles_in.ToNanoseconds() <= 2e9
    assert not ended.interval.HasField("node")
    assert final.status == pb.INTERVAL_STATUS_FINISHED
    assert not final.HasField("settles_in")
    assert (final.request_id, final.name, final.job, final.phase) == ("r1", "train", "vision", "training")
    assert dict(final.labels) == {"epoch": "3"}
    assert dict(final.counts) == {"sample": 512.0}
    assert final.duration_seconds == pytest.approx(5.0)
    assert final.node.gross_joules == pytest.approx(5 * LOAD_WATTS, rel=0.01)
    assert final.node.mean_watts == pytest.approx(LOAD_WATTS, rel=0.01)
    assert final.node.provenance == pb.PROVENANCE_MEASURED
    assert [part.component for part in final.components] == [pb.COMPONENT_CPU]
    assert (final.devices[0].device, final.devices[0].zone, final.devices[0].counted) == ("0", "package", True)


def test_unknown_idle_is_unset_not_zero(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """Without an idle baseline neither idle nor net energy is claimed."""
    begun = stub.BeginInterval(pb.BeginIntervalRequest(request_id="r1"))
    server.node.run_for(5.0)
    stub.EndInterval(pb.EndIntervalRequest(interval_id=begun.interval_id))
    server.node.run_for(2.0)
    node = stub.GetInterval(pb.GetIntervalRequest(request_id="r1")).interval.node

    assert node.HasField("gross_joules")
    assert not node.HasField("idle_joules")
    assert not node.HasField("net_joules")


def test_begin_is_idempotent_by_request_id(stub: EnergyServiceStub) -> None:
    """A retried begin answers with the interval that the first one opened."""
    first = stub.BeginInterval(pb.BeginIntervalRequest(request_id="same"))
    second = stub.BeginInterval(pb.BeginIntervalRequest(request_id="same"))

    assert first.interval_id == second.interval_id


def test_begins_without_request_id_are_different_intervals(stub: EnergyServiceStub) -> None:
    """A caller that gives no request id gets a new interval each time."""
    first = stub.BeginInterval(pb.BeginIntervalRequest())
    second = stub.BeginInterval(pb.BeginIntervalRequest())

    assert first.interval_id != second.interval_id


def test_end_is_idempotent(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """A second end changes neither the end nor the counts."""
    stub.BeginInterval(pb.BeginIntervalRequest(request_id="r1"))
    server.node.run_for(3.0)
    first = stub.EndInterval(pb.EndIntervalRequest(request_id="r1", counts={"token": 1})).interval
    server.node.run_for(3.0)
    second = stub.EndInterval(pb.EndIntervalRequest(request_id="r1", counts={"token": 2})).interval

    assert second.end_time == first.end_time
    assert dict(second.counts) == {"token": 1.0}


def test_open_interval_shows_its_energy_so_far(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """Getting an open interval gives its length and energy up to now, and no end."""
    stub.BeginInterval(pb.BeginIntervalRequest(request_id="r1"))
    server.node.run_for(10.0)
    interval = stub.GetInterval(pb.GetIntervalRequest(request_id="r1")).interval

    assert interval.status == pb.INTERVAL_STATUS_OPEN
    assert not interval.HasField("end_time")
    assert interval.duration_seconds == pytest.approx(10.0)
    assert 8 * LOAD_WATTS < interval.node.gross_joules <= 10 * LOAD_WATTS


@pytest.mark.parametrize("request_type", [pb.EndIntervalRequest, pb.GetIntervalRequest])
def test_interval_that_was_never_begun_is_not_found(stub: EnergyServiceStub, request_type: type) -> None:
    """An end or a get of an unknown interval says so, and what to do."""
    call = stub.EndInterval if request_type is pb.EndIntervalRequest else stub.GetInterval
    with pytest.raises(grpc.RpcError) as caught:
        call(request_type(request_id="never"))

    assert code_of(caught) is grpc.StatusCode.NOT_FOUND
    assert "begin it first" in caught.value.details()


def test_batch_answers_each_row_by_itself(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """Good rows are recorded whatever stands beside them; each bad one names its fault, in its place."""
    server.node.run_for(20.0)
    rows = [
        pb.RecordedInterval(request_id="a", begin=instant(server, 9), end=instant(server, 4), counts={"request": 1}),
        pb.RecordedInterval(request_id="b", begin=instant(server, 4), end=instant(server, 9)),
        pb.RecordedInterval(request_id="c", begin=instant(server, 9)),
        pb.RecordedInterval(request_id="d", begin=instant(server, 9), end=instant(server, 4), labels={"x": "y" * 300}),
        pb.RecordedInterval(request_id="e", begin=instant(server, -60), end=instant(server, -90, boot_id="other")),
        pb.RecordedInterval(request_id="f", begin=instant(server, 8), end=instant(server, 7)),
    ]
    answer = stub.RecordIntervals(pb.RecordIntervalsRequest(intervals=rows, sent=instant(server)))
    outcomes = [result.WhichOneof("outcome") for result in answer.results]
    errors = [result.error for result in answer.results if result.HasField("error")]

    assert outcomes == ["interval", "error", "error", "error", "error", "interval"]
    assert answer.results[0].interval.request_id == "a"
    assert answer.results[0].interval.node.gross_joules == pytest.approx(5 * LOAD_WATTS, rel=0.01)
    assert dict(answer.results[0].interval.counts) == {"request": 1.0}
    assert answer.results[5].interval.request_id == "f"
    assert {error.code for error in errors} == {grpc.StatusCode.INVALID_ARGUMENT.value[0]}
    assert "before begin" in errors[0].message
    assert "end is missing" in errors[1].message
    assert "label 'x'" in errors[2].message
    assert "future" in errors[3].message


def test_rows_before_all_readings_are_out_of_range(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """An interval older than any curve is refused, not given zero joules."""
    server.node.run_for(5.0)
    row = pb.RecordedInterval(request_id="a", begin=instant(server, 900), end=instant(server, 800))
    answer = stub.RecordIntervals(pb.RecordIntervalsRequest(intervals=[row], sent=instant(server)))

    assert answer.results[0].error.code == grpc.StatusCode.OUT_OF_RANGE.value[0]


def test_batch_of_too_many_rows_is_refused_whole(stub: EnergyServiceStub) -> None:
    """The limit on rows is named, so that a client can split its batch."""
    rows = [pb.RecordedInterval()] * (MAX_ROWS + 1)
    with pytest.raises(grpc.RpcError) as caught:
        stub.RecordIntervals(pb.RecordIntervalsRequest(intervals=rows))

    assert code_of(caught) is grpc.StatusCode.INVALID_ARGUMENT
    assert f"at most {MAX_ROWS}" in caught.value.details()


def test_listing_streams_what_is_stored_with_cursors(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """Every interval comes with the cursor that resumes after it."""
    for name in ("a", "b", "c"):
        stub.BeginInterval(pb.BeginIntervalRequest(request_id=name))
        server.node.run_for(1.0)
    answers = list(stub.ListIntervals(pb.ListIntervalsRequest()))

    assert [answer.interval.request_id for answer in answers] == ["a", "b", "c"]
    assert [answer.cursor for answer in answers] == [answer.interval.interval_id for answer in answers]


def test_full_disk_is_a_warning_and_no_lost_interval() -> None:
    """While the store cannot be written a begin is taken in memory, told so, and ends with its energy."""
    ledger = FailingLedger()
    with EnergyServer(ledger=ledger) as server:
        stub = server.stub()
        ledger.is_full = True
        begun = stub.BeginInterval(pb.BeginIntervalRequest(request_id="r1"))
        server.node.run_for(5.0)
        stub.EndInterval(pb.EndIntervalRequest(request_id="r1"))
        ledger.is_full = False
        server.node.run_for(3.0)
        final = stub.GetInterval(pb.GetIntervalRequest(interval_id=begun.interval_id)).interval

    assert not begun.durable
    assert "store cannot be written" in begun.warning
    assert final.durable
    assert final.node.gross_joules == pytest.approx(5 * LOAD_WATTS, rel=0.01)


def test_listing_without_a_store_is_unavailable() -> None:
    """A store that cannot be read is UNAVAILABLE with its remedy: worth trying again."""
    ledger = FailingLedger()
    with EnergyServer(ledger=ledger) as server:
        ledger.is_full = True
        with pytest.raises(grpc.RpcError) as caught:
            list(server.stub().ListIntervals(pb.ListIntervalsRequest()))

    assert code_of(caught) is grpc.StatusCode.UNAVAILABLE
    assert "free some disk space" in caught.value.details()


def test_mistyped_phase_is_warned_about_and_kept(stub: EnergyServiceStub) -> None:
    """A phase that is nearly a named one is asked back; free text is taken in silence."""
    mistyped = stub.BeginInterval(pb.BeginIntervalRequest(request_id="a", phase="trainnig"))
    free = stub.BeginInterval(pb.BeginIntervalRequest(request_id="b", phase="warm-up"))

    assert "did you mean 'training'" in mistyped.warning
    assert free.warning == ""
    assert stub.GetInterval(pb.GetIntervalRequest(request_id="a")).interval.phase == "trainnig"


def test_lease_decides_when_silence_truncates(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """An interval whose workload falls silent ends when its own lease is over."""
    stub.BeginInterval(pb.BeginIntervalRequest(request_id="short", lease=Duration(seconds=5)))
    stub.BeginInterval(pb.BeginIntervalRequest(request_id="default"))
    server.node.run_for(10.0)

    assert stub.GetInterval(pb.GetIntervalRequest(request_id="short")).interval.status == pb.INTERVAL_STATUS_TRUNCATED
    assert stub.GetInterval(pb.GetIntervalRequest(request_id="default")).interval.status == pb.INTERVAL_STATUS_OPEN


def test_scope_by_gpus_is_told_back(stub: EnergyServiceStub) -> None:
    """No GPUs, named GPUs and all GPUs stay three different things."""
    for name, gpus in (("none", ()), ("one", ("GPU-1",))):
        stub.BeginInterval(pb.BeginIntervalRequest(request_id=name, gpus=pb.GpuSelection(gpus=gpus)))
    stub.BeginInterval(pb.BeginIntervalRequest(request_id="all"))
    scopes = {
        name: stub.GetInterval(pb.GetIntervalRequest(request_id=name)).interval for name in ("none", "one", "all")
    }

    assert scopes["none"].HasField("gpus")
    assert list(scopes["none"].gpus.gpus) == []
    assert list(scopes["one"].gpus.gpus) == ["GPU-1"]
    assert not scopes["all"].HasField("gpus")
