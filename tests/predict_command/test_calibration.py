"""An artifact adapted to one machine by a few points measured there."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from doubles.measured_records import generative_record
from doubles.planning_artifacts import H100, a_priori, known_runtime
from hypothesis import given, settings
from hypothesis import strategies as st

from joulecast.errors import JoulecastError
from predictor.artifact import read_artifact, write_artifact
from predictor.calibration import calibrated
from predictor.correction import NOISE_SD, OFFSET_SD
from predictor.lasso_model import LassoModel
from predictor.measured_point import MeasuredPoint

L40S = "NVIDIA L40S 48GB"
RATED = 350.0


def measured(rate: float, watts: float, name: str = "", device: str = "L40S", scope: str = "") -> MeasuredPoint:
    """A point of the artifact that takes half the rated watts at one request per second, and the root of the rate."""
    numbers = {"request_rate": rate, "parameters": 8e9}
    return MeasuredPoint(name or f"at {rate:g}", numbers, {"device": device}, {"power_watts": watts}, scope)


def estimate(artifact: object, rate: float, device: str = "L40S") -> float:
    """Watts that an artifact estimates."""
    found = LassoModel(artifact).estimate({"request_rate": rate, "parameters": 8e9}, {"device": device})  # type: ignore[arg-type]
    assert found.power_watts is not None
    return found.power_watts.value


def scaled_points(factor: float, rates: Sequence[float], slope: float = 0.0) -> list[MeasuredPoint]:
    """What a machine measures that takes `factor` as much, and more by `slope` with the logarithm of the rate."""
    return [measured(rate, factor * 0.5 * RATED * rate ** (0.5 + slope)) for rate in rates]


def test_a_point_moves_the_level() -> None:
    """One point corrects the offset, a little less than it says, and no slope."""
    after = calibrated(known_runtime(), scaled_points(1.5, [4.0]))

    kept = OFFSET_SD**2 / (OFFSET_SD**2 + NOISE_SD**2)
    factor = 1.5**kept
    assert estimate(after, 4.0) == pytest.approx(factor * RATED)
    assert estimate(after, 1.0) == pytest.approx(factor * RATED / 2)
    assert after.variants[0].forms[0].terms == known_runtime().variants[0].forms[0].terms


@given(st.floats(0.4, 2.5), st.integers(20, 60))
@settings(max_examples=20, deadline=None)
def test_many_points_teach_any_level(factor: float, count: int) -> None:
    """With enough points that agree, nothing is held back."""
    rates = [0.5 + 0.5 * place for place in range(count)]
    after = calibrated(known_runtime(), scaled_points(factor, rates))

    assert estimate(after, 3.3) == pytest.approx(factor * 0.5 * RATED * 3.3**0.5, rel=0.02)


def test_slopes_are_learnt_cautiously_and_from_three_points_on() -> None:
    """A machine that grows faster with the rate is followed, the more points say so the more."""
    rates = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0] * 5
    points = [replace(each, name=f"{place}") for place, each in enumerate(scaled_points(1.0, rates, slope=0.2))]
    before = known_runtime().variants[0].forms[0].terms[0].coefficient

    learnt = [calibrated(known_runtime(), points[:count]).variants[0].forms[0] for count in (2, 6, 30)]
    slopes = [form.terms[0].coefficient - before for form in learnt]

    assert slopes[0] == 0.0
    assert 0.0 < slopes[1] < slopes[2] < 0.2
    assert slopes[2] == pytest.approx(0.2, abs=0.04)


def test_points_that_agree_with_the_model_change_nothing() -> None:
    """What was estimated rightly stays as it was."""
    after = calibrated(known_runtime(), scaled_points(1.0, [1.0, 4.0, 16.0]))

    assert estimate(after, 7.0) == pytest.approx(estimate(known_runtime(), 7.0))


def test_the_band_holds_what_was_left_out() -> None:
    """Over machines whose points scatter, some four of five further truths lie within the band."""
    chance = random.Random(7)
    inside = []
    for scatter in (0.1, 0.2, 0.3):
        for _ in range(40):
            factor = math.exp(chance.gauss(0.0, 0.5))
            points = [
                measured(rate, factor * 0.5 * RATED * rate**0.5 * math.exp(chance.gauss(0.0, scatter)), f"{place}")
                for place, rate in enumerate([1.0, 3.0, 9.0, 20.0])
            ]
            model = LassoModel(calibrated(known_runtime(), points))
            for rate in (0.5, 2.0, 6.0, 30.0):
                truth = factor * 0.5 * RATED * rate**0.5 * math.exp(chance.gauss(0.0, scatter))
                found = model.estimate({"request_rate": rate, "parameters": 8e9}, {"device": "L40S"}).power_watts
                assert found is not None
                inside.append(found.p10 <= truth <= found.p90)

    assert 0.72 <= sum(inside) / len(inside) <= 0.92


def test_points_that_contradict_each_other_widen_the_band() -> None:
    """A machine that is hard to predict says so."""
    quiet = calibrated(known_runtime(), scaled_points(1.5, [1.0, 4.0, 16.0]))
    noisy = calibrated(known_runtime(), [measured(1.0, 80.0), measured(4.0, 700.0), measured(16.0, 500.0)])

    widths = [each.variants[0].forms[0].band.p90 for each in (quiet, noisy)]
    assert widths[1] > 2 * widths[0]


def test_the_machine_is_in_the_domain_and_no_other_is() -> None:
    """What was calibrated for one machine is of that machine alone, also beyond the rates of training."""
    after = LassoModel(calibrated(known_runtime(), scaled_points(1.2, [4.0, 60.0])))

    def asked(device: str, rate: float) -> bool:
        return after.estimate({"request_rate": rate, "parameters": 8e9}, {"device": device}).in_domain

    assert asked(L40S, 4.0)
    assert asked("l40s", 55.0)
    assert not asked(L40S, 80.0)
    assert not asked("H100 SXM", 4.0)


def test_wall_readings_make_it_a_model_of_the_wall() -> None:
    """The scope is that of the readings, and a note says what changed."""
    after = calibrated(known_runtime(), [measured(4.0, 900.0, scope="wall")])

    assert after.scope == "wall"
    assert "is of wall where generative-known-runtime is of gpu" in after.notes[-1]


def test_what_changed_is_in_the_provenance(tmp_path: Path) -> None:
    """Points, offset, slopes and the errors of points left out are kept, and the same points write the same bytes."""
    points = scaled_points(1.5, [1.0, 4.0, 16.0])
    after = calibrated(known_runtime(), points)
    for name in ("one.json", "two.json"):
        write_artifact(calibrated(known_runtime(), points), tmp_path / name)

    account = after.provenance["calibration"]
    assert after.provenance["data"] == ["worked out by hand"]
    assert account["of"] == {"name": "generative-known-runtime", "version": "1", "scope": "gpu"}
    assert [each["measured"]["power_watts"] for each in account["points"]] == pytest.approx([262.5, 525.0, 1050.0])
    assert len(account["changes"][0]["ln_truth_over_estimate_left_out"]) == 3
    assert after.evaluations[0].split == "leave-point-out"
    assert after.evaluations[1:] == known_runtime().evaluations
    assert read_artifact(tmp_path / "one.json") == after
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


def test_energy_is_taken_for_power_where_the_rate_is_known() -> None:
    """Joules per request at a known rate say the same as watts."""
    by_power = calibrated(known_runtime(), [measured(4.0, 500.0)])
    point = replace(measured(4.0, 500.0), truths={"joules_per_sample": 125.0})

    assert estimate(calibrated(known_runtime(), [point]), 2.0) == pytest.approx(estimate(by_power, 2.0))


def test_energy_moves_with_power_where_only_power_was_read() -> None:
    """A meter at the plug says nothing of the rate: throughput, power over energy, stays what it was."""
    point = MeasuredPoint("it", {"parameters": 8e9, "concurrency": 16.0}, {"device": "L40S"}, {"power_watts": 200.0})

    before, after = (
        LassoModel(each).estimate({"parameters": 8e9, "concurrency": 64.0}, {"device": "L40S"})
        for each in (a_priori(), calibrated(a_priori(), [point]))
    )
    assert before.power_watts is not None
    assert before.joules_per_output_token is not None
    assert after.power_watts is not None
    assert after.joules_per_output_token is not None
    assert after.power_watts.value > 1.1 * before.power_watts.value
    assert after.power_watts.value / after.joules_per_output_token.value == pytest.approx(
        before.power_watts.value / before.joules_per_output_token.value
    )


def test_a_rate_makes_energy_of_power_for_a_model_that_takes_none() -> None:
    """Watts and tokens per second together correct both, each by its own truth."""
    numbers = {"parameters": 8e9, "concurrency": 16.0, "request_rate": 2.0, "average_output_tokens": 300.0}
    point = MeasuredPoint("it", numbers, {"device": "L40S"}, {"power_watts": 200.0})

    changes = calibrated(a_priori(), [point]).provenance["calibration"]["changes"]
    assert {each["target"]: each["measured"]["it"] for each in changes} == {
        "power_watts": 200.0,
        "joules_per_output_token": pytest.approx(200 / 600),
    }


def test_records_calibrate_as_points_do() -> None:
    """A measured record holds all that a point does."""
    record = generative_record(request_rate_per_second=4.0, mean_power_watts=900.0)
    after = calibrated(known_runtime(), [record])

    assert estimate(after, 4.0, H100) == pytest.approx(700 * (9 / 7) ** (0.49 / 0.53))


@pytest.mark.parametrize("provenance", ["modelled", "predicted"])
def test_estimated_energy_is_refused(provenance: str) -> None:
    """What was not measured teaches nothing."""
    with pytest.raises(JoulecastError, match=f"holds {provenance} energy"):
        calibrated(known_runtime(), [generative_record(request_rate_per_second=4.0, provenance=provenance)])


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ([], "no points"),
        ([measured(4.0, 500.0), measured(4.0, 500.0, device="H100 SXM")], "2 devices"),
        ([measured(4.0, 500.0, scope="wall"), measured(2.0, 500.0)], "gpu and wall"),
        ([measured(4.0, 0.5)], "check its units"),
        ([MeasuredPoint("it", {"parameters": 8e9}, {"device": "L40S"}, {"power_watts": 400.0})], "no point has all"),
        ([MeasuredPoint("it", {"request_rate": 4.0}, {}, {"power_watts": 400.0})], "names no device"),
    ],
)
def test_points_that_cannot_calibrate(points: list[MeasuredPoint], says: str) -> None:
    """None, of several machines or scopes, in other units, or without what the model needs."""
    with pytest.raises(JoulecastError, match=says) as refused:
        calibrated(known_runtime(), points)

    assert refused.value.remedy
