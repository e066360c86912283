"""The service as a process: what is wired to what, what it says, and which signals it heeds."""

import gc
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from predictor.service.artifacts import Artifacts, Load, Watch
from predictor.service.config import Config
from predictor.service.figures import Figures
from predictor.service.metrics_page import MetricsPage
from predictor.service.prediction_service import ListHardware, PredictionService
from predictor.service.server import PredictionServer

_STOP = {signal.SIGTERM, signal.SIGINT}
_RELOAD = signal.SIGHUP


def serve(
    config: Config, packaged: Sequence[Path], load: Load, hardware: ListHardware, announce: Callable[[str], None]
) -> int:
    """Serve until SIGTERM or SIGINT; SIGHUP looks for changed artifacts at once. Returns the exit status.

    To be called on the main thread, before there are others.
    """
    logging.basicConfig(
        level=config.log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
    # Threads inherit the mask, so that signals come to nobody but the one who waits for them below.
    signal.pthread_sigmask(signal.SIG_BLOCK, {*_STOP, _RELOAD})
    security = config.security()
    artifacts = Artifacts([*config.artifacts, *packaged], load)
    figures = Figures(artifacts)
    server = PredictionServer(PredictionService(artifacts, hardware, figures), config.grpc, security)
    page = MetricsPage(config.listen, figures, security)
    watch = Watch(artifacts, config.period)
    # What is loaded by now stays: the collector need not walk through it between calls.
    gc.collect()
    gc.freeze()
    server.start()
    watch.start()
    announce(_report(artifacts, server, page))
    while signal.sigwait({*_STOP, _RELOAD}) == _RELOAD:
        watch.poke()
    watch.stop()
    server.stop()
    page.stop()
    return 0


def _report(artifacts: Artifacts, server: PredictionServer, page: MetricsPage) -> str:
    registry = artifacts.current
    lines = ["Joulecast predicts:" if registry.by_name else "Joulecast has no artifact yet: give --artifacts DIR."]
    for name, each in registry.by_name.items():
        described = each.description
        note = "" if registry.answers_by_default(each) else " (by name only)"
        lines.append(f"  {name:<28} {described.question:<26} version {described.version}{note}")
    lines += [f"  not served: {path}: {reason}" for path, reason in artifacts.failed.items()]
    lines += [f"Predictions  {', '.join(map(str, server.addresses))}", f"Metrics      {page.url}"]
    return "\n".join(lines)
