"""The service as a process: configured from anywhere, reloaded by a signal, killed and restarted under load."""

import threading
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from signal import SIGHUP, SIGINT

import grpc
import pytest
from doubles.awaiting import until
from doubles.predictor_process import OVER_SHARE_MODELS, PredictorProcess
from doubles.share_model import write_share_model
from doubles.steady_calls import call_steadily

from joulecast.v1 import prediction_pb2 as pb
from joulecast.v1.prediction_pb2_grpc import PredictionServiceStub
from predictor.service.retries import RETRIES

CALLS = 1000


@pytest.fixture
def artifacts(tmp_path: Path) -> Path:
    """A directory with one artifact."""
    directory = tmp_path / "artifacts"
    directory.mkdir()
    write_share_model(directory / "share.json", name="share", version="1")
    return directory


def a_predictor(directory: Path, *flags: str, environment: Mapping[str, str] | None = None) -> PredictorProcess:
    """The service over share models."""
    return PredictorProcess(directory, *flags, command=OVER_SHARE_MODELS, environment=environment)


def versions(address: str) -> dict[str, str]:
    """What a service says that it serves."""
    with grpc.insecure_channel(address) as channel:
        models = PredictionServiceStub(channel).DescribeModel(pb.DescribeModelRequest(), timeout=10).models
    return {model.name: model.version for model in models}


def test_a_hangup_reloads_and_an_interrupt_ends_it(artifacts: Path, tmp_path: Path) -> None:
    """Long before the period is over; and the end is a clean one."""
    with a_predictor(tmp_path, "--artifacts", str(artifacts), "--period", "3600") as running:
        assert "share" in running.output
        assert versions(running.address) == {"share": "1"}
        write_share_model(artifacts / "share.json", name="share", version="2")
        running.signal(SIGHUP)
        until(lambda: versions(running.address) == {"share": "2"})
        (url,) = running.told("Metrics ")
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert b'version="2"' in answer.read()
        running.signal(SIGINT)
        until(lambda: running.ended)


def test_options_come_from_variables_and_a_file_too(artifacts: Path, tmp_path: Path) -> None:
    """The flag's name, in capitals after JOULECAST_PREDICTOR_, or as a key of TOML."""
    own = tmp_path / "own.json"
    write_share_model(own, name="own", version="7")
    file = tmp_path / "predictor.toml"
    file.write_text(f'artifacts = ["{own}"]\nperiod = 3600\n')
    environment = {"JOULECAST_PREDICTOR_CONFIG": str(file), "JOULECAST_PREDICTOR_LOG_LEVEL": "error"}
    with a_predictor(tmp_path, environment=environment) as running:
        assert versions(running.address) == {"own": "7"}
        assert "INFO" not in running.output
    environment = {"JOULECAST_PREDICTOR_ARTIFACTS": str(artifacts)}
    with a_predictor(artifacts, environment=environment) as running:
        assert versions(running.address) == {"share": "1"}


def test_killing_and_restarting_it_under_load_loses_no_call(artifacts: Path, tmp_path: Path) -> None:
    """Of a client that may retry: calls under way when it dies, and those that come before it is back."""
    options = (
        ("grpc.service_config", RETRIES),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
    )
    request = pb.PredictRequest(model="share", features={"request_rate": 1.0}, names={"device": "H100"})
    answers: list[pb.PredictResponse] = []
    halfway = threading.Event()
    with (
        a_predictor(tmp_path, "--artifacts", str(artifacts)) as running,
        grpc.insecure_channel(running.address, options=options) as channel,
    ):
        stub = PredictionServiceStub(channel)
        caller = threading.Thread(target=lambda: answers.extend(call_steadily(stub, request, CALLS, halfway)))
        caller.start()
        assert halfway.wait(60)
        running.kill()
        write_share_model(artifacts / "share.json", name="share", version="2")
        running.start()
        caller.join()
    assert [answer.power_watts.value for answer in answers] == [350.0] * CALLS
    assert {answer.version for answer in answers} == {"1", "2"}
