"""Watching, measuring idle and describing; and streams that never get in the way of a begin."""

from dataclasses import replace

import grpc
import pytest
from doubles.awaiting import until
from doubles.energy_server import LOAD_WATTS, EnergyServer
from doubles.snapshots import full_snapshot
from google.protobuf.duration_pb2 import Duration

from joulecast.v1 import energy_pb2 as pb
from joulecast.v1.energy_pb2_grpc import EnergyServiceStub
from joulecast.version import __version__

FAST = pb.WatchPowerRequest(period=Duration(nanos=50_000_000))


def test_watch_shows_power_and_leaves_out_what_is_not_known(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """Each message is the last snapshot; a device without power is absent from it."""
    snapshot = full_snapshot()
    silent, *known = snapshot.series
    server.snapshot = replace(snapshot, series=[replace(silent, watts=None), *known])
    watch = stub.WatchPower(FAST)
    first, second = next(watch), next(watch)
    watch.cancel()

    assert first == second
    assert first.node_watts == server.snapshot.node_watts
    assert first.time.ToNanoseconds() == pytest.approx(server.snapshot.wall * 1e9, abs=1e3)
    assert [device.watts for device in first.devices] == [state.watts for state in known]


def test_watch_waits_for_the_first_snapshot(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """Before anything was sampled nothing is sent, rather than a node at zero watts in 1970."""
    watch = stub.WatchPower(FAST)
    server.snapshot = full_snapshot()
    first = next(watch)
    watch.cancel()

    assert first.time.seconds == int(server.snapshot.wall)


def test_streams_beyond_the_bound_are_refused_and_begins_go_on() -> None:
    """With every slot watched, one more stream is refused with a remedy while begins are answered."""
    with EnergyServer(streams=2) as server:
        server.snapshot = full_snapshot()
        stub = server.stub()
        watches = [stub.WatchPower(FAST) for _ in range(2)]
        for watch in watches:
            next(watch)
        with pytest.raises(grpc.RpcError) as caught:
            next(stub.WatchPower(FAST))
        begun = stub.BeginInterval(pb.BeginIntervalRequest())
        for watch in watches:
            watch.cancel()

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "end one" in caught.value.details()
    assert begun.interval_id


def test_cancelled_watch_frees_its_slot_at_once() -> None:
    """A watcher that goes away in the middle of a long period makes room for the next."""
    with EnergyServer(streams=1) as server:
        server.snapshot = full_snapshot()
        stub = server.stub()
        watch = stub.WatchPower(pb.WatchPowerRequest(period=Duration(seconds=3600)))
        next(watch)
        watch.cancel()

        def answered() -> bool:
            try:
                return next(stub.WatchPower(FAST)) is not None
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                    raise
                return False

        until(answered)


def test_idle_experiment_reports_progress_and_ends_with_the_baselines(stub: EnergyServiceStub) -> None:
    """Elapsed seconds rise to the total; only the last message carries idle power."""
    messages = list(stub.MeasureIdle(pb.MeasureIdleRequest(duration=Duration(seconds=10))))
    elapsed = [message.elapsed_seconds for message in messages]

    assert elapsed == sorted(elapsed)
    assert elapsed[-1] == 10.0
    assert all(not message.idle for message in messages[:-1])
    (idle,) = messages[-1].idle
    assert (idle.component, idle.device, idle.zone, idle.source) == (pb.COMPONENT_CPU, "0", "package", "experiment")
    assert idle.watts == pytest.approx(LOAD_WATTS, rel=0.01)


def test_idle_experiment_is_refused_while_intervals_are_open(stub: EnergyServiceStub) -> None:
    """A machine at work is not idle, unless the caller insists."""
    stub.BeginInterval(pb.BeginIntervalRequest())
    with pytest.raises(grpc.RpcError) as caught:
        list(stub.MeasureIdle(pb.MeasureIdleRequest(duration=Duration(seconds=5))))
    forced = list(stub.MeasureIdle(pb.MeasureIdleRequest(duration=Duration(seconds=5), force=True)))

    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert forced[-1].idle


def test_node_describes_itself(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """Host, release, sensors with their remedies, series with their reasons, GPUs and baselines."""
    server.snapshot = full_snapshot()
    stub.BeginInterval(pb.BeginIntervalRequest())
    node = stub.DescribeNode(pb.DescribeNodeRequest())

    assert (node.hostname, node.version, node.open_intervals) == ("node-1", __version__, 1)
    assert [sensor.remedy for sensor in node.sensors] == [sensor.remedy for sensor in server.snapshot.sensors]
    assert [series.reason for series in node.series] == [state.reason for state in server.snapshot.series]
    assert [gpu.uuid for gpu in node.gpus] == [gpu.uuid for gpu in server.snapshot.gpus]
    assert len(node.idle) == len(server.snapshot.idle)
