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
from joulecast.serving.health import MAX_WATCHERS
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


def test_health_of_an_unknown_service_is_not_found(server: EnergyServer) -> None:
    """A probe for a service that is not here is a mistake in the probe, not a sick exporter."""
    health = health_pb2_grpc.HealthStub(server.channel())
    with pytest.raises(grpc.RpcError) as caught:
        health.Check(health_pb2.HealthCheckRequest(service="other"))
    watch = health.Watch(health_pb2.HealthCheckRequest(service="other"))

    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


def test_health_watchers_see_every_change(server: EnergyServer) -> None:
    """A watcher is told the status at once, and again whenever it changes."""
    watch = health_pb2_grpc.HealthStub(server.channel()).Watch(health_pb2.HealthCheckRequest())
    seen = [next(watch).status]
    for serving in (False, True):
        server.server.set_serving(serving=serving)
        seen.append(next(watch).status)
    watch.cancel()

    assert seen == [SERVING, NOT_SERVING, SERVING]


def test_health_watchers_beyond_the_bound_are_refused(server: EnergyServer) -> None:
    """Health watchers have a bound of their own, and take no slot of the other streams."""
    health = health_pb2_grpc.HealthStub(server.channel())
    watches = [health.Watch(health_pb2.HealthCheckRequest()) for _ in range(MAX_WATCHERS)]
    for watch in watches:
        next(watch)
    with pytest.raises(grpc.RpcError) as caught:
        next(health.Watch(health_pb2.HealthCheckRequest()))
    server.snapshot = full_snapshot()

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert next(iter(server.stub().WatchPower(pb.WatchPowerRequest()))).node_watts
    for watch in watches:
        watch.cancel()


def test_watchers_that_leave_never_hold_up_the_server(server: EnergyServer) -> None:
    """Watchers leave while the status changes, over and over; then there is room for new ones, and Check answers."""
    health = health_pb2_grpc.HealthStub(server.channel())

    def watched() -> bool:
        watch = health.Watch(health_pb2.HealthCheckRequest())
        try:
            return next(watch).status == SERVING
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
                raise
            return False
        finally:
            watch.cancel()

    for round_number in range(50):
        watches = [health.Watch(health_pb2.HealthCheckRequest()) for _ in range(2)]
        for watch in watches:
            watch.cancel()
        server.server.set_serving(serving=bool(round_number % 2))

    assert health.Check(health_pb2.HealthCheckRequest(), timeout=20).status == SERVING
    until(watched)


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
