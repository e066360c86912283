"""`joulecast predictor`, the real command: real artifacts, the real catalogue, and one line for what cannot be."""

import socket
from pathlib import Path

import grpc
import pytest
from doubles.predictor_process import PredictorProcess
from doubles.small_artifact import write_small_artifact

from joulecast.v1 import prediction_pb2 as pb
from joulecast.v1.prediction_pb2_grpc import PredictionServiceStub


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    """An artifact file."""
    path = tmp_path / "small.json"
    write_small_artifact(path)
    return path


def test_it_answers_from_an_artifact_by_the_catalogues_figures(artifact: Path, tmp_path: Path) -> None:
    """Half of 700 W at one request per second, however the device is written; and it ends well when told to."""
    with (
        PredictorProcess(tmp_path, "--artifacts", str(artifact)) as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        stub = PredictionServiceStub(channel)
        request = pb.PredictRequest(model="small", features={"request_rate": 1.0}, names={"device": "h100-sxm"})
        assert stub.Predict(request, timeout=10).power_watts.value == pytest.approx(350.0)
        rates, devices = pb.Numbers(values=[1.0, 4.0]), pb.Texts(values=["H100 SXM"])
        columns = [pb.Column(name="request_rate", numbers=rates), pb.Column(name="device", texts=devices)]
        batch = pb.PredictBatchRequest(model="small", rows=2, columns=columns)
        assert list(stub.PredictBatch(batch, timeout=10).power_watts.values) == pytest.approx([350.0, 700.0])
        with pytest.raises(grpc.RpcError) as refused:
            stub.Predict(pb.PredictRequest(model="small", features={"request_rate": 1.0}, names={"device": "H1000"}))
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "unknown device 'H1000'" in refused.value.details()
        vanishing = {"request_rate": 1.0, "device_count": 1e-200, "device_tdp_watts": 1e-200}
        with pytest.raises(grpc.RpcError) as refused:
            stub.Predict(pb.PredictRequest(model="small", features=vanishing, names={"device": "H100 SXM"}))
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "check their units" in refused.value.details()
        assert running.stop() == 0


def test_it_lists_the_catalogue(artifact: Path, tmp_path: Path) -> None:
    """By kind and part of a name; a kind there is not is an invalid argument."""
    with (
        PredictorProcess(tmp_path, "--artifacts", str(artifact)) as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        stub = PredictionServiceStub(channel)
        found = stub.ListHardware(pb.ListHardwareRequest(kind="gpu", matching="h100"), timeout=10).hardware
        assert {700.0} <= {each.tdp_watts for each in found}
        assert all(each.kind == "gpu" and each.source for each in found)
        with pytest.raises(grpc.RpcError) as refused:
            stub.ListHardware(pb.ListHardwareRequest(kind="toaster"), timeout=10)
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ('{"format": "joulecast-artifact", "schema": 1, "na', "is no whole JSON document"),
        ('{"format": "joulecast-artifact", "schema": 2}', "is an artifact of schema 2, this version reads 1"),
        ('{"model": "of somebody else"}', "is no artifact of Joulecast"),
    ],
)
def test_a_file_that_is_no_artifact_is_refused_in_one_line(content: str, told: str, tmp_path: Path) -> None:
    """Truncated, of another schema, or foreign: the line names the file."""
    file = tmp_path / "broken.json"
    file.write_text(content)
    output = PredictorProcess(tmp_path, "--artifacts", str(file)).refusal()
    (line,) = [line for line in output.splitlines() if line.startswith("joulecast: ")]
    assert str(file) in line
    assert told in line


def test_an_address_that_is_taken_is_refused_in_one_line(artifact: Path, tmp_path: Path) -> None:
    """Two services on one port would each get half of the calls."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        running = PredictorProcess(tmp_path, "--artifacts", str(artifact))
        running.address = f"127.0.0.1:{taken.getsockname()[1]}"
        assert "is taken by another process" in running.refusal()
