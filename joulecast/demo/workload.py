"""What runs on the played node, tagging its phases: `python -m joulecast.demo.workload`, by the client that all use.

The machine is a capture, so nothing is computed here: each job waits for as long as its work takes in the round, and
tags that stretch with a phase, what it produced, and what a model would need to know of it.
"""

import argparse
import math
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

import joulecast
from joulecast.demo.round import (
    CHAT_GPUS,
    CYCLE_SECONDS,
    IDLE_SECONDS,
    LOADING_SECONDS,
    ROUND_SECONDS,
    SCORING_EVERY_SECONDS,
    SCORING_GPUS,
    SCORING_SECONDS,
    TAIL_SECONDS,
    TRAINING_GPUS,
    VALIDATION_SECONDS,
)
from joulecast.phase import Phase

IMAGES_PER_EPOCH = 50_000
SCORED_IMAGES = 15_000  # each time
REQUESTS_PER_SECOND = 12.0
TOKENS_PER_REQUEST = 300
CONCURRENCY = 32
BATCH_SECONDS = 12.0
WINDOW_SECONDS = 3.0
_WORK_ENDS = ROUND_SECONDS - TAIL_SECONDS


class Node:
    """The time of the played machine: seconds into its round. Every wait ends at once when the work is stopped."""

    def __init__(self, began: float, now: Callable[[], float], stopped: threading.Event) -> None:
        """`began` is when `now` read the first moment of the capture."""
        self._began = began
        self._now = now
        self.stopped = stopped

    def second(self) -> float:
        """Where the round is."""
        return math.fmod(self._now() - self._began, ROUND_SECONDS)

    def wait(self, seconds: float) -> bool:
        """Work for so long; False if stopped meanwhile."""
        return not self.stopped.wait(max(0.0, seconds))

    def starts(self, every: float, length: float) -> Iterator[float]:
        """The beginnings of stretches of work, `every` so many seconds, that end before the machine stands idle."""
        while not self.stopped.is_set():
            second = self.second()
            start = IDLE_SECONDS + max(0, math.ceil((second - IDLE_SECONDS) / every)) * every
            if start + length > _WORK_ENDS + 0.001:
                start = ROUND_SECONDS + IDLE_SECONDS
            if self.wait(start - second):
                yield start


def chat(node: Node, address: str) -> None:
    """Serve a language model: a back-dated batch of tags every few seconds, one for each window of requests."""
    for _ in node.starts(BATCH_SECONDS, BATCH_SECONDS):
        with joulecast.batch(
            "serve",
            job="chat",
            phase=Phase.INFERENCE,
            gpus=CHAT_GPUS,
            address=address,
            model="llama-3.1-8b",
            parameters=8_030_000_000,
            precision="bf16",
            device="H100 SXM",
            devices=len(CHAT_GPUS),
            concurrency=CONCURRENCY,
        ) as tags:
            for _ in range(round(BATCH_SECONDS / WINDOW_SECONDS)):
                with tags.interval("window") as window:
                    if not node.wait(WINDOW_SECONDS - 0.01):
                        break
                    requests = round(REQUESTS_PER_SECOND * WINDOW_SECONDS)
                    window.count(request=requests, output_token=requests * TOKENS_PER_REQUEST)


def train(node: Node, address: str) -> None:
    """Train a classifier: each epoch loads, steps and validates, in intervals inside that of the epoch.

    That one carries no job and no phase: its joules are those of the intervals inside it once more.
    """
    parts = (
        ("load", Phase.DATA, LOADING_SECONDS, IMAGES_PER_EPOCH),
        ("steps", Phase.TRAINING, CYCLE_SECONDS - LOADING_SECONDS - VALIDATION_SECONDS, IMAGES_PER_EPOCH),
        ("validate", Phase.TRAINING, VALIDATION_SECONDS - 0.1, IMAGES_PER_EPOCH // 10),
    )
    for epoch, _ in enumerate(node.starts(CYCLE_SECONDS, CYCLE_SECONDS)):
        with joulecast.interval("epoch", gpus=TRAINING_GPUS, address=address, model="resnet50", epoch=epoch):
            for name, phase, seconds, samples in parts:
                with joulecast.interval(
                    name,
                    job="resnet50",
                    phase=phase,
                    gpus=TRAINING_GPUS,
                    address=address,
                    model="resnet50",
                    epoch=epoch,
                ) as energy:
                    if not node.wait(seconds):
                        return
                    energy.count(sample=samples)


def score(node: Node, address: str) -> None:
    """Classify images in batches, saying what a model needs to know to estimate the same."""
    for _ in node.starts(SCORING_EVERY_SECONDS, SCORING_SECONDS):
        with joulecast.interval(
            "score",
            job="vision",
            phase=Phase.INFERENCE,
            gpus=SCORING_GPUS,
            address=address,
            model="resnet50",
            macs=4_100_000_000,
            parameters=25_600_000,
            batch_size=256,
            device="H100 SXM",
        ) as energy:
            if node.wait(SCORING_SECONDS):
                energy.count(sample=SCORED_IMAGES)


def plan(node: Node, address: str) -> None:
    """Ask the predictor what serving would take at other rates, as a planner does."""
    import grpc

    from joulecast.v1 import prediction_pb2 as pb
    from joulecast.v1.prediction_pb2_grpc import PredictionServiceStub

    with grpc.insecure_channel(address) as channel:
        predictor = PredictionServiceStub(channel)  # type: ignore[no-untyped-call]
        asked = 0
        while node.wait(1.0):
            asked += 1
            request = pb.PredictRequest(
                question=pb.QUESTION_GENERATIVE_A_PRIORI,
                features={"parameters": 8.03e9, "concurrency": 8.0 * (1 + asked % 16)},
                names={"device": "H100 SXM", "precision": "bf16", "task": "chat"},
            )
            try:
                predictor.Predict(request, timeout=5.0)
            except grpc.RpcError as error:
                print(f"the predictor says {error.details()}", file=sys.stderr)  # noqa: T201


def main() -> None:
    """Run every job until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m joulecast.demo.workload", description=__doc__)
    parser.add_argument("--address", required=True, help="the exporter's")
    parser.add_argument("--predictor", required=True, help="the predictor's, HOST:PORT")
    parser.add_argument("--began", type=float, required=True, help="monotonic clock at the capture's first moment")
    args = parser.parse_args()
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    node = Node(args.began, time.monotonic, stopped)
    jobs = [(chat, args.address), (train, args.address), (score, args.address), (plan, args.predictor)]
    threads = [threading.Thread(target=job, args=(node, address), name=job.__name__) for job, address in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():  # a join without a limit would not see the signal
            thread.join(0.2)


if __name__ == "__main__":
    main()
