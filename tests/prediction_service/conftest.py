"""A predictor that serves a directory of artifacts, and a stub to ask it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
from doubles.share_model import load_share_model, write_share_model

from joulecast.serving.address import TcpAddress
from joulecast.v1 import prediction_pb2 as pb
from joulecast.v1.prediction_pb2_grpc import PredictionServiceStub
from predictor.service.artifacts import Artifacts
from predictor.service.figures import Figures
from predictor.service.prediction_service import PredictionService
from predictor.service.server import PredictionServer


@dataclass
class Predictor:
    """What runs, and how to reach it."""

    directory: Path
    artifacts: Artifacts
    figures: Figures
    address: str
    stub: PredictionServiceStub


def hardware(kind: str, matching: str) -> Iterable[pb.Hardware]:
    """Two GPUs."""
    return [
        pb.Hardware(name=name, kind="gpu", tdp_watts=tdp)
        for name, tdp in (("H100", 700.0), ("A100", 400.0))
        if kind in {"", "gpu"} and matching.lower() in name.lower()
    ]


@pytest.fixture
def predictor(tmp_path: Path) -> Iterator[Predictor]:
    """Serves `share` (half the TDP) out of a directory."""
    directory = tmp_path / "artifacts"
    directory.mkdir()
    write_share_model(directory / "share.json", name="share", version="1", share=0.5)
    artifacts = Artifacts([directory], load_share_model)
    figures = Figures(artifacts)
    server = PredictionServer(PredictionService(artifacts, hardware, figures), [TcpAddress("127.0.0.1", 0)])
    server.start()
    address = str(server.addresses[0])
    with grpc.insecure_channel(address) as channel:
        yield Predictor(directory, artifacts, figures, address, PredictionServiceStub(channel))
    server.stop()
