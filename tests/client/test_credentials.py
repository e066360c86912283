"""What it takes to be let in."""

import shutil
import subprocess
from collections.abc import Iterator
from concurrent import futures
from pathlib import Path

import grpc
import pytest
from doubles.energy_service import EnergyServer, ScriptedEnergyService

import joulecast
from joulecast.client.address import parse_address
from joulecast.client.credentials import credentials_from
from joulecast.client.failure import Misconfigured
from joulecast.v1.energy_pb2_grpc import add_EnergyServiceServicer_to_server

REMOTE = parse_address("gpu-node-7:9878")
SOCKET = parse_address("unix:/run/s")


def test_a_token_never_crosses_a_network_in_the_clear() -> None:
    """Over plain TCP to another machine a token is refused here, before it is sent; locally it may go."""
    with pytest.raises(Misconfigured, match=r"in the clear.*JOULECAST_TLS_CA"):
        credentials_from({"JOULECAST_TOKEN": "secret"}, REMOTE)

    assert credentials_from({"JOULECAST_TOKEN": "secret"}, SOCKET).token == "secret"
    assert credentials_from({"JOULECAST_TOKEN": "secret"}, parse_address("127.0.0.1:1")).token == "secret"


def test_a_token_may_come_from_a_file(tmp_path: Path) -> None:
    """The line break an editor leaves behind is not part of the token, and nothing shows it in a repr."""
    (tmp_path / "token").write_text("secret\n")
    credentials = credentials_from({"JOULECAST_TOKEN_FILE": str(tmp_path / "token")}, SOCKET)

    assert credentials.token == "secret"
    assert "secret" not in repr(credentials)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"JOULECAST_TLS_CA": "/nonexistent/ca.pem"}, "/nonexistent/ca.pem cannot be read.*JOULECAST_TLS_CA"),
        ({"JOULECAST_TLS_CERT": "/etc/hostname"}, "needs its key"),
        ({"JOULECAST_TOKEN_FILE": "/nonexistent/token"}, "JOULECAST_TOKEN_FILE"),
        ({"JOULECAST_TOKEN": "a\x07b"}, "unprintable"),
    ],
)
def test_what_cannot_work_says_which_variable_to_look_at(environ: dict[str, str], message: str) -> None:
    """A missing file, half a key pair and a broken token are each one line with a remedy."""
    with pytest.raises(Misconfigured, match=message):
        credentials_from(environ, REMOTE)


def test_a_socket_needs_no_tls() -> None:
    """TLS settings are for the network; the kernel guards a Unix socket."""
    assert not credentials_from({"JOULECAST_TLS_CA": "/nonexistent/ca.pem"}, SOCKET).tls


def test_the_token_goes_with_every_call(server: EnergyServer) -> None:
    """Each call carries the token as a bearer token."""
    connection = joulecast.Connection(server.address, {"JOULECAST_TOKEN": "secret"})
    with joulecast.interval("train", address=connection) as energy:
        pass
    _ = energy.joules

    assert {metadata["authorization"] for metadata in server.service.metadata} == {"Bearer secret"}


@pytest.fixture
def tls_files(tmp_path: Path) -> Path:
    """A self-signed certificate for localhost, which is its own authority."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate")
    subprocess.run(
        [
            openssl,
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            tmp_path / "key.pem",
            "-out",
            tmp_path / "cert.pem",
        ],
        check=True,
        capture_output=True,
    )
    return tmp_path


@pytest.fixture
def mutual_tls_port(tls_files: Path) -> Iterator[int]:
    """An exporter that asks its clients for a certificate."""
    key, certificate = (tls_files / "key.pem").read_bytes(), (tls_files / "cert.pem").read_bytes()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    add_EnergyServiceServicer_to_server(ScriptedEnergyService(), server)
    secrets = grpc.ssl_server_credentials([(key, certificate)], certificate, require_client_auth=True)
    port = server.add_secure_port("localhost:0", secrets)
    server.start()
    yield port
    server.stop(0).wait()


def test_mutual_tls(mutual_tls_port: int, tls_files: Path) -> None:
    """With its certificate and the authority a client is let in, and an interval is measured over TLS."""
    environ = {
        "JOULECAST_TLS_CA": str(tls_files / "cert.pem"),
        "JOULECAST_TLS_CERT": str(tls_files / "cert.pem"),
        "JOULECAST_TLS_KEY": str(tls_files / "key.pem"),
        "JOULECAST_TOKEN": "secret",
    }
    connection = joulecast.Connection(f"localhost:{mutual_tls_port}", environ)
    with joulecast.interval("train", strict=True, address=connection) as energy:
        pass

    assert energy.joules is not None
    connection.close()


@pytest.mark.filterwarnings("ignore:joulecast")
def test_without_a_certificate_nobody_is_let_in(mutual_tls_port: int, tls_files: Path) -> None:
    """A client that trusts the exporter but shows no certificate measures nothing, and works on."""
    connection = joulecast.Connection(
        f"localhost:{mutual_tls_port}", {"JOULECAST_TLS_CA": str(tls_files / "cert.pem")}, timeout=0.5, patience=0.1
    )
    with joulecast.interval("train", address=connection) as energy:
        pass

    assert energy.joules is None
    connection.close()
