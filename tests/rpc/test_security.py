"""Who is let in: tokens, TLS, client certificates, and no open door by accident."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import grpc
import pytest
from doubles.certificates import Certificates, make_certificates
from doubles.energy_server import ANY_PORT, EnergyServer
from doubles.snapshots import full_snapshot
from grpc_health.v1 import health_pb2, health_pb2_grpc

from joulecast.errors import JoulecastError
from joulecast.serving.address import TcpAddress, UnixAddress
from joulecast.serving.security import Security, Tls
from joulecast.serving.token import read_token
from joulecast.v1 import energy_pb2 as pb
from joulecast.v1.energy_pb2_grpc import EnergyServiceStub

TOKEN = "0123456789abcdef"
EVERYWHERE = TcpAddress("0.0.0.0", 0)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """An authority with a server's and a client's certificate."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificates")
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def socket_path() -> Iterator[Path]:
    """A path short enough for a socket."""
    directory = Path(tempfile.mkdtemp(prefix="joulecast-rpc-"))
    yield directory / "joulecast.sock"
    shutil.rmtree(directory)


def begin(stub: EnergyServiceStub, metadata: Sequence[tuple[str, str]] = ()) -> str:
    """The id of a new interval."""
    return str(stub.BeginInterval(pb.BeginIntervalRequest(), metadata=metadata, timeout=10).interval_id)


def bearer(token: str) -> list[tuple[str, str]]:
    """The metadata that carries a token."""
    return [("authorization", f"Bearer {token}")]


def refused(stub: EnergyServiceStub, metadata: Sequence[tuple[str, str]] = ()) -> grpc.RpcError:
    """The error a begin meets."""
    with pytest.raises(grpc.RpcError) as caught:
        begin(stub, metadata)
    return caught.value


def test_caller_with_the_token_is_let_in() -> None:
    """The token opens unary calls and streams alike."""
    with EnergyServer(security=Security(token=TOKEN)) as server:
        server.snapshot = full_snapshot()
        stub = server.stub()
        watch = stub.WatchPower(pb.WatchPowerRequest(), metadata=bearer(TOKEN))

        assert begin(stub, bearer(TOKEN))
        assert next(watch).node_watts == server.snapshot.node_watts
        watch.cancel()


@pytest.mark.parametrize(
    "metadata", [[], bearer("wrong"), bearer(""), [("authorization", TOKEN)], [("authorization", f"Basic {TOKEN}")]]
)
def test_caller_without_the_token_is_told_how_to_send_it(metadata: Sequence[tuple[str, str]]) -> None:
    """No token, a wrong one or another scheme: UNAUTHENTICATED, with the remedy, and nothing is begun."""
    with EnergyServer(security=Security(token=TOKEN)) as server:
        error = refused(server.stub(), metadata)
        begun = server.node.book.open_intervals()

    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "JOULECAST_TOKEN" in error.details()
    assert begun == []


def test_streams_need_the_token_too() -> None:
    """A stream without the token is refused before its first message."""
    with EnergyServer(security=Security(token=TOKEN)) as server:
        with pytest.raises(grpc.RpcError) as caught:
            list(server.stub().ListIntervals(pb.ListIntervalsRequest()))

        assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_unix_socket_needs_no_token(socket_path: Path) -> None:
    """The file system guards the socket: workloads on the machine need no secret."""
    with EnergyServer(UnixAddress(socket_path), security=Security(token=TOKEN)) as server:
        server.snapshot = full_snapshot()
        stub = server.stub()

        assert begin(stub)
        assert next(iter(stub.WatchPower(pb.WatchPowerRequest()))).node_watts == server.snapshot.node_watts


def test_probes_need_no_token() -> None:
    """A kubelet asks for health without a secret, and is answered."""
    with EnergyServer(security=Security(token=TOKEN)) as server:
        health = health_pb2_grpc.HealthStub(server.channel())

        assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING


def test_token_file_is_read_without_its_newline(tmp_path: Path) -> None:
    """A file as `openssl rand -hex 32 >` makes it is good."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")

    assert read_token(tmp_path / "token") == TOKEN


@pytest.mark.parametrize("content", [b"", b"short\n", b"two words that are long", b"\xff" * 20, b"a\x00" * 10])
def test_token_that_protects_nothing_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty, short or unprintable token is a mistake, with the command that makes a good one."""
    (tmp_path / "token").write_bytes(content)

    with pytest.raises(JoulecastError, match=r"token file|openssl rand"):
        read_token(tmp_path / "token")


