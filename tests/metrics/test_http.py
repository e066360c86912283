"""The door: who gets in, what travels, and what clients cannot do to it."""

import gzip
import logging
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from doubles.awaiting import until
from doubles.http_client import request
from doubles.served_node import ANY_PORT, Node
from doubles.snapshots import snapshot_of

from exporter.metering.snapshot import EMPTY, Snapshot
from exporter.metrics.connections import Limits
from exporter.metrics.http import MetricsServer
from exporter.metrics.page import resources
from exporter.metrics.site import Site
from exporter.metrics.tls import Tls
from joulecast.errors import JoulecastError
from joulecast.serving.address import TcpAddress

Serve = Callable[..., MetricsServer]

PROMETHEUS_ACCEPT = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)


def without_process(exposition: str) -> list[str]:
    """The node's lines of a scrape; those of the exporter's own process change from one to the next."""
    return [line for line in exposition.splitlines() if "process_" not in line]


def test_scrape_has_the_format_its_client_asks_for(serve: Serve) -> None:
    """Prometheus gets OpenMetrics, curl the plain text format; both hold the same samples of the node."""
    address = serve().address
    modern = request(address, "/metrics", headers={"Accept": PROMETHEUS_ACCEPT})
    plain = request(address, "/metrics")
    assert modern.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert modern.text.endswith("# EOF\n")
    assert plain.headers["Content-Type"].startswith("text/plain; version=0.0.4")

    def samples(text: str) -> list[str]:
        return [line for line in without_process(text) if not line.startswith("#")]

    assert samples(modern.text) == samples(plain.text)


def test_unreadable_accept_header_gets_plain_text(serve: Serve) -> None:
    """A version that is no number is no reason to fail."""
    response = request(serve().address, "/metrics", headers={"Accept": "application/openmetrics-text; version=abc"})
    assert (response.status, response.headers["Content-Type"][:10]) == (200, "text/plain")


def test_scrape_is_packed_only_for_clients_that_take_it(serve: Serve) -> None:
    """With Accept-Encoding the same text arrives, gzipped and smaller."""
    address = serve().address
    packed = request(address, "/metrics", headers={"Accept-Encoding": "gzip"})
    plain = request(address, "/metrics")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert without_process(gzip.decompress(packed.body).decode()) == without_process(plain.text)
    assert len(packed.body) < len(plain.body) / 3


def test_two_scrapers_see_the_same(serve: Serve) -> None:
    """A scrape consumes nothing: the second server reads what the first one read."""
    address = serve().address
    first, second = (request(address, "/metrics").text for _ in range(2))
    assert without_process(first) == without_process(second)


def test_scrape_tells_what_the_exporter_itself_uses(serve: Serve) -> None:
    """The usual process metrics are there, read from this process."""
    assert "process_resident_memory_bytes " in request(serve().address, "/metrics").text


def test_health_follows_the_exporter(serve: Serve, node: Node) -> None:
    """While something is wrong the probe fails and says what."""
    address = serve().address
    assert request(address, "/-/healthy").status == 200
    node.trouble = "no sensor was read for 30 s"
    response = request(address, "/-/healthy")
    assert (response.status, response.text) == (503, "no sensor was read for 30 s\n")


def test_ready_with_the_first_snapshot(serve: Serve, node: Node) -> None:
    """Traffic may come once there is something to show."""
    node.snapshot = EMPTY
    address = serve().address
    waiting = request(address, "/-/ready")
    assert (waiting.status, waiting.text) == (503, "the sensors have not been read yet\n")
    node.snapshot = snapshot_of([])
    assert request(address, "/-/ready").status == 200


def test_unknown_path_names_the_known_ones(serve: Serve) -> None:
    """A 404 tells where to go."""
    response = request(serve().address, "/metricz?x=/metrics")
    assert response.status == 404
    assert "/metrics" in response.text


def test_query_string_is_no_part_of_the_path(serve: Serve) -> None:
    """Parameters of a scrape configuration are ignored."""
    assert request(serve().address, "/metrics?collect[]=gpu").status == 200


