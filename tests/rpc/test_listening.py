"""Where the server listens, and how it says that it cannot."""

import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from doubles.awaiting import until
from doubles.energy_server import ANY_PORT, EnergyServer

from joulecast.errors import JoulecastError
from joulecast.serving.address import TcpAddress, UnixAddress
from joulecast.v1 import energy_pb2 as pb


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory short enough for the path of a socket."""
    path = Path(tempfile.mkdtemp(prefix="joulecast-rpc-"))
    yield path
    shutil.rmtree(path)


def begin(server: EnergyServer) -> str:
    """The id of a new interval, as a proof of service."""
    return str(server.stub().BeginInterval(pb.BeginIntervalRequest()).interval_id)


def test_port_zero_becomes_a_port() -> None:
    """The kernel's choice is told, so that a script can find it."""
    with EnergyServer(ANY_PORT) as server:
        (address,) = server.server.addresses

        assert isinstance(address, TcpAddress)
        assert address.port > 0
        assert begin(server)


def test_socket_is_open_to_every_user_who_reaches_it(directory: Path) -> None:
    """Workloads have users of their own: the socket is 0666, in a directory made 0755."""
    path = directory / "run" / "joulecast.sock"
    with EnergyServer(UnixAddress(path)) as server:
        assert begin(server)
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o755


def test_one_service_behind_several_addresses(directory: Path) -> None:
    """An interval begun over the socket can be ended over TCP."""
    unix = UnixAddress(directory / "a.sock")
    with EnergyServer(ANY_PORT, unix) as server, grpc.insecure_channel(str(unix)) as local:
        begin_over_unix = local.unary_unary(
            "/joulecast.v1.EnergyService/BeginInterval",
            request_serializer=pb.BeginIntervalRequest.SerializeToString,
            response_deserializer=pb.BeginIntervalResponse.FromString,
        )
        begun = begin_over_unix(pb.BeginIntervalRequest(request_id="r1"))
        ended = server.stub().EndInterval(pb.EndIntervalRequest(request_id="r1"))

    assert ended.interval.interval_id == begun.interval_id


def test_stopped_server_leaves_no_socket(directory: Path) -> None:
    """After a stop, even twice, the path is free."""
    path = directory / "joulecast.sock"
    with EnergyServer(UnixAddress(path)) as server:
        pass
    server.server.stop()

    until(lambda: not path.exists())


def test_stale_socket_is_replaced(directory: Path) -> None:
    """A socket left by a killed exporter does not stop the next one."""
    path = directory / "joulecast.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with EnergyServer(UnixAddress(path)) as server:
        assert begin(server)


def test_socket_in_use_is_never_taken_over(directory: Path) -> None:
    """A second exporter is refused, and the first one goes on."""
    address = UnixAddress(directory / "joulecast.sock")
    with EnergyServer(address) as first:
        with pytest.raises(JoulecastError, match=r"another process listens on .*joulecast\.sock: stop it"):
            EnergyServer(address)

        assert begin(first)


def test_file_that_is_no_socket_is_left_alone(directory: Path) -> None:
    """Nothing but a socket is ever removed to make room for one."""
    path = directory / "joulecast.sock"
    path.write_text("precious")
    with pytest.raises(JoulecastError, match="exists and is no socket"):
        EnergyServer(UnixAddress(path))

    assert path.read_text() == "precious"


def test_socket_path_beyond_the_kernels_limit_is_told(directory: Path) -> None:
    """A path too long is told as that, not as a failure to bind."""
    with pytest.raises(JoulecastError, match="too long for a socket"):
        EnergyServer(UnixAddress(directory / ("x" * 120)))


def test_socket_where_no_directory_can_be_made_is_told(directory: Path) -> None:
    """The path and the option are in the message."""
    (directory / "file").touch()
    with pytest.raises(JoulecastError, match=r"cannot listen on the socket .*--grpc"):
        EnergyServer(UnixAddress(directory / "file" / "joulecast.sock"))


def test_port_that_is_taken_is_named() -> None:
    """Neither another program's port nor another exporter's is ever shared."""
    with EnergyServer(ANY_PORT) as first:
        (address,) = first.server.addresses
        with pytest.raises(JoulecastError, match=rf"{address} is taken by another process: .*--grpc"):
            EnergyServer(address)


@pytest.mark.parametrize("host", ["203.0.113.7", "no-such-host.invalid"])
def test_host_that_is_not_ours_is_told(host: str) -> None:
    """An address of another machine, or of none, is told with the ones that work."""
    from joulecast.serving.security import Security

    with pytest.raises(JoulecastError, match=r"is no address of this machine.*127\.0\.0\.1"):
        EnergyServer(TcpAddress(host, 0), security=Security(insecure=True))
