"""Health, reflection, and a stop that lets go."""

import sys
import threading

import grpc
import pytest
from doubles.awaiting import until
from doubles.energy_server import EnergyServer
from doubles.snapshots import full_snapshot
from grpc_health.v1 import health_pb2, health_pb2_grpc

from exporter.rpc.energy_service import SERVICE
from joulecast.v1 import energy_pb2 as pb

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.mark.parametrize("service", ["", SERVICE])
def test_health_follows_the_exporter(server: EnergyServer, service: str) -> None:
    """Overall and by service, health is what the exporter says it is."""
    health = health_pb2_grpc.HealthStub(server.channel())
    request = health_pb2.HealthCheckRequest(service=service)
    first = health.Check(request).status
    server.server.set_serving(serving=False)
    second = health.Check(request).status
    server.server.set_serving(serving=True)

    assert (first, second, health.Check(request).status) == (SERVING, NOT_SERVING, SERVING)


def test_health_watchers_hold_no_threads(server: EnergyServer) -> None:
    """Far more health watchers than threads leave begins untouched."""
    health = health_pb2_grpc.HealthStub(server.channel())
    watches = [health.Watch(health_pb2.HealthCheckRequest()) for _ in range(40)]
    for watch in watches:
        assert next(watch).status == SERVING

    assert server.stub().BeginInterval(pb.BeginIntervalRequest(), timeout=10).interval_id
    for watch in watches:
        watch.cancel()


def test_reflection_lists_the_services(server: EnergyServer) -> None:
    """Tools such as grpcurl find the energy service, its file and its methods without the .proto."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    reflection = reflection_pb2_grpc.ServerReflectionStub(server.channel())
    requests = [
        reflection_pb2.ServerReflectionRequest(list_services=""),
        reflection_pb2.ServerReflectionRequest(file_containing_symbol=SERVICE),
    ]
    services, file = reflection.ServerReflectionInfo(iter(requests))
    described = FileDescriptorProto.FromString(file.file_descriptor_response.file_descriptor_proto[0])

    assert SERVICE in [service.name for service in services.list_services_response.service]
    assert "BeginInterval" in [method.name for method in described.service[0].method]


def test_reflection_is_bounded_like_every_stream() -> None:
    """Callers that keep reflection open are streams too, and refused beyond the bound."""
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    with EnergyServer(streams=1) as server:
        server.snapshot = full_snapshot()
        watch = server.stub().WatchPower(pb.WatchPowerRequest())
        next(watch)
        reflection = reflection_pb2_grpc.ServerReflectionStub(server.channel())
        with pytest.raises(grpc.RpcError) as caught:
            list(reflection.ServerReflectionInfo(iter([reflection_pb2.ServerReflectionRequest(list_services="")])))
        watch.cancel()

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_stop_ends_streams_and_tells_their_callers(server: EnergyServer) -> None:
    """A watcher in the middle of a long period does not hold up the stop, and learns of it."""
    server.snapshot = full_snapshot()
    watch = server.stub().WatchPower(pb.WatchPowerRequest())
    next(watch)
    server.server.stop()
    with pytest.raises(grpc.RpcError):
        list(watch)

    until(lambda: not [thread for thread in threading.enumerate() if thread.name.startswith("rpc")])


def test_server_loads_reflection_only_when_asked() -> None:
    """What few ever use costs no memory at start."""
    import subprocess

    code = "import exporter.rpc.server, sys; print('grpc_reflection.v1alpha' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert answer.stdout == "False\n"
