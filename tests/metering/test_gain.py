"""The ratio of counter to power is learnt from polls far apart, and never followed beyond what is plausible."""

import math
import random

import pytest

from exporter.metering.gain import PRIOR_ERROR, TARGET_ERROR, GainEstimate

TICK_JOULES = 10.0


def learn(gain: GainEstimate, ratio: float, *, polls: int = 40, seed: int = 1, start: float = 0.0) -> float:
    """Feed polls of a counter that ticks every 10 J beside power off by `1 / ratio`; returns the last integral."""
    source = random.Random(seed)
    integral = start
    for _ in range(polls):
        integral += source.uniform(50.0, 200.0)
        counted = math.floor(integral * ratio / TICK_JOULES) * TICK_JOULES
        gain.take(counted, integral, TICK_JOULES, 0.0)
    return integral


def test_until_known_both_are_taken_as_equal_within_a_margin() -> None:
    """Before there is evidence the ratio is one, give or take, and none is exported."""
    gain = GainEstimate()

    assert (gain.value, gain.error, gain.ratio) == (1.0, PRIOR_ERROR, None)


@pytest.mark.parametrize("ratio", [0.8, 0.95, 1.0, 1.05, 1.3])
def test_ratio_is_learnt_within_its_error(ratio: float) -> None:
    """The learnt ratio is off by no more than it says, and that is little."""
    gain = GainEstimate()
    learn(gain, ratio)

    assert gain.error <= TARGET_ERROR
    assert gain.value == pytest.approx(ratio, abs=gain.error)


def test_polls_too_close_prove_nothing() -> None:
    """While ticks matter more than the energy between two polls, nothing is concluded."""
    gain = GainEstimate()
    gain.take(0.0, 0.0, TICK_JOULES, 0.0)
    gain.take(20.0, 10.0, TICK_JOULES, 0.0)

    assert gain.ratio is None


def test_rough_power_proves_nothing() -> None:
    """While power swung too much between samples to be integrated well, nothing is concluded."""
    gain = GainEstimate()
    gain.take(0.0, 0.0, TICK_JOULES, 0.0)
    gain.take(2000.0, 1000.0, TICK_JOULES, 100.0**2)

    assert gain.ratio is None


def test_implausible_ratio_is_told_and_not_followed() -> None:
    """A counter that is wholly at odds with power is reported, while energy keeps to the counter's own scale."""
    gain = GainEstimate()
    learn(gain, 3.0)

    assert gain.ratio == pytest.approx(3.0, rel=0.05)
    assert gain.value == 1.0


def test_restart_forgets_the_poll_before_it() -> None:
    """Energy that power samples missed is not compared with the counter that saw it."""
    gain = GainEstimate()
    end = learn(gain, 1.0)
    gain.restart()
    gain.take(end + 5000.0, end, TICK_JOULES, 0.0)  # 5 kJ that no sample showed
    gain.take(end + 7000.0, end + 2000.0, TICK_JOULES, 0.0)

    assert gain.ratio == pytest.approx(1.0)


def test_ratio_follows_a_change() -> None:
    """Old evidence is dropped as new comes in, so a ratio that drifts is followed."""
    gain = GainEstimate()
    end = learn(gain, 1.0)
    gain.restart()
    learn(gain, 1.1, seed=2, start=end)

    assert gain.value == pytest.approx(1.1, abs=TARGET_ERROR)
