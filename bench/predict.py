"""What a prediction costs over gRPC beside a service that only echoes its request, and how many rows a batch answers.

Both services are processes of their own, asked in turns by one client with several calls under way; requests are
operating points from the model's own training ranges. A batch is timed from columns to columns.
"""

import os
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from doubles.predictor_process import PredictorProcess

from bench.begin_end import a_port
from bench.figure import Figure, run
from bench.predict_echo import echo_call, echo_service
from bench.turns import p99
from joulecast.v1 import prediction_pb2 as pb
from joulecast.v1.prediction_pb2_grpc import PredictionServiceStub
from predictor.artifact import PACKAGED
from predictor.estimate import Input, Question, Table, Texts
from predictor.lasso_model import LassoModel, load_model
from predictor.service.packed import put_doubles

CALLERS = 4
ROUNDS = 100
CALLS = 120  # of a round
WARM_UP = 1000
POINTS = 997
ROWS = 100_000
BATCHES = 9
RATE_LIMIT = 0.8
P99_LIMIT = 1.5
BATCH_LIMIT = 200.0  # thousand rows per second
MODEL_LIMIT = 1000.0  # the same of one core

# What people know of a deployment that runs; a model takes what it knows of these.
ASKED = {
    "device", "device_count", "precision", "serving_stack", "parameters", "request_rate", "average_output_tokens",
    "average_input_tokens", "concurrency",
}  # fmt: skip


def artifact() -> Path:
    """The file to measure: the packaged one for what runs already, or as JOULECAST_BENCH_ARTIFACT says."""
    named = os.environ.get("JOULECAST_BENCH_ARTIFACT")
    if named:
        return Path(named)
    for file in sorted(PACKAGED.glob("*.json")):
        if load_model(file).description.question is Question.GENERATIVE_KNOWN_RUNTIME:
            return file
    sys.exit(f"no artifact in {PACKAGED} answers {Question.GENERATIVE_KNOWN_RUNTIME}: train one, or name a file")


def inputs_asked(model: LassoModel) -> list[Input]:
    """What the requests give: the features that are required or well known, as far as training had them."""
    inputs = model.description.inputs
    return [each for each in inputs if (each.required or each.name in ASKED) and (each.values or each.highest)]


def requests(model: LassoModel, *, contributions: bool) -> Iterator[pb.PredictRequest]:
    """Operating points one by one, always the same, without end."""
    draw = random.Random(1)
    made = []
    for _ in range(POINTS):
        request = pb.PredictRequest(model=model.description.name, omit_contributions=not contributions)
        for each in inputs_asked(model):
            if each.values:
                request.names[each.name] = draw.choice(each.values)
            else:
                request.features[each.name] = within(each, draw.random())
        made.append(request)
    return cycle(made)


def columns(model: LassoModel) -> tuple[dict[str, Any], dict[str, Texts]]:
    """The same as arrays of numbers, and of names with their indexes."""
    draw = np.random.default_rng(1)
    inputs = inputs_asked(model)
    numbers = {each.name: within(each, draw.random(ROWS)) for each in inputs if not each.values}
    texts = {each.name: Texts(each.values, draw.integers(0, len(each.values), ROWS)) for each in inputs if each.values}
    return numbers, texts


def within(each: Input, share: Any) -> Any:
    """A number of the training range, in equal steps of its logarithm where it has one."""
    low, high = each.lowest or 0.0, each.highest or 1.0
    return low + (high - low) * share if low <= 0 else low * (high / low) ** share


def under_way(call: Callable[[pb.PredictRequest], object], asked: Sequence[pb.PredictRequest]) -> list[float]:
    """The seconds of each call when several callers share them, and at last those of all together."""
    durations: list[float] = []

    def caller(mine: Sequence[pb.PredictRequest]) -> None:
        for request in mine:
            began = time.perf_counter()
            call(request)
            durations.append(time.perf_counter() - began)

    callers = [threading.Thread(target=caller, args=(asked[number::CALLERS],)) for number in range(CALLERS)]
    began = time.perf_counter()
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    return [*durations, time.perf_counter() - began]


