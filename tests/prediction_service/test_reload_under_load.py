"""Calls go on while artifacts are swapped and broken, and while the server is replaced: none is lost."""

import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import grpc
from doubles.share_model import load_share_model, write_share_model

from joulecast.serving.address import parse_tcp
from joulecast.v1 import prediction_pb2 as pb
from joulecast.v1.prediction_pb2_grpc import PredictionServiceStub
from predictor.service.artifacts import Artifacts, Watch
from predictor.service.figures import Figures
from predictor.service.prediction_service import PredictionService
from predictor.service.retries import RETRIES
from predictor.service.server import PredictionServer

CALLS = 1000
CALLS_PER_SECOND = 500
SWAPS = 50

REQUEST = pb.PredictRequest(
    question=pb.QUESTION_GENERATIVE_KNOWN_RUNTIME, features={"request_rate": 1.0}, names={"device": "H100"}
)


def call_steadily(stub: PredictionServiceStub, halfway: threading.Event) -> list[pb.PredictResponse]:
    """Ask at a fixed rate, whatever the answers take; every answer, or the first error."""
    futures: list[Future[Any]] = []
    began = time.monotonic()
    for number in range(CALLS):
        due = began + number / CALLS_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        futures.append(stub.Predict.future(REQUEST, timeout=60, wait_for_ready=True))
        if number == CALLS // 2:
            halfway.set()
    return [future.result() for future in futures]


def test_swapping_artifacts_loses_no_call_and_mixes_no_two(predictor: Any) -> None:
    """Every answer is whole: its version's own number, old or new; and at the end the newest."""
    watch = Watch(predictor.artifacts, period_seconds=0.002)
    watch.start()
    answers: list[pb.PredictResponse] = []
    caller = threading.Thread(target=lambda: answers.extend(call_steadily(predictor.stub, threading.Event())))
    caller.start()
    path: Path = predictor.directory / "share.json"
    swap = 0
    while caller.is_alive() or swap < SWAPS:
        swap += 1
        if swap % 3 == 0:
            path.write_text('{"name": "sha')
        elif swap % 7 == 0:
            path.unlink()
        write_share_model(path, name="share", version=str(swap), share=swap / 1e6)
        time.sleep(0.002)
    caller.join()
    assert len(answers) == CALLS
    for answer in answers:
        share = 0.5 if answer.version == "1" and answer.power_watts.value > 1 else int(answer.version) / 1e6
        assert answer.power_watts.value == 700.0 * share
    assert len({answer.version for answer in answers}) > 10
    watch.stop()
    predictor.artifacts.refresh()
    assert predictor.stub.Predict(REQUEST, timeout=10).version == str(swap)


def test_replacing_the_server_loses_no_call_of_a_client_that_may_retry(tmp_path: Path) -> None:
    """Stopped under load and started again on its port: calls under way are ended, those between wait."""
    write_share_model(tmp_path / "share.json", name="share")
    artifacts = Artifacts([tmp_path], load_share_model)

    def serve(address: str) -> PredictionServer:
        service = PredictionService(artifacts, lambda _, __: (), Figures(artifacts))
        server = PredictionServer(service, [parse_tcp(address)])
        server.start()
        return server

    server = serve("127.0.0.1:0")
    address = str(server.addresses[0])
    options = (
        ("grpc.service_config", RETRIES),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
    )
    answers: list[pb.PredictResponse] = []
    halfway = threading.Event()
    with grpc.insecure_channel(address, options=options) as channel:
        stub = PredictionServiceStub(channel)
        caller = threading.Thread(target=lambda: answers.extend(call_steadily(stub, halfway)))
        caller.start()
        assert halfway.wait(60)
        server.stop()
        server = serve(address)
        caller.join()
    server.stop()
    assert len(answers) == CALLS