@pytest.mark.parametrize("path", ["/", "/api/v1/node", f"/{resources.address(resources.STYLESHEET)}"])
def test_client_that_has_it_already_is_sent_nothing(serve: Serve, path: str) -> None:
    """With the tag of the last answer the next is empty, until something changes."""
    door = serve().address
    first = request(door, path)
    again = request(door, path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = request(door, path, headers={"If-None-Match": 'W/"0", "1"'})
    assert (other.status, other.body) == (200, first.body)


def test_files_of_the_page_may_be_kept_forever(serve: Serve) -> None:
    """Their address changes with their content; that of another build is not found, rather than answered wrongly."""
    door = serve().address
    for name in resources.resources():
        response = request(door, f"/{resources.address(name)}", headers={"Accept-Encoding": "gzip"})
        assert response.status == 200
        assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert request(door, "/page/000000000000/style.css").status == 404
    assert request(door, "/page/../http.py").status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_door_is_read_only(serve: Serve, method: str) -> None:
    """Other methods are refused, with the allowed ones named."""
    response = request(serve().address, "/metrics", method=method)
    assert (response.status, response.headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/", "/metrics", "/api/v1/node", "/-/healthy", "/-/ready", "/nothing"])
def test_head_is_get_without_the_body(serve: Serve, path: str) -> None:
    """HEAD gives the status and type of GET, and not one byte more."""
    address = serve().address
    get, head = request(address, path), request(address, path, method="HEAD")
    assert (head.status, head.headers["Content-Type"], head.body) == (get.status, get.headers["Content-Type"], b"")
    assert int(head.headers["Content-Length"]) > 0


def test_token_guards_all_but_the_probes(serve: Serve) -> None:
    """Without the token an orchestrator may ask for health, and nobody for numbers."""
    address = serve(token="s3cret").address
    assert [request(address, path).status for path in ("/-/healthy", "/-/ready")] == [200, 200]
    for path in ("/", "/metrics", "/api/v1/node", f"/{resources.address('live.js')}", "/nothing"):
        response = request(address, path)
        assert (response.status, response.headers["WWW-Authenticate"]) == (401, 'Bearer realm="joulecast"')


@pytest.mark.parametrize(
    ("credentials", "status"),
    [("Bearer s3cret", 200), ("bearer  s3cret", 200), ("Bearer s3cre", 401), ("Basic s3cret", 401), ("Bearer é", 401)],
)
def test_token_must_be_the_right_one(serve: Serve, credentials: str, status: int) -> None:
    """Only the very token opens the door."""
    response = request(serve(token="s3cret").address, "/metrics", headers={"Authorization": credentials})
    assert response.status == status


def test_page_that_fails_answers_500_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A bug behind one page reaches the log with its traceback, and not its reader."""

    def broken() -> Snapshot:
        raise ZeroDivisionError("secret detail")

    server = MetricsServer(ANY_PORT, Site(latest=broken))
    server.start()
    try:
        with caplog.at_level(logging.ERROR):
            response = request(server.address, "/metrics")
        assert response.status == 500
        assert "secret" not in response.text
        assert "secret detail" in caplog.text
        assert request(server.address, "/-/healthy").status == 200
    finally:
        server.close()


def test_taken_port_is_told_with_a_remedy(serve: Serve) -> None:
    """The second exporter on a port says who to look for and what else to do."""
    taken = serve().address
    with pytest.raises(JoulecastError, match=r"taken by another process: .*--listen"):
        MetricsServer(taken, Node().site()).start()


def test_foreign_address_is_told_with_a_remedy() -> None:
    """An address of another machine cannot be bound, and that is what the message says."""
    with pytest.raises(JoulecastError, match=r"192\.0\.2\.1 is no address of this machine"):
        MetricsServer(TcpAddress("192.0.2.1", 0), Node().site()).start()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="no IPv6 here")
def test_every_interface_means_both_families() -> None:
    """`[::]:PORT` is reached over IPv4 and IPv6."""
    server = MetricsServer(TcpAddress("::", 0), Node().site())
    server.start()
    try:
        port = server.address.port
        assert request(TcpAddress("127.0.0.1", port), "/-/healthy").status == 200
        assert request(TcpAddress("::1", port), "/-/healthy").status == 200
        assert server.url == f"http://localhost:{port}"
    finally:
        server.close()


def test_closed_door_frees_its_port(serve: Serve) -> None:
    """After close nobody answers, and the address can be bound again."""
    server = serve()
    address = server.address
    server.close()
    server.close()
    with pytest.raises(ConnectionRefusedError):
        request(address, "/metrics")
    again = MetricsServer(address, Node().site())
    again.start()
    again.close()


def connect(address: TcpAddress) -> socket.socket:
    """A client that connects, sends half a request, and then nothing."""
    client = socket.create_connection(address, timeout=30)
    client.sendall(b"GET /metrics HT")
    return client


def test_too_many_connections_are_told_to_come_back(serve: Serve) -> None:
    """Beyond the limit the answer is 503 at once; when one of the others leaves there is room again."""
    address = serve(limits=Limits(connections=2, seconds=3600)).address
    idle = [connect(address) for _ in range(2)]
    response = request(address, "/metrics")
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    idle.pop().close()
    until(lambda: request(address, "/metrics").status == 200)
    idle.pop().close()


def test_slow_clients_are_hung_up_on(serve: Serve) -> None:
    """Clients that never finish their request lose the connection, and the others get in."""
    address = serve(limits=Limits(connections=2, seconds=0.2)).address
    stuck = [connect(address) for _ in range(2)]
    assert [client.recv(1) for client in stuck] == [b"", b""]
    until(lambda: request(address, "/metrics").status == 200)
    for client in stuck:
        client.close()


def test_garbage_is_refused_and_the_door_stays_open(serve: Serve) -> None:
    """Bytes that are no HTTP cost their sender the connection, nobody else anything."""
    address = serve().address
    for garbage in (
        b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
        b"GET " + b"a" * 70000 + b" HTTP/1.1\r\n\r\n",
        b"\r\n\r\n",
    ):
        with socket.create_connection(address, timeout=30) as client:
            client.sendall(garbage)
            client.shutdown(socket.SHUT_WR)
            client.recv(100)
    assert request(address, "/metrics").status == 200


needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no `openssl` on PATH to make certificates")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key; it is its own authority."""
    directory = tmp_path_factory.mktemp("tls")
    certificate, key = directory / "cert.pem", directory / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=joulecast", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    return certificate, key


@needs_openssl
def test_tls_encrypts_the_scrape(serve: Serve, certificate: tuple[Path, Path]) -> None:
    """A client that trusts the certificate scrapes; one that speaks plain HTTP gets nothing."""
    server = serve(tls=Tls(*certificate))
    trusting = ssl.create_default_context(cafile=certificate[0])
    assert request(server.address, "/metrics", tls=trusting).status == 200
    assert server.url.startswith("https://127.0.0.1:")
    with pytest.raises(OSError, match=r".*"):
        request(server.address, "/metrics")
    assert request(server.address, "/metrics", tls=trusting).status == 200


@needs_openssl
def test_client_without_certificate_is_refused(serve: Serve, certificate: tuple[Path, Path]) -> None:
    """With a client CA only its certificates get in."""
    address = serve(tls=Tls(*certificate, client_ca=certificate[0])).address
    stranger = ssl.create_default_context(cafile=certificate[0])
    with pytest.raises(OSError, match=r".*"):
        request(address, "/metrics", tls=stranger)
    known = ssl.create_default_context(cafile=certificate[0])
    known.load_cert_chain(*certificate)
    assert request(address, "/metrics", tls=known).status == 200


@needs_openssl
def test_silent_tls_clients_do_not_block_the_door(serve: Serve, certificate: tuple[Path, Path]) -> None:
    """A client that never starts its handshake holds one slot until the deadline, and not the accepting thread."""
    address = serve(tls=Tls(*certificate), limits=Limits(connections=2, seconds=3600)).address
    silent = connect(address)
    trusting = ssl.create_default_context(cafile=certificate[0])
    assert request(address, "/metrics", tls=trusting).status == 200
    silent.close()


def test_unusable_certificate_is_told_with_a_remedy(tmp_path: Path) -> None:
    """A missing or wrong file is named."""
    with pytest.raises(JoulecastError, match=r"absent\.pem.*PEM"):
        MetricsServer(ANY_PORT, Node().site(), tls=Tls(tmp_path / "absent.pem", tmp_path / "absent.key"))