def in_turns(kinds: Mapping[str, tuple[Callable[..., Any], Iterator[pb.PredictRequest]]]) -> list[Figure]:
    """Calls per second and the slowest in a hundred of each kind, and the first beside `echo`."""
    durations: dict[str, list[float]] = {kind: [] for kind in kinds}
    rates: dict[str, list[float]] = {kind: [] for kind in kinds}
    for call, asked in kinds.values():
        for request in islice(asked, WARM_UP):
            call(request)
    for number in range(ROUNDS):
        for kind in sorted(kinds, reverse=bool(number % 2)):
            call, asked = kinds[kind]
            *each, together = under_way(call, list(islice(asked, CALLS)))
            durations[kind] += each
            rates[kind].append(CALLS / together)

    def beside_echo(kind: str) -> float:
        return statistics.median(ours / theirs for ours, theirs in zip(rates[kind], rates["echo"], strict=True))

    found = [
        Figure("Predict / echo, calls per second", beside_echo("Predict"), "x", RATE_LIMIT, at_least=True),
        Figure("Predict / echo, p99", p99(durations["Predict"]) / p99(durations["echo"]), "x", P99_LIMIT),
        Figure("without contributions / echo, calls per second", beside_echo("without contributions"), "x"),
    ]
    for kind in kinds:
        found += [
            Figure(kind, statistics.median(rates[kind]), "1/s"),
            Figure(f"{kind}, p99", p99(durations[kind]) * 1e3, "ms"),
        ]
    return found


def batch(stub: PredictionServiceStub, name: str, numbers: Mapping[str, Any], texts: Mapping[str, Texts]) -> float:
    """From columns to a column: thousand rows per second."""
    began = time.perf_counter()
    request = pb.PredictBatchRequest(model=name, rows=ROWS)
    for feature, values in numbers.items():
        put_doubles(request.columns.add(name=feature).numbers, {1: values})
    for feature, column in texts.items():
        request.columns.add(name=feature, texts=pb.Texts(values=column.values, indexes=column.indexes.tolist()))
    answer = stub.PredictBatch(request, timeout=60)
    watts = np.fromiter(answer.power_watts.values, float, ROWS)
    elapsed = time.perf_counter() - began
    assert np.isfinite(watts).all()
    return ROWS / elapsed / 1e3


def alone(model: LassoModel, numbers: Mapping[str, Any], texts: Mapping[str, Texts]) -> float:
    """Thousand rows per second of CPU time, in this process."""
    began = time.process_time()
    model.estimate_table(Table(ROWS, numbers, texts))
    return ROWS / (time.process_time() - began) / 1e3


def measure() -> list[Figure]:
    """Points beside the echo, then batches, then the model alone."""
    file = artifact()
    model = load_model(file)
    address = f"127.0.0.1:{a_port()}"
    with (
        tempfile.TemporaryDirectory(prefix="joulecast-bench-") as directory,
        PredictorProcess(Path(directory), "--artifacts", str(file)) as predictor,
        echo_service(address),
        grpc.insecure_channel(predictor.address, options=[("grpc.max_receive_message_length", -1)]) as channel,
        grpc.insecure_channel(address) as bare,
    ):
        stub = PredictionServiceStub(channel)
        figures = in_turns(
            {
                "Predict": (stub.Predict, requests(model, contributions=True)),
                "without contributions": (stub.Predict, requests(model, contributions=False)),
                "echo": (echo_call(bare), requests(model, contributions=True)),
            }
        )
        table = columns(model)
        batches = [batch(stub, model.description.name, *table) for _ in range(BATCHES)]
        models = [alone(model, *table) for _ in range(BATCHES)]
    return [
        *figures,
        Figure("PredictBatch end to end, thousand rows", statistics.median(batches), "k/s", BATCH_LIMIT, at_least=True),
        Figure("the model on one core, thousand rows", statistics.median(models), "k/s", MODEL_LIMIT, at_least=True),
    ]


if __name__ == "__main__":
    sys.exit(run(measure))
