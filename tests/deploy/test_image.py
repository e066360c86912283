"""The images themselves, built and run: `pytest -m image tests/deploy` (minutes, root, buildah, the network)."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import pytest
from doubles.awaiting import until
from doubles.container_images import Image, ImageStore
from doubles.http_client import request
from doubles.scrape import Scrape
from doubles.sysfs import PowercapTree

from joulecast.serving.address import TcpAddress
from joulecast.version import __version__

pytestmark = [pytest.mark.image, pytest.mark.timeout(1200)]

NOBODY_SPECIAL = 65532
# Half as much again as they had when this was written, gRPC and numpy being most of it.
MOST_BYTES = {"exporter": 45_000_000, "predictor": 145_000_000}


@pytest.fixture(scope="module")
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ImageStore]:
    """A store with the base image in it."""
    if "image" not in request.config.getoption("markexpr"):
        pytest.skip("builds images, which takes minutes: pytest -m image")
    missing = [each for each in ("buildah", "unshare", "setpriv") if shutil.which(each) is None]
    if missing or os.geteuid() != 0:
        pytest.skip(f"needs root and {', '.join(missing) or 'nothing else'}")
    directory = tmp_path_factory.mktemp("images")
    store = ImageStore(directory)
    store.provide_base()
    yield store
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def exporter(store: ImageStore) -> Image:
    """The exporter's image."""
    return store.build("exporter", __version__)


@pytest.fixture(scope="module")
def predictor(store: ImageStore) -> Image:
    """The predictor's image."""
    return store.build("predictor", __version__)


@pytest.fixture
def machine(tmp_path: Path) -> PowercapTree:
    """A host with two sockets, whose counters are root's own."""
    tree = PowercapTree.server(tmp_path / "sys")
    _restrict(tree, 0o400, 0)
    return tree


@pytest.mark.parametrize("name", ["exporter", "predictor"])
def test_contents(name: str, request: pytest.FixtureRequest) -> None:
    """An image has its command, no pip, nothing that trains models, little else, and says what it is."""
    image: Image = request.getfixturevalue(name)
    (site,) = image.root.glob("opt/joulecast/lib/python3*/site-packages")
    there = {each.name for each in site.iterdir()}

    assert {"joulecast", "exporter", "predictor", "grpc"} <= there
    assert not there & {"torch", "sklearn", "scipy", "matplotlib", "pip"}
    assert ("numpy" in there) == (name == "predictor")
    assert image.config["User"] == "65532:65532"
    assert image.config["Entrypoint"] == ["joulecast"]
    assert image.config["Labels"]["org.opencontainers.image.version"] == __version__
    assert image.size_of("opt/joulecast") < MOST_BYTES[name]


def test_version_is_checked(store: ImageStore) -> None:
    """An image cannot be labelled with a version that its source has not."""
    assert store.refuses("exporter", "999.0")


@pytest.mark.parametrize(
    ("access", "provenance"),
    [
        pytest.param((0, 0o400, 0), "measured", id="root without capabilities owns the counters"),
        pytest.param((NOBODY_SPECIAL, 0o400, 0), "predicted", id="another user may not read them"),
        pytest.param((NOBODY_SPECIAL, 0o440, NOBODY_SPECIAL), "measured", id="unless its group may"),
    ],
)
def test_exporter(
    exporter: Image, machine: PowercapTree, tmp_path: Path, access: tuple[int, int, int], provenance: str
) -> None:
    """With a read-only root and without any capability it serves /metrics from a mounted host, and is healthy."""
    user, mode, group = access
    _restrict(machine, mode, group)
    listen = _free_address()
    own = {"JOULECAST_LISTEN": str(listen), "JOULECAST_SYSFS": "/host/sys", "JOULECAST_PROCFS": "/host/proc"}
    mounts = {"/host/sys": machine.sysfs, "/host/proc": Path("/proc")}
    writable = {
        "/var/lib/joulecast": _directory(tmp_path / "state", user),
        "/run/joulecast": _directory(tmp_path / "run", user),
    }
    log = tmp_path / "log"
    options = {"user": user, "mounts": mounts, "writable": writable, "environment": own, "log": log}
    process = exporter.start(["joulecast", "exporter"], **options)
    try:
        until(lambda: _is_ready(process, listen, log), 60)
        found = Scrape(request(listen, "/metrics").text)
        health = exporter.start(exporter.config["Healthcheck"]["Test"][1:], **options)

        assert (
            found.value("joulecast_energy_joules_total", component="cpu", device="0", provenance=provenance) is not None
        )
        assert health.wait(30) == 0
        assert (tmp_path / "run" / "joulecast.sock").is_socket()
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
    assert "Traceback" not in log.read_text()


def test_predictor(predictor: Image, tmp_path: Path) -> None:
    """The predictor serves its packaged models as another user, with a read-only root and nothing to write."""
    listen = _free_address()
    own = {"JOULECAST_PREDICTOR_LISTEN": str(listen), "JOULECAST_PREDICTOR_GRPC": str(_free_address())}
    log = tmp_path / "log"
    options = {"user": NOBODY_SPECIAL, "mounts": {}, "writable": {}, "environment": own, "log": log}
    process = predictor.start(["joulecast", "predictor"], **options)
    try:
        until(lambda: _is_ready(process, listen, log), 60)
        health = predictor.start(predictor.config["Healthcheck"]["Test"][1:], **options)

        assert "joulecast_predictor_artifact_info{" in request(listen, "/metrics").text
        assert health.wait(30) == 0
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def _restrict(tree: PowercapTree, mode: int, group: int) -> None:
    for counter in tree.sysfs.glob("devices/**/energy_uj"):
        os.chown(counter, 0, group)
        counter.chmod(mode)


def _directory(path: Path, user: int) -> Path:
    path.mkdir()
    os.chown(path, user, user)
    return path


def _is_ready(process: "subprocess.Popen[bytes]", listen: TcpAddress, log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return request(listen, "/-/ready").status == 200
    except (OSError, HTTPException):
        return False  # not listening yet


def _free_address() -> TcpAddress:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return TcpAddress("127.0.0.1", int(free.getsockname()[1]))
