"""A client that asks at a fixed rate, whatever the answers take."""

import threading
import time
from concurrent.futures import Future
from typing import Any

from joulecast.v1 import prediction_pb2 as pb
from joulecast.v1.prediction_pb2_grpc import PredictionServiceStub

CALLS_PER_SECOND = 500


def call_steadily(
    stub: PredictionServiceStub, request: pb.PredictRequest, calls: int, halfway: threading.Event
) -> list[pb.PredictResponse]:
    """Every answer in order, or the first error; `halfway` is set when half of the calls have been made."""
    futures: list[Future[Any]] = []
    began = time.monotonic()
    for number in range(calls):
        due = began + number / CALLS_PER_SECOND
        time.sleep(max(0.0, due - time.monotonic()))
        futures.append(stub.Predict.future(request, timeout=60, wait_for_ready=True))
        if number == calls // 2:
            halfway.set()
    return [future.result() for future in futures]
