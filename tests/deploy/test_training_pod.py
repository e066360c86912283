"""The example: a pod that tags its training, and a script that does so when it is run."""

import os
import subprocess
import sys
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from doubles.exporter_process import ExporterProcess
from doubles.kustomized import KUBERNETES, environment_of

from joulecast.version import __version__

EXAMPLE = Path(__file__).parents[2] / "deploy" / "examples" / "training-pod.yaml"
SCRIPT, POD = yaml.safe_load_all(EXAMPLE.read_text())
DAEMONSET = yaml.safe_load((KUBERNETES / "base/exporter/daemonset/daemonset.yaml").read_text())


@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_schema(version: str) -> None:
    """Kubernetes takes the example as it is."""
    kubernetes_validate.validate(SCRIPT, version, strict=True)
    kubernetes_validate.validate(POD, version, strict=True)


def test_socket() -> None:
    """The pod mounts the host's directory where the exporter puts its socket, and looks for the socket there."""
    (container,) = POD["spec"]["containers"]
    hosts = {each["name"]: each["hostPath"]["path"] for each in POD["spec"]["volumes"] if "hostPath" in each}
    mounts = {mount["mountPath"]: hosts.get(mount["name"]) for mount in container["volumeMounts"]}
    exporter = DAEMONSET["spec"]["template"]["spec"]
    shared = {each["name"]: each["hostPath"]["path"] for each in exporter["volumes"]}
    socket = Path(environment_of(container)["JOULECAST_ADDRESS"].removeprefix("unix://"))

    assert mounts[str(socket.parent)] == shared["socket"]
    assert f"unix://{socket}" == environment_of(exporter["containers"][0])["JOULECAST_GRPC"]
    assert container["image"].rpartition(":")[2] == __version__


def test_script(tmp_path: Path) -> None:
    """The script's epochs and the whole training get their joules, and its job is on /metrics."""
    script = tmp_path / "train.py"
    script.write_text(SCRIPT["data"]["train.py"])
    with ExporterProcess(tmp_path, "--replay", "demo") as exporter:
        environment = {**os.environ, "JOULECAST_ADDRESS": exporter.grpc, "SAMPLES": "100_000"}
        ended = subprocess.run(
            [sys.executable, str(script)], env=environment, capture_output=True, text=True, timeout=60, check=False
        )

        assert (ended.returncode, ended.stderr) == (0, "")
        lines = ended.stdout.splitlines()
        assert len(lines) == 6
        assert all("J gross (measured)" in line for line in lines)
        tagged = {"job": "example", "phase": "training", "status": "finished"}
        exporter.until(lambda: exporter.metrics().value("joulecast_intervals_total", **tagged) == 6)
