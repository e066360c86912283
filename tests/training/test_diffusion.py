"""Images and videos: with a rate, energy is power over it; before a run it is estimated."""

from functools import cache

import pytest

from predictor.lasso_model import LassoModel
from predictor.record import Record
from predictor.training.recipes.diffusion import RECIPE
from predictor.training.train import records_for, train

H100 = "NVIDIA H100 SXM 80GB"


def measured(billions: float, batch: float, count: float = 1.0, edge: float = 1024.0, **changes: object) -> Record:
    """A made-up run at 0.3 of the peak beside 20 ms to launch each step; busier draws more."""
    work = 2e9 * billions * edge * edge / 256.0 * batch / count / (0.3 * 9.894e14)
    step = 0.02 + work
    watts = count * 700.0 * (0.3 + 0.65 * work / step)
    rate = batch / (step * 25.0)
    values = {
        "record_id": f"{billions}-{batch}-{count}-{edge}",
        "source": "made up",
        "kind": "diffusion",
        "model_id": f"model of {billions}",
        "device": H100,
        "energy_scope": "gpu",
        "parameters_total": billions * 1e9,
        "denoising_steps": 25.0,
        "height": edge,
        "width": edge,
        "frames": 1.0,
        "batch_size": batch,
        "device_count": count,
        "samples_per_second": rate,
        "mean_power_watts": watts,
        "energy_joules_per_sample": watts / rate,
        **changes,
    }
    return Record(**values)  # type: ignore[arg-type]


@cache
def model() -> LassoModel:
    """Trained on six made-up models at four batches, on one and four GPUs."""
    points = [(n, batch, count) for n in (0.6, 1.3, 2.5, 5.0, 8.0, 12.0) for batch in (1.0, 2.0, 8.0, 16.0)
              for count in (1.0, 4.0)]  # fmt: skip
    return LassoModel(train(RECIPE, [measured(*each) for each in points]).artifact)


def question(record: Record, rate: bool) -> dict[str, float]:
    """What is known of a run."""
    known = {
        "parameters": record.parameters_total,
        "denoising_steps": 25.0,
        "height": record.height,
        "width": record.width,
        "batch_size": record.batch_size,
        "device_count": record.device_count,
    }
    if rate:
        known["samples_per_second"] = record.samples_per_second
    return {name: value for name, value in known.items() if value is not None}


@pytest.mark.parametrize("batch", [1.0, 4.0, 16.0])
def test_with_a_rate_power_is_near_and_energy_is_power_over_it(batch: float) -> None:
    """A model that was left out, within 10 % of the made-up truth."""
    truth = measured(3.5, batch)
    found = model().estimate(question(truth, rate=True), {"device": H100})
    assert found.power_watts is not None
    assert found.joules_per_sample is not None
    assert found.power_watts.value == pytest.approx(truth.mean_power_watts, rel=0.10)
    assert found.joules_per_sample.value == pytest.approx(found.power_watts.value / (truth.samples_per_second or 0.0))


@pytest.mark.parametrize("batch", [1.0, 4.0, 16.0])
def test_before_a_run_energy_is_estimated_too(batch: float) -> None:
    """The same, without a rate, within 25 %."""
    truth = measured(3.5, batch)
    found = model().estimate(question(truth, rate=False), {"device": H100})
    assert found.power_watts is not None
    assert found.joules_per_sample is not None
    assert found.joules_per_sample.value == pytest.approx(truth.energy_joules_per_sample, rel=0.25)
    assert found.power_watts.value == pytest.approx(truth.mean_power_watts, rel=0.25)


def test_power_never_exceeds_what_devices_are_rated_at() -> None:
    """However large the batch."""
    found = model().estimate(question(measured(12.0, 4096.0), rate=False), {"device": H100})
    assert found.power_watts is not None
    assert found.power_watts.value <= 700.0 * (1 + 1e-12)


def test_a_video_is_work_of_all_its_frames() -> None:
    """81 frames of a clip cost several times one image of it."""
    image = question(measured(5.0, 1.0), rate=False)
    one = model().estimate(image, {"device": H100}).joules_per_sample
    clip = model().estimate({**image, "frames": 81.0}, {"device": H100}).joules_per_sample
    assert one is not None
    assert clip is not None
    assert clip.value > 5.0 * one.value


def test_language_models_are_not_trained_on() -> None:
    """Only diffusion, and only GPU energy."""
    kept = records_for(RECIPE, [measured(1.0, 1.0), measured(1.0, 2.0, kind="generative"),
                                measured(1.0, 4.0, energy_scope="wall")])  # fmt: skip
    assert [each.batch_size for each in kept] == [1.0]
