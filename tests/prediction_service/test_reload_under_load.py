"""Calls go on while artifacts are swapped and broken, and while the server is replaced: none is lost."""

import threading
import time
from pathlib import Path
from typing import Any

import grpc
from doubles.awaiting import until
from doubles.share_model import ShareModel, load_share_model, write_share_model
from doubles.steady_calls import call_steadily

from joulecast.serving.address import parse_tcp
from joulecast.v1 import prediction_pb2 as pb
from joulecast.v1.prediction_pb2_grpc import PredictionServiceStub
from predictor.estimate import Estimate
from predictor.service.artifacts import Artifacts, Watch
from predictor.service.figures import Figures
from predictor.service.prediction_service import PredictionService
from predictor.service.retries import RETRIES
from predictor.service.server import PredictionServer

CALLS = 1000
SWAPS = 50

REQUEST = pb.PredictRequest(
    question=pb.QUESTION_GENERATIVE_KNOWN_RUNTIME, features={"request_rate": 1.0}, names={"device": "H100"}
)


def is_answered(stub: PredictionServiceStub) -> bool:
    """Whether the server takes new calls."""
    try:
        stub.DescribeModel(pb.DescribeModelRequest(), timeout=10)
    except grpc.RpcError:
        return False
    return True


def test_swapping_artifacts_loses_no_call_and_mixes_no_two(predictor: Any) -> None:
    """Every answer is whole: its version's own number, old or new; and at the end the newest."""
    watch = Watch(predictor.artifacts, period_seconds=0.002)
    watch.start()
    answers: list[pb.PredictResponse] = []
    caller = threading.Thread(
        target=lambda: answers.extend(call_steadily(predictor.stub, REQUEST, CALLS, threading.Event()))
    )
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
        caller = threading.Thread(target=lambda: answers.extend(call_steadily(stub, REQUEST, CALLS, halfway)))
        caller.start()
        assert halfway.wait(60)
        server.stop()
        server = serve(address)
        caller.join()
    server.stop()
    assert len(answers) == CALLS


def test_a_stop_ends_the_calls_under_way(tmp_path: Path) -> None:
    """However long the model takes: the server waits for it, and its answer arrives."""
    asked, may_answer = threading.Event(), threading.Event()

    class Slow(ShareModel):
        def estimate(self, *arguments: Any, **options: Any) -> Estimate:
            asked.set()
            assert may_answer.wait(30)
            return super().estimate(*arguments, **options)

    (tmp_path / "slow.json").write_text("{}")
    artifacts = Artifacts([tmp_path], lambda _: Slow())
    server = PredictionServer(
        PredictionService(artifacts, lambda _, __: (), Figures(artifacts)), [parse_tcp("127.0.0.1:0")]
    )
    server.start()
    with grpc.insecure_channel(str(server.addresses[0])) as channel:
        answer = PredictionServiceStub(channel).Predict.future(REQUEST, timeout=60)
        assert asked.wait(30)
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        until(lambda: not is_answered(PredictionServiceStub(channel)))
        assert not answer.done()
        may_answer.set()
        assert answer.result().power_watts.value == 350.0
        stopping.join()
