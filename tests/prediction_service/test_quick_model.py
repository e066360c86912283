"""The model arranged for single questions answers as the plain one does, whatever is asked."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from doubles.small_artifact import small_artifact

from joulecast.v1 import prediction_pb2 as pb
from predictor.artifact import PACKAGED, Artifact, Variant
from predictor.checking import Checks, check_point
from predictor.estimate import Estimate, Input, InvalidFeature, Quantity
from predictor.form import Band, Feature, Form, Term, Transform
from predictor.lasso_model import LassoModel, load_model
from predictor.service.artifacts import Served
from predictor.service.messages import predict_response
from predictor.service.quick_model import QuickModel, load_quick_model

NUMBERS = ("request_rate", "parameters", "average_output_tokens", "average_input_tokens", "cache_hit_rate")
STACKS = ("vllm-0.5.4", "vllm-0.11.1")


def crowded_artifact() -> Artifact:
    """Two forms with linear terms, products, squares and cubes of numbers and indicators, all at random."""
    draw = random.Random(7)
    logs = [
        Feature(
            name, quantity, Transform.LOG, draw.uniform(0, 3), draw.uniform(1, 3), -2.0, 2.0, lowest=0.5, highest=9e9
        )
        for name, quantity in (("rate", "request_rate"), ("size", "parameters"), ("out", "average_output_tokens"))
    ]
    hits = Feature("hits", "cache_hit_rate", Transform.VALUE, 0.4, 0.2, optional=True)
    stacks = [Feature(f"stack={name}", "serving_stack", Transform.IS, 0.3, 0.4, value=name) for name in STACKS]
    features = (*logs, hits, *stacks)
    places = range(len(features))
    picks = [(one,) for one in places] + [(one, other) for one in places for other in places if one <= other]
    picks += [(0, 0, 0), (0, 1, 4)]
    forms = tuple(
        Form(
            target,
            reference,
            features,
            intercept=draw.uniform(-1, 1),
            terms=tuple(Term(draw.gauss(0, 0.05), places) for places in picks),
            lowest=-1.0,
            highest=1.0,
            band=Band(-0.1, 0.2),
            outer_band=Band(-0.5, 0.5),
            reference_mean=6.0,
        )
        for target, reference in (("power_watts", "rated_watts"), ("joules_per_output_token", "parameters"))
    )
    inputs = (
        *(Input(name) for name in NUMBERS),
        Input("device_tdp_watts", "W"),
        Input("device", is_text=True, values=("NVIDIA H100 SXM 80GB",)),
        Input("precision", is_text=True),
        Input("serving_stack", is_text=True, values=STACKS),
    )
    stands_for = {"serving_stack": {"vllm": STACKS[1], "vllm 0.4": STACKS[0]}}
    return replace(
        small_artifact(), inputs=inputs, variants=(Variant("all", forms),), stands_for=stands_for, notes=("a note",)
    )


PLAIN = LassoModel(crowded_artifact())
QUICK = QuickModel(crowded_artifact())


def close(found: Quantity | None, expected: Quantity | None) -> bool:
    """Equal to rounding, or both absent."""
    if found is None or expected is None:
        return found is expected
    return all(
        math.isclose(getattr(found, name), getattr(expected, name), rel_tol=1e-12) for name in ("value", "p10", "p90")
    )


def assert_same(found: Estimate, expected: Estimate) -> None:
    """Every field of two estimates."""
    for name in ("power_watts", "joules_per_sample", "joules_per_output_token", "kilowatt_hours_per_day"):
        assert close(getattr(found, name), getattr(expected, name)), name
    assert list(found.departures) == list(expected.departures)
    assert [each.feature for each in found.contributions] == [each.feature for each in expected.contributions]
    assert [each.log_ratio for each in found.contributions] == pytest.approx(
        [each.log_ratio for each in expected.contributions], abs=1e-12
    )
    assert tuple(found.notes) == tuple(expected.notes)


def test_a_thousand_random_points_are_answered_alike() -> None:
    """With and without what is optional, inside and outside of training, known stacks and others."""
    draw = random.Random(3)
    outside = 0
    for _ in range(1000):
        numbers = {
            "request_rate": draw.lognormvariate(1, 2),
            "parameters": draw.lognormvariate(20, 3),
            "average_output_tokens": draw.lognormvariate(5, 2),
        }
        if draw.random() < 0.5:
            numbers |= {"cache_hit_rate": draw.random(), "average_input_tokens": draw.uniform(1, 5000)}
        if draw.random() < 0.2:
            numbers["device_tdp_watts"] = draw.uniform(100, 1000)
        names = {"device": draw.choice(["H100 SXM", "nvidia a100-sxm4-80gb"])}
        if draw.random() < 0.7:
            names["serving_stack"] = draw.choice([*STACKS, "vLLM 0.9.1", "vllm_0.4.2", "home-made"])
        if draw.random() < 0.3:
            names["precision"] = draw.choice(["bf16", "fp8"])
        expected = PLAIN.estimate(numbers, names)
        outside += not expected.in_domain
        assert_same(QUICK.estimate(numbers, names), expected)
    assert 0 < outside < 1000


def test_a_device_that_is_not_in_the_catalogue_is_answered_by_its_figures() -> None:
    """The name then only marks the domain; without figures it is the same error."""
    numbers = {"request_rate": 3.0, "parameters": 7e9, "average_output_tokens": 100.0}
    names = {"device": "Zaphod 9000"}
    given = {**numbers, "device_tdp_watts": 444.0}
    assert_same(QUICK.estimate(given, names), PLAIN.estimate(given, names))
    for model in (PLAIN, QUICK):
        with pytest.raises(InvalidFeature, match="unknown device 'Zaphod 9000'"):
            model.estimate(numbers, names)


def test_names_without_end_are_answered_and_not_all_kept() -> None:
    """A caller that invents names costs time, not memory."""
    numbers = {"request_rate": 3.0, "parameters": 7e9, "average_output_tokens": 100.0}
    model = QuickModel(crowded_artifact(), most_kept=16)
    for number in range(100):
        names = {"device": "H100 SXM", "serving_stack": f"home-made {number}"}
        assert_same(model.estimate(numbers, names), PLAIN.estimate(numbers, names))
    assert len(model._named) <= 16


def test_contributions_reach_the_wire_whole() -> None:
    """The same names and numbers as in the estimate; their sum leads from the mean to the estimate."""
    numbers = {"request_rate": 3.0, "parameters": 7e9, "average_output_tokens": 100.0}
    estimate = QUICK.estimate(numbers, {"device": "H100 SXM", "serving_stack": STACKS[0]})
    served = Served(QUICK, QUICK.description, Checks(QUICK.description))
    response = pb.PredictResponse.FromString(predict_response(estimate, served))
    sent = {each.feature: each.log_ratio for each in response.contributions if each.log_ratio}
    assert sent == {each.feature: each.log_ratio for each in estimate.contributions}
    (form, *_) = QUICK.artifact.variants[0].forms
    assert math.log(response.power_watts.value) == pytest.approx(sum(sent.values()) + form.intercept + 6.0)


@pytest.mark.parametrize("path", sorted(PACKAGED.glob("*.json")), ids=lambda path: path.stem)
def test_packaged_artifacts_are_answered_alike(path: Path) -> None:
    """Random points about their training ranges, with whatever they take."""
    plain, quick = load_model(path), load_quick_model(path)
    draw = random.Random(path.stem)
    for _ in range(200):
        numbers, names = a_point(plain.description.inputs, draw)
        try:
            check_point(plain.description, numbers, names)
        except InvalidFeature:
            continue
        expected = answer_of(plain, numbers, names)
        found = answer_of(quick, numbers, names)
        if isinstance(expected, str) or isinstance(found, str):
            assert found == expected
        else:
            assert_same(found, expected)


def a_point(inputs: Sequence[Input], draw: random.Random) -> tuple[dict[str, float], dict[str, str]]:
    """What is required, and most of the rest."""
    numbers: dict[str, float] = {}
    names: dict[str, str] = {}
    for each in inputs:
        if not each.required and draw.random() < 0.2:
            continue
        if each.is_text:
            names[each.name] = draw.choice(each.values or ("H100 SXM", "Xeon Platinum 8380"))
        else:
            highest = 1.5 * (each.highest or 1e4)
            numbers[each.name] = draw.uniform(each.lowest or each.least, min(highest, each.most or highest))
    return numbers, names


def answer_of(model: LassoModel, numbers: dict[str, float], names: dict[str, str]) -> Estimate | str:
    """The estimate, or why there is none."""
    try:
        return model.estimate(numbers, names)
    except InvalidFeature as problem:
        return str(problem)
