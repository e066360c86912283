"""What a prediction costs over gRPC beside a service that only echoes its request, and how many rows a batch answers.

Both services are processes of their own, asked in turns by one client with several calls under way; every request is
another operating point, drawn from the model's own training ranges. A batch is timed from columns to columns.
"""

import math
import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from doubles.predictor_process import PredictorProcess

from bench.begin_end import a_port
from bench.echo_service import echo_call, echo_service
from bench.figure import Figure, run
from bench.turns import p99
from joulecast.v1 import prediction_pb2 as pb
from joulecast.v1.prediction_pb2_grpc import PredictionServiceStub
from predictor.service.packed import put_doubles

CALLERS = 4
ROUNDS = 30
CALLS = 400  # of a round
WARM_UP = 2000
POINTS = 997
ROWS = 100_000
BATCHES = 9
RATE_LIMIT = 0.8
P99_LIMIT = 1.5
ROWS_LIMIT = 200.0  # thousand per second

# What people know of a deployment that runs; a model takes what it knows of these.
ASKED = {
    "device", "device_count", "precision", "serving_stack", "parameters", "request_rate", "average_output_tokens",
    "average_input_tokens", "concurrency",
}  # fmt: skip


class Points:
    """Operating points inside the training ranges of the model that answers what runs already, always the same."""

    def __init__(self, stub: PredictionServiceStub) -> None:
        models = stub.DescribeModel(pb.DescribeModelRequest(), timeout=60).models
        model = next(each for each in models if each.answers_by_default and each.question == QUESTION)
        self._features = [each for each in model.features if each.required or each.name in ASKED]

    def requests(self) -> list[pb.PredictRequest]:
        """One by one."""
        draw = random.Random(1)
        made = []
        for _ in range(POINTS):
            request = pb.PredictRequest(question=QUESTION)
            for each in self._features:
                if each.values:
                    request.names[each.name] = draw.choice(each.values)
                elif each.HasField("highest"):
                    request.features[each.name] = math.exp(draw.uniform(math.log(each.lowest), math.log(each.highest)))
            made.append(request)
        return made

    def columns(self) -> dict[str, Any]:
        """As arrays of numbers, and names with their indexes."""
        draw = np.random.default_rng(1)
        made: dict[str, Any] = {}
        for each in self._features:
            if each.values:
                made[each.name] = (list(each.values), draw.integers(0, len(each.values), ROWS))
            elif each.HasField("highest"):
                made[each.name] = np.exp(draw.uniform(math.log(each.lowest), math.log(each.highest), ROWS))
        return made


QUESTION = pb.QUESTION_GENERATIVE_KNOWN_RUNTIME


def under_way(call: Callable[[pb.PredictRequest], object], requests: Sequence[pb.PredictRequest]) -> list[float]:
    """The seconds of each call when several callers share them, then those of all together."""
    durations: list[float] = []

    def caller(mine: Sequence[pb.PredictRequest]) -> None:
        for request in mine:
            began = time.perf_counter()
            call(request)
            durations.append(time.perf_counter() - began)

    callers = [threading.Thread(target=caller, args=(requests[number::CALLERS],)) for number in range(CALLERS)]
    began = time.perf_counter()
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    return [*durations, time.perf_counter() - began]


def beside_echo(stub: PredictionServiceStub, echo: Callable[..., Any], points: Points) -> list[Figure]:
    """Calls per second and the slowest in a hundred, of both."""
    made = cycle(points.requests())
    for _ in range(WARM_UP):
        request = next(made)
        stub.Predict(request)
        echo(request)
    ours: list[float] = []
    theirs: list[float] = []
    our_rates, their_rates = [], []
    for number in range(ROUNDS):
        requests = [next(made) for _ in range(CALLS)]
        for is_ours in (True, False) if number % 2 else (False, True):
            *durations, all_together = under_way(stub.Predict if is_ours else echo, requests)
            (ours if is_ours else theirs).extend(durations)
            (our_rates if is_ours else their_rates).append(CALLS / all_together)
    ratios = [a / b for a, b in zip(our_rates, their_rates, strict=True)]
    return [
        Figure("Predict / echo, calls per second", statistics.median(ratios), "x", RATE_LIMIT, at_least=True),
        Figure("Predict / echo, p99", p99(ours) / p99(theirs), "x", P99_LIMIT),
        Figure("Predict", statistics.median(our_rates), "1/s"),
        Figure("Predict, p99", p99(ours) * 1e3, "ms"),
        Figure("echo", statistics.median(their_rates), "1/s"),
        Figure("echo, p99", p99(theirs) * 1e3, "ms"),
    ]


def batch(stub: PredictionServiceStub, columns: dict[str, Any]) -> float:
    """From columns to columns: rows per second."""
    began = time.perf_counter()
    request = pb.PredictBatchRequest(question=QUESTION, rows=ROWS)
    for name, values in columns.items():
        column = request.columns.add(name=name)
        if isinstance(values, tuple):
            column.texts.values.extend(values[0])
            column.texts.indexes.extend(values[1].tolist())
        else:
            put_doubles(column.numbers, {1: values})
    answer = stub.PredictBatch(request, timeout=60)
    watts = np.fromiter(answer.power_watts.values, float, ROWS)
    elapsed = time.perf_counter() - began
    assert np.isfinite(watts).all()
    return ROWS / elapsed


def measure() -> list[Figure]:
    """Points beside the echo, then batches."""
    flags = os.environ.get("JOULECAST_BENCH_PREDICTOR_FLAGS", "").split()
    address = f"127.0.0.1:{a_port()}"
    options = [("grpc.max_receive_message_length", -1)]
    with (
        tempfile.TemporaryDirectory(prefix="joulecast-bench-") as directory,
        PredictorProcess(Path(directory), *flags) as predictor,
        echo_service(address),
        grpc.insecure_channel(predictor.address, options=options) as channel,
        grpc.insecure_channel(address) as bare,
    ):
        stub = PredictionServiceStub(channel)
        points = Points(stub)
        figures = beside_echo(stub, echo_call(bare), points)
        columns = points.columns()
        rates = [batch(stub, columns) for _ in range(BATCHES)]
    return [
        *figures,
        Figure(
            "PredictBatch, end to end, in thousand rows",
            statistics.median(rates) / 1e3,
            "k/s",
            ROWS_LIMIT,
            at_least=True,
        ),
    ]


if __name__ == "__main__":
    sys.exit(run(measure))
