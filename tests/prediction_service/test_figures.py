"""What the service counts about itself is exact, whoever counts at the same time."""

import threading
from pathlib import Path

from prometheus_client import generate_latest

from predictor.service.artifacts import Artifacts
from predictor.service.figures import Figures
from predictor.service.tallies import Tallies


def test_many_threads_lose_no_count() -> None:
    """Each counts for itself, and those that have ended still count."""
    tallies = Tallies([])

    def count() -> None:
        for number in range(5000):
            tallies.mine.calls["Predict", "OK", number % 3] += 1

    threads = [threading.Thread(target=count) for _ in range(8)]
    for each in threads:
        each.start()
    while any(each.is_alive() for each in threads):
        tallies.total()
    assert sum(tallies.total().calls.values()) == 40_000
    assert not tallies.mine.calls


def test_durations_are_a_whole_histogram(tmp_path: Path) -> None:
    """Cumulative buckets that end with all of them, a count and a sum; a bound belongs to its own bucket."""
    figures = Figures(Artifacts([tmp_path], lambda _: None))  # type: ignore[arg-type,return-value]
    for seconds in (1e-5, 5e-5, 6e-5, 0.2, 60.0):
        figures.answered("Predict", "OK", seconds)
    lines = generate_latest(figures.registry).decode().splitlines()
    counted = [line for line in lines if line.startswith("joulecast_predictor_request_seconds")]
    assert 'joulecast_predictor_request_seconds_bucket{le="5e-05",method="Predict"} 2.0' in counted
    assert 'joulecast_predictor_request_seconds_bucket{le="0.0001",method="Predict"} 3.0' in counted
    assert 'joulecast_predictor_request_seconds_bucket{le="10.0",method="Predict"} 4.0' in counted
    assert 'joulecast_predictor_request_seconds_bucket{le="+Inf",method="Predict"} 5.0' in counted
    assert 'joulecast_predictor_request_seconds_count{method="Predict"} 5.0' in counted
    assert any(line.startswith("joulecast_predictor_request_seconds_sum") and "60.2001" in line for line in counted)


def test_a_scrape_before_any_call_shows_no_series_of_calls(tmp_path: Path) -> None:
    """What has not happened is absent, and there are no artifacts to tell of."""
    text = generate_latest(Figures(Artifacts([tmp_path], lambda _: None)).registry).decode()  # type: ignore[arg-type]
    assert "joulecast_predictor_requests_total{" not in text
    assert "joulecast_predictor_artifact_info{" not in text
    assert "joulecast_predictor_artifacts_failed 0.0" in text