def test_missing_token_file_is_told(tmp_path: Path) -> None:
    """The file's name and the option are in the message."""
    with pytest.raises(JoulecastError, match=r"absent cannot be read.*--token-file"):
        read_token(tmp_path / "absent")


def test_token_stays_out_of_logs() -> None:
    """Nobody finds the secret in a printed configuration."""
    assert TOKEN not in repr(Security(token=TOKEN))


def test_tls_serves_those_who_trust_it(certificates: Certificates) -> None:
    """Over TLS a caller that trusts the authority is served; one that speaks plainly is not."""
    tls = Tls(certificates.server, certificates.server_key)
    with EnergyServer(security=Security(tls=tls)) as server:
        trusted = grpc.ssl_channel_credentials(certificates.authority.read_bytes())

        assert begin(server.stub(trusted))
        assert refused(server.stub()).code() is grpc.StatusCode.UNAVAILABLE


def test_client_ca_admits_only_its_own(certificates: Certificates) -> None:
    """With a client CA the handshake asks for a certificate: none, no service."""
    tls = Tls(certificates.server, certificates.server_key, certificates.authority)
    authority = certificates.authority.read_bytes()
    known = grpc.ssl_channel_credentials(
        authority, certificates.client_key.read_bytes(), certificates.client.read_bytes()
    )
    with EnergyServer(security=Security(tls=tls)) as server:
        assert begin(server.stub(known))
        assert refused(server.stub(grpc.ssl_channel_credentials(authority))).code() is grpc.StatusCode.UNAVAILABLE


def test_certificates_that_cannot_be_used_are_named(certificates: Certificates, tmp_path: Path) -> None:
    """A missing file, and a file that is no PEM, are told by name when the server is made."""
    (tmp_path / "text").write_text("no certificate")
    with pytest.raises(JoulecastError, match="absent cannot be read"):
        EnergyServer(security=Security(tls=Tls(tmp_path / "absent", certificates.server_key)))
    with pytest.raises(JoulecastError, match="text holds no CERTIFICATE in PEM format"):
        EnergyServer(security=Security(tls=Tls(tmp_path / "text", certificates.server_key)))
    with pytest.raises(JoulecastError, match="holds no PRIVATE KEY"):
        EnergyServer(security=Security(tls=Tls(certificates.server, certificates.server)))


@pytest.mark.parametrize("security", [Security(), Security(token=TOKEN)])
def test_open_listener_without_encryption_is_refused(security: Security) -> None:
    """Beyond loopback there must be TLS: a token alone would cross the network in the clear."""
    with pytest.raises(JoulecastError, match=r"0\.0\.0\.0:0 can be reached from other machines.*--insecure"):
        EnergyServer(EVERYWHERE, security=security)


def test_open_listener_needs_a_proof_of_identity(certificates: Certificates) -> None:
    """TLS that lets everyone in is refused; with a token or a client CA it is served."""
    tls = Tls(certificates.server, certificates.server_key)
    with pytest.raises(JoulecastError, match="without a token"):
        EnergyServer(EVERYWHERE, security=Security(tls=tls))
    Security(tls=tls, token=TOKEN).check([EVERYWHERE])
    Security(tls=Tls(tls.certificate, tls.key, certificates.authority)).check([EVERYWHERE])


def test_insecure_is_a_decision_one_can_make() -> None:
    """With --insecure the listener is opened as asked."""
    with EnergyServer(EVERYWHERE, security=Security(insecure=True)) as server:
        address = server.server.addresses[0]

        assert isinstance(address, TcpAddress)
        with grpc.insecure_channel(f"127.0.0.1:{address.port}") as channel:
            assert begin(EnergyServiceStub(channel))


@pytest.mark.parametrize(
    "address", [ANY_PORT, TcpAddress("localhost", 1), TcpAddress("::1", 1), TcpAddress("127.9.9.9", 1)]
)
def test_loopback_needs_nothing(address: TcpAddress) -> None:
    """Whatever only this machine can reach is served as it is."""
    Security().check([address, UnixAddress(Path("/run/x.sock"))])
